"""What the page makes of a network that fails. The long story comes first, so that the others run beside it."""

from playwright.sync_api import Playwright, expect

from local.stack import Stack
from tests.e2e.asking import Asking
from tests.e2e.browser import launched
from tests.e2e.conftest import Arrive
from tests.e2e.network import Network
from tests.processes import until

OUTAGE_SECONDS = 60
CAUGHT_UP_WITHIN_MS = 60_000
ENDED_WITHIN_MS = 20_000


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


def test_who_is_offline_is_told_so_until_the_list_is_live_again(arrive: Arrive) -> None:
    ann = arrive()

    ann.context.set_offline(True)
    expect(ann.page.get_by_test_id("banner")).to_contain_text("You are offline.")
    ann.context.set_offline(False)

    expect(ann.page.get_by_test_id("banner")).to_have_count(0)
    expect(ann.page.get_by_test_id("connection")).to_have_text("Live", timeout=CAUGHT_UP_WITHIN_MS)
