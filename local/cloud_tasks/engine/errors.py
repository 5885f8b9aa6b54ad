"""What the API answers to a call that it refuses: a code, a text recorded from the real service, and details."""

from google.protobuf.message import Message
from google.rpc.error_details_pb2 import ErrorInfo, Help

from local.cloud_tasks.engine.codes import Code

SERVICE = "cloudtasks.googleapis.com"


class ApiError(Exception):
    """A refused call. `details` are google.rpc messages such as Help."""

    def __init__(self, code: Code, message: str, *details: Message) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details


def invalid(message: str, *details: Message) -> ApiError:
    return ApiError(Code.INVALID_ARGUMENT, message, *details)


def invalid_argument() -> ApiError:
    return invalid("Request contains an invalid argument.")


def not_implemented(message: str) -> ApiError:
    return ApiError(Code.UNIMPLEMENTED, message)


def queue_missing() -> ApiError:
    return ApiError(
        Code.NOT_FOUND,
        "Queue does not exist. If you just created the queue, wait at least a minute for the queue to initialize.",
    )


def entity_missing() -> ApiError:
    return ApiError(Code.NOT_FOUND, "Requested entity was not found.")


def task_ended() -> ApiError:
    return ApiError(
        Code.NOT_FOUND,
        "The task no longer exists, though a task with this name existed recently."
        " The task either successfully completed or was deleted.",
    )


def queue_exists() -> ApiError:
    return ApiError(Code.ALREADY_EXISTS, "Queue already exists")


def queue_deleted_recently() -> ApiError:
    return ApiError(
        Code.FAILED_PRECONDITION,
        "The queue cannot be created because a queue with this name existed too recently.",
    )


def task_exists() -> ApiError:
    return ApiError(Code.ALREADY_EXISTS, "Requested entity already exists")


def task_existed() -> ApiError:
    return ApiError(
        Code.ALREADY_EXISTS,
        "The task cannot be created because a task with this name existed too recently."
        " For more information about task de-duplication see https://cloud.google.com/tasks/docs/reference/rest/v2/"
        "projects.locations.queues.tasks/create#body.request_body.FIELDS.task.",
    )


def help_link(description: str, url: str) -> Help:
    return Help(links=[Help.Link(description=description, url=url)])


def error_info(reason: str, domain: str, **metadata: str) -> ErrorInfo:
    return ErrorInfo(reason=reason, domain=domain, metadata=metadata)
