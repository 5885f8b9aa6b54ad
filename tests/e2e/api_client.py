"""Calls of the API by a user of the page, without the page."""

import secrets
from datetime import datetime
from typing import Any

import httpx

from local.stack.addresses import Addresses
from local.token import unsigned_token

ASSET_INPUT = {
    "doctor_name": "Dr. Ann Weber",
    "practice_name": "Lakeside Dental",
    "practice_type": "Dental practice",
    "brand_color": "#0F766E",
}


class ApiClient:
    """Calls the API with a token of one user."""

    def __init__(self, addresses: Addresses, uid: str, *, tenant: str | None = None) -> None:
        authorization = {"Authorization": f"Bearer {unsigned_token(uid, tenant=tenant)}"}
        self._http = httpx.Client(base_url=addresses.api, headers=authorization, timeout=30)

    def submit_diagnostic(self, **given: Any) -> str:
        """The id of a new request."""
        return self._submit("diagnostic", given)

    def submit_asset(self, message: str, *, run_at: datetime | None = None, **given: str) -> str:
        """The id of a new request."""
        content = {**ASSET_INPUT, "channel": "social", "primary_message": message, **given}
        return self._submit("medical_asset", content, **({} if run_at is None else {"run_at": run_at.isoformat()}))

    def cancel(self, request_id: str) -> None:
        answer = self._http.post(f"/requests/{request_id}:cancel")
        assert answer.status_code == 200, answer.text

    def delete(self, request_id: str) -> None:
        answer = self._http.delete(f"/requests/{request_id}")
        assert answer.status_code == 204, answer.text

    def get(self, request_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self._http.get(f"/requests/{request_id}").json()
        return found

    def find_by_message(self, message: str) -> list[dict[str, Any]]:
        """The newest requests with this message."""
        newest = self._http.get("/requests", params={"limit": 50}).json()["requests"]
        return [request for request in newest if request["input"].get("primary_message") == message]

    def _submit(self, type_name: str, given: dict[str, Any], **more: Any) -> str:
        answer = self._http.post("/requests", json={"type": type_name, "input": given, **more})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])


def new_uid() -> str:
    """A user without requests, whom no other test uses."""
    return f"user-{secrets.token_hex(8)}"


def unique_message() -> str:
    return f"Open on Saturdays, code {secrets.token_hex(4)}."


def title_of(message: str) -> str:
    """The title that the page gives to a request with this message."""
    return message.removesuffix(".")


def form_values(message: str) -> dict[str, str]:
    """The values of an asset with this message, by the test ids of the form's fields."""
    return {f"field-{name}": text for name, text in {**ASSET_INPUT, "primary_message": message}.items()}
