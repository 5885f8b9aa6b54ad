"""The page is of use to everybody: axe finds nothing serious in any of its states; and it keeps to its policy."""

import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it ships no types
from playwright.sync_api import ConsoleMessage, Page, Playwright, ViewportSize, expect

from local.stack.stack import Stack
from tests.e2e.browser import REFUSED, Visitor, launched, visiting
from tests.e2e.conftest import Arrive
from tests.e2e.network import Network
from tests.e2e.scenes import DENTIST, DERMATOLOGIST, OPTICIAN, PAEDIATRICIAN, PHYSIOTHERAPIST, Scenery

MINUTE = timedelta(minutes=1)
PAST = "2026-01-01T09:00"
PHONE = ViewportSize(width=390, height=844)
FOUND_WITHIN_MS = 20_000
STATES = ("empty", "errors", "list", "queued", "processing", "completed", "failed", "cancelled")
FORBIDS_STORAGE = """
Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('Access is denied', 'SecurityError') } })
"""
SCRIPT_WITHIN = """
document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.ran = true' }))
"""


@pytest.fixture(scope="module")
def scenery(stack: Stack, database: str) -> None:
    """Requests of Ben in every state. Cleo has none."""
    scenery = Scenery(stack.addresses, database, "ben")
    scenery.completed(OPTICIAN, ago=9 * MINUTE)
    scenery.failed(DENTIST, ago=5 * MINUTE, message="The image could not be drawn.")
    scenery.cancelled(DERMATOLOGIST, ago=4 * MINUTE)
    scenery.retrying(PAEDIATRICIAN, percent=40, message="Drawing the image", failure="The storage did not answer.")
    scenery.scheduled(PHYSIOTHERAPIST, later=timedelta(days=1))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(stack: Stack, arrive: Arrive, scenery: None, scheme: str) -> None:
    visitor = arrive(color_scheme=scheme, reduced_motion="reduce")
    page, found = visitor.page, {}

    visitor.become("cleo")
    expect(page.get_by_test_id("empty")).to_be_visible()
    found["empty"] = serious(page)
    page.get_by_test_id("field-brand_color").fill("green")
    page.get_by_test_id("later").check()
    page.get_by_test_id("run-at").fill(PAST)
    page.get_by_test_id("send").click()
    for name in ("primary_message", "brand_color", "run_at"):
        expect(page.get_by_test_id(f"error-{name}")).to_be_visible()
    found["errors"] = serious(page)
    visitor.become("ben")
    expect(page.get_by_test_id("preview-image")).to_be_visible()
    found["list"] = serious(page)
    for status in STATES[3:]:
        page.locator(f"[data-testid=request][data-status={status}]").get_by_test_id("details").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        found[status] = serious(page)
        page.keyboard.press("Escape")

    assert found == {state: [] for state in STATES}


def test_on_a_phone_axe_finds_nothing_serious_and_nothing_sticks_out(arrive: Arrive, scenery: None) -> None:
    visitor = arrive(viewport=PHONE, is_mobile=True, has_touch=True, reduced_motion="reduce")

    visitor.become("ben")
    expect(visitor.page.get_by_test_id("request")).to_have_count(5)

    assert serious(visitor.page) == []
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_on_a_phone_the_form_is_folded_only_if_there_are_requests(
    stack: Stack, playwright: Playwright, scenery: None
) -> None:
    firestore = stack.addresses.firestore
    with Network(firestore) as network, launched(playwright, instead={firestore: network.address}) as browser:
        for person, found, folded in (("ben", "list", True), ("cleo", "empty", False)):
            with visiting(browser, str(stack.addresses.page), viewport=PHONE) as visitor:
                page, form = visitor.page, visitor.page.get_by_test_id("ask-form")
                page.add_init_script(f"localStorage.setItem('person', '{person}')")
                network.hold_answers()
                page.goto(visitor.url)
                expect(form).to_be_attached()  # so it is known what can be asked for, but not yet what was asked
                expect(form).to_be_hidden()

                network.mend()
                expect(page.get_by_test_id(found)).to_be_visible(timeout=FOUND_WITHIN_MS)

                expect(form).to_be_visible(visible=not folded)


def test_what_is_wrong_with_a_choice_or_a_colour_is_told_there(arrive: Arrive) -> None:
    ann = arrive()
    page = with_draft(ann, {**DENTIST, "channel": "fax", "brand_color": "green"})
    channel, colour = page.get_by_role("radiogroup", name="Channel"), page.get_by_label("Brand colour, as #RRGGBB")
    expect(channel).to_have_accessible_description(re.compile(r"^Where it will be shown"))
    expect(colour).to_have_accessible_description(re.compile(r"^Colour of the image"))

    page.get_by_test_id("send").click()

    expect(page.get_by_test_id("choice-social")).to_be_focused()
    expect(channel).to_have_accessible_description(re.compile(r"^Please choose one of these\. Where it will be shown"))
    expect(channel).to_have_attribute("aria-invalid", "true")
    page.keyboard.press("Space")
    expect(channel).to_have_attribute("aria-invalid", "false")
    page.get_by_test_id("send").click()
    expect(colour).to_be_focused()
    expect(colour).to_have_accessible_description(
        re.compile(r"^A colour is written like #1F5C63\. Colour of the image")
    )
    assert ann.calls("POST", "/requests") == 0


