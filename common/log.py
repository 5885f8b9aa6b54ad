"""Logs one JSON line per event, in the fields that Cloud Logging reads (Structured logging: severity, trace).

An event is a constant name and fields. Never log payloads, tokens or addresses. Of an exception, only the type and the
stack are logged, because its text may quote user input.
"""

import json
import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

LOGGER_NAME = "asset-requests"
_bound: ContextVar[dict[str, Any] | None] = ContextVar("bound", default=None)
_logger = logging.getLogger(LOGGER_NAME)


class JsonLines(logging.Formatter):
    """Formats an event as the functions log it."""

    def __init__(self, project: str) -> None:
        super().__init__()
        self._project = project

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = {"severity": record.levelname, "message": record.getMessage()}
        fields |= getattr(record, "fields", {})
        if trace := fields.get("trace"):
            fields["logging.googleapis.com/trace"] = f"projects/{self._project}/traces/{trace.split('-')[1]}"
        if record.exc_info:
            fields["exception"] = _stack(record.exc_info[1])
        return json.dumps(fields, default=str)


def set_up(project: str) -> None:
    """Sends events to standard output, which Cloud Run collects. May be called again."""
    if not _logger.handlers:  # functions-framework imports main.py again for each app
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(JsonLines(project))
        _logger.addHandler(handler)
        _logger.setLevel(logging.INFO)
        _logger.propagate = False


@contextmanager
def bound(**fields: Any) -> Iterator[None]:
    """Adds fields to every event within the block."""
    token = _bound.set({**(_bound.get() or {}), **fields})
    try:
        yield
    finally:
        _bound.reset(token)


def bind(**fields: Any) -> None:
    """Adds fields to the later events of the current `bound` block. Does nothing outside of one."""
    if (known := _bound.get()) is not None:
        _bound.set({**known, **fields})


def info(event: str, **fields: Any) -> None:
    _emit(logging.INFO, event, fields)


def warning(event: str, **fields: Any) -> None:
    _emit(logging.WARNING, event, fields)


def error(event: str, *, exc_info: bool = False, **fields: Any) -> None:
    _emit(logging.ERROR, event, fields, exc_info=exc_info)


def _emit(level: int, event: str, fields: dict[str, Any], *, exc_info: bool = False) -> None:
    _logger.log(level, "%s", event, extra={"fields": {**(_bound.get() or {}), **fields}}, exc_info=exc_info)


def _stack(error: BaseException | None) -> str:
    """Returns the chain of exceptions, each with its type and its stack, without its text."""
    lines: list[str] = []
    while error is not None:
        frames = traceback.format_tb(error.__traceback__)
        lines = [f"{type(error).__module__}.{type(error).__qualname__}, raised in\n", *frames, *lines]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "".join(lines)
