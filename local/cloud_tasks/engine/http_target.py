"""A queue's http_target: what it may say, and what it does to the requests of the queue's tasks.

The override happens at dispatch and leaves the stored task as it was; only the token is stored at creation as well.
"""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from local.cloud_tasks.engine.errors import SERVICE, ApiError, error_info, invalid
from local.cloud_tasks.engine.headers import is_reserved
from local.cloud_tasks.engine.messages import EnforceMode, HttpMethod, HttpTarget, Queue, Scheme
from local.cloud_tasks.engine.tokens import Token, check_token, token_of

_HOST = re.compile(r"[^/:]+|\[[0-9A-Fa-f:.]+\]")


@dataclass(frozen=True, slots=True)
class UriParts:
    """The parts of a URL that are replaced; None leaves the task's own. Port 0 and empty texts clear theirs."""

    scheme: str | None = None
    host: str | None = None
    port: int | None = None
    path: str | None = None
    query: str | None = None

    def applied_to(self, url: str) -> str:
        """The overridden URL. ValueError if the task's own cannot be read."""
        own = urlsplit(url)
        path = own.path if self.path is None else self.path
        return SplitResult(
            scheme=self.scheme or own.scheme,
            netloc=self._netloc(own),
            path=f"/{path}" if path and not path.startswith("/") else path,
            query=own.query if self.query is None else self.query.removeprefix("?"),
            fragment="",
        ).geturl()

    def _netloc(self, own: SplitResult) -> str:
        if self.host is None and self.port is None:
            return own.netloc
        hostname = own.hostname or ""
        host = self.host or (f"[{hostname}]" if ":" in hostname else hostname)
        port = own.port if self.port is None else self.port
        return f"{host}:{port}" if port else host


@dataclass(frozen=True, slots=True)
class Override:
    """What a queue changes in its tasks' requests."""

    uri: UriParts | None = None
    method: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    token: Token | None = None


def override_of(queue: Queue) -> Override:
    """The override of a checked queue.

    IF_NOT_EXISTS leaves alone a task that has a URL, as every created task has (recorded for path and query).
    """
    target = queue.http_target
    method = HttpMethod(target.http_method)
    return Override(
        uri=_uri_parts(target) if _replaces_uri(target) else None,
        method=method.name if method != HttpMethod.HTTP_METHOD_UNSPECIFIED else None,
        headers=tuple((entry.header.key, entry.header.value) for entry in target.header_overrides),
        token=token_of(target),
    )


def check_http_target(target: HttpTarget) -> None:
    """Refuses, with the recorded texts, what the real service refuses; paths, queries and values are not looked at."""
    if target.HasField("uri_override"):
        _check_uri(target)
    if target.http_method not in set(HttpMethod):
        raise _unusable("")
    reserved = [entry.header.key for entry in target.header_overrides if is_reserved(entry.header.key)]
    if reserved:
        raise invalid(
            "Error in parsing HttpTarget.headers. Header name cannot be empty or start with reserved prefixes."
            f" Invalid headers found: {', '.join(reserved)}"
        )
    check_token(target)


def drop_empty_headers(target: HttpTarget) -> None:
    """Entries without a header vanish when they are stored (recorded)."""
    kept = [entry for entry in target.header_overrides if entry.HasField("header")]
    if len(kept) < len(target.header_overrides):
        copies = [type(entry).FromString(entry.SerializeToString()) for entry in kept]
        del target.header_overrides[:]
        target.header_overrides.extend(copies)


def _replaces_uri(target: HttpTarget) -> bool:
    return (
        target.HasField("uri_override") and target.uri_override.uri_override_enforce_mode != EnforceMode.IF_NOT_EXISTS
    )


def _uri_parts(target: HttpTarget) -> UriParts:
    uri = target.uri_override
    scheme = "http" if uri.scheme == Scheme.HTTP else "https"
    return UriParts(
        scheme=scheme if uri.HasField("scheme") else None,
        host=uri.host if uri.HasField("host") else None,
        port=uri.port if uri.HasField("port") else None,
        path=uri.path_override.path if uri.HasField("path_override") else None,
        query=uri.query_override.query_params if uri.HasField("query_override") else None,
    )


def _check_uri(target: HttpTarget) -> None:
    uri = target.uri_override
    if not uri.ListFields():
        raise _unusable("Invalid uri_override.")
    if uri.HasField("host") and not _HOST.fullmatch(uri.host):
        raise _unusable("Invalid Host.")
    if uri.port < 0:
        raise _unusable("Port number should be a positive integer.")
    if uri.scheme not in set(Scheme) or uri.uri_override_enforce_mode not in set(EnforceMode):
        raise _unusable("")


def _unusable(reason: str) -> ApiError:
    info = error_info("INVALID_INPUT_ON_HTTP_TARGET_OVERRIDE", SERVICE, invalid_field=reason)
    return invalid(f"Error in parsing HttpTarget. {reason}", info)
