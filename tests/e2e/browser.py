"""Visitors of the page: one browser profile each, and a record of the calls and the errors of the page in it."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Playwright, Request, expect

from tests.e2e.api_client import form_values, title_of
from tests.e2e.chromium import find_chromium

ZONE = ZoneInfo("Europe/Berlin")  # of every visitor
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# The browser logs each answer of 4xx and 5xx and each lost connection. Some tests cause them on purpose.
NETWORK_ERROR = re.compile(r"^Failed to load resource|net::ERR_")
REQUEST_PATHS = r"/requests(\?.*|/[0-9a-f]{32})?"  # a page that polls would call these
POLICY_VIOLATION = "Refused by the policy:"
LOG_VIOLATIONS = f"""
document.addEventListener('securitypolicyviolation', (event) =>
  console.error(`{POLICY_VIOLATION} ${{event.violatedDirective}} ${{event.blockedURI}} ${{event.sourceFile}}`))
"""
# On the local stack the page offers the users in its config.json. This replaces them by one.
OFFER_ONE_USER = """
const originalFetch = window.fetch
window.fetch = async (...args) => {{
  const answer = await originalFetch(...args)
  return args[0] === 'config.json' ? Response.json({{ ...(await answer.json()), users: [{uid}] }}) : answer
}}
"""


def launch_chromium(
    playwright: Playwright, *, redirects: dict[str, str] | None = None, trusted_key: str | None = None
) -> Browser:
    """Chromium that connects to other addresses (host:port) in place of the keys of `redirects`.

    It accepts any certificate of the key with the fingerprint `trusted_key`.
    """
    rules = ", ".join(f"MAP {address} {other}" for address, other in (redirects or {}).items())
    flags = [*FLAGS]
    if rules:
        flags.append(f"--host-resolver-rules={rules}")
    if trusted_key:
        flags.append(f"--ignore-certificate-errors-spki-list={trusted_key}")
    return playwright.chromium.launch(executable_path=find_chromium(playwright.chromium.executable_path), args=flags)


@dataclass
class Visitor:
    """A user with a browser profile."""

    context: BrowserContext
    page: Page
    url: str
    calls: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def open(self) -> None:
        """Opens the page, and returns when its list is live."""
        self.page.goto(self.url)
        expect(self.page.get_by_test_id("connection")).to_have_text("Live", timeout=20_000)

    def switch_user(self, uid: str) -> None:
        """Chooses another user of the local stack."""
        self.page.get_by_test_id(f"user-{uid}").check()
        expect(self.page.get_by_test_id("connection")).to_have_text("Live", timeout=20_000)

    def card(self, request_id: str) -> Locator:
        """The request in the list."""
        return self.page.locator(f'[data-testid=request][data-id="{request_id}"]')

    def cards(self, message: str) -> Locator:
        """The requests in the list that have this message."""
        return self.page.get_by_role("article", name=title_of(message))

    def shown_ids(self) -> list[str]:
        """The ids of the requests in the list, from its top."""
        cards = self.page.get_by_test_id("request")
        ids: list[str] = cards.evaluate_all("(cards) => cards.map((card) => card.dataset.id)")
        return ids

    def notification(self, text: str) -> Locator:
        """The notifications that contain this text."""
        return self.page.get_by_test_id("notification").filter(has_text=text)

    def fill_form(self, message: str) -> None:
        """Fills in an asset with this message."""
        for test_id, text in form_values(message).items():
            self.page.get_by_test_id(test_id).fill(text)

    def count_calls(self, method: str, path: str) -> int:
        """How many calls of this kind the page has made."""
        return sum(1 for call in self.calls if re.fullmatch(rf"{method} http://[^/]+{path}", call))

    def called_hosts(self) -> set[str]:
        return {urlsplit(call.split()[1]).netloc for call in self.calls if " http" in call}


@contextmanager
def new_visitor(browser: Browser, url: str, uid: str | None = None, /, **options: Any) -> Iterator[Visitor]:
    """A visitor with an empty profile and a page that is not open yet. With a uid, the page has this user only."""
    context = browser.new_context(locale="en-GB", timezone_id=ZONE.key, **options)
    context.add_init_script(LOG_VIOLATIONS)
    if uid is not None:
        context.add_init_script(OFFER_ONE_USER.format(uid=json.dumps(uid)))
    visitor = Visitor(context, context.new_page(), url)

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error" and not NETWORK_ERROR.search(message.text):
            visitor.errors.append(message.text)

    def on_request(request: Request) -> None:
        visitor.calls.append(f"{request.method} {request.url}")

    context.on("console", on_console)
    context.on("weberror", lambda error: visitor.errors.append(str(error.error)))
    context.on("request", on_request)
    try:
        yield visitor
    finally:
        context.close()
