"""Cloud Tasks: one queue per type of work. Only this module handles full task names and the client's exceptions.

A task's URL is a placeholder. The queue's `http_target` override replaces it with the address and the identity of
`process`. Terraform and the local stack create it from the same policies, so the functions know queue names only.
"""

from google.api_core import exceptions
from google.api_core.retry import Retry, if_exception_type
from google.api_core.timeout import ConstantTimeout
from google.cloud.tasks_v2 import CloudTasksClient, HttpMethod, HttpRequest, Task
from google.protobuf.duration_pb2 import Duration

from common.errors import NewerRecord, Unavailable
from common.pipeline.ids import task_name, task_name_of
from common.pipeline.record import Record
from common.pipeline.store import Stored
from common.pipeline.task_payload import TaskPayload
from common.queues import Policies, Policy

PLACEHOLDER_URL = "https://process.invalid/"
ATTEMPT_TIMEOUT = ConstantTimeout(4.0)
RETRY = Retry(  # creating a named task again is safe
    predicate=if_exception_type(
        exceptions.ServiceUnavailable,
        exceptions.DeadlineExceeded,
        exceptions.InternalServerError,
        exceptions.Aborted,
        exceptions.Unknown,
    ),
    initial=0.1,
    maximum=1.0,
    timeout=6.0,
)


class Queues:
    """The queues of one project and location."""

    def __init__(self, client: CloudTasksClient, *, project: str, location: str, policies: Policies) -> None:
        self._client = client
        self._parent = f"projects/{project}/locations/{location}/queues"
        self._policies = policies

    def full_task_name(self, *, queue: str, task: str) -> str:
        return f"{self._parent}/{queue}/tasks/{task}"

    def enqueue(self, stored: Stored) -> bool:
        """Creates the task of the record's generation. False if its name exists or was used. Raises Unavailable."""
        policy = self._policy(stored.record)
        task = Task(
            name=self._task(stored.record),
            http_request=HttpRequest(
                url=PLACEHOLDER_URL,
                http_method=HttpMethod.POST,
                headers={"Content-Type": "application/json"},
                body=TaskPayload.of(stored, time_budget=policy.time_budget).encode(),
            ),
            schedule_time=stored.record.scheduled_at,
            dispatch_deadline=Duration(seconds=int(policy.dispatch_deadline.total_seconds())),
        )
        try:
            self._client.create_task(
                parent=f"{self._parent}/{policy.queue}", task=task, retry=RETRY, timeout=ATTEMPT_TIMEOUT
            )
        except exceptions.AlreadyExists:
            return False
        except (exceptions.GoogleAPICallError, exceptions.RetryError) as error:
            raise Unavailable(f"Cloud Tasks did not create the task: {type(error).__name__}") from error
        return True

    def exists(self, record: Record) -> bool:
        """Whether the task of the record's generation exists. Raises Unavailable."""
        try:
            self._client.get_task(name=self._task(record), retry=RETRY, timeout=ATTEMPT_TIMEOUT)
        except exceptions.NotFound:
            return False
        except (exceptions.GoogleAPICallError, exceptions.RetryError) as error:
            raise Unavailable(f"Cloud Tasks did not return the task: {type(error).__name__}") from error
        return True

    def delete(self, record: Record) -> None:
        """Deletes the task of the record's generation, if it exists. Raises Unavailable."""
        self._delete(self._task(record))

    def delete_generations(self, *, type_name: str, record_id: str, last: int) -> None:
        """Deletes the tasks of the generations 0 to `last`, those that exist. Raises Unavailable.

        A type without a policy has no queue, or a newer release has added it: its tasks find the tombstone and end.
        """
        if (policy := self._policies.get(type_name)) is None:
            return
        for generation in range(last + 1):
            task = task_name_of(record_id, generation)
            self._delete(self.full_task_name(queue=policy.queue, task=task))

    def _delete(self, name: str) -> None:
        try:
            self._client.delete_task(name=name, retry=RETRY, timeout=ATTEMPT_TIMEOUT)
        except exceptions.NotFound:
            return
        except (exceptions.GoogleAPICallError, exceptions.RetryError) as error:
            raise Unavailable(f"Cloud Tasks did not delete the task: {type(error).__name__}") from error

    def _task(self, record: Record) -> str:
        return self.full_task_name(queue=self._policy(record).queue, task=task_name(record))

    def _policy(self, record: Record) -> Policy:
        try:
            return self._policies[record.type]
        except KeyError:
            raise NewerRecord(f"{record.id} is of type {record.type}, and this release has no policy for it") from None
