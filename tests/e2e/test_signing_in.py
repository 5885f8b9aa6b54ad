"""Signing in to the page as it is deployed, with the real SDKs at Google's addresses, under Hosting's policy.

Not told here: what happens in Google's window, whose pages and scripts are Google's own.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Locator, Playwright, expect

from local.stack import Stack
from local.web import built_page
from tests.e2e.asking import unheard
from tests.e2e.browser import REQUESTS, Visitor, visiting
from tests.e2e.deployment import FIRESTORE, Deployment, deployed
from tests.e2e.identity_platform import HOSTS, Account

WITHIN_MS = 20_000
Visit = Callable[..., Visitor]


@pytest.fixture(scope="module")
def deployment(
    playwright: Playwright, stack: Stack, database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    page, folder = built_page(tell=print), tmp_path_factory.mktemp("deployment")
    with deployed(playwright, stack, page=page, database=database, folder=folder) as deployment:
        yield deployment


@pytest.fixture
def visit(deployment: Deployment) -> Iterator[Visit]:
    """Opens the page, which offers these ways in, with an empty profile; nothing may go wrong in it."""
    with ExitStack() as visits:
        visitors: list[Visitor] = []

        def visit(*ways: str, **options: Any) -> Visitor:
            deployment.config["signIn"] = list(ways)
            visitor = visits.enter_context(visiting(deployment.browser, deployment.url, **options))
            visitors.append(visitor)
            visitor.page.goto(visitor.url)
            return visitor

        yield visit
        for visitor in visitors:
            assert visitor.complaints == []
            assert visitor.hosts() <= deployment.hosts


def test_who_signs_in_with_a_password_sees_a_request_to_its_end(deployment: Deployment, visit: Visit) -> None:
    ann, message = visit("password"), unheard()

    sign_in(ann, deployment.identity.somebody(name="Ann Weber"))
    expect(connection(ann)).to_have_text("Live", timeout=WITHIN_MS)
    ann.page.get_by_test_id("example").click()
    ann.page.get_by_label("Message").fill(message)
    ann.page.get_by_test_id("send").click()

    card = ann.page.get_by_role("article", name=message.removesuffix("."))
    expect(card.get_by_test_id("status")).to_have_text("Ready", timeout=WITHIN_MS)
    expect(card.get_by_test_id("preview-image")).to_have_class("loaded")
    expect(ann.page.get_by_role("banner")).to_contain_text("Ann Weber")
    assert ann.calls("GET", REQUESTS) == 0
    assert {*HOSTS[:1], FIRESTORE} <= ann.hosts()


def sign_in(visitor: Visitor, account: Account, *, password: str | None = None) -> None:
    visitor.page.get_by_label("E-mail").fill(account.email)
    visitor.page.get_by_label("Password").fill(password or account.password)
    visitor.page.get_by_role("button", name="Sign in").click()


def connection(visitor: Visitor) -> Locator:
    return visitor.page.get_by_test_id("connection")
