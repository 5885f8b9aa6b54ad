"""Refuses calls to other hosts, in the servers of the local stack that are not functions."""

import os
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

from common.allowed import host_is_allowed, parse_names

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def allowed_hosts() -> frozenset[str]:
    """Of this process, as the functions have them."""
    return parse_names(os.environ.get("ALLOWED_HOSTS", ""))


def refuse_other_hosts(allowed: frozenset[str]) -> Middleware:
    """Returns the middleware. An empty list allows all hosts."""

    @web.middleware
    async def check_host(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not host_is_allowed(request.headers.get("Host", ""), allowed):
            return web.Response(status=421, text="This server does not serve this host.\n")
        return await handler(request)

    return check_host
