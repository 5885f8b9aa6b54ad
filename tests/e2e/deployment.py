"""The page as it is deployed: its production configuration and policy, Google's hosts, and doubles behind their names.

Chromium takes them for Google's. Firestore is the stack's emulator, which decodes tokens and enforces the rules.
"""

import asyncio
import base64
import hashlib
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from cryptography.hazmat.primitives import serialization
from playwright.sync_api import Browser, Playwright

from deploy.page import ASSETS, hosting_config
from local.emulators.hosting import application
from local.stack.stack import Stack
from tests.e2e.browser import launched
from tests.e2e.identity_platform import HOSTS, KEY, IdentityPlatform
from tests.e2e.network import Network
from tests.tokens import Key, new_key

FIRESTORE = "firestore.googleapis.com"
OF_THE_WINDOW = "apis.google.com"  # where the scripts for signing in by a window would come from; here they are missing


@dataclass
class Deployment:
    """`config` is the page's config.json, which may be changed."""

    url: str
    config: dict[str, Any]
    identity: IdentityPlatform
    firestore: Network
    browser: Browser
    hosts: frozenset[str]


@contextmanager
def deployed(playwright: Playwright, stack: Stack, *, page: Path, database: str, folder: Path) -> Iterator[Deployment]:
    """In front of the stack's API, at the origin that it allows: that of the stack's own page."""
    origin, key = str(stack.addresses.page), new_key()
    identity = IdentityPlatform(stack.addresses.project, origin)
    config = page_config(stack, database=database)
    app = application(page, config=config, headers=policy(config, assets=stack.addresses.assets))
    with (
        served(app) as to_page,
        served(identity.application(), tls=certified(key, folder)) as to_identity,
        Network(stack.addresses.firestore, tls=certified(key, folder)) as firestore,
    ):
        instead = {
            urlsplit(origin).netloc: to_page,
            **{f"{host}:443": to_identity for host in (*HOSTS, OF_THE_WINDOW)},
            f"{FIRESTORE}:443": firestore.address,
        }
        own = {urlsplit(url).netloc for url in (origin, stack.addresses.api, stack.addresses.assets)}
        with launched(playwright, instead=instead, trusted=fingerprint(key)) as browser:
            yield Deployment(origin, config, identity, firestore, browser, frozenset({*own, *HOSTS, FIRESTORE}))


def page_config(stack: Stack, *, database: str) -> dict[str, Any]:
    """As terraform/web.tf makes it."""
    project = stack.addresses.project
    return {
        "api": stack.addresses.api,
        "firebase": {"projectId": project, "apiKey": KEY, "authDomain": f"{project}.firebaseapp.com"},
        "database": database,
        "signIn": ["password"],
    }


def policy(config: dict[str, Any], *, assets: str) -> dict[str, str]:
    """The headers that Firebase Hosting is told to answer with, with other assets."""
    headers = {each["key"]: each["value"] for each in hosting_config(config)["headers"][0]["headers"]}
    del headers["Cache-Control"]  # the server's own say the same
    return {name: value.replace(ASSETS, assets) for name, value in headers.items()}


@contextmanager
def served(app: web.Application, *, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """The address (host:port) at which the application answers, in a thread."""
    loop, runner = asyncio.new_event_loop(), web.AppRunner(app, access_log=None)
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> str:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        host, port = runner.addresses[0]
        return f"{host}:{port}"

    try:
        yield asyncio.run_coroutine_threadsafe(start(), loop).result()
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def certified(key: Key, folder: Path) -> ssl.SSLContext:
    """For a server with the key's certificate."""
    file = folder / "key.pem"
    private = key.private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + key.certificate.encode())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def fingerprint(key: Key) -> str:
    """Of the public key, as Chromium wants it."""
    public = key.private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(hashlib.sha256(public).digest()).decode()
