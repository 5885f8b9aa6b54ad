"""Signing in to the page as it is deployed, with the real SDKs at Google's addresses, under Hosting's policy.

Not told here: what happens in Google's window, whose pages and scripts are Google's own.
"""

import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Playwright, Route, expect

from build.page import build_page
from local.stack.stack import Stack
from tests.e2e.asking import Asking, title, unheard
from tests.e2e.browser import REQUESTS, Visitor, visiting
from tests.e2e.deployment import FIRESTORE, OF_THE_WINDOW, Deployment, deployed
from tests.e2e.identity_platform import HOSTS, REFRESHED_BEFORE, Account
from tests.e2e.test_everybody import PHONE, serious
from tests.processes import wait_until

WITHIN_MS = 20_000
REFRESHED_SOON = REFRESHED_BEFORE + timedelta(seconds=1)
OVER = timedelta(minutes=-1)
SESSION_ENDED = "Your sign-in has ended. Sign in again to go on."
KEPT = """
async () => {
  const done = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = request.onblocked = () => reject(request.error)
  })
  const found = [{ ...localStorage }, { ...sessionStorage }]
  for (const { name } of await indexedDB.databases()) {
    const database = await done(indexedDB.open(name))
    for (const store of database.objectStoreNames) {
      found.push([name, store, await done(database.transaction(store).objectStore(store).getAll())])
    }
    database.close()
  }
  return JSON.stringify(found)
}
"""
HOLDS_DATABASES = """
async () => {
  for (const { name } of await indexedDB.databases()) {
    await new Promise((resolve) => { indexedDB.open(name).onsuccess = ({ target }) => {
      (window.held ??= []).push(target.result)
      resolve()
    } })
  }
  return window.held.filter(({ name }) => name.startsWith('firestore/')).length
}
"""
Visit = Callable[..., Visitor]


