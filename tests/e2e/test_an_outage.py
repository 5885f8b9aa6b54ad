"""What the page makes of a network that fails. The long story comes first, so that the others run beside it."""

import time
from dataclasses import replace

from playwright.sync_api import Playwright, expect

from local.stack.stack import Stack
from tests.e2e.asking import Asking, stranger, unheard
from tests.e2e.browser import launched
from tests.e2e.conftest import Arrive
from tests.e2e.network import Network

OUTAGE_SECONDS = 60
TOLD_WITHIN_MS = 30_000
GIVEN_UP_WITHIN_MS = 90_000  # the page tries three times, 20 s each
CAUGHT_UP_WITHIN_MS = 60_000
ENDED_WITHIN_MS = 20_000


def test_a_list_survives_a_minute_without_network(stack: Stack, playwright: Playwright, arrive: Arrive) -> None:
    somebody, message, api = stranger(), unheard(), stack.addresses.api.removeprefix("http://")
    asking = Asking(stack.addresses, somebody)
    with Network(api) as to_api, Network(stack.addresses.firestore) as to_firestore:
        networks = (to_api, to_firestore)
        instead = {api: to_api.address, stack.addresses.firestore: to_firestore.address}
        with launched(playwright, instead=instead) as browser:
            visitor, watcher = (arrive(somebody, within=browser) for _ in range(2))
            other = replace(watcher, page=watcher.context.new_page())  # two tabs of a profile share one connection
            other.open()
            everybody = (visitor, watcher, other)
            page, banner = visitor.page, visitor.page.get_by_test_id("banner")
            before = asking.diagnostic(sleep_seconds=5)
            for each in everybody:
                expect(each.card(before)).to_have_attribute("data-status", "processing", timeout=ENDED_WITHIN_MS)

            cut_at = time.monotonic()
            for network in networks:
                network.cut()
            during = asking.diagnostic()
            visitor.fill(message)
            page.get_by_test_id("send").click()
            expect(banner).to_contain_text("The connection has dropped.", timeout=TOLD_WITHIN_MS)
            expect(page.get_by_test_id("form-error")).to_contain_text("Send it again", timeout=GIVEN_UP_WITHIN_MS)
            for each in everybody:
                expect(each.page.get_by_test_id("banner")).to_contain_text("The connection has dropped.")
            assert asking.request(before)["status"] == "completed"
            for each in everybody:
                expect(each.card(before)).to_have_attribute("data-status", "processing")
                assert each.shown() == [before]
            page.wait_for_timeout(1000 * max(0, OUTAGE_SECONDS - (time.monotonic() - cut_at)))
            for network in networks:
                network.mend()

            page.get_by_test_id("send").click()
            expect(banner).to_have_count(0, timeout=CAUGHT_UP_WITHIN_MS)
            after = asking.diagnostic()
            for each in everybody:
                for card in (each.card(before), each.card(during), each.card(after), each.cards(message)):
                    expect(card).to_have_attribute("data-status", "completed", timeout=CAUGHT_UP_WITHIN_MS)
                expect(each.page.get_by_test_id("connection")).to_have_text("Live")
            assert [each.calls("GET", "/") for each in (visitor, watcher)] == [1, 2]
            assert len(asking.saying(message)) == 1


def test_whoever_asks_while_the_list_is_cut_off_is_told(stack: Stack, playwright: Playwright, arrive: Arrive) -> None:
    somebody, message, firestore = stranger(), unheard(), stack.addresses.firestore
    with Network(firestore) as network, launched(playwright, instead={firestore: network.address}) as browser:
        visitor = arrive(somebody, within=browser)
        banner, card = visitor.page.get_by_test_id("banner"), visitor.cards(message)

        network.cut()
        visitor.fill(message)
        visitor.page.get_by_test_id("send").click()
        expect(banner).to_contain_text("The connection has dropped.", timeout=TOLD_WITHIN_MS)
        expect(card.get_by_test_id("status")).to_have_text("Waiting")
        network.mend()

        expect(banner).to_have_count(0, timeout=CAUGHT_UP_WITHIN_MS)
        expect(card.get_by_test_id("status")).to_have_text("Ready", timeout=CAUGHT_UP_WITHIN_MS)
        expect(visitor.page.get_by_test_id("connection")).to_have_text("Live")


def test_who_is_offline_is_told_so_until_the_list_is_live_again(arrive: Arrive) -> None:
    ann = arrive()

    ann.context.set_offline(True)
    expect(ann.page.get_by_test_id("banner")).to_contain_text("You are offline.")
    ann.context.set_offline(False)

    expect(ann.page.get_by_test_id("banner")).to_have_count(0)
    expect(ann.page.get_by_test_id("connection")).to_have_text("Live", timeout=CAUGHT_UP_WITHIN_MS)
