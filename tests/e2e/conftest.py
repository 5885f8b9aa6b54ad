"""Fixtures for the stories: one stack with the page and one browser for each process of the test run."""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from build.page import build_page
from local.stack.stack import Stack
from tests.e2e.browser import Visitor, launched, visiting
from tests.e2e.chromium import NO_CHROMIUM, find_chromium

Arrive = Callable[..., Visitor]


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        if find_chromium(playwright.chromium.executable_path) is None:
            pytest.fail(NO_CHROMIUM) if os.environ.get("CI") else pytest.skip(NO_CHROMIUM)
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    browser = launched(playwright)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def database() -> str:
    """Its name: one of its own, since other tests use the same emulator."""
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
def arrive(browser: Browser, stack: Stack) -> Iterator[Arrive]:
    """Opens the page for somebody with a profile of their own; nothing may go wrong in it."""
    with ExitStack() as visits:
        visitors: list[Visitor] = []

        def arrive(uid: str | None = None, *, within: Browser = browser, **options: Any) -> Visitor:
            visitor = visits.enter_context(visiting(within, str(stack.addresses.page), uid, **options))
            visitors.append(visitor)
            visitor.open()
            return visitor

        yield arrive
        for visitor in visitors:
            assert visitor.complaints == []
            assert visitor.hosts() <= _hosts(stack)


def _hosts(stack: Stack) -> set[str]:
    """What a page may talk to: the stack's page, API, assets and Firestore."""
    addresses = stack.addresses
    urls = (addresses.page, addresses.api, addresses.assets)
    return {str(url).removeprefix("http://") for url in urls} | {addresses.firestore}
