"""Signing in to the deployed page, with the real SDKs and doubles of Google's hosts, under Hosting's policy.

Not tested: what happens in Google's sign-in window, whose pages and scripts belong to Google.
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
from tests.e2e.api_client import ApiClient, title_of, unique_message
from tests.e2e.browser import REQUEST_PATHS, Visitor, new_visitor
from tests.e2e.deployment import FIRESTORE, GOOGLE_SCRIPTS, Deployment, deploy_page
from tests.e2e.identity_platform import HOSTS, REFRESHED_BEFORE, Account
from tests.e2e.test_accessibility import PHONE, find_violations
from tests.processes import wait_until

WITHIN_MS = 20_000
RENEWED_SOON = REFRESHED_BEFORE + timedelta(seconds=1)
EXPIRED = timedelta(minutes=-1)
SESSION_EXPIRED = "Your session has expired. Sign in again to continue."
READ_STORAGE = """
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
BLOCK_DATABASES = """
async () => {
  for (const { name } of await indexedDB.databases()) {
    await new Promise((resolve) => { indexedDB.open(name).onsuccess = ({ target }) => {
      (window.opened ??= []).push(target.result)
      resolve()
    } })
  }
  return window.opened.filter(({ name }) => name.startsWith('firestore/')).length
}
"""
BREAK_USER = """
async () => {
  const open = indexedDB.open('firebaseLocalStorageDb')
  await new Promise((resolve) => (open.onsuccess = resolve))
  const store = open.result.transaction('firebaseLocalStorage', 'readwrite').objectStore('firebaseLocalStorage')
  const all = store.getAll()
  await new Promise((resolve) => (all.onsuccess = resolve))
  for (const entry of all.result) store.put({ ...entry, value: { uid: 7 } })
  await new Promise((resolve) => (store.transaction.oncomplete = resolve))
  open.result.close()
}
"""
FULL_STORAGE = """
Storage.prototype.setItem = () => { throw new DOMException('The quota has been exceeded.', 'QuotaExceededError') }
"""
OpenSignIn = Callable[..., Visitor]


