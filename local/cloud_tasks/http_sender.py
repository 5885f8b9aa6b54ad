"""Sends an attempt over HTTP and says how it ended."""

import asyncio
import re
from datetime import timedelta
from types import TracebackType
from typing import Self

import aiohttp
from yarl import URL

from local.cloud_tasks.engine import TIMEOUT, UNREACHABLE, Attempt, Outcome

_OWN_HEADERS = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_MOST_REDIRECTS = 10
_KEPT_ALIVE_SECONDS = 0.5  # less than any server's, or a request would meet a connection that is being closed


class HttpSender:
    """Redirects are followed as HTTP clients do, within the attempt.

    `patience` cuts the dispatch deadline, in real time, where the clock that the deadline is meant for stands still.
    """

    def __init__(self, patience: timedelta | None = None) -> None:
        self._patience = patience
        self._session = aiohttp.ClientSession(
            auto_decompress=False,
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEPT_ALIVE_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=_OWN_HEADERS,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def send(self, attempt: Attempt) -> Outcome:
        """The status of the answer once it has been read to its end."""
        limit = min(attempt.deadline, self._patience or attempt.deadline)
        try:
            async with asyncio.timeout(limit.total_seconds()):
                return Outcome(await self._request(attempt))
        except TimeoutError:
            return TIMEOUT
        except aiohttp.TooManyRedirects as error:
            return Outcome(error.history[-1].status)
        except (aiohttp.ClientError, OSError, ValueError):
            return UNREACHABLE

    async def _request(self, attempt: Attempt) -> int:
        async with self._session.request(
            attempt.method,
            _url(attempt.url),
            data=attempt.body or None,
            headers=attempt.headers,
            max_redirects=_MOST_REDIRECTS,
        ) as response:
            async for _ in response.content.iter_any():
                pass
            return response.status


def _url(text: str) -> URL:
    """The URL as it was given; what may not stand in one is escaped. ValueError if an escape is malformed."""
    if _BAD_ESCAPE.search(text):
        raise ValueError(text)
    return URL(text, encoded=text.isascii() and " " not in text)
