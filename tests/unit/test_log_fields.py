"""The fields of a request in log lines."""

from common.pipeline import log_fields
from common.pipeline.record import Failure, Status
from tests.unit.builders import NOW, SECOND, ended, processing, queued

FAILURE = Failure(code="attempts", message="Ann Weber's poster", attempt=3, at=NOW)


def test_the_first_claim_has_the_time_in_the_queue() -> None:
    assert log_fields.of_claim(processing(started_at=NOW + 2 * SECOND)) == {"queue_ms": 2000}


def test_the_time_in_the_queue_starts_at_the_requested_start_time() -> None:
    scheduled = processing(run_at=NOW + 60 * SECOND, started_at=NOW + 61 * SECOND)

    assert log_fields.of_claim(scheduled) == {"queue_ms": 1000}


def test_only_the_first_claim_has_a_time_in_the_queue() -> None:
    others = [processing(attempt=2), processing(redrive=1), processing(snoozes=1), queued()]

    assert [log_fields.of_claim(record) for record in others] == [{}, {}, {}, {}]


def test_an_ended_request_has_its_status_its_code_and_its_total_time() -> None:
    completed = ended(Status.COMPLETED, finished_at=NOW + 3 * SECOND)
    failed = ended(Status.FAILED, error=FAILURE, finished_at=NOW + SECOND)

    assert log_fields.of_end(completed) == {"type": "demo", "ended": "completed", "total_ms": 3000}
    assert log_fields.of_end(failed) == {"type": "demo", "ended": "failed", "code": "attempts", "total_ms": 1000}


def test_a_redriven_request_has_no_total_time() -> None:
    assert log_fields.of_end(ended(Status.COMPLETED, redrive=1)) == {"type": "demo", "ended": "completed"}


def test_an_open_request_has_no_fields_of_an_end() -> None:
    assert (log_fields.of_end(queued()), log_fields.of_end(processing())) == ({}, {})


def test_open_seconds_count_from_the_last_start_time_schedule_time_or_claim() -> None:
    now = NOW + 100 * SECOND
    records = [
        queued(),
        queued(run_at=NOW + 40 * SECOND),
        queued(scheduled_at=NOW + 70 * SECOND),
        processing(started_at=NOW + 90 * SECOND),
        queued(scheduled_at=now + SECOND),
        queued(run_at=now + SECOND, redrive=1),  # a redrive runs at once
    ]

    assert [log_fields.open_seconds(record, now) for record in records] == [100, 60, 30, 10, 0, 100]
