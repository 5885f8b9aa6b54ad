"""Requests of a few practices as they would look after a morning's work, for pictures of the page."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from google.cloud.firestore import DELETE_FIELD, Client

from build.page import build_page
from local.stack.addresses import Addresses
from local.stack.stack import Stack
from local.token import unsigned_token
from tests.processes import wait_until

WITHIN_SECONDS = 60

DENTIST = {
    "doctor_name": "Dr. Ann Weber",
    "practice_name": "Lakeside Dental",
    "practice_type": "Dental practice",
    "channel": "social",
    "primary_message": "Gentle check-ups, also on Saturdays. Ask for a time that suits you.",
    "brand_color": "#0F766E",
    "call_to_action": "Book your visit",
    "contact": "lakeside-dental.example",
}
DERMATOLOGIST = {
    "doctor_name": "Dr. Noor Haddad",
    "practice_name": "Skin & Sun Clinic",
    "practice_type": "Dermatology",
    "channel": "social",
    "primary_message": "A mole has changed? Let us look. Screening appointments within one week.",
    "brand_color": "#9A3412",
    "call_to_action": "Arrange a screening",
    "contact": "020 7946 0018",
}
PAEDIATRICIAN = {
    "doctor_name": "Dr. Ben Kowalski",
    "practice_name": "Little Steps Paediatrics",
    "practice_type": "Children's medicine",
    "channel": "social",
    "primary_message": "Flu vaccinations for children start on Monday. No needle needed: ask for the nasal spray.",
    "brand_color": "#1D4ED8",
    "call_to_action": "Reserve a slot",
    "contact": "littlesteps.example",
}
PHYSIOTHERAPIST = {
    "doctor_name": "Cleo Martins",
    "practice_name": "Harbour Physio",
    "practice_type": "Physiotherapy",
    "channel": "social",
    "primary_message": "Back pain at the desk? Three exercises that take five minutes.",
    "brand_color": "#6D28D9",
    "call_to_action": "Try them with us",
    "contact": "harbour-physio.example",
}
OPTICIAN = {
    "doctor_name": "Dr. Mei Tan",
    "practice_name": "Clearview Eye Care",
    "practice_type": "Ophthalmology",
    "channel": "social",
    "primary_message": "New patients are welcome. We have opened evening appointments on Thursdays.",
    "brand_color": "#1F3A5F",
    "call_to_action": "Call us",
    "contact": "020 7946 0107",
}


@contextmanager
def stack_with_page() -> Iterator[Stack]:
    """One of its own, whose people have asked for nothing yet."""
    page = build_page(report=print)
    with tempfile.TemporaryDirectory() as folder, Stack(ports="free", folder=Path(folder), page=page) as stack:
        yield stack


class Scenery:
    """Puts requests of one person into a running stack, with the ages and ends that a picture needs."""

    def __init__(self, addresses: Addresses, database: str, person: str) -> None:
        authorization = {"Authorization": f"Bearer {unsigned_token(person)}"}
        self._http = httpx.Client(base_url=addresses.api, headers=authorization, timeout=30)
        os.environ["FIRESTORE_EMULATOR_HOST"] = addresses.firestore
        self._documents = Client(project=addresses.project, database=database).collection("requests")

    def completed(self, given: dict[str, str], *, ago: timedelta) -> None:
        """One that was worked on for real, some time ago."""
        request = self._submit(given)
        path = f"/requests/{request['id']}"
        wait_until(lambda: self._http.get(path).json()["status"] == "completed", within=WITHIN_SECONDS)
        self._edit(self._http.get(path).json(), ago=ago)

    def running(self, given: dict[str, str], *, percent: int, message: str) -> str:
        """The id of one that stays where it is."""
        now = datetime.now(UTC)
        request = self._put_off(given)
        self._edit(
            request,
            ago=timedelta(seconds=4),
            status="processing",
            attempt=1,
            started_at=now - timedelta(seconds=3),
            progress={"percent": percent, "message": message},
        )
        return str(request["id"])

    def retrying(self, given: dict[str, str], *, percent: int, message: str, failure: str) -> None:
        """One whose second attempt stays where it is."""
        now = datetime.now(UTC)
        self._edit(
            self._put_off(given),
            ago=timedelta(seconds=21),
            status="processing",
            attempt=2,
            started_at=now - timedelta(seconds=5),
            progress={"percent": percent, "message": message},
            errors=[_failure(1, failure, began=now - timedelta(seconds=19), at=now - timedelta(seconds=13))],
        )

    def scheduled(self, given: dict[str, str], *, later: timedelta) -> None:
        """One that waits for its time."""
        self._submit(given, run_at=(datetime.now(UTC) + later).replace(minute=0, second=0, microsecond=0).isoformat())

    def cancelled(self, given: dict[str, str], *, ago: timedelta) -> None:
        """One that was stopped at work."""
        created = datetime.now(UTC) - ago
        self._edit(
            self._put_off(given),
            ago=ago,
            status="cancelled",
            attempt=1,
            started_at=created + timedelta(seconds=2),
            finished_at=created + timedelta(seconds=6),
            due=DELETE_FIELD,
        )

    def failed(self, given: dict[str, str], *, ago: timedelta, message: str) -> None:
        """One whose attempts are used up."""
        created = datetime.now(UTC) - ago
        begun = [created + timedelta(seconds=12 * attempt) for attempt in range(3)]
        failures = [
            _failure(index + 1, message, began=began, at=began + timedelta(seconds=3))
            for index, began in enumerate(begun)
        ]
        self._edit(
            self._put_off(given),
            ago=ago,
            status="failed",
            attempt=3,
            started_at=begun[-1],
            finished_at=failures[-1]["at"],
            error=failures[-1],
            errors=failures,
            due=DELETE_FIELD,
        )

    def _submit(self, given: dict[str, str], **more: Any) -> dict[str, Any]:
        answer = self._http.post("/requests", json={"type": "medical_asset", "input": given, **more})
        assert answer.status_code == 202, answer.text
        request: dict[str, Any] = answer.json()
        return request

    def _put_off(self, given: dict[str, str]) -> dict[str, Any]:
        """One that no worker touches."""
        request = self._submit(given, run_at=(datetime.now(UTC) + timedelta(hours=2)).isoformat())
        return {**request, "run_at": None, "scheduled_at": None}

    def _edit(self, request: dict[str, Any], *, ago: timedelta, **fields: Any) -> None:
        created = datetime.fromisoformat(request["created_at"])
        earlier = datetime.now(UTC) - ago - created
        moved: dict[str, Any] = {
            name: datetime.fromisoformat(request[name]) + earlier
            for name in ("created_at", "started_at", "finished_at")
            if name in request
        }
        gone = {name: DELETE_FIELD for name in request if request[name] is None}
        self._documents.document(request["id"]).update({**moved, **gone, **fields})


def _failure(attempt: int, message: str, *, began: datetime, at: datetime) -> dict[str, Any]:
    return {"code": "attempts", "message": message, "attempt": attempt, "started_at": began, "at": at}
