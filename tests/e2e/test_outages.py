"""The page during an outage of the network. The longest test is first, so that the others run beside it."""

import time
from dataclasses import replace

from playwright.sync_api import Playwright, expect

from local.stack.stack import Stack
from tests.e2e.api_client import ApiClient, new_uid, unique_message
from tests.e2e.browser import launch_chromium
from tests.e2e.conftest import OpenPage
from tests.e2e.network import Network

OUTAGE_SECONDS = 60
BANNER_WITHIN_MS = 30_000
FAILED_WITHIN_MS = 90_000  # the page tries three times, 20 s each
RECOVERED_WITHIN_MS = 60_000
ENDED_WITHIN_MS = 20_000


def test_a_list_survives_a_minute_without_network(stack: Stack, playwright: Playwright, open_page: OpenPage) -> None:
    uid, message, api_host = new_uid(), unique_message(), stack.addresses.api.removeprefix("http://")
    api = ApiClient(stack.addresses, uid)
    with Network(api_host) as to_api, Network(stack.addresses.firestore) as to_firestore:
        networks = (to_api, to_firestore)
        redirects = {api_host: to_api.address, stack.addresses.firestore: to_firestore.address}
        with launch_chromium(playwright, redirects=redirects) as browser:
            visitor, observer = (open_page(uid, browser=browser) for _ in range(2))
            other_tab = replace(observer, page=observer.context.new_page())  # tabs of a profile share a connection
            other_tab.open()
            visitors = (visitor, observer, other_tab)
            page, banner = visitor.page, visitor.page.get_by_test_id("banner")
            before = api.submit_diagnostic(sleep_seconds=5)
            for each in visitors:
                expect(each.card(before)).to_have_attribute("data-status", "processing", timeout=ENDED_WITHIN_MS)

            interrupted_at = time.monotonic()
            for network in networks:
                network.interrupt()
            during = api.submit_diagnostic()
            visitor.fill_form(message)
            page.get_by_test_id("submit").click()
            expect(banner).to_contain_text("Connection lost.", timeout=BANNER_WITHIN_MS)
            expect(page.get_by_test_id("form-error")).to_contain_text("Submit it again", timeout=FAILED_WITHIN_MS)
            for each in visitors:
                expect(each.page.get_by_test_id("banner")).to_contain_text("Connection lost.")
            assert api.get(before)["status"] == "completed"
            for each in visitors:
                expect(each.card(before)).to_have_attribute("data-status", "processing")
                assert each.shown_ids() == [before]
            page.wait_for_timeout(1000 * max(0, OUTAGE_SECONDS - (time.monotonic() - interrupted_at)))
            for network in networks:
                network.restore()

            page.get_by_test_id("submit").click()
            expect(banner).to_have_count(0, timeout=RECOVERED_WITHIN_MS)
            after = api.submit_diagnostic()
            for each in visitors:
                for card in (each.card(before), each.card(during), each.card(after), each.cards(message)):
                    expect(card).to_have_attribute("data-status", "completed", timeout=RECOVERED_WITHIN_MS)
                expect(each.page.get_by_test_id("connection")).to_have_text("Live")
            assert [each.count_calls("GET", "/") for each in (visitor, observer)] == [1, 2]
            assert len(api.find_by_message(message)) == 1


def test_a_submission_during_an_outage_of_the_list_shows_the_banner(
    stack: Stack, playwright: Playwright, open_page: OpenPage
) -> None:
    uid, message, firestore = new_uid(), unique_message(), stack.addresses.firestore
    with Network(firestore) as network, launch_chromium(playwright, redirects={firestore: network.address}) as browser:
        visitor = open_page(uid, browser=browser)
        banner, card = visitor.page.get_by_test_id("banner"), visitor.cards(message)

        network.interrupt()
        visitor.fill_form(message)
        visitor.page.get_by_test_id("submit").click()
        expect(banner).to_contain_text("Connection lost.", timeout=BANNER_WITHIN_MS)
        expect(card.get_by_test_id("status")).to_have_text("Queued")
        network.restore()

        expect(banner).to_have_count(0, timeout=RECOVERED_WITHIN_MS)
        expect(card.get_by_test_id("status")).to_have_text("Completed", timeout=RECOVERED_WITHIN_MS)
        expect(visitor.page.get_by_test_id("connection")).to_have_text("Live")


def test_the_banner_is_shown_while_the_browser_is_offline(open_page: OpenPage) -> None:
    ann = open_page()

    ann.context.set_offline(True)
    expect(ann.page.get_by_test_id("banner")).to_contain_text("You are offline.")
    ann.context.set_offline(False)

    expect(ann.page.get_by_test_id("banner")).to_have_count(0)
    expect(ann.page.get_by_test_id("connection")).to_have_text("Live", timeout=RECOVERED_WITHIN_MS)
