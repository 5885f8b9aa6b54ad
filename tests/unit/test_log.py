"""The JSON lines that are logged."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from common import log


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    logger = logging.getLogger(log.LOGGER_NAME)
    before, logger.handlers = logger.handlers, []
    log.set_up("a-project")
    [handler] = logger.handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream := io.StringIO())
    yield stream
    logger.handlers = before


def test_an_event_is_one_json_line_with_its_fields(lines: io.StringIO) -> None:
    with log.bound(request_id="r"):
        log.info("delivery.finished", verdict="completed")

    assert json.loads(lines.getvalue()) == {
        "severity": "INFO",
        "message": "delivery.finished",
        "request_id": "r",
        "verdict": "completed",
    }


def test_a_bound_field_ends_with_its_block(lines: io.StringIO) -> None:
    with log.bound():
        log.bind(attempt=1)
    log.info("other")

    assert "attempt" not in json.loads(lines.getvalue())


def test_an_exception_is_logged_with_its_types_and_its_stack_without_its_text(lines: io.StringIO) -> None:
    user_input = "-".join(("Lakeside", "Dental"))  # the stack quotes this line, so not as one literal
    try:
        try:
            raise ValueError(user_input)
        except ValueError as error:
            raise KeyError(user_input) from error
    except KeyError:
        log.error("attempt.failed", exc_info=True)

    stack = json.loads(lines.getvalue())["exception"]
    assert user_input not in stack
    assert stack.index("builtins.ValueError") < stack.index("builtins.KeyError")
    assert __file__ in stack


def test_a_traceparent_is_logged_as_the_trace_of_cloud_logging(lines: io.StringIO) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"

    log.info("delivery.finished", trace=f"00-{trace}-b7ad6b7169203331-01")

    assert json.loads(lines.getvalue())["logging.googleapis.com/trace"] == f"projects/a-project/traces/{trace}"
