"""Serves the built page on loopback, with a policy that lets it reach nothing but the stack.

Stands in for Firebase Hosting. Its config.json is all that differs between one environment and another.
"""

import argparse
import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from aiohttp import web

from local.stack.addresses import Addresses

PEOPLE = ("ann", "ben", "cleo")
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
HASHED = "assets"  # where Vite puts the files that have a hash of their content in their name
FOR_EVER = "public, max-age=31536000, immutable"
ASKED_EACH_TIME = "no-cache"


def page_config(addresses: Addresses, *, database: str) -> dict[str, Any]:
    """The page's config.json for a local stack."""
    return {
        "api": addresses.api,
        "firebase": {"projectId": addresses.project, "apiKey": "local"},
        "database": database,
        "emulator": {"firestore": addresses.firestore},
        "people": list(PEOPLE),
    }


def reached(addresses: Addresses) -> tuple[str, ...]:
    """The origins that the page talks to beside its own."""
    return (addresses.api, f"http://{addresses.firestore}", addresses.assets)


def headers(reach: Sequence[str], *, pictures: Sequence[str] = ()) -> dict[str, str]:
    """Those of every answer. `pictures` are the origins that the page shows pictures of."""
    policy = {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "font-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:", *pictures],
        "connect-src": ["'self'", *reach],
        "manifest-src": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
    }
    return {
        "Content-Security-Policy": "; ".join(" ".join([name, *sources]) for name, sources in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }


def application(folder: Path, *, config: dict[str, Any], added: dict[str, str]) -> web.Application:
    """The server of that folder; `added` are headers of every answer."""
    root = folder.resolve()

    async def serve_config(_: web.Request) -> web.Response:
        return web.json_response(config, headers={"Cache-Control": ASKED_EACH_TIME})

    async def serve(request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"] or "index.html"
        file = (root / path).resolve()
        hidden = any(part.startswith(".") for part in Path(path).parts)
        if hidden or not file.is_relative_to(root) or not file.is_file():
            return web.Response(status=404, text="There is no such file.\n")
        hashed = Path(path).parts[0] == HASHED
        return web.FileResponse(
            file,
            headers={
                "Content-Type": TYPES.get(file.suffix, "application/octet-stream"),
                "Cache-Control": FOR_EVER if hashed else ASKED_EACH_TIME,
            },
        )

    @web.middleware
    async def add_headers(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        answer = await handler(request)
        answer.headers.update(added)
        return answer

    app = web.Application(middlewares=[add_headers])
    app.router.add_get("/config.json", serve_config)
    app.router.add_get("/{path:.*}", serve)
    return app


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.emulators.hosting", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="with the built page")
    parser.add_argument("--config", type=json.loads, required=True, help="the content of config.json")
    parser.add_argument("--reach", nargs="*", default=[], help="origins that it may call")
    parser.add_argument("--pictures", nargs="*", default=[], help="origins that it may show pictures of")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    added = headers(given.reach, pictures=given.pictures)
    print(f"The page in {given.folder} at http://{given.host}:{given.port}", flush=True)
    app = application(given.folder, config=given.config, added=added)
    web.run_app(app, host=given.host, port=given.port, print=None, access_log=None)


if __name__ == "__main__":
    main()
