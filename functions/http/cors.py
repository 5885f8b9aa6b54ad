"""Cross-origin calls: from the configured origins only."""

from collections.abc import Iterable
from dataclasses import dataclass

from flask import Request, Response

from functions.http.problems import allow

METHODS = "GET, POST"
HEADERS = "Authorization, Content-Type, Idempotency-Key, Traceparent"
EXPOSED = "Location, Retry-After, Idempotency-Replayed"
MAX_AGE_SECONDS = "3600"


@dataclass(frozen=True)
class Cors:
    """Answers by the Fetch standard's CORS protocol."""

    origins: frozenset[str]

    def preflight(self, request: Request, methods: Iterable[str]) -> Response:
        """The answer to OPTIONS on a path with these methods: good news even if there are none, so that a page
        reads of its mistake in the answer to the call itself."""
        response = self.allow(request, Response(status=204))
        response.headers["Allow"] = allow(methods)
        if "Access-Control-Allow-Origin" in response.headers:
            response.headers["Access-Control-Allow-Methods"] = METHODS
            response.headers["Access-Control-Allow-Headers"] = HEADERS
            response.headers["Access-Control-Max-Age"] = MAX_AGE_SECONDS
        return response

    def allow(self, request: Request, response: Response) -> Response:
        response.headers.add("Vary", "Origin")
        origin = request.headers.get("Origin")
        if origin in self.origins:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = EXPOSED
        return response
