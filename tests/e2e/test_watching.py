"""What people see of their requests while those move, without doing anything."""

from playwright.sync_api import Playwright, expect

from local.stack import Stack
from tests.e2e.asking import Asking
from tests.e2e.browser import REQUESTS, launched
from tests.e2e.conftest import Arrive
from tests.e2e.network import Network
from tests.processes import until

OUTAGE_SECONDS = 60
CAUGHT_UP_WITHIN_MS = 60_000
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


def test_who_is_offline_is_told_so_until_the_list_is_live_again(arrive: Arrive) -> None:
    ann = arrive()

    ann.context.set_offline(True)
    expect(ann.page.get_by_test_id("banner")).to_contain_text("You are offline.")
    ann.context.set_offline(False)

    expect(ann.page.get_by_test_id("banner")).to_have_count(0)
    expect(ann.page.get_by_test_id("connection")).to_have_text("Live", timeout=CAUGHT_UP_WITHIN_MS)


def test_a_list_survives_a_minute_without_network(stack: Stack, playwright: Playwright, arrive: Arrive) -> None:
    asking, api = Asking(stack.addresses, "ann"), stack.addresses.api.removeprefix("http://")
    with Network(api) as to_api, Network(stack.addresses.firestore) as to_firestore:
        networks = (to_api, to_firestore)
        instead = {api: to_api.address, stack.addresses.firestore: to_firestore.address}
        with launched(playwright, instead=instead) as browser:
            ann = arrive(within=browser)
            before = asking.diagnostic(sleep_seconds=4)
            expect(ann.card(before)).to_have_attribute("data-status", "processing", timeout=ENDED_WITHIN_MS)

            for network in networks:
                network.cut()
            during = asking.diagnostic()
            until(lambda: asking.request(before)["status"] == "completed")
            ann.page.wait_for_timeout(OUTAGE_SECONDS * 1000)
            expect(ann.card(before)).to_have_attribute("data-status", "processing")
            expect(ann.card(during)).to_have_count(0)
            for network in networks:
                network.mend()

            for request_id in (before, during):
                expect(ann.card(request_id)).to_have_attribute("data-status", "completed", timeout=CAUGHT_UP_WITHIN_MS)
            expect(ann.page.get_by_test_id("connection")).to_have_text("Live", timeout=CAUGHT_UP_WITHIN_MS)
            after = asking.diagnostic()
            expect(ann.card(after)).to_have_attribute("data-status", "completed", timeout=ENDED_WITHIN_MS)
            assert ann.calls("GET", "/") == 1
