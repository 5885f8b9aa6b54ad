"""Requests of several practices in every status, for screenshots and for tests of the page's looks."""

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

COMPLETED_WITHIN_SECONDS = 60

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
    "primary_message": "Back pain after work? Three exercises that take five minutes.",
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
def new_stack() -> Iterator[Stack]:
    """A stack with the page and without requests."""
    page = build_page(report=print)
    with tempfile.TemporaryDirectory() as folder, Stack(ports="free", folder=Path(folder), page=page) as stack:
        yield stack


class SampleRequests:
    """Adds requests of one user to a running stack, with a given age and status."""

    def __init__(self, addresses: Addresses, database: str, uid: str) -> None:
        authorization = {"Authorization": f"Bearer {unsigned_token(uid)}"}
        self._http = httpx.Client(base_url=addresses.api, headers=authorization, timeout=30)
        os.environ["FIRESTORE_EMULATOR_HOST"] = addresses.firestore
        self._documents = Client(project=addresses.project, database=database).collection("requests")

    def add_completed(self, given: dict[str, str], *, ago: timedelta) -> None:
        """A request that a worker has completed."""
        request = self._submit(given)
        path = f"/requests/{request['id']}"
        wait_until(lambda: self._http.get(path).json()["status"] == "completed", within=COMPLETED_WITHIN_SECONDS)
        self._edit(self._http.get(path).json(), ago=ago)

    def add_running(self, given: dict[str, str], *, percent: int, message: str) -> str:
        """The id of a request that stays in progress."""
        now = datetime.now(UTC)
        request = self._submit_idle(given)
        self._edit(
            request,
            ago=timedelta(seconds=4),
            status="processing",
            attempt=1,
            started_at=now - timedelta(seconds=3),
            progress={"percent": percent, "message": message},
        )
        return str(request["id"])

    def add_retrying(self, given: dict[str, str], *, percent: int, message: str, failure: str) -> None:
        """A request whose second attempt stays in progress."""
        now = datetime.now(UTC)
        self._edit(
            self._submit_idle(given),
            ago=timedelta(seconds=21),
            status="processing",
            attempt=2,
            started_at=now - timedelta(seconds=5),
            progress={"percent": percent, "message": message},
            errors=[_failure(1, failure, started=now - timedelta(seconds=19), at=now - timedelta(seconds=13))],
        )

    def add_scheduled(self, given: dict[str, str], *, after: timedelta) -> None:
        """A request that starts later, at a full hour."""
        self._submit(given, run_at=(datetime.now(UTC) + after).replace(minute=0, second=0, microsecond=0).isoformat())

    def add_cancelled(self, given: dict[str, str], *, ago: timedelta) -> None:
        """A request that was cancelled during its first attempt."""
        created = datetime.now(UTC) - ago
        self._edit(
            self._submit_idle(given),
            ago=ago,
            status="cancelled",
            attempt=1,
            started_at=created + timedelta(seconds=2),
            finished_at=created + timedelta(seconds=6),
            due=DELETE_FIELD,
        )

    def add_failed(self, given: dict[str, str], *, ago: timedelta, message: str) -> None:
        """A request that has used up its attempts."""
        created = datetime.now(UTC) - ago
        starts = [created + timedelta(seconds=12 * attempt) for attempt in range(3)]
        failures = [
            _failure(index + 1, message, started=started, at=started + timedelta(seconds=3))
            for index, started in enumerate(starts)
        ]
        self._edit(
            self._submit_idle(given),
            ago=ago,
            status="failed",
            attempt=3,
            started_at=starts[-1],
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

    def _submit_idle(self, given: dict[str, str]) -> dict[str, Any]:
        """A request that no worker claims."""
        request = self._submit(given, run_at=(datetime.now(UTC) + timedelta(hours=2)).isoformat())
        return {**request, "run_at": None, "scheduled_at": None}

    def _edit(self, request: dict[str, Any], *, ago: timedelta, **fields: Any) -> None:
        created = datetime.fromisoformat(request["created_at"])
        shift = datetime.now(UTC) - ago - created
        times: dict[str, Any] = {
            name: datetime.fromisoformat(request[name]) + shift
            for name in ("created_at", "started_at", "finished_at")
            if name in request
        }
        removed = {name: DELETE_FIELD for name in request if request[name] is None}
        self._documents.document(request["id"]).update({**times, **removed, **fields})


def _failure(attempt: int, message: str, *, started: datetime, at: datetime) -> dict[str, Any]:
    return {"code": "attempts", "message": message, "attempt": attempt, "started_at": started, "at": at}
