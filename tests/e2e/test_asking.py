"""How people ask, and that they never ask for more than they meant."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, Playwright, expect

from local.stack.stack import Stack
from tests.e2e.asking import GIVEN, Asking, fields, stranger, title, unheard
from tests.e2e.browser import REQUESTS, ZONE, launched
from tests.e2e.conftest import Arrive
from tests.e2e.network import Network
from tests.processes import wait_until

ENDED_WITHIN_MS = 30_000
GIVEN_UP_MS = 15_000  # the page tries three times
ANY_ORIGIN = {"Access-Control-Allow-Origin": "*"}


def test_an_asset_is_asked_for_and_used_without_a_reload(stack: Stack, arrive: Arrive) -> None:
    ann, message = arrive(permissions=["clipboard-read", "clipboard-write"]), unheard()

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
    card.get_by_role("button", name="Copy caption").click()
    expect(ann.toast("The caption is copied.")).to_be_visible()
    [request] = Asking(stack.addresses, "ann").saying(message)
    assert ann.page.evaluate("navigator.clipboard.readText()") == request["result"]["caption"]
    assert (ann.calls("GET", "/"), ann.calls("GET", REQUESTS)) == (1, 0)
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
    assert ann.calls("POST", "/requests") == 1
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
        wait_until(lambda: len(asking.saying(message)) == 1)
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
    assert (ann.calls("POST", "/requests:batch"), ann.calls("POST", "/requests")) == (1, 0)
    assert len(Asking(stack.addresses, "ann").saying(message)) == 3


def test_asking_again_with_changes_leaves_the_earlier_request_as_it_was(stack: Stack, arrive: Arrive) -> None:
    somebody, message, changed = stranger(), unheard(), unheard()
    asking = Asking(stack.addresses, somebody)
    earlier = asking.asset(message, call_to_action="Book your visit")
    wait_until(lambda: asking.request(earlier)["status"] == "completed")
    before, visitor = asking.request(earlier), arrive(somebody)

    visitor.card(earlier).get_by_role("button", name="Ask again with changes").click()
    filled = {name: visitor.page.get_by_test_id(f"field-{name}") for name in before["input"] if name != "channel"}
    for name, field in filled.items():
        expect(field).to_have_value(before["input"][name])
    expect(filled["primary_message"]).to_be_focused()
    filled["primary_message"].fill(changed)
    visitor.page.get_by_role("button", name="Send request").click()

    card = visitor.cards(changed)
    expect(card.get_by_test_id("status")).to_have_text("Ready", timeout=ENDED_WITHIN_MS)
    expect(visitor.page.get_by_test_id("request")).to_have_count(2)
    [later] = asking.saying(changed)
    assert later["input"] == {**before["input"], "primary_message": changed}
    assert asking.request(earlier) == before


def test_what_is_asked_again_before_the_form_is_there_is_in_it_once_it_is(stack: Stack, arrive: Arrive) -> None:
    somebody, message = stranger(), unheard()
    earlier = Asking(stack.addresses, somebody).asset(message)
    visitor = arrive(somebody)
    visitor.page.route("**/types", lambda route: route.fulfill(status=503, headers=ANY_ORIGIN))
    visitor.open()
    expect(visitor.page.get_by_text("What can be asked for could not be loaded.")).to_be_visible(timeout=GIVEN_UP_MS)

    visitor.card(earlier).get_by_role("button", name="Ask again with changes").click()
    visitor.page.unroute_all()
    visitor.context.set_offline(True)
    expect(visitor.page.get_by_test_id("banner")).to_be_visible()
    visitor.context.set_offline(False)

    expect(visitor.page.get_by_label("Message")).to_have_value(message, timeout=GIVEN_UP_MS)
    expect(visitor.page.get_by_label("Message")).to_be_focused()


def test_a_colour_is_chosen_and_the_length_of_the_message_told(stack: Stack, arrive: Arrive) -> None:
    ann, message = arrive(), unheard()
    page, colour = ann.page, ann.page.get_by_label("Brand colour, as #RRGGBB")
    count, well = page.get_by_test_id("count-primary_message"), page.get_by_label("Choose any colour")
    ann.fill("")
    expect(count).to_have_text("0/ of 400")

    page.get_by_label("Message").fill("é" * 400 + "!")
    expect(count).to_have_text("401/ of 400")
    expect(count).to_have_class(re.compile("over"))
    ann.fill(message)
    expect(count).to_have_text(f"{len(message)}/ of 400")
    expect(count).not_to_have_class(re.compile("over"))

    well.fill("#abcdef")
    expect(colour).to_have_value("#ABCDEF")
    swatch = page.get_by_role("group", name="Brand colour").get_by_role("button").last
    swatch.click()
    expect(swatch).to_have_attribute("aria-pressed", "true")
    chosen = colour.input_value()
    expect(well).to_have_value(chosen.lower())
    page.get_by_test_id("send").click()

    expect(ann.cards(message).get_by_test_id("status")).to_have_text("Ready", timeout=ENDED_WITHIN_MS)
    [request] = Asking(stack.addresses, "ann").saying(message)
    assert request["input"]["brand_color"] == chosen
    assert chosen not in {"#ABCDEF", GIVEN["brand_color"]}


def test_what_is_put_off_waits_for_its_time_and_can_still_be_cancelled(stack: Stack, arrive: Arrive) -> None:
    somebody, message = stranger(), unheard()
    asking, visitor = Asking(stack.addresses, somebody), arrive(somebody)
    at = (datetime.now(ZONE) + timedelta(days=9)).replace(hour=9, minute=30, second=0, microsecond=0)

    visitor.fill(message)
    visitor.page.get_by_label("Make it later").check()
    visitor.page.get_by_label("Date and time").fill(at.strftime("%Y-%m-%dT%H:%M"))
    with visitor.page.expect_request(f"{stack.addresses.api}/requests") as asked:
        visitor.page.get_by_role("button", name="Schedule request").click()
    card = visitor.cards(message)

    expect(card.get_by_test_id("status")).to_have_text("Scheduled")
    expect(card.get_by_test_id("time")).to_have_text(re.compile(rf"^for \w+,? {at.day} \w+, 09:30$"))
    [request] = asking.saying(message)
    assert (asked.value.post_data_json or {})["run_at"] == at.isoformat()
    assert datetime.fromisoformat(request["run_at"]) == at
    card.get_by_role("button", name="Cancel").click()
    expect(card.get_by_test_id("status")).to_have_text("Cancelled")
    assert asking.request(request["id"])["status"] == "cancelled"


def test_looking_at_a_type_leaves_what_another_tab_has_typed_for_it(arrive: Arrive) -> None:
    first = arrive(stranger())
    second = replace(first, page=first.context.new_page())
    second.open()

    second.page.get_by_test_id("type-diagnostic").check()
    second.page.get_by_test_id("field-steps").fill("7")
    first.page.get_by_test_id("type-diagnostic").check()

    expect(first.page.get_by_test_id("field-steps")).to_have_value("7")
    second.open()
    second.page.get_by_test_id("type-diagnostic").check()
    expect(second.page.get_by_test_id("field-steps")).to_have_value("7")


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
