"""Somebody in front of the page: a browser context of their own, and everything that went wrong in it."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Playwright, Request, expect

from tests.e2e.asking import fields, title
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
# The browser notes each answer of 4xx and 5xx, and each connection that is cut; some tests provoke them.
OF_THE_NETWORK = re.compile(r"^Failed to load resource|net::ERR_")
REQUESTS = r"/requests(\?.*|/[0-9a-f]{32})?"  # the paths by which states could be polled
REFUSED = "Refused by the policy:"
NOTES_VIOLATIONS = f"""
document.addEventListener('securitypolicyviolation', (event) =>
  console.error(`{REFUSED} ${{event.violatedDirective}} ${{event.blockedURI}} ${{event.sourceFile}}`))
"""
# The page of the local stack lets one choose among the people of its config.json.
KNOWS_ONLY = """
const answered = window.fetch
window.fetch = async (...asked) => {{
  const answer = await answered(...asked)
  return asked[0] === 'config.json' ? Response.json({{ ...(await answer.json()), people: [{uid}] }}) : answer
}}
"""


def launched(playwright: Playwright, *, instead: dict[str, str] | None = None, trusted: str | None = None) -> Browser:
    """Chromium. What it would send to the addresses in `instead` (host:port) goes to others in truth.

    `trusted` is the fingerprint of a key whose certificates it takes for anybody's.
    """
    rules = ", ".join(f"MAP {address} {other}" for address, other in (instead or {}).items())
    flags = [*FLAGS]
    if rules:
        flags.append(f"--host-resolver-rules={rules}")
    if trusted:
        flags.append(f"--ignore-certificate-errors-spki-list={trusted}")
    return playwright.chromium.launch(executable_path=find_chromium(playwright.chromium.executable_path), args=flags)


@dataclass
class Visitor:
    """One person in one browser profile."""

    context: BrowserContext
    page: Page
    url: str
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self) -> None:
        """Opens the page, and returns when its list is live."""
        self.page.goto(self.url)
        expect(self.page.get_by_test_id("connection")).to_have_text("Live", timeout=20_000)

    def become(self, uid: str) -> None:
        """Chooses another of the local stack's people."""
        self.page.get_by_test_id(f"person-{uid}").check()
        expect(self.page.get_by_test_id("connection")).to_have_text("Live", timeout=20_000)

    def card(self, request_id: str) -> Locator:
        """The request in the list."""
        return self.page.locator(f'[data-testid=request][data-id="{request_id}"]')

    def cards(self, message: str) -> Locator:
        """The requests in the list that have this message."""
        return self.page.get_by_role("article", name=title(message))

    def shown(self) -> list[str]:
        """The ids of the requests in the list, from its top."""
        cards = self.page.get_by_test_id("request")
        ids: list[str] = cards.evaluate_all("(cards) => cards.map((card) => card.dataset.id)")
        return ids

    def toast(self, words: str) -> Locator:
        """The short words at the edge of the page that contain these."""
        return self.page.get_by_test_id("toast").filter(has_text=words)

    def fill(self, message: str) -> None:
        """Types what an asset with this message needs."""
        for test_id, text in fields(message).items():
            self.page.get_by_test_id(test_id).fill(text)

    def calls(self, method: str, path: str) -> int:
        """How many calls of this kind the page has made."""
        return sum(1 for call in self.asked if re.fullmatch(rf"{method} http://[^/]+{path}", call))

    def hosts(self) -> set[str]:
        return {urlsplit(call.split()[1]).netloc for call in self.asked if " http" in call}


@contextmanager
def visiting(browser: Browser, url: str, uid: str | None = None, /, **options: Any) -> Iterator[Visitor]:
    """A visitor with an empty profile, in front of a page that is not open yet: one of its people, or `uid`."""
    context = browser.new_context(locale="en-GB", timezone_id=ZONE.key, **options)
    context.add_init_script(NOTES_VIOLATIONS)
    if uid is not None:
        context.add_init_script(KNOWS_ONLY.format(uid=json.dumps(uid)))
    visitor = Visitor(context, context.new_page(), url)

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and not OF_THE_NETWORK.search(message.text):
            visitor.complaints.append(message.text)

    def ask(request: Request) -> None:
        visitor.asked.append(f"{request.method} {request.url}")

    context.on("console", note)
    context.on("weberror", lambda error: visitor.complaints.append(str(error.error)))
    context.on("request", ask)
    try:
        yield visitor
    finally:
        context.close()
