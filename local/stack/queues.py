"""The local Cloud Tasks as a part of the stack, with the queues of common/queues.json, as Terraform creates them."""

from datetime import timedelta
from urllib.parse import urlsplit

import grpc
from google.api_core.exceptions import AlreadyExists
from google.cloud import tasks_v2
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport

from common.queues import Policies, Policy
from local.stack.parts import HOST, listen_at, module_command
from local.stack.supervisor import Part

UNLIMITED = -1  # the record counts the attempts; a task ends with its request


def cloud_tasks_part(port: int, *, project: str, location: str, process_url: str, policies: Policies) -> Part:
    """Ready when its queues exist, after a restart too."""

    address = f"{HOST}:{port}"

    def ready() -> bool:
        with grpc.insecure_channel(address) as channel:
            try:
                grpc.channel_ready_future(channel).result(timeout=1)
            except grpc.FutureTimeoutError:
                return False
            client = tasks_v2.CloudTasksClient(transport=CloudTasksGrpcTransport(channel=channel))
            create_queues(client, project, location, process_url, policies)
        return True

    return Part(
        name="cloud_tasks",
        address=address,
        command=module_command("local.cloud_tasks", *listen_at(port)),
        ready=ready,
        environment={"PYTHONUNBUFFERED": "1"},
    )


def create_queues(
    client: tasks_v2.CloudTasksClient, project: str, location: str, process_url: str, policies: Policies
) -> None:
    """Creates a queue for each type of work. Its tasks go to `process_url` (http://host:port), not to their own URL."""
    parent = f"projects/{project}/locations/{location}"
    for policy in policies.values():
        queue = _queue(policy, parent, _target(process_url, project))
        try:
            client.create_queue(parent=parent, queue=queue)
        except AlreadyExists:
            client.update_queue(queue=queue)


def _queue(policy: Policy, parent: str, target: tasks_v2.HttpTarget) -> tasks_v2.Queue:
    return tasks_v2.Queue(
        name=f"{parent}/queues/{policy.queue}",
        http_target=target,
        rate_limits=tasks_v2.RateLimits(
            max_dispatches_per_second=policy.max_dispatches_per_second,
            max_concurrent_dispatches=policy.max_concurrent_dispatches,
        ),
        retry_config=tasks_v2.RetryConfig(
            max_attempts=UNLIMITED,
            min_backoff=timedelta(seconds=policy.min_backoff_seconds),
            max_backoff=timedelta(seconds=policy.max_backoff_seconds),
            max_doublings=policy.max_doublings,
        ),
    )


def _target(process_url: str, project: str) -> tasks_v2.HttpTarget:
    url = urlsplit(process_url)
    override = tasks_v2.UriOverride(
        scheme=tasks_v2.UriOverride.Scheme.HTTP,
        host=url.hostname,
        port=url.port,
        uri_override_enforce_mode=tasks_v2.UriOverride.UriOverrideEnforceMode.ALWAYS,
    )
    caller = tasks_v2.OidcToken(service_account_email=f"local@{project}.iam.gserviceaccount.com", audience=process_url)
    return tasks_v2.HttpTarget(uri_override=override, oidc_token=caller)
