"""What people see of their requests while those move, without doing anything."""

from playwright.sync_api import expect

from local.stack import Stack
from tests.e2e.asking import Asking
from tests.e2e.browser import REQUESTS
from tests.e2e.conftest import Arrive

ENDED_WITHIN_MS = 20_000


def test_a_retry_is_seen_as_it_happens_with_the_error_before_it(stack: Stack, arrive: Arrive) -> None:
    ann = arrive()

    card = ann.card(Asking(stack.addresses, "ann").diagnostic(sleep_seconds=3, steps=6, fail_times=1))

    expect(card.get_by_test_id("failure")).to_have_text(
        "Attempt 1 failed: Told to fail in the first 1 attempts.", timeout=ENDED_WITHIN_MS
    )
    expect(card).to_have_attribute("data-status", "processing", timeout=ENDED_WITHIN_MS)
    expect(card.get_by_test_id("attempt")).to_have_text("Attempt 2 of 3")
    expect(card.get_by_role("progressbar")).to_be_visible()
    expect(card).to_have_attribute("data-status", "completed", timeout=ENDED_WITHIN_MS)
    assert (ann.calls("GET", "/"), ann.calls("GET", REQUESTS)) == (1, 0)


def test_what_is_cancelled_is_seen_to_stop(stack: Stack, arrive: Arrive) -> None:
    ann, asking = arrive(), Asking(stack.addresses, "ann")
    request_id = asking.diagnostic(sleep_seconds=60, steps=60)
    card = ann.card(request_id)
    expect(card).to_have_attribute("data-status", "processing", timeout=ENDED_WITHIN_MS)

    card.get_by_role("button", name="Cancel").click()

    expect(card.get_by_test_id("status")).to_have_text("Cancelled")
    assert asking.request(request_id)["status"] == "cancelled"


def test_two_people_never_see_each_others_requests(stack: Stack, arrive: Arrive) -> None:
    ann, ben = arrive(), arrive()
    ben.become("ben")

    of_ann = Asking(stack.addresses, "ann").diagnostic(sleep_seconds=1)
    of_ben = Asking(stack.addresses, "ben").diagnostic(sleep_seconds=1)

    for visitor, own, other in ((ann, of_ann, of_ben), (ben, of_ben, of_ann)):
        expect(visitor.card(own)).to_have_attribute("data-status", "completed", timeout=ENDED_WITHIN_MS)
        expect(visitor.card(other)).to_have_count(0)
