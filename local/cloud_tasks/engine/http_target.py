"""A queue's http_target: how it is validated, and how it overrides the requests of the queue's tasks.

The override is applied at dispatch and does not change the stored task. Only the token is also stored, at creation.
"""

import re
from copy import deepcopy
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from local.cloud_tasks.engine.authorization import TokenConfig, read_token_config, validate_token
from local.cloud_tasks.engine.errors import SERVICE, ApiError, error_info, invalid_argument
from local.cloud_tasks.engine.headers import is_reserved
from local.cloud_tasks.engine.messages import EnforceMode, HttpMethod, HttpTarget, Scheme

_HOST = re.compile(r"[^/:]+|\[[0-9A-Fa-f:.]+\]")


@dataclass(frozen=True, slots=True)
class UriOverride:
    """The parts of a URL that are replaced. None keeps the task's part; port 0 and an empty text remove it."""

    scheme: str | None = None
    host: str | None = None
    port: int | None = None
    path: str | None = None
    query: str | None = None

    def apply_to(self, url: str) -> str:
        """The overridden URL. Raises ValueError if the task's URL cannot be parsed."""
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
    """What a queue changes in the requests of its tasks."""

    uri: UriOverride | None = None
    method: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    token: TokenConfig | None = None


def read_override(target: HttpTarget) -> Override:
    """The override of a validated http_target.

    IF_NOT_EXISTS does not change a task that has a URL, and every created task has one (recorded for path and query).
    """
    method = HttpMethod(target.http_method)
    return Override(
        uri=_read_uri(target) if _replaces_uri(target) else None,
        method=method.name if method != HttpMethod.HTTP_METHOD_UNSPECIFIED else None,
        headers=tuple((entry.header.key, entry.header.value) for entry in target.header_overrides),
        token=read_token_config(target),
    )


def validate_http_target(target: HttpTarget) -> None:
    """Validates as the real service does: paths, queries and header values may be any text."""
    if target.HasField("uri_override"):
        _validate_uri(target)
    if target.http_method not in set(HttpMethod):
        raise _override_error("")
    reserved = [entry.header.key for entry in target.header_overrides if is_reserved(entry.header.key)]
    if reserved:
        raise invalid_argument(
            "Error in parsing HttpTarget.headers. Header name cannot be empty or start with reserved prefixes."
            f" Invalid headers found: {', '.join(reserved)}"
        )
    validate_token(target)


def drop_empty_header_overrides(target: HttpTarget) -> None:
    """Removes the entries without a header, as the real service does when it stores a queue (recorded)."""
    kept = [entry for entry in target.header_overrides if entry.HasField("header")]
    if len(kept) < len(target.header_overrides):
        copies = [deepcopy(entry) for entry in kept]
        del target.header_overrides[:]
        target.header_overrides.extend(copies)


def _replaces_uri(target: HttpTarget) -> bool:
    return (
        target.HasField("uri_override") and target.uri_override.uri_override_enforce_mode != EnforceMode.IF_NOT_EXISTS
    )


def _read_uri(target: HttpTarget) -> UriOverride:
    uri = target.uri_override
    scheme = "http" if uri.scheme == Scheme.HTTP else "https"
    return UriOverride(
        scheme=scheme if uri.HasField("scheme") else None,
        host=uri.host if uri.HasField("host") else None,
        port=uri.port if uri.HasField("port") else None,
        path=uri.path_override.path if uri.HasField("path_override") else None,
        query=uri.query_override.query_params if uri.HasField("query_override") else None,
    )


def _validate_uri(target: HttpTarget) -> None:
    uri = target.uri_override
    if not uri.ListFields():
        raise _override_error("Invalid uri_override.")
    if uri.HasField("host") and not _HOST.fullmatch(uri.host):
        raise _override_error("Invalid Host.")
    if uri.port < 0:
        raise _override_error("Port number should be a positive integer.")
    if uri.scheme not in set(Scheme) or uri.uri_override_enforce_mode not in set(EnforceMode):
        raise _override_error("")


def _override_error(reason: str) -> ApiError:
    info = error_info("INVALID_INPUT_ON_HTTP_TARGET_OVERRIDE", SERVICE, invalid_field=reason)
    return invalid_argument(f"Error in parsing HttpTarget. {reason}", info)
