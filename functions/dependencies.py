"""The only place that builds clients: each on first use.

gunicorn forks after the import, and a channel that was opened before the fork can hang for ever.
"""

from functools import cached_property
from typing import Protocol

import google.auth
import grpc
from google.auth.credentials import Credentials
from google.auth.transport.requests import Request as AuthRequest
from google.cloud.firestore import Client
from google.cloud.storage import Client as StorageClient
from google.cloud.tasks_v2 import CloudTasksClient
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport

from common.catalog import Catalog, WorkType, load_catalog
from common.certificates import GoogleCertificates
from common.gateways.cloud_storage import CloudStorageAssets, IamSigning
from common.gateways.cloud_tasks import Queues
from common.gateways.firestore import Requests
from common.gateways.folder_assets import FolderAssets
from common.identity import Identity, signed_tokens, unsigned_tokens
from common.pipeline.attempt import Assets as AssetWriter
from common.pipeline.attempt import Attempt
from common.pipeline.erasure import Erasure
from common.pipeline.export import Export
from common.pipeline.export import Files as ExportedFiles
from common.pipeline.lifecycle import Traces
from common.pipeline.purge import Purge
from common.pipeline.quota import Quota
from common.pipeline.request_service import RequestService
from common.pipeline.submission_service import SubmissionService
from common.pipeline.sweeper import Sweeper
from common.pipeline.traces import Files, TraceRemover
from common.pipeline.worker import Worker
from common.queues import Policies, load_policies
from common.work import JsonObject, WorkInput
from functions.http.api import Api
from functions.http.bodies import Bodies, bodies_for
from functions.http.cors import Cors
from functions.http.handlers import Handlers, SignedUrls
from functions.http.openapi import openapi_document
from functions.http.process import Process
from functions.http.routing import routes
from functions.http.sweep import Sweep
from functions.settings import BadSettings, Settings

CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"

KEEPALIVE = (("grpc.keepalive_time_ms", 30_000),)  # as Firestore's client: an instance that was frozen reconnects


class Assets(SignedUrls, AssetWriter, Files, ExportedFiles, Protocol):
    """A store of assets: `process` writes and deletes them, `api` signs their URLs."""


class Dependencies:
    """The objects of the functions. A function builds only the objects that it uses."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def policies(self) -> Policies:
        return load_policies(suffix=self.settings.queues_suffix)

    @cached_property
    def catalog(self) -> Catalog:
        """The enabled types, and the internal ones: only `process` runs those and builds what they need."""
        policies = self.policies
        internal = [
            WorkType("erasure", WorkInput, self._run_erasure, policies["erasure"], "Erases a caller's requests"),
            WorkType(
                "export", WorkInput, self._run_export, policies["export"], "Exports a caller's requests and files"
            ),
            WorkType("purge", Traces, self._run_purge, policies["purge"], "Removes what an erased request has left"),
        ]
        return {**load_catalog(policies, self.settings.also_enabled), **{each.name: each for each in internal}}

    @cached_property
    def _credentials(self) -> Credentials | None:
        """One object for all clients, so that they share one token. None for an emulator."""
        if self.settings.firestore_emulator is not None:
            return None
        credentials, _ = google.auth.default(scopes=[CLOUD_PLATFORM])
        return credentials

    @cached_property
    def documents(self) -> Requests:
        settings = self.settings  # for the emulator too: Client itself reads FIRESTORE_EMULATOR_HOST
        return Requests(Client(project=settings.project, database=settings.database, credentials=self._credentials))

    @cached_property
    def queues(self) -> Queues:
        emulator = self.settings.cloud_tasks_emulator
        if emulator is None:
            channel = CloudTasksGrpcTransport.create_channel(credentials=self._credentials, options=KEEPALIVE)
        else:
            channel = grpc.insecure_channel(emulator, options=KEEPALIVE)
        client = CloudTasksClient(transport=CloudTasksGrpcTransport(channel=channel))
        return Queues(client, project=self.settings.project, location=self.settings.location, policies=self.policies)

    @cached_property
    def assets(self) -> Assets:
        settings, credentials = self.settings, self._credentials
        if settings.assets_bucket is not None and credentials is not None:
            client = StorageClient(project=settings.project, credentials=credentials)
            return CloudStorageAssets(client, settings.assets_bucket, IamSigning(credentials, AuthRequest()))
        folder, url, key = settings.assets_folder, settings.assets_url, settings.assets_signing_key
        if folder is None or url is None or key is None:
            raise BadSettings("ASSETS_BUCKET is needed, or ASSETS_FOLDER, ASSETS_URL and ASSETS_SIGNING_KEY")
        return FolderAssets(folder, url, key.encode())

    @cached_property
    def identity(self) -> Identity:
        project = self.settings.project
        if self.settings.accepts_unsigned_tokens:
            verifier = unsigned_tokens(project)
        else:
            verifier = signed_tokens(project, GoogleCertificates())
        return Identity(verifier, project=project, require_tenant=self.settings.require_tenant)

    @cached_property
    def bodies(self) -> Bodies:
        return bodies_for(self.catalog)

    @cached_property
    def quota(self) -> Quota:
        return Quota(self.documents, limit=self.settings.open_requests)

    @cached_property
    def submissions(self) -> SubmissionService:
        return SubmissionService(documents=self.documents, tasks=self.queues, catalog=self.catalog, quota=self.quota)

    @cached_property
    def requests(self) -> RequestService:
        return RequestService(documents=self.documents, tasks=self.queues, catalog=self.catalog, quota=self.quota)

    @cached_property
    def traces(self) -> TraceRemover:
        return TraceRemover(documents=self.documents, tasks=self.queues, files=self.assets)

    def _run_erasure(self, given: WorkInput, attempt: Attempt) -> JsonObject:
        return Erasure(documents=self.documents, traces=self.traces, policies=self.policies).run(given, attempt)

    def _run_export(self, given: WorkInput, attempt: Attempt) -> JsonObject:
        return Export(documents=self.documents, files=self.assets).run(given, attempt)

    def _run_purge(self, given: Traces, attempt: Attempt) -> JsonObject:
        return Purge(traces=self.traces, policies=self.policies).run(given, attempt)

    @cached_property
    def api(self) -> Api:
        handlers = Handlers(
            submissions=self.submissions,
            requests=self.requests,
            assets=self.assets,
            catalog=self.catalog,
            bodies=self.bodies,
            document=openapi_document(self.bodies),
        )
        return Api(handlers=handlers, identity=self.identity, routes=routes(), cors=Cors(self.settings.cors_origins))

    @cached_property
    def process(self) -> Process:
        worker = Worker(documents=self.documents, tasks=self.queues, assets=self.assets, catalog=self.catalog)
        return Process(worker=worker, task_names=self.queues, catalog=self.catalog)

    @cached_property
    def sweep(self) -> Sweep:
        sweeper = Sweeper(documents=self.documents, tasks=self.queues, catalog=self.catalog)
        return Sweep(sweeper=sweeper, submissions=self.submissions, bodies=self.bodies)
