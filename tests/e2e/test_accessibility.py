"""axe finds no serious violation in any state of the page, on a desktop and on a phone."""

from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it ships no types
from playwright.sync_api import Page, Playwright, ViewportSize, expect

from local.stack.stack import Stack
from tests.e2e.api_client import new_uid
from tests.e2e.browser import launch_chromium, new_visitor
from tests.e2e.conftest import OpenPage
from tests.e2e.network import Network
from tests.e2e.sample_requests import DENTIST, DERMATOLOGIST, OPTICIAN, PAEDIATRICIAN, PHYSIOTHERAPIST, SampleRequests

MINUTE = timedelta(minutes=1)
PHONE = ViewportSize(width=390, height=844)
SHOWN_WITHIN_MS = 20_000
STATUSES = ("queued", "processing", "completed", "failed", "cancelled")


@pytest.fixture(scope="module")
def busy_uid(stack: Stack, database: str) -> str:
    """A user who has one request of each status."""
    uid = new_uid()
    requests = SampleRequests(stack.addresses, database, uid)
    requests.add_completed(OPTICIAN, ago=9 * MINUTE)
    requests.add_failed(DENTIST, ago=5 * MINUTE, message="The image could not be drawn.")
    requests.add_cancelled(DERMATOLOGIST, ago=4 * MINUTE)
    requests.add_retrying(PAEDIATRICIAN, percent=40, message="Drawing the image", failure="The storage did not answer.")
    requests.add_scheduled(PHYSIOTHERAPIST, after=timedelta(days=1))
    return uid


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_empty_list_and_a_form_with_errors_have_no_serious_violation(open_page: OpenPage, scheme: str) -> None:
    page = open_page(new_uid(), color_scheme=scheme, reduced_motion="reduce").page

    expect(page.get_by_test_id("empty")).to_be_visible()
    empty = find_violations(page)
    page.get_by_test_id("field-brand_color").fill("green")
    page.get_by_test_id("schedule").check()
    page.get_by_test_id("run-at").fill("2026-01-01T09:00")
    page.get_by_test_id("submit").click()
    for name in ("primary_message", "brand_color", "run_at"):
        expect(page.get_by_test_id(f"error-{name}")).to_be_visible()

    assert (empty, find_violations(page)) == ([], [])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_requests_of_each_status_and_their_details_have_no_serious_violation(
    open_page: OpenPage, busy_uid: str, scheme: str
) -> None:
    page = open_page(busy_uid, color_scheme=scheme, reduced_motion="reduce").page

    expect(page.get_by_test_id("preview-image")).to_be_visible()
    found = {"list": find_violations(page)}
    for status in STATUSES:
        page.locator(f"[data-testid=request][data-status={status}]").get_by_test_id("details").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        found[status] = find_violations(page)
        page.keyboard.press("Escape")

    assert found == {state: [] for state in ("list", *STATUSES)}


def test_on_a_phone_there_is_no_serious_violation_and_nothing_overflows(open_page: OpenPage, busy_uid: str) -> None:
    page = open_page(busy_uid, viewport=PHONE, is_mobile=True, has_touch=True, reduced_motion="reduce").page

    expect(page.get_by_test_id("request")).to_have_count(len(STATUSES))

    assert find_violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_on_a_phone_the_form_is_folded_only_if_there_are_requests(
    stack: Stack, playwright: Playwright, busy_uid: str
) -> None:
    firestore = stack.addresses.firestore
    with Network(firestore) as network, launch_chromium(playwright, redirects={firestore: network.address}) as browser:
        for uid, shown, is_folded in ((busy_uid, "list", True), (new_uid(), "empty", False)):
            with new_visitor(browser, str(stack.addresses.page), uid, viewport=PHONE) as visitor:
                page, form = visitor.page, visitor.page.get_by_test_id("request-form")
                network.hold_answers()
                page.goto(visitor.url)
                expect(form).to_be_attached()  # the types of work are loaded, but not the requests
                expect(form).to_be_hidden()

                network.restore()
                expect(page.get_by_test_id(shown)).to_be_visible(timeout=SHOWN_WITHIN_MS)

                expect(form).to_be_visible(visible=not is_folded)


def find_violations(page: Page) -> list[str]:
    """The rule and the place of each violation that axe considers serious or critical."""
    violations: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in violations
        if violation["impact"] in {"serious", "critical"}
        for node in violation["nodes"]
    ]
