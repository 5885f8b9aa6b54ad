"""Cross-origin calls: from the configured origins only."""

from collections.abc import Iterable
from dataclasses import dataclass

from flask import Request, Response

from functions.http import headers
from functions.http.operations import METHODS
from functions.http.problems import allow

HEADERS = f"Authorization, Content-Type, {headers.IDEMPOTENCY_KEY}, Traceparent"
EXPOSED = ", ".join((headers.LOCATION, headers.RETRY_AFTER, headers.IDEMPOTENCY_REPLAYED))
MAX_AGE_SECONDS = "3600"


@dataclass(frozen=True)
class Cors:
    """Adds the headers of the Fetch standard's CORS protocol."""

    origins: frozenset[str]

    def preflight(self, request: Request, methods: Iterable[str]) -> Response:
        """Returns the answer to OPTIONS on a path with these methods.

        It succeeds for an unknown path too, so that a page can read the error in the answer to the call itself.
        """
        response = self.allow(request, Response(status=204))
        del response.headers["Content-Type"]  # there is no content
        response.headers["Allow"] = allow(methods)
        if "Access-Control-Allow-Origin" in response.headers:
            response.headers["Access-Control-Allow-Methods"] = ", ".join(METHODS)
            response.headers["Access-Control-Allow-Headers"] = HEADERS
            response.headers["Access-Control-Max-Age"] = MAX_AGE_SECONDS
        return response

    def allow(self, request: Request, response: Response) -> Response:
        response.headers["Vary"] = "Origin"
        origin = request.headers.get("Origin")
        if origin in self.origins:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = EXPOSED
        return response
