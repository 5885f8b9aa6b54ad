"""How people ask, and that they never ask for more than they meant."""

import re
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, Playwright, expect

from local.stack import Stack
from tests.e2e.asking import GIVEN, Asking, fields, title, unheard
from tests.e2e.browser import REQUESTS, launched
from tests.e2e.conftest import Arrive
from tests.e2e.network import Network
from tests.processes import until

ENDED_WITHIN_MS = 30_000


def test_an_asset_is_asked_for_and_used_without_a_reload(stack: Stack, arrive: Arrive) -> None:
    ann, message = arrive(), unheard()

    ann.fill(message)
    ann.page.get_by_role("button", name="Send request").click()
    card = ann.cards(message)

    expect(card.get_by_test_id("status")).to_have_text("Ready", timeout=ENDED_WITHIN_MS)
    expect(ann.toast(f"Ready: {title(message)}")).to_be_visible()
    expect(card.get_by_test_id("preview-image")).to_have_class(re.compile("loaded"))
    assert card.get_by_test_id("preview-image").evaluate("(image) => image.naturalWidth") == 1080
    with ann.page.expect_download() as downloading:
        card.get_by_role("button", name="Download").click()
    with Image.open(BytesIO(Path(downloading.value.path()).read_bytes())) as image:
        assert (image.format, image.size) == ("PNG", (1080, 1080))
    assert downloading.value.suggested_filename.startswith("lakeside-dental-")
    assert (ann.calls("GET", "/"), ann.calls("GET", REQUESTS)) == (1, 0)
    [request] = Asking(stack.addresses, "ann").saying(message)
    assert request["input"] == {**GIVEN, "channel": "social", "primary_message": message}


def test_an_asset_is_asked_for_by_keyboard_alone(stack: Stack, arrive: Arrive) -> None:
    ann, message = arrive(), unheard()
    keyboard = ann.page.keyboard

    for test_id, text in fields(message).items():
        tab_to(ann.page, test_id)
        keyboard.press("Control+A")
        keyboard.type(text)
    tab_to(ann.page, "send")
    keyboard.press("Enter")

    card = ann.cards(message)
    expect(card.get_by_test_id("status")).to_have_text("Ready", timeout=ENDED_WITHIN_MS)
    tab_to(ann.page, "details")
    keyboard.press("Enter")
    expect(ann.page.get_by_role("dialog").get_by_role("heading", name=title(message))).to_be_visible()
    keyboard.press("Escape")
    expect(ann.page.get_by_role("dialog")).to_have_count(0)
    assert len(Asking(stack.addresses, "ann").saying(message)) == 1


def test_a_double_click_asks_once(stack: Stack, arrive: Arrive) -> None:
    ann, message = arrive(), unheard()

    ann.fill(message)
    ann.page.get_by_test_id("send").dblclick()

    card = ann.cards(message)
    expect(card.get_by_test_id("status")).to_have_text("Ready", timeout=ENDED_WITHIN_MS)
    expect(card).to_have_count(1)
    assert len(Asking(stack.addresses, "ann").saying(message)) == 1


def test_a_reload_before_the_answer_asks_once(stack: Stack, playwright: Playwright, arrive: Arrive) -> None:
    asking, message = Asking(stack.addresses, "ann"), unheard()
    api = stack.addresses.api.removeprefix("http://")
    with Network(api) as network, launched(playwright, instead={api: network.address}) as browser:
        ann = arrive(within=browser)
        ann.fill(unheard())
        ann.page.get_by_test_id("send").click()  # so that the browser need not ask again what it may send
        expect(ann.page.get_by_test_id("send")).to_have_text("Send request")

        ann.fill(message)
        network.hold_answers()
        ann.page.get_by_test_id("send").click()
        until(lambda: len(asking.saying(message)) == 1)
        ann.page.reload()
        network.mend()

        expect(ann.toast("before the reload has arrived")).to_be_visible()
        card = ann.cards(message)
        expect(card.get_by_test_id("status")).to_have_text("Ready", timeout=ENDED_WITHIN_MS)
        expect(card).to_have_count(1)
        assert ann.calls("POST", "/requests") == 3
        assert len(asking.saying(message)) == 1


def test_three_copies_are_three_requests(stack: Stack, arrive: Arrive) -> None:
    ann, message = arrive(), unheard()

    ann.fill(message)
    ann.page.get_by_test_id("copies").fill("3")
    ann.page.get_by_role("button", name="Send 3 requests").click()

    ready = ann.cards(message).and_(ann.page.locator("[data-status=completed]"))
    expect(ready).to_have_count(3, timeout=ENDED_WITHIN_MS)
    assert len(Asking(stack.addresses, "ann").saying(message)) == 3


def test_what_the_api_refuses_is_told_at_the_field(stack: Stack, arrive: Arrive) -> None:
    ann, undrawable = arrive(), "Open on Saturdays \u6f22."

    ann.fill(undrawable)
    ann.page.get_by_role("button", name="Send request").click()

    field = ann.page.get_by_label("Message")
    expect(field).to_have_accessible_description(re.compile("U\\+6F22"))
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    assert Asking(stack.addresses, "ann").saying(undrawable) == []


def test_what_is_missing_is_told_at_the_field_without_asking(arrive: Arrive) -> None:
    ann = arrive()

    ann.fill("")
    ann.page.get_by_role("button", name="Send request").click()

    expect(ann.page.get_by_label("Message")).to_have_accessible_description(re.compile("Please fill this in."))
    expect(ann.page.get_by_label("Message")).to_be_focused()
    assert ann.calls("POST", "/requests") == 0


def tab_to(page: Page, test_id: str) -> None:
    """Presses the tabulator until the element has the focus."""
    for _ in range(100):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement?.dataset.testid") == test_id:
            return
    raise AssertionError(f"{test_id} cannot be reached with the keyboard")
