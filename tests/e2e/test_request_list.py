"""The list of requests while the requests change, in one tab or in many."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from google.cloud.firestore import Client
from playwright.sync_api import expect

from local.stack.stack import Stack
from tests.e2e.api_client import ApiClient, new_uid, unique_message
from tests.e2e.browser import REQUEST_PATHS, Visitor
from tests.e2e.conftest import OpenPage

ENDED_WITHIN_MS = 20_000
ATTEMPTS_WITHIN_MS = 60_000  # three, and the waiting between them
DISMISSED_WITHIN_MS = 15_000
HIDE_PAGE = "Object.defineProperty(document, 'hidden', { configurable: true, value: true })"
SHOW_PAGE = "delete document.hidden, document.dispatchEvent(new Event('visibilitychange'))"
COLLECT_CARD_TEXTS = """
(id) => {
  const body = document.querySelector(`[data-id="${id}"] .request-body`)
  const collect = () => window.texts.at(-1) === body.innerText || window.texts.push(body.innerText)
  window.texts = []
  collect()
  new MutationObserver(collect).observe(body, { subtree: true, childList: true, characterData: true })
}
"""
TABS = 8  # two more than the connections that a browser opens to one host


def test_a_second_attempt_is_shown_while_it_runs_with_the_failure_before_it(stack: Stack, open_page: OpenPage) -> None:
    ann = open_page()

    card = ann.card(ApiClient(stack.addresses, "ann").submit_diagnostic(sleep_seconds=3, steps=6, fail_times=1))

    expect(card.get_by_test_id("failure")).to_have_text(
        "Attempt 1 failed: This request was submitted to fail in its first 1 attempts.", timeout=ENDED_WITHIN_MS
    )
    expect(card).to_have_attribute("data-status", "processing", timeout=ENDED_WITHIN_MS)
    expect(card.get_by_test_id("attempt")).to_have_text("Attempt 2 of 3")
    expect(card.get_by_role("progressbar")).to_be_visible()
    expect(card).to_have_attribute("data-status", "completed", timeout=ENDED_WITHIN_MS)
    assert (ann.count_calls("GET", "/"), ann.count_calls("GET", REQUEST_PATHS)) == (1, 0)


def test_a_cancelled_request_stops(stack: Stack, open_page: OpenPage) -> None:
    ann, api = open_page(), ApiClient(stack.addresses, "ann")
    request_id = api.submit_diagnostic(sleep_seconds=60, steps=60)
    card = ann.card(request_id)
    expect(card).to_have_attribute("data-status", "processing", timeout=ENDED_WITHIN_MS)

    card.get_by_role("button", name="Cancel").click()

    expect(card.get_by_test_id("status")).to_have_text("Cancelled")
    assert api.get(request_id)["status"] == "cancelled"


def test_a_failed_request_is_retried_from_its_card_and_completes(
    stack: Stack, database: str, open_page: OpenPage
) -> None:
    uid = new_uid()
    api, visitor = ApiClient(stack.addresses, uid), open_page(uid)
    request_id = api.submit_diagnostic(sleep_seconds=2, steps=2, fail_times=1, permanent=True)
    card = visitor.card(request_id)
    expect(card.get_by_test_id("failure")).to_have_text(
        "This request was submitted to fail permanently.", timeout=ENDED_WITHIN_MS
    )
    expect(visitor.notification("Failed: Diagnostic")).to_be_visible()

    requests = Client(project=stack.addresses.project, database=database).collection("requests")
    requests.document(request_id).update({"input.fail_times": 0})  # the cause of the failure is gone
    card.get_by_role("button", name="Retry").click()

    expect(card.get_by_role("progressbar")).to_be_visible(timeout=ENDED_WITHIN_MS)
    expect(card.get_by_test_id("failure")).to_have_count(0)
    expect(card.get_by_test_id("status")).to_have_text("Completed", timeout=ENDED_WITHIN_MS)
    expect(visitor.notification("Completed: Diagnostic")).to_be_visible()
    request = api.get(request_id)
    assert (request["status"], request["redrive"]) == ("completed", 1)
    assert (visitor.count_calls("GET", "/"), visitor.count_calls("GET", REQUEST_PATHS)) == (1, 0)


def test_a_retried_request_no_longer_shows_its_earlier_attempts(
    stack: Stack, database: str, open_page: OpenPage
) -> None:
    uid = new_uid()
    request_id = ApiClient(stack.addresses, uid).submit_diagnostic(sleep_seconds=2, steps=2, fail_times=3)
    visitor = open_page(uid)
    card = visitor.card(request_id)
    expect(card).to_have_attribute("data-status", "failed", timeout=ATTEMPTS_WITHIN_MS)
    expect(card.get_by_test_id("attempt")).to_have_text("Attempt 3 of 3")
    requests = Client(project=stack.addresses.project, database=database).collection("requests")
    requests.document(request_id).update({"input.fail_times": 0})

    visitor.page.evaluate(COLLECT_CARD_TEXTS, request_id)
    card.get_by_role("button", name="Retry").click()
    expect(card.get_by_test_id("status")).to_have_text("Completed", timeout=ENDED_WITHIN_MS)

    texts = visitor.page.evaluate("window.texts")
    after = texts[next(index for index, text in enumerate(texts) if "Failed" not in text) :]
    assert any("In progress" in text for text in after)
    assert [text for text in after if "Attempt" in text or "failed" in text.lower()] == []


def test_a_request_that_no_longer_matches_the_filter_leaves_the_list(stack: Stack, open_page: OpenPage) -> None:
    uid = new_uid()
    api = ApiClient(stack.addresses, uid)
    ended, *running = api.submit_diagnostic(), *(api.submit_diagnostic(sleep_seconds=60, steps=60) for _ in range(2))
    visitor = open_page(uid)
    for request_id, status in ((ended, "completed"), (running[0], "processing"), (running[1], "processing")):
        expect(visitor.card(request_id)).to_have_attribute("data-status", status, timeout=ENDED_WITHIN_MS)

    visitor.page.get_by_role("group", name="Show").get_by_label("In progress").check()
    expect(visitor.card(running[0])).to_be_visible()
    expect(visitor.card(ended)).to_have_count(0)
    assert visitor.shown_ids() == running[::-1]

    api.cancel(running[0])
    expect(visitor.card(running[0])).to_have_count(0)
    running.append(api.submit_diagnostic(sleep_seconds=60, steps=60))
    expect(visitor.card(running[2])).to_be_visible(timeout=ENDED_WITHIN_MS)
    assert visitor.shown_ids() == running[:0:-1]

    for request_id in running[1:]:
        api.cancel(request_id)
    expect(visitor.page.get_by_test_id("empty")).to_contain_text("No requests have this status.")
    visitor.page.get_by_role("button", name="Show all").click()
    for request_id, status in ((ended, "completed"), *((each, "cancelled") for each in running)):
        expect(visitor.card(request_id)).to_have_attribute("data-status", status)


def test_older_requests_stay_up_to_date_and_none_gets_lost(stack: Stack, open_page: OpenPage) -> None:
    uid = new_uid()
    api, in_an_hour = ApiClient(stack.addresses, uid), datetime.now(UTC) + timedelta(hours=1)
    oldest, eleventh, tenth = (api.submit_asset(unique_message(), run_at=in_an_hour) for _ in range(3))
    submitted = [oldest, eleventh, tenth, *(api.submit_diagnostic() for _ in range(9))]
    visitor = open_page(uid)
    assert visitor.shown_ids() == submitted[:1:-1]

    visitor.page.get_by_role("button", name="Show older").press("Enter")
    expect(visitor.card(oldest)).to_be_visible()
    expect(visitor.page.get_by_test_id("older")).to_have_count(0)
    expect(visitor.card(eleventh).get_by_role("button").first).to_be_focused()
    assert visitor.shown_ids() == submitted[::-1]
    api.cancel(oldest)
    expect(visitor.card(oldest).get_by_test_id("status")).to_have_text("Cancelled")

    submitted.append(api.submit_diagnostic())
    expect(visitor.card(submitted[-1])).to_be_visible()
    assert visitor.shown_ids() == submitted[::-1]
    api.cancel(tenth)
    expect(visitor.card(tenth).get_by_test_id("status")).to_have_text("Cancelled")
    assert visitor.count_calls("GET", REQUEST_PATHS) == 1


def test_requests_that_end_while_the_page_is_hidden_are_notified_afterwards(stack: Stack, open_page: OpenPage) -> None:
    uid = new_uid()
    api, visitor = ApiClient(stack.addresses, uid), open_page(uid)
    page, title = visitor.page, visitor.page.title()

    page.evaluate(HIDE_PAGE)
    for _ in range(5):
        api.submit_asset(unique_message())
    expect(page).to_have_title(f"(5) {title}", timeout=ENDED_WITHIN_MS)
    page.evaluate(SHOW_PAGE)

    expect(page).to_have_title(title)
    expect(visitor.notification("Completed:")).to_have_count(3)
    expect(page.get_by_test_id("unread")).to_have_text("And 2 more while you were away")
    expect(page.get_by_test_id("unread")).to_have_count(0, timeout=DISMISSED_WITHIN_MS)
    expect(visitor.notification("Completed:")).to_have_count(0)


def test_eight_tabs_of_one_browser_are_all_live(stack: Stack, open_page: OpenPage) -> None:
    uid = new_uid()
    api, first = ApiClient(stack.addresses, uid), open_page(uid)
    tabs: list[Visitor] = [first, *(replace(first, page=first.context.new_page()) for _ in range(TABS - 1))]

    for tab in tabs:
        tab.open()
    request_id = api.submit_diagnostic(sleep_seconds=1)

    for tab in tabs:
        expect(tab.card(request_id)).to_have_attribute("data-status", "completed", timeout=ENDED_WITHIN_MS)


def test_two_users_never_see_each_others_requests(stack: Stack, open_page: OpenPage) -> None:
    ann, ben = open_page(), open_page()
    ben.switch_user("ben")

    of_ann = ApiClient(stack.addresses, "ann").submit_diagnostic(sleep_seconds=1)
    of_ben = ApiClient(stack.addresses, "ben").submit_diagnostic(sleep_seconds=1)

    for visitor, own, other in ((ann, of_ann, of_ben), (ben, of_ben, of_ann)):
        expect(visitor.card(own)).to_have_attribute("data-status", "completed", timeout=ENDED_WITHIN_MS)
        expect(visitor.card(other)).to_have_count(0)
