"""Serves the folder of assets by signed URLs on loopback, in place of Cloud Storage.

Its port differs from the page's, as Cloud Storage's host does: no asset may run in the page's origin.
"""

import argparse
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from common.allowed import parse_names
from common.gateways.folder_assets import CACHE_CONTROL, BadPath, BadSignature, FolderAssets, disposition
from local.emulators.hosts import allowed_hosts, refuse_other_hosts


def application(
    assets: FolderAssets, *, origins: frozenset[str], hosts: frozenset[str] = frozenset()
) -> web.Application:
    """Serves these assets at these hosts, or at any; pages of these origins may read them."""

    async def serve_asset(request: web.Request) -> web.StreamResponse:
        path, query = request.match_info["path"], request.query
        try:
            file, content_type = assets.resolve_signed(
                path,
                expires=query.get("expires", ""),
                signature=query.get("signature", ""),
                now=datetime.now(UTC),
            )
        except BadSignature as refusal:
            return web.Response(status=403, text=f"{refusal}\n")
        except (BadPath, FileNotFoundError):
            return web.Response(status=404, text="There is no such asset.\n")
        return web.FileResponse(
            file,
            headers={
                "Content-Type": content_type,
                "Content-Disposition": disposition(path, content_type),
                "Cache-Control": CACHE_CONTROL,
            },
        )

    @web.middleware
    async def add_headers(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        answer = await handler(request)
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Vary"] = "Origin"
        if (origin := request.headers.get("Origin")) in origins:
            answer.headers["Access-Control-Allow-Origin"] = str(origin)
        return answer

    app = web.Application(middlewares=[add_headers, refuse_other_hosts(hosts)])
    app.router.add_get("/{path:.*}", serve_asset)
    return app


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.emulators.assets", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    if not (key := os.environ.get("ASSETS_SIGNING_KEY")):
        sys.exit("ASSETS_SIGNING_KEY must be set to the value that the functions have.")
    base_url = f"http://{options.host}:{options.port}"
    origins = parse_names(os.environ.get("CORS_ORIGINS", ""))
    app = application(FolderAssets(options.folder, base_url, key.encode()), origins=origins, hosts=allowed_hosts())
    print(f"Serving {options.folder} at {base_url}", flush=True)
    web.run_app(app, host=options.host, port=options.port, print=None, access_log=None)


if __name__ == "__main__":
    main()
