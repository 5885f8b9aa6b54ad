"""The three deployed functions, and the only place that builds clients: on first use.

gunicorn forks after the import, and a channel that was opened before can hang for ever. `Parts` builds each part
once, whichever thread comes first.
"""

import os
from functools import cached_property
from threading import RLock
from typing import Any, Protocol

import functions_framework
import google.auth
import grpc
from flask import Request, Response
from google.auth.credentials import Credentials
from google.auth.transport.requests import Request as AuthRequest
from google.cloud.firestore import Client
from google.cloud.storage import Client as StorageClient
from google.cloud.tasks_v2 import CloudTasksClient
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport

from common import log
from common.catalog import Catalog, load_catalog
from common.gateways.cloud_storage import CloudStorageAssets, IamSigning
from common.gateways.cloud_tasks import Queues
from common.gateways.firestore import Requests
from common.gateways.folder_assets import FolderAssets
from common.identity import Identity, is_local, signed_tokens, unsigned_tokens
from common.pipeline.attempt import Assets as SavedFiles
from common.pipeline.quota import Quota
from common.pipeline.request_service import Intake
from common.pipeline.sweeper import Sweeper
from common.pipeline.worker import Worker
from common.queues import Policies, load_policies
from functions.http.api import Api, SignedUrls
from functions.http.bodies import Bodies, bodies_for
from functions.http.cors import Cors
from functions.http.openapi import openapi_document
from functions.http.process import Process
from functions.http.sweep import Sweep
from functions.settings import BadSettings, Settings, read_settings

CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"

KEEPALIVE = (("grpc.keepalive_time_ms", 30_000),)  # as Firestore's client: a frozen instance wakes to dead connections


class Assets(SignedUrls, SavedFiles, Protocol):
    """A store of assets: `api` shows them, `process` makes them."""


class Parts:
    """What the functions consist of. Each function touches, and so builds, only what it needs."""

    @cached_property
    def settings(self) -> Settings:
        return read_settings(os.environ)

    @cached_property
    def policies(self) -> Policies:
        return load_policies(suffix=self.settings.queues_suffix)

    @cached_property
    def catalog(self) -> Catalog:
        return load_catalog(self.policies, self.settings.also_enabled)

    @cached_property
    def _credentials(self) -> Credentials | None:
        """One object, and so one token, for all clients; None where an emulator needs none."""
        if self.settings.firestore_emulator is not None:
            return None
        credentials, _ = google.auth.default(scopes=[CLOUD_PLATFORM])
        return credentials

    @cached_property
    def documents(self) -> Requests:
        settings = self.settings
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
        tokens = unsigned_tokens if is_local(os.environ) else signed_tokens
        project = self.settings.project
        return Identity(tokens(project), project=project, require_tenant=self.settings.require_tenant)

    @cached_property
    def bodies(self) -> Bodies:
        return bodies_for(self.catalog)

    @cached_property
    def intake(self) -> Intake:
        quota = Quota(self.documents, limit=self.settings.open_requests)
        return Intake(documents=self.documents, tasks=self.queues, catalog=self.catalog, quota=quota)

    @cached_property
    def api(self) -> Api:
        return Api(
            intake=self.intake,
            identity=self.identity,
            assets=self.assets,
            catalog=self.catalog,
            bodies=self.bodies,
            document=openapi_document(self.bodies),
            cors=Cors(self.settings.cors_origins),
        )

    @cached_property
    def process(self) -> Process:
        worker = Worker(documents=self.documents, tasks=self.queues, assets=self.assets, catalog=self.catalog)
        return Process(worker=worker, queues=self.queues, catalog=self.catalog)

    @cached_property
    def sweep(self) -> Sweep:
        sweeper = Sweeper(documents=self.documents, tasks=self.queues, catalog=self.catalog)
        return Sweep(sweeper=sweeper, intake=self.intake, bodies=self.bodies)


_parts = Parts()
_building = RLock()


def _part(name: str) -> Any:
    with _building:
        return getattr(_parts, name)


log.set_up(_parts.settings.project)
_part("catalog")  # so that a wrong variable or policy is told at the start, not by the first request


@functions_framework.http
def api(request: Request) -> Response:
    """What browsers and other callers use."""
    answer: Response = _part("api").answer(request)
    return answer


@functions_framework.http
def process(request: Request) -> Response:
    """What Cloud Tasks delivers to. Private: IAM lets only the queues' identity in."""
    answer: Response = _part("process").answer(request)
    return answer


@functions_framework.http
def sweep(request: Request) -> Response:
    """What Cloud Scheduler calls, every minute and for what recurs. Private."""
    answer: Response = _part("sweep").answer(request)
    return answer