@pytest.fixture(scope="module")
def deployment(
    playwright: Playwright, stack: Stack, database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    page, folder = build_page(report=print), tmp_path_factory.mktemp("deployment")
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
    ann.fill(message)
    ann.page.get_by_test_id("send").click()

    card = ann.cards(message)
    expect(card.get_by_test_id("status")).to_have_text("Ready", timeout=WITHIN_MS)
    expect(card.get_by_test_id("preview-image")).to_have_class("loaded")
    expect(ann.page.get_by_role("banner")).to_contain_text("Ann Weber")
    assert ann.calls("GET", REQUESTS) == 0
    assert {*HOSTS[:1], FIRESTORE} <= ann.hosts()


def test_a_wrong_password_is_told_in_words(deployment: Deployment, visit: Visit) -> None:
    ann, account = visit("password"), deployment.identity.somebody()

    sign_in(ann, account, password="guessed")
    expect(told(ann)).to_have_text("This address and password do not belong together.")
    sign_in(ann, account)

    expect(connection(ann)).to_have_text("Live", timeout=WITHIN_MS)


def test_a_link_by_email_signs_in_once(deployment: Deployment, visit: Visit) -> None:
    ann, account = visit("password", "email-link"), deployment.identity.somebody()

    ann.page.get_by_role("button", name="Send me a link instead").click()
    ann.page.get_by_label("E-mail").fill(account.email)
    ann.page.get_by_role("button", name="Send me a link instead").click()
    expect(told(ann)).to_have_text("A link is on its way. Open it in this browser to sign in.")
    [mail] = deployment.identity.mails_to(account)
    ann.page.goto(mail.link)
    expect(connection(ann)).to_have_text("Live", timeout=WITHIN_MS)
    assert ann.page.url == f"{deployment.url}/"

    ann.page.get_by_test_id("sign-out").click()
    expect(ann.page.get_by_label("Password")).to_be_visible()
    expect(told(ann)).to_be_empty()
    ann.page.goto(mail.link)
    ann.page.get_by_label("E-mail").fill(account.email)
    ann.page.get_by_role("button", name="Sign in").click()
    expect(told(ann)).to_have_text("This link has been used or has expired. Ask for a new one.")
    expect(ann.page.get_by_role("button", name="Send me a link instead")).to_be_visible()


def test_a_link_that_is_opened_elsewhere_asks_whose_it_is(deployment: Deployment, visit: Visit) -> None:
    ann, account = visit("email-link"), deployment.identity.somebody()
    ann.page.get_by_label("E-mail").fill(account.email)
    ann.page.get_by_role("button", name="Send me a link").click()
    expect(told(ann)).to_have_text("A link is on its way. Open it in this browser to sign in.")
    [mail] = deployment.identity.mails_to(account)

    elsewhere = visit("email-link")
    elsewhere.page.goto(mail.link)
    elsewhere.page.get_by_label("E-mail").fill("ben@lakeside-dental.example")
    elsewhere.page.get_by_role("button", name="Sign in").click()
    expect(told(elsewhere)).to_have_text("The link was sent to another address.")
    elsewhere.page.get_by_label("E-mail").fill(account.email)
    elsewhere.page.get_by_role("button", name="Sign in").click()

    expect(connection(elsewhere)).to_have_text("Live", timeout=WITHIN_MS)


def test_what_is_typed_outlives_a_session_that_ends(deployment: Deployment, visit: Visit) -> None:
    ann, account, asked = visit("password"), deployment.identity.somebody(lifetime=REFRESHED_SOON), unheard()
    sign_in(ann, account)
    ask(ann.page, asked)
    expect(ann.page.get_by_role("article", name=title(asked))).to_be_visible(timeout=WITHIN_MS)
    ann.page.get_by_label("Message").fill("Open on Saturdays.")
    assert title(asked) in kept(ann.page)

    account.change_password("more gentle check-ups")

    expect(ann.page.get_by_role("alert")).to_have_text(f"{SESSION_ENDED} What you typed is kept.", timeout=WITHIN_MS)
    wait_until(lambda: title(asked) not in kept(ann.page))
    sign_in(ann, account)
    expect(ann.page.get_by_label("Message")).to_have_value("Open on Saturdays.")
    expect(connection(ann)).to_have_text("Live", timeout=WITHIN_MS)


def test_whose_account_is_closed_is_out_with_the_next_token(deployment: Deployment, visit: Visit) -> None:
    ann, account = visit("password"), deployment.identity.somebody(lifetime=REFRESHED_SOON)
    sign_in(ann, account)
    expect(connection(ann)).to_have_text("Live", timeout=WITHIN_MS)
    for name in ("diagnostic", "medical_asset"):
        ann.page.get_by_test_id(f"type-{name}").check()
    ann.page.get_by_label("Message").fill("Open on Saturdays.")
    ann.page.get_by_role("button", name="Clear").click()

    account.disabled = True

    expect(ann.page.get_by_role("alert")).to_have_text(SESSION_ENDED, timeout=WITHIN_MS)
    sign_in(ann, account)
    expect(told(ann)).to_have_text("This account has been closed. Ask whoever looks after it.")


def test_a_session_that_cannot_be_renewed_is_told_above_what_is_typed(deployment: Deployment, visit: Visit) -> None:
    ann, account, message = visit("password"), deployment.identity.somebody(true_lifetime=OVER), unheard()
    sign_in(ann, account)
    ann.fill(message)

    account.refresh_fails = (400, "INVALID_REFRESH_TOKEN")
    ann.page.get_by_test_id("send").click()
    expect(banner(ann)).to_have_attribute("data-state", "signed-out")
    expect(banner(ann)).to_contain_text("Your sign-in has ended")
    banner(ann).get_by_role("button", name="Sign in").click()
    account.refresh_fails = account.true_lifetime = None
    sign_in(ann, account)

    expect(banner(ann)).to_have_count(0)
    expect(ann.page.get_by_label("Message")).to_have_value(message)
    ann.page.get_by_test_id("send").click()
    card = ann.cards(message)
    expect(card.get_by_test_id("status")).to_have_text("Ready", timeout=WITHIN_MS)


def test_a_token_that_cannot_be_had_just_now_ends_no_session(deployment: Deployment, visit: Visit) -> None:
    ann, account, message = visit("password"), deployment.identity.somebody(true_lifetime=OVER), unheard()
    sign_in(ann, account)
    ann.fill(message)

    account.refresh_fails = (503, "The service is currently unavailable.")
    ann.page.get_by_test_id("send").click()
    expect(ann.page.get_by_test_id("form-error")).to_contain_text("could not be reached", timeout=WITHIN_MS)
    expect(banner(ann)).to_have_count(0)
    account.refresh_fails = account.true_lifetime = None
    ann.page.get_by_test_id("send").click()

    card = ann.cards(message)
    expect(card.get_by_test_id("status")).to_have_text("Ready", timeout=WITHIN_MS)


def test_who_moves_to_another_practice_loses_the_old_list_and_gets_the_new(
    deployment: Deployment, stack: Stack, visit: Visit
) -> None:
    old, new = (f"practice-{secrets.token_hex(4)}" for _ in range(2))
    there = Asking(stack.addresses, "ben", tenant=new).diagnostic()
    ann, account = visit("password"), deployment.identity.somebody(tenant=old, lifetime=REFRESHED_SOON)
    sign_in(ann, account)
    expect(connection(ann)).to_have_text("Live", timeout=WITHIN_MS)

    account.tenant = new

    expect(banner(ann)).to_have_attribute("data-state", "revoked", timeout=WITHIN_MS)
    expect(banner(ann)).to_contain_text("You no longer have access to these requests.")
    banner(ann).get_by_role("button", name="Try now").click()
    expect(ann.card(there)).to_be_visible(timeout=WITHIN_MS)
    expect(banner(ann)).to_have_count(0)


def test_signing_out_leaves_nothing_of_somebody_in_any_tab(deployment: Deployment, visit: Visit) -> None:
    ann, account, here, there = visit("password"), deployment.identity.somebody(), unheard(), unheard()
    traces = (account.uid, account.email, title(here), title(there))
    sign_in(ann, account)
    other = ann.context.new_page()
    other.goto(deployment.url)
    expect(other.get_by_test_id("connection")).to_have_text("Live", timeout=WITHIN_MS)
    ask(ann.page, here)
    ask(other, there)
    for page in (ann.page, other):
        toast = page.get_by_test_id("toast").filter(has_text=title(there))
        expect(toast).to_be_visible(timeout=WITHIN_MS)
        toast.hover()  # so that it stays
        assert all(trace in kept(page) for trace in traces)
        assert all(trace in page.content() for trace in traces[2:])

    ann.page.get_by_test_id("sign-out").click()

    for page in (ann.page, other):
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=WITHIN_MS)
        expect(page.get_by_role("main").get_by_role("alert")).to_have_count(0)
        assert [trace for trace in traces if trace in page.content()] == []
    wait_until(lambda: not any(trace in kept(page) for page in (ann.page, other) for trace in traces))


