"""The pictures of requests: what becomes of one that cannot be had, and what a press on one does."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from local.stack.stack import Stack
from tests.e2e.asking import Asking, stranger, title, unheard
from tests.e2e.conftest import Arrive

WITHIN_MS = 30_000
ASSETS = re.compile(r"/assets/[^/]+\.png$")  # asked of the API for their URLs


@pytest.mark.parametrize("by", ["connection", "press"])
def test_a_picture_that_could_not_be_had_is_asked_for_again(stack: Stack, arrive: Arrive, by: str) -> None:
    somebody = stranger()
    visitor = arrive(somebody)
    visitor.page.route(ASSETS, lambda route: route.fulfill(status=503, headers={"Access-Control-Allow-Origin": "*"}))
    card = visitor.card(Asking(stack.addresses, somebody).asset(unheard()))
    expect(card.get_by_text("No preview")).to_be_visible(timeout=WITHIN_MS)

    visitor.page.unroute_all()
    if by == "press":
        card.get_by_test_id("preview").click()
        visitor.page.keyboard.press("Escape")
    else:
        visitor.context.set_offline(True)
        expect(visitor.page.get_by_test_id("banner")).to_be_visible()
        visitor.context.set_offline(False)

    expect(card.get_by_test_id("preview-image")).to_have_class("loaded", timeout=WITHIN_MS)
    expect(card.get_by_text("No preview")).to_have_count(0)


def test_a_picture_leads_to_the_details_and_from_there_to_itself(stack: Stack, arrive: Arrive) -> None:
    somebody, message = stranger(), unheard()
    Asking(stack.addresses, somebody).asset(message)
    visitor = arrive(somebody)
    expect(visitor.cards(message)).to_have_attribute("data-status", "completed", timeout=WITHIN_MS)

    visitor.page.get_by_role("button", name=f"Details of: {title(message)}").click()
    with visitor.context.expect_page() as opening:
        visitor.page.get_by_role("dialog").get_by_role("button", name="Open the picture in a new tab").click()

    opening.value.wait_for_url(re.compile(r"\.png(\?|$)"))


def test_what_has_no_picture_yet_cannot_be_pressed_for_it(stack: Stack, arrive: Arrive) -> None:
    somebody, message = stranger(), unheard()
    Asking(stack.addresses, somebody).asset(message, run_at=datetime.now(UTC) + timedelta(hours=1))
    visitor = arrive(somebody)

    visitor.cards(message).get_by_test_id("details").click()

    dialog = visitor.page.get_by_role("dialog")
    expect(dialog.get_by_test_id("preview")).to_be_visible()
    names = dialog.get_by_role("button").evaluate_all("(all) => all.map((each) => each.ariaLabel ?? each.innerText)")
    assert names == ["Close", "Cancel", "Ask again with changes"]
