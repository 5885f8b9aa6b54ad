"""Google's certificates for Firebase ID tokens, parsed when they are fetched and kept for their max-age.

If their endpoint fails after that, the last set serves for STALE_FOR: keys are published long before they are used, so
tokens of a known key stay valid. A token of an unknown key cannot be judged until the endpoint answers.
"""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event, Lock, Thread
from typing import Protocol

import requests
from google.auth import crypt
from pydantic import TypeAdapter, ValidationError

from common import log
from common.caller import is_name
from common.errors import Unavailable

URL = "https://www.googleapis.com/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com"
FETCH_TIMEOUT = timedelta(seconds=5)  # of a whole fetch
STALE_FOR = timedelta(hours=6)
FETCH_AGAIN_AFTER = timedelta(seconds=30)  # of a failure, while an old set serves
FIRST_FETCH_AGAIN_AFTER = timedelta(seconds=1)  # of a failure, while no set serves
MIN_LIFETIME = timedelta(seconds=30)
MAX_LIFETIME_SECONDS = 2**31  # RFC 9111, 1.2.2: greater values count as this
MAX_BYTES = 100_000

_CERTIFICATES = TypeAdapter(dict[str, str])  # PEM by key id
_MAX_AGE = re.compile(r'(?:^|,)\s*max-age=("?)([0-9]+)\1\s*(?:,|$)', re.IGNORECASE)


class Signature(Protocol):
    """The public key of a certificate."""

    def verify(self, message: bytes, signature: bytes) -> bool: ...


@dataclass(frozen=True)
class _Set:
    keys: Mapping[str, Signature]
    expires_at: float

    def serves(self, now: float) -> bool:
        return now < self.expires_at + STALE_FOR.total_seconds()

    def answers(self, key_id: str, now: float) -> bool:
        """Whether the set shows that the key exists, or that it does not."""
        return now < self.expires_at or (self.serves(now) and key_id in self.keys)


@dataclass(frozen=True)
class _Fetch:
    deadline: float
    ended: Event = field(default_factory=Event)


class GoogleCertificates:
    """Returns the key of an id. The clock returns seconds and never goes back.

    One thread fetches at a time. A call waits for it only if the last set cannot answer.
    """

    def __init__(
        self,
        *,
        url: str = URL,
        timeout: timedelta = FETCH_TIMEOUT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._timeout = timeout.total_seconds()
        self._clock = clock
        self._lock = Lock()
        self._last = _Set({}, -STALE_FOR.total_seconds())
        self._fetch_at = self._last.expires_at
        self._fetch = _Fetch(self._fetch_at)

    def __call__(self, key_id: str) -> Signature | None:
        """None for a key that does not exist. Raises Unavailable if that is not known."""
        fetch = self._fetch_if_due()
        found = self._last
        if not found.answers(key_id, self._clock()):
            fetch.ended.wait(max(0.0, fetch.deadline - self._clock()))
            found = self._last
            if not found.answers(key_id, self._clock()):
                raise Unavailable("The certificates for token verification could not be fetched")
        return found.keys.get(key_id)

    def _fetch_if_due(self) -> _Fetch:
        """Returns the latest fetch, which may have ended."""
        with self._lock:
            now = self._clock()
            if now >= self._fetch_at:
                self._fetch = _Fetch(now + self._timeout)
                self._fetch_at = self._fetch.deadline + self._pause(now)  # in case it never ends
                Thread(target=self._run, args=(self._fetch,), daemon=True).start()
            return self._fetch

    def _run(self, fetch: _Fetch) -> None:
        try:
            found = self._download(fetch.deadline)
            with self._lock:
                if self._fetch is fetch:
                    self._last, self._fetch_at = found, found.expires_at
        except (requests.RequestException, ValidationError, ValueError, TypeError) as error:
            log.warning("certificates.not_fetched", reason=type(error).__name__)
            with self._lock:
                if self._fetch is fetch:
                    self._fetch_at = self._clock() + self._pause(self._clock())
        finally:
            fetch.ended.set()

    def _pause(self, now: float) -> float:
        """Returns the seconds between a failure and the next fetch."""
        return (FETCH_AGAIN_AFTER if self._last.serves(now) else FIRST_FETCH_AGAIN_AFTER).total_seconds()

    def _download(self, deadline: float) -> _Set:
        """Raises ValueError or TypeError for an answer that is too large, too late or without usable keys."""
        started, body = self._clock(), bytearray()
        with requests.get(self._url, timeout=self._timeout, stream=True) as answer:
            answer.raise_for_status()
            for byte in answer.iter_content(1):  # more would wait for more, beyond the deadline
                body += byte
                if len(body) > MAX_BYTES or self._clock() >= deadline:
                    raise ValueError("too large or too late")
        certificates = _CERTIFICATES.validate_json(bytes(body))
        keys = {key_id: _key(pem) for key_id, pem in certificates.items() if is_name(key_id)}
        if not keys:
            raise ValueError("no usable key")
        return _Set(keys, started + _lifetime(answer.headers))


def _key(pem: str) -> Signature:
    """Raises ValueError, and TypeError for a key that is not RSA."""
    key: Signature = crypt.RSAVerifier.from_string(pem)
    key.verify(b"", b"")
    return key


def _lifetime(headers: Mapping[str, str]) -> float:
    """Returns how many seconds an answer is fresh (RFC 9111), and at least MIN_LIFETIME."""
    max_age = _MAX_AGE.search(headers.get("Cache-Control", ""))
    age = re.match("[0-9]+", headers.get("Age", ""))
    seconds = int(max_age[2] if max_age else 0) - int(age[0] if age else 0)
    return max(MIN_LIFETIME.total_seconds(), min(seconds, MAX_LIFETIME_SECONDS))
