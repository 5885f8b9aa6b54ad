"""The deployed page: its production configuration and policy, with doubles in place of Google's hosts.

Chromium resolves Google's host names to the doubles and accepts their certificates. Firestore is the stack's
emulator, which decodes tokens and enforces the rules.
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
from tests.e2e.browser import launch_chromium
from tests.e2e.identity_platform import HOSTS, KEY, IdentityPlatform
from tests.e2e.network import Network
from tests.tokens import Key, new_key

FIRESTORE = "firestore.googleapis.com"
GOOGLE_SCRIPTS = "apis.google.com"  # serves the scripts of Google's sign-in window; the double has none


@dataclass
class Deployment:
    """`config` is the page's config.json. Tests may change it."""

    url: str
    config: dict[str, Any]
    headers: dict[str, str]
    assets: str
    identity: IdentityPlatform
    firestore: Network
    browser: Browser
    hosts: frozenset[str]

    def offer(self, *sign_in: str) -> None:
        """Deploys the page again, with these sign-in methods and the policy for them."""
        self.config["signIn"] = list(sign_in)
        self.headers.update(policy(self.config, assets=self.assets))


@contextmanager
def deploy_page(
    playwright: Playwright, stack: Stack, *, page: Path, database: str, folder: Path
) -> Iterator[Deployment]:
    """Serves the page at the origin that the stack's API allows: the origin of the stack's own page."""
    origin, key = str(stack.addresses.page), new_key()
    identity = IdentityPlatform(stack.addresses.project, origin)
    config = page_config(stack, database=database)
    headers = policy(config, assets=stack.addresses.assets)
    app = application(page, config=config, headers=headers)
    with (
        serve(app) as to_page,
        serve(identity.application(), tls=tls_context(key, folder)) as to_identity,
        Network(stack.addresses.firestore, tls=tls_context(key, folder)) as firestore,
    ):
        redirects = {
            urlsplit(origin).netloc: to_page,
            **{f"{host}:443": to_identity for host in (*HOSTS, GOOGLE_SCRIPTS)},
            f"{FIRESTORE}:443": firestore.address,
        }
        own_hosts = {urlsplit(url).netloc for url in (origin, stack.addresses.api, stack.addresses.assets)}
        with launch_chromium(playwright, redirects=redirects, trusted_key=fingerprint(key)) as browser:
            hosts = frozenset({*own_hosts, *HOSTS, FIRESTORE})
            yield Deployment(origin, config, headers, stack.addresses.assets, identity, firestore, browser, hosts)


def page_config(stack: Stack, *, database: str) -> dict[str, Any]:
    """The content of config.json, as in terraform/web.tf."""
    project = stack.addresses.project
    return {
        "api": stack.addresses.api,
        "firebase": {"projectId": project, "apiKey": KEY, "authDomain": f"{project}.firebaseapp.com"},
        "database": database,
        "signIn": ["password"],
    }


def policy(config: dict[str, Any], *, assets: str) -> dict[str, str]:
    """The headers that the deployment sets in Firebase Hosting, with the stack's assets."""
    headers = {each["key"]: each["value"] for each in hosting_config(config, bucket="assets")["headers"][0]["headers"]}
    del headers["Cache-Control"]  # the server sets the same
    return {name: value.replace(ASSETS.format(bucket="assets"), assets) for name, value in headers.items()}


@contextmanager
def serve(app: web.Application, *, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """The address (host:port) of the application, which runs in a thread."""
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


def tls_context(key: Key, folder: Path) -> ssl.SSLContext:
    """The TLS context of a server with the key's certificate."""
    file = folder / "key.pem"
    private = key.private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + key.certificate.encode())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def fingerprint(key: Key) -> str:
    """The fingerprint of the public key in Chromium's format."""
    public = key.private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(hashlib.sha256(public).digest()).decode()
