"""Resource names. The real service has four errors for a bad name; the checks run in its order."""

import re
from dataclasses import dataclass
from typing import Final

from google.rpc.error_details_pb2 import LocalizedMessage

from local.cloud_tasks.engine.errors import (
    SERVICE,
    ApiError,
    error_info,
    help_link,
    invalid_argument,
    permission_denied,
)

_DOC = "https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues"
_CONSOLE = "https://console.developers.google.com"

_LOCATION = r"projects/[A-Za-z0-9:.-]+/locations/[A-Za-z0-9-]+"
LOCATION: Final = re.compile(_LOCATION)
QUEUE: Final = re.compile(rf"{_LOCATION}/queues/([^/]+)")
TASK: Final = re.compile(rf"({_LOCATION}/queues/([^/]+))/tasks/([^/]+)")

_QUEUE_ID = re.compile(r"[A-Za-z0-9-]{1,100}")
_TASK_ID = re.compile(r"[A-Za-z0-9_-]{1,500}")


@dataclass(frozen=True, slots=True)
class Rpc:
    """A method of the API, the permission it needs and the shape of the resource name it expects."""

    method: str
    permission: str
    shape: re.Pattern[str]


def validate_location(rpc: Rpc, name: str) -> None:
    _match(rpc, name)


def validate_queue(rpc: Rpc, name: str) -> None:
    _validate_queue_id(_match(rpc, name)[1])


def validate_task(rpc: Rpc, name: str) -> None:
    matched = _match(rpc, name)
    _validate_queue_id(matched[2])
    _validate_task_id(matched[3])


def validate_new_queue(parent: str, name: str) -> None:
    """Validates the name that a caller chose for a queue in the location `parent`."""
    matched = QUEUE.fullmatch(name)
    if matched is None:
        raise invalid_argument(
            'Queue name must be formatted: "projects/<PROJECT_ID>/locations/<LOCATION_ID>/queues/<QUEUE_ID>".',
            help_link("Definition of queue name", f"{_DOC}#Queue.FIELDS.name"),
        )
    _validate_queue_id(matched[1])
    if not name.startswith(f"{parent}/"):
        raise invalid_argument(f"{name} must begin with {parent}.")


def validate_new_task(parent: str, name: str) -> None:
    """Validates the name that a caller chose for a task in the queue `parent`."""
    matched = TASK.fullmatch(name)
    if matched is None:
        raise invalid_argument(
            "Task name must be formatted:"
            ' "projects/<PROJECT_ID>/locations/<LOCATION_ID>/queues/<QUEUE_ID>/tasks/<TASK_ID>".',
            help_link("Definition of task name", f"{_DOC}.tasks#Task.FIELDS.name"),
        )
    _validate_task_id(matched[3])
    if matched[1] != parent:
        raise invalid_argument(
            f"The queue name from request ('{parent}') must be the same as"
            f" the queue name in the named task ('{matched[1]}')."
        )


def _validate_queue_id(queue_id: str) -> None:
    if not _QUEUE_ID.fullmatch(queue_id):
        raise invalid_argument(
            f'Queue ID "{queue_id}" can contain only letters ([A-Za-z]), numbers ([0-9]), or hyphens (-).'
            " Queue ID must be between 1 and 100 characters.",
            help_link("Definition of queue ID", f"{_DOC}#Queue.FIELDS.name"),
        )


def _validate_task_id(task_id: str) -> None:
    if not _TASK_ID.fullmatch(task_id):
        raise invalid_argument(
            f'Task ID "{task_id}" can contain only letters ([A-Za-z]), numbers ([0-9]), hyphens (-),'
            " or underscores (_). Task ID must between 1 and 500 characters.",
            help_link("Definition of task ID", f"{_DOC}.tasks#Task.FIELDS.name"),
        )


def _match(rpc: Rpc, name: str) -> re.Match[str]:
    if not name:
        raise _empty_name(rpc)
    if not name.startswith("projects/"):
        raise _unknown_project(name.partition("/")[0])
    matched = rpc.shape.fullmatch(name)
    if matched is None:
        raise permission_denied(
            f'The principal (user or service account) lacks IAM permission "{rpc.permission}"'
            f' for the resource "{name}" (or the resource may not exist).',
        )
    return matched


def _empty_name(rpc: Rpc) -> ApiError:
    method = f"google.cloud.tasks.v2.CloudTasks.{rpc.method}"
    info = error_info("RESOURCE_PROJECT_INVALID", "googleapis.com", method=method, service=SERVICE)
    return invalid_argument("Invalid resource field value in the request.", info)


def _unknown_project(project: str) -> ApiError:
    text = f"Permission denied on resource project {project}."
    info = error_info(
        "CONSUMER_INVALID",
        "googleapis.com",
        consumer=f"projects/{project}",
        containerInfo=project,
        service=SERVICE,
    )
    localized = LocalizedMessage(locale="en-US", message=text)
    link = help_link("Google developers console", _CONSOLE)
    return permission_denied(text, info, localized, link)
