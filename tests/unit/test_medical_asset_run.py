"""The run: two steps and one file, with progress between them."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pydantic import JsonValue

from common.work import Asset
from common.work.medical_asset import run
from tests.unit.medical_asset_inputs import brief


class Request:
    """What outlives an attempt: finished steps and stored files."""

    def __init__(self) -> None:
        self.steps: dict[str, JsonValue] = {}
        self.files: dict[str, bytes] = {}


class Attempt:
    """Does steps once a request, as records keep them: through JSON."""

    effect_key = "r1-r0"
    snoozes = 0

    def __init__(self, request: Request, attempt: int = 1, *, dies_before: str | None = None) -> None:
        self.attempt = attempt
        self.told: list[int] = []
        self._request = request
        self._dies_before = dies_before

    def progress(self, percent: int, message: str) -> None:
        assert message
        self.told.append(percent)

    def step(self, name: str, do: Callable[[], JsonValue]) -> Any:
        if name not in self._request.steps:
            if name == self._dies_before:
                raise ConnectionError
            self._request.steps[name] = json.loads(json.dumps(do()))
        return self._request.steps[name]

    def save(self, name: str, content_type: str, content: bytes) -> Asset:
        path = f"r1/{self.attempt}/{name}"
        self._request.files[path] = content
        return Asset(name=name, content_type=content_type, bytes=len(content), path=path)

    def sleep(self, duration: timedelta) -> None:
        raise AssertionError(f"it has nothing to wait {duration} for")

    def time_left(self) -> timedelta:
        return timedelta(minutes=10)


def test_a_run_returns_the_copy_and_the_stored_image() -> None:
    request = Request()

    result = run(brief(), Attempt(request))

    ((path, image),) = request.files.items()
    assert image.startswith(b"\x89PNG")
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
        "assets": [{"name": "social.png", "content_type": "image/png", "bytes": len(image), "path": path}],
    }


def test_progress_rises() -> None:
    attempt = Attempt(Request())

    run(brief(), attempt)

    assert attempt.told == sorted(set(attempt.told))


def test_an_attempt_after_the_last_step_draws_nothing_again() -> None:
    request = Request()
    first = run(brief(), Attempt(request))

    second = run(brief(), Attempt(request, 2))

    assert second == first
    assert list(request.files) == ["r1/1/social.png"]


def test_copy_that_an_earlier_attempt_wrote_is_kept() -> None:
    request = Request()
    with pytest.raises(ConnectionError):
        run(brief(), Attempt(request, dies_before="image"))
    written = request.steps["copy"]
    assert isinstance(written, dict)
    written["headline"] = "As written before"

    result = run(brief(), Attempt(request, 2))

    assert result["headline"] == "As written before"
