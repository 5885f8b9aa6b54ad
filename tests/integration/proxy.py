"""A gRPC proxy between the functions and an emulator: it records calls, and fails them as scripted.

It forwards bytes unchanged, so client and server are the real ones.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event, Lock
from typing import Any, Self

import grpc


@dataclass(frozen=True)
class Call:
    """A received call: the short name of its method, and its request."""

    method: str
    request: bytes


@dataclass(frozen=True)
class Fault:
    """How one call fails: with `code`, after the server has executed it or before; or only when the client ends it."""

    code: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE
    is_executed: bool = False
    is_silent: bool = False


MAX_SILENCE_SECONDS = 60
ANSWER_LOST = Fault(is_executed=True)
NEVER_ARRIVED = Fault()
SILENCE = Fault(is_silent=True)


class Proxy(grpc.GenericRpcHandler):
    """Serves on `address` inside its context, and forwards to `target` (host:port)."""

    def __init__(self, target: str) -> None:
        self.calls: list[Call] = []
        self._faults: dict[str, deque[Fault | None]] = {}
        self._lock = Lock()
        self._channel = grpc.insecure_channel(target)
        self._server = grpc.server(ThreadPoolExecutor(max_workers=32), handlers=[self])
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(grace=None).wait()
        self._channel.close()

    def fail(self, method: str, *faults: Fault | None) -> None:
        """Scripts the next calls of a method: each fails with its fault, and succeeds for None."""
        self._faults[method] = deque(faults)

    def counts(self) -> Counter[str]:
        """Returns the number of calls of each method."""
        return Counter(call.method for call in self.calls)

    def requests_of(self, method: str) -> list[bytes]:
        """Returns the requests of the calls of one method."""
        return [call.request for call in self.calls if call.method == method]

    def clear(self) -> None:
        self.calls.clear()

    def service(self, handler_call_details: Any) -> grpc.RpcMethodHandler[bytes, bytes]:
        path = handler_call_details.method

        def forward(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
            request = next(requests)
            method = path.rpartition("/")[2]
            fault = self._record(Call(method, request))
            metadata = [(key, value) for key, value in context.invocation_metadata() if key != "user-agent"]
            if fault is not None and fault.is_silent:
                ended = Event()
                context.add_callback(ended.set)
                ended.wait(MAX_SILENCE_SECONDS)
            if fault is not None and not fault.is_executed:
                context.abort(fault.code, "a scripted fault")
            forwarding: Any = self._channel.stream_stream(path)  # grpc's types require serialisers
            call = forwarding(iter([request]), metadata=metadata, timeout=context.time_remaining())
            try:
                answers = list(call)
            except grpc.RpcError as error:
                context.set_trailing_metadata(call.trailing_metadata())
                context.abort(error.code(), error.details() or "")
            if fault is not None:
                context.abort(fault.code, "a scripted loss of the answer")
            yield from answers

        return grpc.stream_stream_rpc_method_handler(forward)

    def _record(self, call: Call) -> Fault | None:
        with self._lock:
            self.calls.append(call)
            faults = self._faults.get(call.method)
            return faults.popleft() if faults else None
