"""One JSON line per event, in the fields that Cloud Logging reads (Structured logging: severity, trace).

An event is a constant name and facts. Never payloads, tokens or addresses: of an exception the type and the places,
since its text may quote what people wrote.
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


class _JsonLines(logging.Formatter):
    def __init__(self, project: str) -> None:
        super().__init__()
        self._project = project

    def format(self, record: logging.LogRecord) -> str:
        facts: dict[str, Any] = {"severity": record.levelname, "message": record.getMessage()}
        facts |= getattr(record, "facts", {})
        if trace := facts.get("trace"):
            facts["logging.googleapis.com/trace"] = f"projects/{self._project}/traces/{trace.split('-')[1]}"
        if record.exc_info:
            facts["exception"] = _places(record.exc_info[1])
        return json.dumps(facts, default=str)


def set_up(project: str) -> None:
    """Send events to standard output, from which Cloud Run takes them. May be called again."""
    if not _logger.handlers:  # imported again, as a test does
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(_JsonLines(project))
        _logger.addHandler(handler)
        _logger.setLevel(logging.INFO)
        _logger.propagate = False


@contextmanager
def bound(**facts: Any) -> Iterator[None]:
    """Add facts to every event within."""
    token = _bound.set({**(_bound.get() or {}), **facts})
    try:
        yield
    finally:
        _bound.reset(token)


def note(**facts: Any) -> None:
    """Add facts to what follows within the present `bound`; nothing outside of one."""
    if (known := _bound.get()) is not None:
        _bound.set({**known, **facts})


def info(event: str, **facts: Any) -> None:
    _emit(logging.INFO, event, facts)


def warning(event: str, **facts: Any) -> None:
    _emit(logging.WARNING, event, facts)


def error(event: str, *, exc_info: bool = False, **facts: Any) -> None:
    _emit(logging.ERROR, event, facts, exc_info=exc_info)


def _emit(level: int, event: str, facts: dict[str, Any], *, exc_info: bool = False) -> None:
    _logger.log(level, "%s", event, extra={"facts": {**(_bound.get() or {}), **facts}}, exc_info=exc_info)


def _places(error: BaseException | None) -> str:
    """The chain of exceptions, each with its type and where it went, without its text."""
    lines: list[str] = []
    while error is not None:
        places = traceback.format_tb(error.__traceback__)
        lines = [f"{type(error).__module__}.{type(error).__qualname__}, raised in\n", *places, *lines]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "".join(lines)
