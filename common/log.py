"""One JSON line per event, in the fields that Cloud Logging reads (Structured logging: severity, trace).

An event is a constant name and facts. Never payloads, tokens or addresses.
"""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_bound: ContextVar[dict[str, Any]] = ContextVar("bound", default={})  # noqa: B039 (never mutated, only replaced)
LOGGER_NAME = "asset-requests"
_logger = logging.getLogger(LOGGER_NAME)


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        facts: dict[str, Any] = {"severity": record.levelname, "message": record.getMessage()}
        facts |= getattr(record, "facts", {})
        if record.exc_info:
            facts["exception"] = self.formatException(record.exc_info)
        return json.dumps(facts, default=str)


def set_up() -> None:
    """Send events to standard output, from which Cloud Run takes them. May be called again."""
    if not _logger.handlers:  # imported again, as a test does
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(_JsonLines())
        _logger.addHandler(handler)
        _logger.setLevel(logging.INFO)
        _logger.propagate = False


@contextmanager
def bound(**facts: Any) -> Iterator[None]:
    """Add facts to every event within."""
    token = _bound.set({**_bound.get(), **facts})
    try:
        yield
    finally:
        _bound.reset(token)


def info(event: str, **facts: Any) -> None:
    _emit(logging.INFO, event, facts)


def warning(event: str, **facts: Any) -> None:
    _emit(logging.WARNING, event, facts)


def error(event: str, *, exc_info: bool = False, **facts: Any) -> None:
    _emit(logging.ERROR, event, facts, exc_info=exc_info)


def _emit(level: int, event: str, facts: dict[str, Any], *, exc_info: bool = False) -> None:
    _logger.log(level, "%s", event, extra={"facts": {**_bound.get(), **facts}}, exc_info=exc_info)
