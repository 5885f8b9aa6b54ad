"""The API over gRPC, for the official clients: a table of the calls, and one handler for all of them."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from local.cloud_tasks.engine import ApiError, Engine, messages
from local.cloud_tasks.engine.errors import unimplemented
from local.cloud_tasks.locked_engine import LockedEngine

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"

_THREADS = 8
_SERVICE = "google.cloud.tasks.v2.CloudTasks"


@dataclass(frozen=True, slots=True)
class _Call:
    request: type[Message]
    method_of: Callable[[Engine], Callable[[Any, datetime], Message]]


_CALLS: Mapping[str, _Call] = {
    "CreateQueue": _Call(messages.CreateQueueRequest, lambda engine: engine.queues.create),
    "GetQueue": _Call(messages.GetQueueRequest, lambda engine: engine.queues.get),
    "ListQueues": _Call(messages.ListQueuesRequest, lambda engine: engine.queues.list),
    "UpdateQueue": _Call(messages.UpdateQueueRequest, lambda engine: engine.queues.update),
    "DeleteQueue": _Call(messages.DeleteQueueRequest, lambda engine: engine.queues.delete),
    "PurgeQueue": _Call(messages.PurgeQueueRequest, lambda engine: engine.queues.purge),
    "PauseQueue": _Call(messages.PauseQueueRequest, lambda engine: engine.queues.pause),
    "ResumeQueue": _Call(messages.ResumeQueueRequest, lambda engine: engine.queues.resume),
    "CreateTask": _Call(messages.CreateTaskRequest, lambda engine: engine.tasks.create),
    "GetTask": _Call(messages.GetTaskRequest, lambda engine: engine.tasks.get),
    "ListTasks": _Call(messages.ListTasksRequest, lambda engine: engine.tasks.list),
    "DeleteTask": _Call(messages.DeleteTaskRequest, lambda engine: engine.tasks.delete),
    "RunTask": _Call(messages.RunTaskRequest, lambda engine: engine.tasks.run),
}

_UNSUPPORTED: Mapping[str, str] = {
    f"{_SERVICE}/BatchCreateTasks": "batches; create the tasks one by one",
    f"{_SERVICE}/BatchDeleteTasks": "batches; delete the tasks one by one",
    f"{_SERVICE}/GetIamPolicy": "IAM policies",
    f"{_SERVICE}/SetIamPolicy": "IAM policies",
    f"{_SERVICE}/TestIamPermissions": "IAM policies",
    f"{_SERVICE}/GetCmekConfig": "customer-managed encryption keys",
    f"{_SERVICE}/UpdateCmekConfig": "customer-managed encryption keys",
    "google.cloud.location.Locations/GetLocation": "locations",
    "google.cloud.location.Locations/ListLocations": "locations",
    "google.longrunning.Operations/GetOperation": "operations, since it has no batches",
}


class GrpcServer:
    """Calls `on_call` after every successful call, since it may have made an attempt due."""

    def __init__(self, engine: LockedEngine, on_call: Callable[[], None]) -> None:
        self._engine = engine
        self._on_call = on_call
        self._threads = ThreadPoolExecutor(_THREADS, "cloud-tasks-grpc")
        self._server = grpc.server(self._threads, options=[("grpc.so_reuseport", 0)])
        handlers = {name: self._handler(call) for name, call in _CALLS.items()}
        served = grpc.method_handlers_generic_handler(_SERVICE, handlers)
        self._server.add_generic_rpc_handlers([served, _UnsupportedCalls()])

    def start(self, host: str, port: int) -> int:
        """Listens and returns the port. Raises RuntimeError if the port is in use."""
        bound = self._server.add_insecure_port(f"{host}:{port}")
        self._server.start()
        return bound

    def stop(self) -> None:
        """Cancels the calls that do not end at once."""
        self._server.stop(grace=0.2).wait()
        self._threads.shutdown()

    def _handler(self, call: _Call) -> Handler:
        def handle(request: Message, context: grpc.ServicerContext) -> Message:
            try:
                response = self._engine.run(lambda engine, now: call.method_of(engine)(request, now))
            except ApiError as error:
                context.abort_with_status(_to_status(error))
            self._on_call()
            return response

        return grpc.unary_unary_rpc_method_handler(
            handle,
            request_deserializer=call.request.FromString,
            response_serializer=lambda response: response.SerializeToString(),
        )


class _UnsupportedCalls(grpc.GenericRpcHandler):
    """Refuses every method that is not in the table of calls, with UNIMPLEMENTED."""

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Handler:
        method = handler_call_details.method.removeprefix("/")
        error = unimplemented(f"The local Cloud Tasks has no {_UNSUPPORTED.get(method, method)}.")

        def refuse(_request: bytes, context: grpc.ServicerContext) -> bytes:
            context.abort_with_status(_to_status(error))

        return grpc.unary_unary_rpc_method_handler(refuse)


def _to_status(error: ApiError) -> grpc.Status:
    message = Status(code=error.code, message=error.message)
    for detail in error.details:
        packed: AnyMessage = message.details.add()
        packed.Pack(detail)
    status: grpc.Status = rpc_status.to_status(message)
    return status
