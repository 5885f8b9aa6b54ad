"""The limits that apply to a submission of any type."""

from datetime import timedelta

import pytest

from common.errors import Fault, InvalidInput, TooLarge
from common.pipeline.submission import Submission, check_limits
from common.work import JsonObject
from tests.unit.builders import NOW, SECOND

YEAR = timedelta(days=366)
MAX_TEXT = 256 * 1024 - len('["demo",{"text":""},null,null]')


def test_a_request_can_be_scheduled_a_year_ahead_and_no_further() -> None:
    check_limits(Submission("demo", {}, run_at=NOW + YEAR), NOW, pointer="")

    with pytest.raises(InvalidInput) as refusal:
        check_limits(Submission("demo", {}, run_at=NOW + YEAR + SECOND), NOW, pointer="/requests/1")

    assert refusal.value.faults == (Fault("/requests/1/run_at", "must be at most a year ahead"),)


@pytest.mark.parametrize(
    ("largest", "too_large"),
    [
        ({"text": "x" * MAX_TEXT}, {"text": "x" * (MAX_TEXT + 1)}),
        ({"numbers": [0] * 32_000}, {"numbers": [0] * 33_000}),
    ],
    ids=["in JSON", "in Firestore"],
)
def test_a_submission_has_at_most_256_kib(largest: JsonObject, too_large: JsonObject) -> None:
    check_limits(Submission("demo", largest), NOW, pointer="")

    with pytest.raises(TooLarge):
        check_limits(Submission("demo", too_large), NOW, pointer="")
