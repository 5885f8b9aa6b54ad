"""Serves the built page on loopback with its deployed headers, in place of Firebase Hosting.

Only config.json and the origins in the policy differ between environments.
"""

import argparse
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from build.page_headers import CACHE_HASHED, CACHE_OTHERS, HASHED_FOLDER, page_headers
from local.emulators.hosts import allowed_hosts, refuse_other_hosts

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}


def application(
    folder: Path, *, config: Mapping[str, Any], headers: Mapping[str, str], hosts: frozenset[str] = frozenset()
) -> web.Application:
    """Serves the files of that folder and config.json at these hosts, or at any; every answer has these headers."""
    root = folder.resolve()

    async def serve_config(_: web.Request) -> web.Response:
        return web.json_response(config, headers={"Cache-Control": CACHE_OTHERS})

    async def serve_file(request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"] or "index.html"
        file = (root / path).resolve()
        hidden = any(part.startswith(".") for part in Path(path).parts)
        if hidden or not file.is_relative_to(root) or not file.is_file():
            return web.Response(status=404, text="There is no such file.\n")
        hashed = Path(path).parts[0] == HASHED_FOLDER
        return web.FileResponse(
            file,
            headers={
                "Content-Type": TYPES.get(file.suffix, "application/octet-stream"),
                "Cache-Control": CACHE_HASHED if hashed else CACHE_OTHERS,
            },
        )

    @web.middleware
    async def add_headers(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        answer = await handler(request)
        answer.headers.update(headers)
        return answer

    app = web.Application(middlewares=[add_headers, refuse_other_hosts(hosts)])
    app.router.add_get("/config.json", serve_config)
    app.router.add_get("/{path:.*}", serve_file)
    return app


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.emulators.hosting", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="the folder with the built page")
    parser.add_argument("--config", type=json.loads, required=True, help="the content of config.json")
    parser.add_argument("--connect", nargs="*", default=[], help="origins that the page may call")
    parser.add_argument("--images", nargs="*", default=[], help="origins whose images it may show")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    headers = page_headers(connect=options.connect, images=options.images)
    print(f"Serving {options.folder} at http://{options.host}:{options.port}", flush=True)
    app = application(options.folder, config=options.config, headers=headers, hosts=allowed_hosts())
    web.run_app(app, host=options.host, port=options.port, print=None, access_log=None)


if __name__ == "__main__":
    main()
