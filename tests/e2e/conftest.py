"""One stack with the page and one browser for each process of the test run."""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from build.page import build_page
from local.stack.stack import Stack
from tests.e2e.browser import Visitor, launch_chromium, new_visitor
from tests.e2e.chromium import NO_CHROMIUM, find_chromium

OpenPage = Callable[..., Visitor]


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        if find_chromium(playwright.chromium.executable_path) is None:
            pytest.fail(NO_CHROMIUM) if os.environ.get("CI") else pytest.skip(NO_CHROMIUM)
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    browser = launch_chromium(playwright)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def database() -> str:
    """The name of a new database, since other tests use the same emulator."""
    return f"t{uuid.uuid4().hex}"


@pytest.fixture(scope="session")
def stack(
    playwright: Playwright, firestore_emulator: str, database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    page = build_page(report=print)
    with Stack(ports="free", folder=folder, environment={"FIRESTORE_DATABASE": database}, page=page) as stack:
        yield stack


@pytest.fixture
def open_page(browser: Browser, stack: Stack) -> Iterator[OpenPage]:
    """Opens the page with an empty profile, and runs `script` before it.

    At the end the page must have no errors and no calls to other hosts.
    """
    with ExitStack() as contexts:
        visitors: list[Visitor] = []

        def open_page(
            uid: str | None = None, *, browser: Browser = browser, script: str | None = None, **options: Any
        ) -> Visitor:
            visitor = contexts.enter_context(new_visitor(browser, str(stack.addresses.page), uid, **options))
            if script is not None:
                visitor.context.add_init_script(script)
            visitors.append(visitor)
            visitor.open()
            return visitor

        yield open_page
        for visitor in visitors:
            assert visitor.errors == []
            assert visitor.called_hosts() <= _stack_hosts(stack)


def _stack_hosts(stack: Stack) -> set[str]:
    """The hosts that the page may call: the stack's page, API, assets and Firestore."""
    addresses = stack.addresses
    urls = (addresses.page, addresses.api, addresses.assets)
    return {str(url).removeprefix("http://") for url in urls} | {addresses.firestore}
