"""The page is of use to everybody: axe finds nothing serious in any of its states; and it keeps to its policy."""

from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it ships no types
from playwright.sync_api import ConsoleMessage, Page, ViewportSize, expect

from local.stack import Stack
from tests.e2e.browser import REFUSED
from tests.e2e.conftest import Arrive
from tests.e2e.scenes import DENTIST, OPTICIAN, PAEDIATRICIAN, Scenery

MINUTE = timedelta(minutes=1)
PHONE = ViewportSize(width=390, height=844)
STATES = ("empty", "errors", "list", "processing", "failed", "completed")
SCRIPT_WITHIN = """
document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.ran = true' }))
"""


@pytest.fixture(scope="module")
def scenery(stack: Stack, database: str) -> None:
    """Requests of Ben in every state. Cleo has none."""
    scenery = Scenery(stack.addresses, database, "ben")
    scenery.completed(OPTICIAN, ago=9 * MINUTE)
    scenery.failed(DENTIST, ago=5 * MINUTE, message="The image could not be drawn.")
    scenery.running(PAEDIATRICIAN, percent=40, message="Drawing the image")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(stack: Stack, arrive: Arrive, scenery: None, scheme: str) -> None:
    visitor = arrive(color_scheme=scheme, reduced_motion="reduce")
    page, found = visitor.page, {}

    visitor.become("cleo")
    expect(page.get_by_test_id("empty")).to_be_visible()
    found["empty"] = serious(page)
    page.get_by_test_id("send").click()
    expect(page.get_by_test_id("error-primary_message")).to_be_visible()
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
    expect(visitor.page.get_by_test_id("request")).to_have_count(3)

    assert serious(visitor.page) == []
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_the_details_name_a_choice_as_the_form_does(arrive: Arrive, scenery: None) -> None:
    visitor = arrive()
    visitor.become("ben")
    page = visitor.page
    expect(page.get_by_role("radiogroup", name="Channel").get_by_role("radio", name="Social post")).to_be_checked()

    page.locator("[data-status=completed]").get_by_test_id("details").click()

    given = page.get_by_role("dialog").locator(".given div").filter(has_text="Channel")
    expect(given).to_have_text("ChannelSocial post")


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