def test_what_holds_a_database_keeps_nobody_signed_in_or_out(deployment: Deployment, visit: Visit) -> None:
    ann, account = visit("password"), deployment.identity.somebody()
    sign_in(ann, account)
    expect(connection(ann)).to_have_text("Live", timeout=WITHIN_MS)
    frozen = ann.context.new_page()
    frozen.goto(f"{deployment.url}/icon.svg")
    assert frozen.evaluate(HOLDS_DATABASES) == 1

    ann.page.get_by_test_id("sign-out").click()
    expect(ann.page.get_by_role("heading", name="Sign in")).to_be_visible()
    other = ann.context.new_page()
    other.goto(deployment.url)
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
    other.close()
    sign_in(ann, account)
    expect(connection(ann)).to_have_text(re.compile("Connecting|Reconnecting"))
    frozen.close()

    expect(connection(ann)).to_have_text("Live", timeout=WITHIN_MS)


def test_googles_window_is_begun_within_the_policy(deployment: Deployment, visit: Visit) -> None:
    ann = visit("google")
    expect(ann.page.get_by_role("button", name="Continue with Google")).to_be_visible()
    expect(ann.page.get_by_label("E-mail")).to_have_count(0)

    ann.page.get_by_role("button", name="Continue with Google").click()

    expect(told(ann)).to_have_text("That did not work. Try again.", timeout=WITHIN_MS)
    assert OF_THE_WINDOW in ann.hosts()
    ann.asked.clear()


def test_who_comes_back_is_told_to_wait_while_google_is_asked_about_them(deployment: Deployment, visit: Visit) -> None:
    ann, held = visit("password"), list[Route]()
    sign_in(ann, deployment.identity.somebody())
    expect(connection(ann)).to_have_text("Live", timeout=WITHIN_MS)

    ann.page.route("**/accounts:lookup?*", lambda route: held.append(route))  # noqa: PLW0108 (it takes no builtins)
    with ann.page.expect_request("**/accounts:lookup?*"):
        ann.page.reload()
    expect(ann.page.get_by_text("One moment")).to_be_visible()
    held[0].continue_()

    expect(connection(ann)).to_have_text("Live", timeout=WITHIN_MS)
    expect(ann.page.get_by_text("One moment")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_at_the_door_and_nothing_sticks_out(
    deployment: Deployment, visit: Visit, scheme: str
) -> None:
    account = deployment.identity.somebody(name=None, email=f"{secrets.token_hex(30)}@lakeside-dental.example")
    ann = visit("google", "password", "email-link", color_scheme=scheme, viewport=PHONE, is_mobile=True)
    found = {}

    found["form"] = serious(ann.page)
    sign_in(ann, account, password="guessed")
    expect(told(ann)).not_to_be_empty()
    found["wrong"] = serious(ann.page)
    sign_in(ann, account)
    expect(connection(ann)).to_have_text("Live", timeout=WITHIN_MS)
    found["inside"] = serious(ann.page)

    assert found == {"form": [], "wrong": [], "inside": []}
    assert ann.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def sign_in(visitor: Visitor, account: Account, *, password: str | None = None) -> None:
    visitor.page.get_by_label("E-mail").fill(account.email)
    visitor.page.get_by_label("Password").fill(password or account.password)
    visitor.page.get_by_role("button", name="Sign in").click()


def ask(page: Page, message: str) -> None:
    """Asks for the example with this message."""
    page.get_by_test_id("example").click()
    page.get_by_label("Message").fill(message)
    page.get_by_test_id("send").click()


def told(visitor: Visitor) -> Locator:
    """What the form says about the last attempt."""
    return visitor.page.get_by_role("main").get_by_role("status")


def banner(visitor: Visitor) -> Locator:
    return visitor.page.get_by_test_id("banner")


def kept(page: Page) -> str:
    """All that the browser has stored for the page's origin."""
    return str(page.evaluate(KEPT))


def connection(visitor: Visitor) -> Locator:
    return visitor.page.get_by_test_id("connection")
