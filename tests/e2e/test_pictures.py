"""The pictures of requests: loading failures, and clicks on them."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from local.stack.stack import Stack
from tests.e2e.api_client import ApiClient, new_uid, title_of, unique_message
from tests.e2e.conftest import OpenPage

WITHIN_MS = 30_000
ASSET_URLS = re.compile(r"/assets/[^/]+\.png$")  # the calls of the API for signed URLs


@pytest.mark.parametrize("cause", ["reconnect", "click"])
def test_a_picture_that_failed_to_load_is_requested_again(stack: Stack, open_page: OpenPage, cause: str) -> None:
    uid = new_uid()
    visitor = open_page(uid)
    visitor.page.route(
        ASSET_URLS, lambda route: route.fulfill(status=503, headers={"Access-Control-Allow-Origin": "*"})
    )
    card = visitor.card(ApiClient(stack.addresses, uid).submit_asset(unique_message()))
    expect(card.get_by_text("No preview")).to_be_visible(timeout=WITHIN_MS)

    visitor.page.unroute_all()
    if cause == "click":
        card.get_by_test_id("preview").click()
        visitor.page.keyboard.press("Escape")
    else:
        visitor.context.set_offline(True)
        expect(visitor.page.get_by_test_id("banner")).to_be_visible()
        visitor.context.set_offline(False)

    expect(card.get_by_test_id("preview-image")).to_have_class("loaded", timeout=WITHIN_MS)
    expect(card.get_by_text("No preview")).to_have_count(0)


def test_a_picture_opens_the_details_and_from_there_the_file(stack: Stack, open_page: OpenPage) -> None:
    uid, message = new_uid(), unique_message()
    ApiClient(stack.addresses, uid).submit_asset(message)
    visitor = open_page(uid)
    expect(visitor.cards(message)).to_have_attribute("data-status", "completed", timeout=WITHIN_MS)

    visitor.page.get_by_role("button", name=f"Details: {title_of(message)}").click()
    with visitor.context.expect_page() as opening:
        visitor.page.get_by_role("dialog").get_by_role("button", name="Open the picture in a new tab").click()

    opening.value.wait_for_url(re.compile(r"\.png(\?|$)"))


def test_the_preview_of_an_unfinished_request_is_not_a_button(stack: Stack, open_page: OpenPage) -> None:
    uid, message = new_uid(), unique_message()
    ApiClient(stack.addresses, uid).submit_asset(message, run_at=datetime.now(UTC) + timedelta(hours=1))
    visitor = open_page(uid)

    visitor.cards(message).get_by_test_id("details").click()

    dialog = visitor.page.get_by_role("dialog")
    expect(dialog.get_by_test_id("preview")).to_be_visible()
    names = dialog.get_by_role("button").evaluate_all("(all) => all.map((each) => each.ariaLabel ?? each.innerText)")
    assert names == ["Close", "Cancel", "Duplicate and edit"]
