"""Parses the body, the headers and the query of a call. Each is bounded and validated here."""

import base64
import json
import re
from dataclasses import dataclass
from datetime import datetime

from flask import Request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import ClientDisconnected

from common.errors import BrokenBody, Fault, InvalidInput, TooLarge, UnsupportedCoding
from common.pipeline.record import ID_PATTERN, YEARS, Status
from common.pipeline.store import Position
from functions.http.headers import IDEMPOTENCY_KEY

MAX_KEY_CHARACTERS = 255
KEY_PATTERN = "[ -~]+"  # printable ASCII
PAGE_TOKEN_PATTERN = "[A-Za-z0-9_-]+"  # noqa: S105 (no secret: a position in a list)
MAX_PAGE = 50
DEFAULT_PAGE = 10
PLAIN_CODINGS = {"Content-Encoding": "identity", "Transfer-Encoding": "chunked"}
MAX_SHOWN = 100  # characters of a header in an answer
PARAMETERS = ("limit", "page_token", "status")

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True)
class Paging:
    """The parameters of a list. A page begins after the position `after` (created_at, id)."""

    limit: int
    status: Status | None
    after: tuple[datetime, str] | None


def body(request: Request, limit: int) -> bytes:
    """Returns a JSON body. Raises InvalidInput for another media type, and what `any_body` raises."""
    _check_is_json(request)
    return any_body(request, limit)


def any_body(request: Request, limit: int) -> bytes:
    """Returns the body. Raises TooLarge above `limit` bytes, UnsupportedCoding or BrokenBody."""
    for header, plain in PLAIN_CODINGS.items():
        if (coding := request.headers.get(header, "").strip() or plain).lower() != plain:
            raise UnsupportedCoding(f"{header}: {coding[:MAX_SHOWN]} is not supported; send the body as it is.")
    length = request.content_length or 0
    if length > limit:
        raise TooLarge(f"The body may have at most {limit} bytes.")
    data = bytearray()
    try:
        while len(data) <= limit and (more := request.stream.read(limit + 1 - len(data))):
            data += more
    except (OSError, ClientDisconnected) as error:
        raise BrokenBody from error
    if len(data) > limit:
        raise TooLarge(f"The body may have at most {limit} bytes.")
    if len(data) < length:  # gunicorn reports no error if the connection ends first
        raise BrokenBody
    return bytes(data)


def optional_body(request: Request, limit: int) -> bytes:
    """Returns the body, or b"" if the call has none. Raises as `body` does."""
    data = any_body(request, limit).strip()
    if data:
        _check_is_json(request)
    return data


def _check_is_json(request: Request) -> None:
    if request.mimetype != "application/json":
        raise InvalidInput(Fault("", "must be sent with Content-Type: application/json"))


def idempotency_key(request: Request) -> str | None:
    """Raises InvalidInput."""
    key = request.headers.get(IDEMPOTENCY_KEY)
    if key is not None and not (len(key) <= MAX_KEY_CHARACTERS and re.fullmatch(KEY_PATTERN, key)):
        raise InvalidInput(Fault("", f"{IDEMPOTENCY_KEY} must be 1 to {MAX_KEY_CHARACTERS} printable ASCII characters"))
    return key


def trace(request: Request) -> str | None:
    """Returns the W3C traceparent of the call, or None if it is missing or malformed."""
    given = request.headers.get("traceparent", "")
    return given if _TRACEPARENT.fullmatch(given) else None


def paging(request: Request) -> Paging:
    """Raises InvalidInput."""
    given = request.args
    limit, status, token = given.get("limit", str(DEFAULT_PAGE)), given.get("status"), given.get("page_token")
    faults = _parameter_faults(given)
    if not re.fullmatch("[0-9]{1,3}", limit) or not 1 <= int(limit) <= MAX_PAGE:
        faults.append(Fault("", f"limit: must be a number from 1 to {MAX_PAGE}"))
    if status is not None and status not in list(Status):
        faults.append(Fault("", f"status: must be one of {', '.join(Status)}"))
    after = None
    try:
        after = None if token is None else _decode_page_token(token)
    except (ValueError, RecursionError):
        faults.append(Fault("", "page_token: must be the next_page_token of an earlier answer"))
    if faults:
        raise InvalidInput(*faults)
    return Paging(int(limit), Status(status) if status else None, after)


def encode_page_token(after: Position) -> str:
    """Returns the token of a position in the list."""
    return base64.urlsafe_b64encode(json.dumps([after[0].isoformat(), after[1]]).encode()).decode().rstrip("=")


def _decode_page_token(token: str) -> tuple[datetime, str]:
    """The inverse of `encode_page_token`. Raises ValueError."""
    decoded = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    if not (isinstance(decoded, list) and len(decoded) == 2 and all(isinstance(part, str) for part in decoded)):
        raise ValueError("not a page token")
    created_at, record_id = datetime.fromisoformat(decoded[0]), decoded[1]
    if created_at.tzinfo is None or created_at.year not in YEARS or not re.fullmatch(ID_PATTERN, record_id):
        raise ValueError("not a page token")
    return created_at, record_id


def _parameter_faults(given: MultiDict[str, str]) -> list[Fault]:
    faults = [Fault("", f"{name}: given more than once") for name in PARAMETERS if len(given.getlist(name)) > 1]
    if given.keys() - set(PARAMETERS):
        faults.append(Fault("", f"the only parameters are {', '.join(PARAMETERS)}"))
    return faults
