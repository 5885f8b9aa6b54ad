"""Sends attempts over HTTP."""

import asyncio
import re
from datetime import timedelta
from types import TracebackType
from typing import Self

import aiohttp
from yarl import URL

from local.cloud_tasks.engine import TIMEOUT, UNREACHABLE, Attempt, Outcome

_DEFAULT_HEADERS = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_MAX_REDIRECTS = 10
_KEEP_ALIVE_SECONDS = 0.5  # shorter than any server's, so a request never meets a connection that is being closed


class HttpSender:
    """Follows redirects within the attempt, as HTTP clients do. `max_wait` shortens every dispatch deadline."""

    def __init__(self, max_wait: timedelta | None = None) -> None:
        self._max_wait = max_wait
        self._session = aiohttp.ClientSession(
            auto_decompress=False,
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=_DEFAULT_HEADERS,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def send(self, attempt: Attempt) -> Outcome:
        """The status of the response, after its body was read."""
        limit = min(attempt.deadline, self._max_wait or attempt.deadline)
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
            max_redirects=_MAX_REDIRECTS,
        ) as response:
            async for _ in response.content.iter_any():
                pass
            return response.status


def _url(text: str) -> URL:
    """The URL as it is, but with illegal characters escaped. Raises ValueError for a malformed escape."""
    if _BAD_ESCAPE.search(text):
        raise ValueError(text)
    return URL(text, encoded=text.isascii() and " " not in text)