@pytest.fixture(scope="module")
def deployment(
    playwright: Playwright, stack: Stack, database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    page, folder = build_page(report=print), tmp_path_factory.mktemp("deployment")
    with deploy_page(playwright, stack, page=page, database=database, folder=folder) as deployment:
        yield deployment


@pytest.fixture
def open_sign_in(deployment: Deployment) -> Iterator[OpenSignIn]:
    """Opens the page with these sign-in methods and an empty profile. At the end it must have no errors."""
    with ExitStack() as contexts:
        visitors: list[Visitor] = []

        def open_sign_in(*methods: str, **options: Any) -> Visitor:
            deployment.offer(*methods)
            visitor = contexts.enter_context(new_visitor(deployment.browser, deployment.url, **options))
            visitors.append(visitor)
            visitor.page.goto(visitor.url)
            return visitor

        yield open_sign_in
        for visitor in visitors:
            assert visitor.errors == []
            assert visitor.called_hosts() <= deployment.hosts


def test_a_user_signs_in_with_a_password_and_follows_a_request_to_its_end(
    deployment: Deployment, open_sign_in: OpenSignIn
) -> None:
    ann, message = open_sign_in("password"), unique_message()

    sign_in(ann, deployment.identity.create_account(name="Ann Weber"))
    expect(connection(ann)).to_have_text("Live", timeout=WITHIN_MS)
    ann.fill_form(message)
    ann.page.get_by_test_id("submit").click()

    card = ann.cards(message)
    expect(card.get_by_test_id("status")).to_have_text("Completed", timeout=WITHIN_MS)
    expect(card.get_by_test_id("preview-image")).to_have_class("loaded")
    expect(ann.page.get_by_role("banner")).to_contain_text("Ann Weber")
    assert ann.count_calls("GET", REQUEST_PATHS) == 0
    assert {*HOSTS[:1], FIRESTORE} <= ann.called_hosts()


def test_a_wrong_password_shows_a_message(deployment: Deployment, open_sign_in: OpenSignIn) -> None:
    ann, account = open_sign_in("password"), deployment.identity.create_account()

    sign_in(ann, account, password="guessed")
    expect(status(ann)).to_have_text("The e-mail address or the password is wrong.")
    sign_in(ann, account)

    expect(connection(ann)).to_have_text("Live", timeout=WITHIN_MS)


def test_a_link_by_email_signs_in_once(deployment: Deployment, open_sign_in: OpenSignIn) -> None:
    ann, account = open_sign_in("password", "email-link"), deployment.identity.create_account()

    ann.page.get_by_role("button", name="Send me a link instead").click()
    ann.page.get_by_label("E-mail").fill(account.email)
    ann.page.get_by_role("button", name="Send me a link instead").click()
    expect(status(ann)).to_have_text("We sent you a link. Open it in this browser to sign in.")
    [mail] = deployment.identity.mails_to(account)
    ann.page.goto(mail.link)
    expect(connection(ann)).to_have_text("Live", timeout=WITHIN_MS)
    assert ann.page.url == f"{deployment.url}/"

    ann.page.get_by_test_id("sign-out").click()
    expect(ann.page.get_by_label("Password")).to_be_visible()
    expect(status(ann)).to_be_empty()
    ann.page.goto(mail.link)
    ann.page.get_by_label("E-mail").fill(account.email)
    ann.page.get_by_role("button", name="Sign in").click()
    expect(status(ann)).to_have_text("This link has expired or was already used. Request a new one.")
    expect(ann.page.get_by_role("button", name="Send me a link instead")).to_be_visible()


def test_a_link_opened_in_another_browser_needs_the_address(deployment: Deployment, open_sign_in: OpenSignIn) -> None:
    ann, account = open_sign_in("email-link"), deployment.identity.create_account()
    ann.page.get_by_label("E-mail").fill(account.email)
    ann.page.get_by_role("button", name="Send me a link").click()
    expect(status(ann)).to_have_text("We sent you a link. Open it in this browser to sign in.")
    [mail] = deployment.identity.mails_to(account)

    other_browser = open_sign_in("email-link")
    other_browser.page.goto(mail.link)
    other_browser.page.get_by_label("E-mail").fill("ben@lakeside-dental.example")
    other_browser.page.get_by_role("button", name="Sign in").click()
    expect(status(other_browser)).to_have_text("This link was sent to another address.")
    other_browser.page.get_by_label("E-mail").fill(account.email)
    other_browser.page.get_by_role("button", name="Sign in").click()

    expect(connection(other_browser)).to_have_text("Live", timeout=WITHIN_MS)


def test_a_draft_survives_an_expired_session(deployment: Deployment, open_sign_in: OpenSignIn) -> None:
    ann, account, submitted = (
        open_sign_in("password"),
        deployment.identity.create_account(lifetime=RENEWED_SOON),
        unique_message(),
    )
    sign_in(ann, account)
    submit(ann.page, submitted)
    expect(ann.page.get_by_role("article", name=title_of(submitted))).to_be_visible(timeout=WITHIN_MS)
    ann.page.get_by_label("Message").fill("Open on Saturdays.")
    assert title_of(submitted) in read_storage(ann.page)

    account.change_password("more gentle check-ups")

    expect(ann.page.get_by_role("alert")).to_have_text(f"{SESSION_EXPIRED} Your draft is saved.", timeout=WITHIN_MS)
    wait_until(lambda: title_of(submitted) not in read_storage(ann.page))
    sign_in(ann, account)
    expect(ann.page.get_by_label("Message")).to_have_value("Open on Saturdays.")
    expect(connection(ann)).to_have_text("Live", timeout=WITHIN_MS)


def test_a_disabled_account_is_signed_out_with_the_next_token(deployment: Deployment, open_sign_in: OpenSignIn) -> None:
    ann, account = open_sign_in("password"), deployment.identity.create_account(lifetime=RENEWED_SOON)
    sign_in(ann, account)
    expect(connection(ann)).to_have_text("Live", timeout=WITHIN_MS)
    for name in ("diagnostic", "medical_asset"):
        ann.page.get_by_test_id(f"type-{name}").check()
    ann.page.get_by_label("Message").fill("Open on Saturdays.")
    ann.page.get_by_role("button", name="Clear").click()

    account.disabled = True

    expect(ann.page.get_by_role("alert")).to_have_text(SESSION_EXPIRED, timeout=WITHIN_MS)
    sign_in(ann, account)
    expect(status(ann)).to_have_text("This account is disabled. Contact your administrator.")


def test_a_session_that_cannot_be_renewed_shows_the_banner_and_keeps_the_draft(
    deployment: Deployment, open_sign_in: OpenSignIn
) -> None:
    ann, account, message = (
        open_sign_in("password"),
        deployment.identity.create_account(true_lifetime=EXPIRED),
        unique_message(),
    )
    sign_in(ann, account)
    ann.fill_form(message)

    account.refresh_fails = (400, "INVALID_REFRESH_TOKEN")
    ann.page.get_by_test_id("submit").click()
    expect(banner(ann)).to_have_attribute("data-state", "signed-out")
    expect(banner(ann)).to_contain_text("Your session has expired")
    banner(ann).get_by_role("button", name="Sign in").click()
    account.refresh_fails = account.true_lifetime = None
    sign_in(ann, account)

    expect(banner(ann)).to_have_count(0)
    expect(ann.page.get_by_label("Message")).to_have_value(message)
    ann.page.get_by_test_id("submit").click()
    card = ann.cards(message)
    expect(card.get_by_test_id("status")).to_have_text("Completed", timeout=WITHIN_MS)


def test_a_temporary_failure_to_renew_a_token_does_not_end_the_session(
    deployment: Deployment, open_sign_in: OpenSignIn
) -> None:
    ann, account, message = (
        open_sign_in("password"),
        deployment.identity.create_account(true_lifetime=EXPIRED),
        unique_message(),
    )
    sign_in(ann, account)
    ann.fill_form(message)

    account.refresh_fails = (503, "The service is currently unavailable.")
    ann.page.get_by_test_id("submit").click()
    expect(ann.page.get_by_test_id("form-error")).to_contain_text("could not be reached", timeout=WITHIN_MS)
    expect(banner(ann)).to_have_count(0)
    account.refresh_fails = account.true_lifetime = None
    ann.page.get_by_test_id("submit").click()

    card = ann.cards(message)
    expect(card.get_by_test_id("status")).to_have_text("Completed", timeout=WITHIN_MS)


def test_a_user_who_changes_tenants_loses_the_old_list_and_gets_the_new_one(
    deployment: Deployment, stack: Stack, open_sign_in: OpenSignIn
) -> None:
    old, new = (f"practice-{secrets.token_hex(4)}" for _ in range(2))
    new_request = ApiClient(stack.addresses, "ben", tenant=new).submit_diagnostic()
    ann, account = open_sign_in("password"), deployment.identity.create_account(tenant=old, lifetime=RENEWED_SOON)
    sign_in(ann, account)
    expect(connection(ann)).to_have_text("Live", timeout=WITHIN_MS)

    account.tenant = new

    expect(banner(ann)).to_have_attribute("data-state", "revoked", timeout=WITHIN_MS)
    expect(banner(ann)).to_contain_text("You no longer have access to these requests.")
    banner(ann).get_by_role("button", name="Try again").click()
    expect(ann.card(new_request)).to_be_visible(timeout=WITHIN_MS)
    expect(banner(ann)).to_have_count(0)


def test_clearing_the_site_data_ends_the_session_with_a_reason(
    deployment: Deployment, open_sign_in: OpenSignIn
) -> None:
    ann, account = open_sign_in("password"), deployment.identity.create_account()
    sign_in(ann, account)
    expect(connection(ann)).to_have_text("Live", timeout=WITHIN_MS)

    clear = {"origin": deployment.url, "storageTypes": "all"}
    ann.context.new_cdp_session(ann.page).send("Storage.clearDataForOrigin", clear)

    expect(ann.page.get_by_role("alert")).to_have_text(SESSION_EXPIRED, timeout=WITHIN_MS)
    sign_in(ann, account)
    expect(connection(ann)).to_have_text("Live", timeout=WITHIN_MS)


def test_a_stored_session_that_cannot_be_read_counts_as_none(deployment: Deployment, open_sign_in: OpenSignIn) -> None:
    ann, account = open_sign_in("password"), deployment.identity.create_account()
    sign_in(ann, account)
    expect(connection(ann)).to_have_text("Live", timeout=WITHIN_MS)

    other_tab = ann.context.new_page()
    ann.page.close()
    other_tab.goto(f"{deployment.url}/icon.svg")
    other_tab.evaluate(BREAK_USER)
    other_tab.goto(deployment.url)

    expect(other_tab.get_by_label("Password")).to_be_visible(timeout=WITHIN_MS)


def test_a_user_signs_in_while_storage_is_full(deployment: Deployment, open_sign_in: OpenSignIn) -> None:
    ann, account, message = open_sign_in("password"), deployment.identity.create_account(), unique_message()
    ann.context.add_init_script(FULL_STORAGE)
    ann.page.reload()

    sign_in(ann, account)
    submit(ann.page, message)

    expect(ann.cards(message).get_by_test_id("status")).to_have_text("Completed", timeout=WITHIN_MS)
    expect(ann.page.get_by_test_id("storage-warning")).to_be_visible()
    ann.page.get_by_test_id("sign-out").click()
    expect(ann.page.get_by_label("Password")).to_be_visible()
    assert title_of(message) not in read_storage(ann.page)


def test_signing_out_deletes_the_users_data_in_every_tab(deployment: Deployment, open_sign_in: OpenSignIn) -> None:
    ann, account, message, other_message = (
        open_sign_in("password"),
        deployment.identity.create_account(),
        unique_message(),
        unique_message(),
    )
    traces = (account.uid, account.email, title_of(message), title_of(other_message))
    sign_in(ann, account)
    other_tab = ann.context.new_page()
    other_tab.goto(deployment.url)
    expect(other_tab.get_by_test_id("connection")).to_have_text("Live", timeout=WITHIN_MS)
    submit(ann.page, message)
    submit(other_tab, other_message)
    for page in (ann.page, other_tab):
        notification = page.get_by_test_id("notification").filter(has_text=title_of(other_message))
        expect(notification).to_be_visible(timeout=WITHIN_MS)
        notification.hover()  # notifications stay while the pointer is on them
        assert all(trace in read_storage(page) for trace in traces)
        assert all(trace in page.content() for trace in traces[2:])

    ann.page.get_by_test_id("sign-out").click()

    for page in (ann.page, other_tab):
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=WITHIN_MS)
        expect(page.get_by_role("main").get_by_role("alert")).to_have_count(0)
        assert [trace for trace in traces if trace in page.content()] == []
    wait_until(lambda: not any(trace in read_storage(page) for page in (ann.page, other_tab) for trace in traces))


