"""Asks the API as one of the page's people would, past the page."""

import secrets
from datetime import datetime
from typing import Any

import httpx

from local.stack.addresses import Addresses
from local.token import unsigned_token

GIVEN = {
    "doctor_name": "Dr. Ann Weber",
    "practice_name": "Lakeside Dental",
    "practice_type": "Dental practice",
    "brand_color": "#0F766E",
}


class Asking:
    """One person with a token."""

    def __init__(self, addresses: Addresses, uid: str, *, tenant: str | None = None) -> None:
        authorization = {"Authorization": f"Bearer {unsigned_token(uid, tenant=tenant)}"}
        self._http = httpx.Client(base_url=addresses.api, headers=authorization, timeout=30)

    def diagnostic(self, **given: Any) -> str:
        """The id of a new request."""
        return self._submit("diagnostic", given)

    def asset(self, message: str, *, run_at: datetime | None = None, **given: str) -> str:
        """The id of a new request."""
        content = {**GIVEN, "channel": "social", "primary_message": message, **given}
        return self._submit("medical_asset", content, **({} if run_at is None else {"run_at": run_at.isoformat()}))

    def cancel(self, request_id: str) -> None:
        answer = self._http.post(f"/requests/{request_id}:cancel")
        assert answer.status_code == 200, answer.text

    def request(self, request_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self._http.get(f"/requests/{request_id}").json()
        return found

    def saying(self, message: str) -> list[dict[str, Any]]:
        """The newest requests with this message."""
        newest = self._http.get("/requests", params={"limit": 50}).json()["requests"]
        return [request for request in newest if request["input"].get("primary_message") == message]

    def _submit(self, type_name: str, given: dict[str, Any], **more: Any) -> str:
        answer = self._http.post("/requests", json={"type": type_name, "input": given, **more})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])


def stranger() -> str:
    """Somebody who has asked for nothing yet, and for whom no other test asks."""
    return f"person-{secrets.token_hex(8)}"


def unheard() -> str:
    """A message that no other request has."""
    return f"Open on Saturdays, said {secrets.token_hex(4)}."


def title(message: str) -> str:
    """What a request with this message is called."""
    return message.removesuffix(".")


def fields(message: str) -> dict[str, str]:
    """What is typed into the page's fields for an asset with this message, by their test ids."""
    return {f"field-{name}": text for name, text in {**GIVEN, "primary_message": message}.items()}
