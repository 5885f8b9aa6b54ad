"""What log lines say of a request."""

from datetime import timedelta

from common.pipeline import log_fields
from common.pipeline.record import Failure, Status
from tests.unit.builders import NOW, ended, processing, queued

SECOND = timedelta(seconds=1)
FAILURE = Failure(code="attempts", message="Ann Weber's poster", attempt=3, at=NOW)


def test_a_first_attempt_tells_how_long_it_waited() -> None:
    assert log_fields.of_claim(processing(started_at=NOW + 2 * SECOND)) == {"queue_ms": 2000}


def test_a_first_attempt_of_a_request_for_later_has_waited_since_then() -> None:
    later = processing(run_at=NOW + 60 * SECOND, started_at=NOW + 61 * SECOND)

    assert log_fields.of_claim(later) == {"queue_ms": 1000}


def test_what_waited_for_something_else_than_the_queue_tells_no_wait() -> None:
    others = [processing(attempt=2), processing(redrive=1), processing(snoozes=1), queued()]

    assert [log_fields.of_claim(record) for record in others] == [{}, {}, {}, {}]


def test_an_end_tells_how_and_after_how_long() -> None:
    completed = ended(Status.COMPLETED, finished_at=NOW + 3 * SECOND)
    failed = ended(Status.FAILED, error=FAILURE, finished_at=NOW + SECOND)

    assert log_fields.of_end(completed) == {"type": "demo", "ended": "completed", "total_ms": 3000}
    assert log_fields.of_end(failed) == {"type": "demo", "ended": "failed", "code": "attempts", "total_ms": 1000}


def test_an_end_after_a_persons_retry_tells_no_time() -> None:
    assert log_fields.of_end(ended(Status.COMPLETED, redrive=1)) == {"type": "demo", "ended": "completed"}


def test_what_is_open_has_not_ended() -> None:
    assert (log_fields.of_end(queued()), log_fields.of_end(processing())) == ({}, {})


def test_a_request_is_open_since_something_last_began_for_it() -> None:
    now = NOW + 100 * SECOND
    records = [
        queued(),
        queued(run_at=NOW + 40 * SECOND),
        queued(scheduled_at=NOW + 70 * SECOND),
        processing(started_at=NOW + 90 * SECOND),
        queued(scheduled_at=now + SECOND),
    ]

    assert [log_fields.open_seconds(record, now) for record in records] == [100, 60, 30, 10, 0]