def test_a_blocked_database_delays_neither_sign_out_nor_sign_in(
    deployment: Deployment, open_sign_in: OpenSignIn
) -> None:
    ann, account = open_sign_in("password"), deployment.identity.create_account()
    sign_in(ann, account)
    expect(connection(ann)).to_have_text("Live", timeout=WITHIN_MS)
    blocking_tab = ann.context.new_page()
    blocking_tab.goto(f"{deployment.url}/icon.svg")
    assert blocking_tab.evaluate(BLOCK_DATABASES) == 1

    ann.page.get_by_test_id("sign-out").click()
    expect(ann.page.get_by_role("heading", name="Sign in")).to_be_visible()
    other_tab = ann.context.new_page()
    other_tab.goto(deployment.url)
    expect(other_tab.get_by_role("heading", name="Sign in")).to_be_visible()
    other_tab.close()
    sign_in(ann, account)
    expect(connection(ann)).to_have_text(re.compile("Connecting|Reconnecting"))
    blocking_tab.close()

    expect(connection(ann)).to_have_text("Live", timeout=WITHIN_MS)


def test_the_policy_allows_the_start_of_googles_sign_in_window(
    deployment: Deployment, open_sign_in: OpenSignIn
) -> None:
    ann = open_sign_in("google")
    expect(ann.page.get_by_role("button", name="Continue with Google")).to_be_visible()
    expect(ann.page.get_by_label("E-mail")).to_have_count(0)

    ann.page.get_by_role("button", name="Continue with Google").click()

    expect(status(ann)).to_have_text("Something went wrong. Try again.", timeout=WITHIN_MS)
    assert GOOGLE_SCRIPTS in ann.called_hosts()
    ann.calls.clear()


