"""Submitting requests with the form, each of them exactly once."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, Playwright, expect

from local.stack.stack import Stack
from tests.e2e.api_client import ASSET_INPUT, ApiClient, form_values, new_uid, title_of, unique_message
from tests.e2e.browser import REQUEST_PATHS, ZONE, launch_chromium
from tests.e2e.conftest import OpenPage
from tests.e2e.network import Network
from tests.processes import wait_until

ENDED_WITHIN_MS = 30_000
FAILED_WITHIN_MS = 15_000  # the page tries three times
ANY_ORIGIN = {"Access-Control-Allow-Origin": "*"}


def test_an_asset_is_submitted_downloaded_and_copied_without_a_reload(stack: Stack, open_page: OpenPage) -> None:
    ann, message = open_page(permissions=["clipboard-read", "clipboard-write"]), unique_message()

    ann.fill_form(message)
    ann.page.get_by_role("button", name="Submit request").click()
    card = ann.cards(message)

    expect(card.get_by_test_id("status")).to_have_text("Completed", timeout=ENDED_WITHIN_MS)
    expect(ann.notification(f"Completed: {title_of(message)}")).to_be_visible()
    expect(card.get_by_test_id("preview-image")).to_have_class(re.compile("loaded"))
    assert card.get_by_test_id("preview-image").evaluate("(image) => image.naturalWidth") == 1080
    with ann.page.expect_download() as downloading:
        card.get_by_role("button", name="Download").click()
    with Image.open(BytesIO(Path(downloading.value.path()).read_bytes())) as image:
        assert (image.format, image.size) == ("PNG", (1080, 1080))
    assert downloading.value.suggested_filename.startswith("lakeside-dental-")
    card.get_by_role("button", name="Copy caption").click()
    expect(ann.notification("Caption copied.")).to_be_visible()
    [request] = ApiClient(stack.addresses, "ann").find_by_message(message)
    assert ann.page.evaluate("navigator.clipboard.readText()") == request["result"]["caption"]
    assert (ann.count_calls("GET", "/"), ann.count_calls("GET", REQUEST_PATHS)) == (1, 0)
    assert request["input"] == {**ASSET_INPUT, "channel": "social", "primary_message": message}


def test_an_asset_is_submitted_with_the_keyboard_alone(stack: Stack, open_page: OpenPage) -> None:
    ann, message = open_page(), unique_message()
    keyboard = ann.page.keyboard

    for test_id, text in form_values(message).items():
        tab_to(ann.page, test_id)
        keyboard.press("Control+A")
        keyboard.type(text)
    tab_to(ann.page, "submit")
    keyboard.press("Enter")

    card = ann.cards(message)
    expect(card.get_by_test_id("status")).to_have_text("Completed", timeout=ENDED_WITHIN_MS)
    tab_to(ann.page, "details")
    keyboard.press("Enter")
    expect(ann.page.get_by_role("dialog").get_by_role("heading", name=title_of(message))).to_be_visible()
    keyboard.press("Escape")
    expect(ann.page.get_by_role("dialog")).to_have_count(0)
    assert len(ApiClient(stack.addresses, "ann").find_by_message(message)) == 1


def test_a_double_click_submits_once(stack: Stack, open_page: OpenPage) -> None:
    ann, message = open_page(), unique_message()

    ann.fill_form(message)
    ann.page.get_by_test_id("submit").dblclick()

    card = ann.cards(message)
    expect(card.get_by_test_id("status")).to_have_text("Completed", timeout=ENDED_WITHIN_MS)
    expect(card).to_have_count(1)
    assert ann.count_calls("POST", "/requests") == 1
    assert len(ApiClient(stack.addresses, "ann").find_by_message(message)) == 1


def test_a_reload_before_the_answer_submits_once(stack: Stack, playwright: Playwright, open_page: OpenPage) -> None:
    api, message = ApiClient(stack.addresses, "ann"), unique_message()
    api_host = stack.addresses.api.removeprefix("http://")
    with Network(api_host) as network, launch_chromium(playwright, redirects={api_host: network.address}) as browser:
        ann = open_page(browser=browser)
        ann.fill_form(unique_message())
        ann.page.get_by_test_id("submit").click()  # the browser caches the CORS preflight
        expect(ann.page.get_by_test_id("submit")).to_have_text("Submit request")

        ann.fill_form(message)
        network.hold_answers()
        ann.page.get_by_test_id("submit").click()
        wait_until(lambda: len(api.find_by_message(message)) == 1)
        ann.page.reload()
        network.restore()

        expect(ann.notification("before the reload was submitted")).to_be_visible()
        card = ann.cards(message)
        expect(card.get_by_test_id("status")).to_have_text("Completed", timeout=ENDED_WITHIN_MS)
        expect(card).to_have_count(1)
        assert ann.count_calls("POST", "/requests") == 3
        assert len(api.find_by_message(message)) == 1


def test_three_copies_are_three_requests(stack: Stack, open_page: OpenPage) -> None:
    ann, message = open_page(), unique_message()

    ann.fill_form(message)
    ann.page.get_by_test_id("copies").fill("3")
    ann.page.get_by_role("button", name="Submit 3 requests").click()

    ready = ann.cards(message).and_(ann.page.locator("[data-status=completed]"))
    expect(ready).to_have_count(3, timeout=ENDED_WITHIN_MS)
    assert (ann.count_calls("POST", "/requests:batch"), ann.count_calls("POST", "/requests")) == (1, 0)
    assert len(ApiClient(stack.addresses, "ann").find_by_message(message)) == 3


def test_duplicating_a_request_leaves_the_original_unchanged(stack: Stack, open_page: OpenPage) -> None:
    uid, message, changed = new_uid(), unique_message(), unique_message()
    api = ApiClient(stack.addresses, uid)
    original = api.submit_asset(message, call_to_action="Book your visit")
    wait_until(lambda: api.get(original)["status"] == "completed")
    before, visitor = api.get(original), open_page(uid)

    visitor.card(original).get_by_role("button", name="Duplicate and edit").click()
    inputs = {name: visitor.page.get_by_test_id(f"field-{name}") for name in before["input"] if name != "channel"}
    for name, field in inputs.items():
        expect(field).to_have_value(before["input"][name])
    expect(inputs["primary_message"]).to_be_focused()
    inputs["primary_message"].fill(changed)
    visitor.page.get_by_role("button", name="Submit request").click()

    card = visitor.cards(changed)
    expect(card.get_by_test_id("status")).to_have_text("Completed", timeout=ENDED_WITHIN_MS)
    expect(visitor.page.get_by_test_id("request")).to_have_count(2)
    [duplicate] = api.find_by_message(changed)
    assert duplicate["input"] == {**before["input"], "primary_message": changed}
    assert api.get(original) == before


def test_a_request_duplicated_before_the_form_has_loaded_fills_it_later(stack: Stack, open_page: OpenPage) -> None:
    uid, message = new_uid(), unique_message()
    original = ApiClient(stack.addresses, uid).submit_asset(message)
    visitor = open_page(uid)
    visitor.page.route("**/types", lambda route: route.fulfill(status=503, headers=ANY_ORIGIN))
    visitor.open()
    expect(visitor.page.get_by_text("The form could not be loaded.")).to_be_visible(timeout=FAILED_WITHIN_MS)

    visitor.card(original).get_by_role("button", name="Duplicate and edit").click()
    visitor.page.unroute_all()
    visitor.context.set_offline(True)
    expect(visitor.page.get_by_test_id("banner")).to_be_visible()
    visitor.context.set_offline(False)

    expect(visitor.page.get_by_label("Message")).to_have_value(message, timeout=FAILED_WITHIN_MS)
    expect(visitor.page.get_by_label("Message")).to_be_focused()


def test_without_a_type_of_work_the_page_has_a_message_in_place_of_the_form(open_page: OpenPage) -> None:
    visitor = open_page(new_uid())
    visitor.page.route("**/types", lambda route: route.fulfill(json={"types": []}, headers=ANY_ORIGIN))

    visitor.open()

    expect(visitor.page.get_by_text("No new requests are accepted at present.")).to_be_visible()


def test_the_form_has_a_colour_picker_and_a_character_count(stack: Stack, open_page: OpenPage) -> None:
    ann, message = open_page(), unique_message()
    page, colour = ann.page, ann.page.get_by_label("Brand colour, as #RRGGBB")
    count, well = page.get_by_test_id("count-primary_message"), page.get_by_label("Choose any colour")
    ann.fill_form("")
    expect(count).to_have_text("0/ of 400")

    page.get_by_label("Message").fill("é" * 400 + "!")
    expect(count).to_have_text("401/ of 400")
    expect(count).to_have_class(re.compile("over"))
    ann.fill_form(message)
    expect(count).to_have_text(f"{len(message)}/ of 400")
    expect(count).not_to_have_class(re.compile("over"))

    well.fill("#abcdef")
    expect(colour).to_have_value("#ABCDEF")
    swatch = page.get_by_role("group", name="Brand colour").get_by_role("button").last
    swatch.click()
    expect(swatch).to_have_attribute("aria-pressed", "true")
    chosen = colour.input_value()
    expect(well).to_have_value(chosen.lower())
    page.get_by_test_id("submit").click()

    expect(ann.cards(message).get_by_test_id("status")).to_have_text("Completed", timeout=ENDED_WITHIN_MS)
    [request] = ApiClient(stack.addresses, "ann").find_by_message(message)
    assert request["input"]["brand_color"] == chosen
    assert chosen not in {"#ABCDEF", ASSET_INPUT["brand_color"]}


def test_a_scheduled_request_waits_for_its_time_and_can_be_cancelled(stack: Stack, open_page: OpenPage) -> None:
    uid, message = new_uid(), unique_message()
    api, visitor = ApiClient(stack.addresses, uid), open_page(uid)
    at = (datetime.now(ZONE) + timedelta(days=9)).replace(hour=9, minute=30, second=0, microsecond=0)

    visitor.fill_form(message)
    visitor.page.get_by_label("Schedule for later").check()
    visitor.page.get_by_label("Date and time").fill(at.strftime("%Y-%m-%dT%H:%M"))
    with visitor.page.expect_request(f"{stack.addresses.api}/requests") as submission:
        visitor.page.get_by_role("button", name="Schedule request").click()
    card = visitor.cards(message)

    expect(card.get_by_test_id("status")).to_have_text("Scheduled")
    expect(card.get_by_test_id("time")).to_have_text(re.compile(rf"^for \w+,? {at.day} \w+, 09:30$"))
    [request] = api.find_by_message(message)
    assert (submission.value.post_data_json or {})["run_at"] == at.isoformat()
    assert datetime.fromisoformat(request["run_at"]) == at
    card.get_by_role("button", name="Cancel").click()
    expect(card.get_by_test_id("status")).to_have_text("Cancelled")
    assert api.get(request["id"])["status"] == "cancelled"


def test_choosing_a_type_keeps_the_draft_of_another_tab(open_page: OpenPage) -> None:
    first = open_page(new_uid())
    second = replace(first, page=first.context.new_page())
    second.open()

    second.page.get_by_test_id("type-diagnostic").check()
    second.page.get_by_test_id("field-steps").fill("7")
    first.page.get_by_test_id("type-diagnostic").check()

    expect(first.page.get_by_test_id("field-steps")).to_have_value("7")
    second.open()
    second.page.get_by_test_id("type-diagnostic").check()
    expect(second.page.get_by_test_id("field-steps")).to_have_value("7")


def test_an_error_of_the_api_is_shown_at_its_field(stack: Stack, open_page: OpenPage) -> None:
    ann, undrawable = open_page(), "Open on Saturdays \u6f22."

    ann.fill_form(undrawable)
    ann.page.get_by_role("button", name="Submit request").click()

    field = ann.page.get_by_label("Message")
    expect(field).to_have_accessible_description(re.compile("U\\+6F22"))
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    assert ApiClient(stack.addresses, "ann").find_by_message(undrawable) == []


def test_a_missing_value_is_shown_at_its_field_without_a_call(open_page: OpenPage) -> None:
    ann = open_page()

    ann.fill_form("")
    ann.page.get_by_role("button", name="Submit request").click()

    expect(ann.page.get_by_label("Message")).to_have_accessible_description(re.compile("Please fill this in."))
    expect(ann.page.get_by_label("Message")).to_be_focused()
    assert ann.count_calls("POST", "/requests") == 0


def tab_to(page: Page, test_id: str) -> None:
    """Presses Tab until the element has the focus."""
    for _ in range(100):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement?.dataset.testid") == test_id:
            return
    raise AssertionError(f"{test_id} cannot be reached with the keyboard")
