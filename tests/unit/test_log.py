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


def test_an_event_is_one_json_line_with_its_facts(lines: io.StringIO) -> None:
    with log.bound(request_id="r"):
        log.info("delivery.finished", verdict="completed")

    assert json.loads(lines.getvalue()) == {
        "severity": "INFO",
        "message": "delivery.finished",
        "request_id": "r",
        "verdict": "completed",
    }


def test_what_is_noted_is_forgotten_with_the_bound_around_it(lines: io.StringIO) -> None:
    with log.bound():
        log.bind(attempt=1)
    log.info("other")

    assert "attempt" not in json.loads(lines.getvalue())


def test_the_text_of_an_exception_stays_out_and_its_places_are_told(lines: io.StringIO) -> None:
    quoted = "-".join(("Lakeside", "Dental"))
    try:
        try:
            raise ValueError(quoted)
        except ValueError as error:
            raise KeyError(quoted) from error
    except KeyError:
        log.error("attempt.failed", exc_info=True)

    told = json.loads(lines.getvalue())["exception"]
    assert quoted not in told
    assert told.index("builtins.ValueError") < told.index("builtins.KeyError")
    assert __file__ in told


def test_a_traceparent_becomes_the_trace_that_cloud_logging_groups_by(lines: io.StringIO) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"

    log.info("delivery.finished", trace=f"00-{trace}-b7ad6b7169203331-01")

    assert json.loads(lines.getvalue())["logging.googleapis.com/trace"] == f"projects/a-project/traces/{trace}"