def test_the_page_shows_that_it_is_loading_until_google_confirms_the_session(
    deployment: Deployment, open_sign_in: OpenSignIn
) -> None:
    ann, held = open_sign_in("password"), list[Route]()
    sign_in(ann, deployment.identity.create_account())
    expect(connection(ann)).to_have_text("Live", timeout=WITHIN_MS)

    ann.page.route("**/accounts:lookup?*", lambda route: held.append(route))  # noqa: PLW0108 (it takes no builtins)
    with ann.page.expect_request("**/accounts:lookup?*"):
        ann.page.reload()
    expect(ann.page.get_by_text("Loading")).to_be_visible()
    held[0].continue_()

    expect(connection(ann)).to_have_text("Live", timeout=WITHIN_MS)
    expect(ann.page.get_by_text("Loading")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_sign_in_form_has_no_serious_violation_and_nothing_overflows(
    deployment: Deployment, open_sign_in: OpenSignIn, scheme: str
) -> None:
    account = deployment.identity.create_account(name=None, email=f"{secrets.token_hex(30)}@lakeside-dental.example")
    ann = open_sign_in("google", "password", "email-link", color_scheme=scheme, viewport=PHONE, is_mobile=True)
    found = {}

    found["form"] = find_violations(ann.page)
    sign_in(ann, account, password="guessed")
    expect(status(ann)).not_to_be_empty()
    found["wrong"] = find_violations(ann.page)
    sign_in(ann, account)
    expect(connection(ann)).to_have_text("Live", timeout=WITHIN_MS)
    found["inside"] = find_violations(ann.page)

    assert found == {"form": [], "wrong": [], "inside": []}
    assert ann.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def sign_in(visitor: Visitor, account: Account, *, password: str | None = None) -> None:
    visitor.page.get_by_label("E-mail").fill(account.email)
    visitor.page.get_by_label("Password").fill(password or account.password)
    visitor.page.get_by_role("button", name="Sign in").click()


def submit(page: Page, message: str) -> None:
    """Submits the example with this message."""
    page.get_by_test_id("example").click()
    page.get_by_label("Message").fill(message)
    page.get_by_test_id("submit").click()


def status(visitor: Visitor) -> Locator:
    """The message of the sign-in form."""
    return visitor.page.get_by_role("main").get_by_role("status")


def banner(visitor: Visitor) -> Locator:
    return visitor.page.get_by_test_id("banner")


def read_storage(page: Page) -> str:
    """Everything that the browser has stored for the page's origin, as text."""
    return str(page.evaluate(READ_STORAGE))


def connection(visitor: Visitor) -> Locator:
    return visitor.page.get_by_test_id("connection")