def test_a_time_that_has_passed_is_told_there_until_it_is_changed(arrive: Arrive) -> None:
    ann = arrive()
    page = with_draft(ann, DENTIST)
    page.get_by_test_id("later").check()
    moment = page.get_by_label("Date and time")
    hence = datetime.fromisoformat(moment.input_value()) - datetime.fromisoformat(str(moment.get_attribute("min")))
    assert timedelta(hours=1) <= hence <= timedelta(hours=2)

    moment.fill(PAST)
    page.get_by_test_id("send").click()

    expect(moment).to_be_focused()
    expect(moment).to_have_accessible_description("This time has passed. Please choose a later one.")
    moment.fill("2099-01-01T09:00")
    expect(moment).to_have_accessible_description("")
    assert ann.calls("POST", "/requests") == 0


def test_what_the_api_refuses_is_told_until_that_is_changed(arrive: Arrive) -> None:
    page = with_draft(arrive(), {**DENTIST, "primary_message": "Open on Saturdays \u6f22."})
    page.get_by_test_id("send").click()
    error = page.get_by_test_id("error-primary_message")
    expect(error).to_contain_text("U+6F22")

    page.get_by_test_id("field-doctor_name").fill("Dr. Ann Weber-Jones")
    expect(error).to_contain_text("U+6F22")

    page.get_by_test_id("field-primary_message").fill("")
    expect(error).to_have_text("Please fill this in.")
    page.get_by_test_id("field-primary_message").fill("Open on Saturdays.")
    expect(error).to_have_count(0)


@pytest.mark.parametrize("height", [560, 800])
def test_the_time_to_choose_is_not_under_the_button(arrive: Arrive, height: int) -> None:
    page = arrive(viewport=ViewportSize(width=1280, height=height)).page

    page.get_by_test_id("later").check()

    moment, button = page.get_by_test_id("run-at").bounding_box(), page.get_by_test_id("send").bounding_box()
    assert moment is not None
    assert button is not None
    assert moment["y"] + moment["height"] < button["y"]


def test_the_details_name_a_choice_as_the_form_does(arrive: Arrive, scenery: None) -> None:
    visitor = arrive()
    visitor.become("ben")
    page = visitor.page
    expect(page.get_by_role("radiogroup", name="Channel").get_by_role("radio", name="Social post")).to_be_checked()

    page.locator("[data-status=completed]").get_by_test_id("details").click()

    given = page.get_by_role("dialog").locator(".given div").filter(has_text="Channel")
    expect(given).to_have_text("ChannelSocial post")


def test_whose_browser_keeps_nothing_is_told_what_to_allow(stack: Stack, playwright: Playwright) -> None:
    with launched(playwright) as browser, visiting(browser, str(stack.addresses.page)) as visitor:
        visitor.page.add_init_script(FORBIDS_STORAGE)

        visitor.page.goto(visitor.url)

        expect(visitor.page.locator("#app")).to_contain_text("Allow cookies and site data, then reload it.")


def test_the_policy_refuses_other_hosts_and_scripts_within_the_page(arrive: Arrive) -> None:
    ann = arrive()

    with ann.page.expect_console_message(is_refusal) as of_a_call:
        ann.page.evaluate("fetch('http://127.0.0.1:1/').catch(() => {})")
    with ann.page.expect_console_message(is_refusal) as of_a_script:
        ann.page.evaluate(SCRIPT_WITHIN)

    assert of_a_call.value.text.startswith(f"{REFUSED} connect-src http://127.0.0.1:1/")
    assert of_a_script.value.text.startswith(f"{REFUSED} script-src-elem inline")
    assert ann.page.evaluate("window.ran") is None
    assert len(ann.complaints) >= 2
    ann.complaints.clear()


def with_draft(visitor: Visitor, draft: dict[str, str]) -> Page:
    """The page with what Ann has typed some time ago."""
    visitor.page.evaluate("(draft) => localStorage.setItem('draft:ann', draft)", json.dumps({"medical_asset": draft}))
    visitor.open()
    return visitor.page


def is_refusal(message: ConsoleMessage) -> bool:
    return message.text.startswith(REFUSED)


def serious(page: Page) -> list[str]:
    """What axe finds that shuts people out: the rule, and where."""
    violations: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in violations
        if violation["impact"] in {"serious", "critical"}
        for node in violation["nodes"]
    ]
