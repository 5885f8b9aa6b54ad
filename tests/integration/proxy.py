"""A gRPC proxy between the functions and an emulator: it counts calls, and fails them on demand.

Bytes go through as they are, so that both sides are the real ones.
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
    """One call that came through: the method's short name and its first message."""

    method: str
    request: bytes


@dataclass(frozen=True)
class Fault:
    """What becomes of one call. A lost answer belongs to a call that was made; silence lasts till it is given up."""

    code: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE
    carried_out: bool = False
    silent: bool = False


MOST_SILENCE_SECONDS = 60
LOST_ANSWER = Fault(carried_out=True)
NEVER_ARRIVED = Fault()
SILENCE = Fault(silent=True)


class Proxy(grpc.GenericRpcHandler):
    """Serves on `address` from `with` to its end, and forwards to `target` (host:port)."""

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
        """The next calls of a method fail so, one each; None lets one through."""
        self._faults[method] = deque(faults)

    def counts(self) -> Counter[str]:
        """How many calls came of each method."""
        return Counter(call.method for call in self.calls)

    def of(self, method: str) -> list[bytes]:
        """The requests of one method."""
        return [call.request for call in self.calls if call.method == method]

    def forget(self) -> None:
        self.calls.clear()

    def service(self, handler_call_details: Any) -> grpc.RpcMethodHandler[bytes, bytes]:
        path = handler_call_details.method

        def forward(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
            request = next(requests)
            method = path.rpartition("/")[2]
            fault = self._take(Call(method, request))
            metadata = [(key, value) for key, value in context.invocation_metadata() if key != "user-agent"]
            if fault is not None and fault.silent:
                given_up = Event()
                context.add_callback(given_up.set)
                given_up.wait(MOST_SILENCE_SECONDS)
            if fault is not None and not fault.carried_out:
                context.abort(fault.code, "the proxy was told to fail")
            forwarding: Any = self._channel.stream_stream(path)  # grpc's types know no call without serialisers
            call = forwarding(iter([request]), metadata=metadata, timeout=context.time_remaining())
            try:
                answers = list(call)
            except grpc.RpcError as error:
                context.set_trailing_metadata(call.trailing_metadata())
                context.abort(error.code(), error.details() or "")
            if fault is not None:
                context.abort(fault.code, "the proxy was told to lose the answer")
            yield from answers

        return grpc.stream_stream_rpc_method_handler(forward)

    def _take(self, call: Call) -> Fault | None:
        with self._lock:
            self.calls.append(call)
            faults = self._faults.get(call.method)
            return faults.popleft() if faults else None
