"""The API's errors: a code, a text recorded from the real service, and details."""

from google.protobuf.message import Message
from google.rpc.code_pb2 import Code
from google.rpc.error_details_pb2 import ErrorInfo, Help

SERVICE = "cloudtasks.googleapis.com"


class ApiError(Exception):
    """A call is refused. `code` is a number of google.rpc.Code; `details` are google.rpc messages such as Help."""

    def __init__(self, code: int, message: str, *details: Message) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details


def invalid_argument(message: str = "Request contains an invalid argument.", *details: Message) -> ApiError:
    return ApiError(Code.INVALID_ARGUMENT, message, *details)


def permission_denied(message: str, *details: Message) -> ApiError:
    return ApiError(Code.PERMISSION_DENIED, message, *details)


def unimplemented(message: str) -> ApiError:
    """An error of our own: the real service implements the call."""
    return ApiError(Code.UNIMPLEMENTED, message)


def queue_not_found() -> ApiError:
    return ApiError(
        Code.NOT_FOUND,
        "Queue does not exist. If you just created the queue, wait at least a minute for the queue to initialize.",
    )


def entity_not_found() -> ApiError:
    return ApiError(Code.NOT_FOUND, "Requested entity was not found.")


def task_ended() -> ApiError:
    return ApiError(
        Code.NOT_FOUND,
        "The task no longer exists, though a task with this name existed recently."
        " The task either successfully completed or was deleted.",
    )


def queue_exists() -> ApiError:
    return ApiError(Code.ALREADY_EXISTS, "Queue already exists")


def task_exists() -> ApiError:
    return ApiError(Code.ALREADY_EXISTS, "Requested entity already exists")


def task_existed_recently() -> ApiError:
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
