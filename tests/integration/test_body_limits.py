"""Parsing a body of any content uses bounded memory and CPU time."""

import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from common.catalog import load_catalog
from common.errors import InvalidInput
from common.json_values import MAX_VALUES, parse
from common.pipeline.submission import MAX_REQUEST_BYTES
from common.queues import load_policies
from functions.http.bodies import MAX_BATCH, bodies_for

BODIES = bodies_for(load_catalog(load_policies(), {"diagnostic"}))
MAX_BATCH_BYTES = MAX_REQUEST_BYTES * MAX_BATCH
MAX_CPU_SECONDS = 0.5  # a tenth on an idle machine; without the limit on values, one to two
MAX_BYTES = 40_000_000
VALID: dict[str, Any] = {
    "doctor_name": "Dr. Okafor",
    "practice_name": "Harbour Street Dental",
    "practice_type": "Dentist",
    "channel": "social",
    "primary_message": "We are open on Saturdays.",
}


def unknown_names(count: int, length: int = 5) -> dict[str, int]:
    return {f"{number:0{length}d}": 1 for number in range(count)}


def request(*, run_at: object = None, notify: object = None, **changes: object) -> dict[str, Any]:
    return {"type": "medical_asset", "input": {**VALID, **changes}, "run_at": run_at, "notify": notify}


def batch(*requests: object) -> bytes:
    return compact({"requests": requests}, MAX_BATCH_BYTES)


def single(body: object) -> bytes:
    return compact(body, MAX_REQUEST_BYTES)


def compact(body: object, limit: int) -> bytes:
    data = json.dumps(body, separators=(",", ":")).encode()
    assert len(data) <= limit  # a longer body is refused before it is parsed
    return data


def filled(before: str, item: str, after: str, size: int) -> bytes:
    """As many items as fit."""
    return (before + ",".join([item] * ((size - len(before + after)) // (len(item) + 1))) + after).encode()


MANY = MAX_VALUES // MAX_BATCH - 10
BATCHES = {
    "wide: unknown names": batch(*[{**request(), **unknown_names(24_000)}] * 8),
    "wide: unknown names, as many as are parsed": batch(*[request(**unknown_names(MANY))] * MAX_BATCH),
    "wide: long unknown names": batch(*[request(**unknown_names(240, 1000))] * MAX_BATCH),
    "many: empty objects": filled('{"requests":[', "{}", "]}", MAX_BATCH_BYTES),
    "many: numbers": filled('{"requests":[', "0", "]}", MAX_BATCH_BYTES),
    "many: texts": filled('{"requests":[', '"a"', "]}", MAX_BATCH_BYTES),
    "many: wrong types": batch(*[request(notify=[0] * MANY)] * MAX_BATCH),
    "many: missing fields": batch(*[{"type": "medical_asset", "input": {}}] * MAX_BATCH),
    "long: texts": batch(*[request(primary_message="x" * 255_000)] * MAX_BATCH),
    "long: commas": batch(*[request(primary_message="," * 255_000)] * MAX_BATCH),
    "long: escapes": filled('{"requests":["', r"\u00e4", '"]}', MAX_BATCH_BYTES),
    "long: an open text of quotes": ('{"requests":["' + '\\"' * 1_200_000).encode(),
}
SINGLES = {
    "wide: unknown names": single({**request(), **unknown_names(20_000)}),
    "wide: equal names": ("{" + ",".join(['"a":1'] * 40_000) + "}").encode(),
    "wide: unknown names in the input": single(request(**unknown_names(MAX_VALUES - 20))),
    "deep: lists": b"[" * MAX_REQUEST_BYTES,
    "deep: objects": b'{"a":' * 50_000,
    "many: lists": filled('{"a":[', "[]", "]}", MAX_REQUEST_BYTES),
    "many: wrong types": single(request(notify=[0] * (MAX_VALUES - 20))),
    "many: wrong names": single({"type": "x", "input": {}, **unknown_names(MAX_VALUES - 20)}),
    "long: a number": b'{"a":' + b"9" * 250_000 + b"}",
    "long: numbers": filled('{"a":[', "9" * 4_000, "]}", MAX_REQUEST_BYTES),
    "long: a type": single({"type": "x" * 250_000, "input": {}}),
}
SHAPES = [
    *((BODIES.parse_batch, body, f"batch, {name}") for name, body in BATCHES.items()),
    *((BODIES.parse_one, body, f"single, {name}") for name, body in SINGLES.items()),
]


def peak_bytes() -> int:
    """The most memory since the last reset, or 0 where the system does not report it (only Linux does)."""
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return int(found[1]) * 1024 if found else 0


def reset_peak() -> None:
    if (file := Path("/proc/self/clear_refs")).exists():
        file.write_text("5")


def costs(call: Callable[[bytes], object], body: bytes) -> tuple[float, int]:
    """CPU seconds and bytes of one call, in a new process, where no memory was freed before."""
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        reset_peak()
        before, started = peak_bytes(), time.process_time()
        try:
            call(body)
        except InvalidInput:
            os.write(writer, json.dumps([time.process_time() - started, peak_bytes() - before]).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        seconds, size = json.load(answer)
    return seconds, size


@pytest.mark.parametrize(("call", "body"), [shape[:2] for shape in SHAPES], ids=[shape[2] for shape in SHAPES])
def test_a_body_of_any_shape_is_refused_cheaply(call: Callable[[bytes], object], body: bytes) -> None:
    call_costs = [costs(call, body) for _ in range(5)]  # the machine may be busy

    assert min(seconds for seconds, _ in call_costs) < MAX_CPU_SECONDS
    assert min(size for _, size in call_costs) < MAX_BYTES


@pytest.mark.parametrize("text", [",{[", '\\"', '\\\\",', "ä,"])
def test_separators_within_texts_are_not_counted(text: str) -> None:
    value = [text * MAX_VALUES] * 3

    assert parse(json.dumps(value).encode()) == value


@pytest.mark.parametrize(("count", "is_refused"), [(MAX_VALUES, False), (MAX_VALUES + 1, True)])
def test_a_body_may_have_five_thousand_values(count: int, is_refused: bool) -> None:
    body = json.dumps([None] * count).encode()

    if is_refused:
        with pytest.raises(InvalidInput, match="at most 5,000 values"):
            parse(body)
    else:
        assert parse(body) == [None] * count
