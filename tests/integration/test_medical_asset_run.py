"""The run of the type medical_asset: the copy and the image, each one step."""

import pytest

from common.pipeline.record import Progress
from common.work import JsonObject
from common.work.medical_asset import run
from common.work.medical_asset.writer import write
from tests.unit.attempt_harness import AttemptHarness as Harness
from tests.unit.builders import processing
from tests.unit.medical_asset_inputs import typical_input

Finished = tuple[Harness, JsonObject]


@pytest.fixture(scope="module")
def finished() -> Finished:
    """An attempt whose run has ended, and the result."""
    harness = Harness()
    return harness, run(typical_input(), harness.attempt)


def test_the_result_has_the_copy_and_the_stored_image(finished: Finished) -> None:
    harness, result = finished

    [(path, (content_type, image))] = harness.assets.files.items()
    assert (content_type, image[:4]) == ("image/png", b"\x89PNG")
    assert result == {
        "headline": "New patients are welcome",
        "body": "We have opened Saturday appointments from 9 to 13.",
        "caption": (
            "New patients are welcome. We have opened Saturday appointments from 9 to 13.\n\n"
            "— Dr. Amara Okafor, Harbour Street Dental\n\n"
            "Book your check-up: 020 7946 0018 · harbourstreet.example\n\n"
            "#HarbourStreetDental #DentalPractice #DrAmaraOkafor #OralHealth #Health"
        ),
        "hashtags": ["#HarbourStreetDental", "#DentalPractice", "#DrAmaraOkafor", "#OralHealth", "#Health"],
        "assets": [
            {
                "name": "social.png",
                "content_type": "image/png",
                "bytes": len(image),
                "path": path,
                "made_at": "2026-01-01T12:00:00Z",
            }
        ],
    }


def test_the_run_reports_progress(finished: Finished) -> None:
    harness, _ = finished

    assert harness.record.progress == Progress(percent=85, message="Storing the image")


def test_a_later_attempt_does_not_draw_a_finished_image_again(finished: Finished) -> None:
    first, result = finished
    second = Harness(processing(attempt=2, steps=first.record.steps))

    assert run(typical_input(), second.attempt) == result

    assert second.assets.files == {}


def test_a_later_attempt_keeps_the_copy_of_an_earlier_one() -> None:
    copy = write(typical_input()).model_dump() | {"headline": "As written before"}
    harness = Harness(processing(attempt=2, steps={"copy": copy}))

    result = run(typical_input(), harness.attempt)

    assert result["headline"] == "As written before"
