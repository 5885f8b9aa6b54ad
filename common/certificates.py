"""Google's certificates for Firebase ID tokens, parsed when they are fetched and kept for their max-age.

If their endpoint fails after that, the last set serves for STALE_FOR: keys are published long before they are used, so
tokens of a known key stay valid. A token of an unknown key cannot be judged until the endpoint answers.
"""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock
from typing import Protocol

import requests
from google.auth import crypt
from pydantic import TypeAdapter, ValidationError

from common import log
from common.errors import Unavailable

URL = "https://www.googleapis.com/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com"
FETCH_TIMEOUT = timedelta(seconds=5)
STALE_FOR = timedelta(hours=6)
FETCH_AGAIN_AFTER = timedelta(seconds=30)  # of a failure, while an old set serves

_CERTIFICATES = TypeAdapter(dict[str, str])  # PEM by key id


class Signature(Protocol):
    """The public key of a certificate."""

    def verify(self, message: bytes, signature: bytes) -> bool: ...


@dataclass(frozen=True)
class _Set:
    keys: Mapping[str, Signature]
    expires_at: float


class GoogleCertificates:
    """Returns the key of an id. The clock returns seconds and never goes back."""

    def __init__(
        self,
        *,
        url: str = URL,
        timeout: timedelta = FETCH_TIMEOUT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._timeout = timeout
        self._clock = clock
        self._session = requests.Session()
        self._fetching = Lock()
        self._last = _Set({}, -STALE_FOR.total_seconds())
        self._fetch_at = self._last.expires_at

    def __call__(self, key_id: str) -> Signature | None:
        """None for a key that does not exist. Raises Unavailable if that is not known."""
        if self._clock() >= self._fetch_at:
            self._refresh()
        found, now = self._last, self._clock()
        if now < found.expires_at:
            return found.keys.get(key_id)
        if now < found.expires_at + STALE_FOR.total_seconds() and key_id in found.keys:
            return found.keys[key_id]
        raise Unavailable("The certificates for token verification could not be fetched")

    def _refresh(self) -> None:
        """Fetches a set. While another thread does so, the old set serves, or this thread waits if there is none."""
        if not self._fetching.acquire(blocking=not self._last.keys):
            return
        try:
            if self._clock() >= self._fetch_at:
                self._last = self._fetch()
                self._fetch_at = self._last.expires_at
        except (requests.RequestException, ValidationError, ValueError) as error:
            log.warning("certificates.not_fetched", reason=type(error).__name__)
            if self._last.keys:
                self._fetch_at = self._clock() + FETCH_AGAIN_AFTER.total_seconds()
        finally:
            self._fetching.release()

    def _fetch(self) -> _Set:
        started = self._clock()
        answer = self._session.get(self._url, timeout=self._timeout.total_seconds())
        answer.raise_for_status()
        certificates = _CERTIFICATES.validate_json(answer.content)
        keys = {key_id: crypt.RSAVerifier.from_string(pem) for key_id, pem in certificates.items()}
        max_age = re.search(r"max-age=([0-9]{1,9})\b", answer.headers.get("Cache-Control", ""))
        age = re.fullmatch("[0-9]{1,9}", answer.headers.get("Age", "0"))
        lifetime = int(max_age[1] if max_age else 0) - int(age[0] if age else 0)
        return _Set(keys, started + max(0, lifetime))
