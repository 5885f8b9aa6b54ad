"""What people see of their requests while those move, in one tab or in many."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from google.cloud.firestore import Client
from playwright.sync_api import expect

from local.stack.stack import Stack
from tests.e2e.asking import Asking, stranger, unheard
from tests.e2e.browser import REQUESTS, Visitor
from tests.e2e.conftest import Arrive

ENDED_WITHIN_MS = 20_000
ATTEMPTS_WITHIN_MS = 60_000  # three, and the waiting between them
FADED_WITHIN_MS = 15_000
LOOKS_AWAY = "Object.defineProperty(document, 'hidden', { configurable: true, value: true })"
LOOKS_BACK = "delete document.hidden, document.dispatchEvent(new Event('visibilitychange'))"
COLLECTS_WORDS = """
(id) => {
  const body = document.querySelector(`[data-id="${id}"] .request-body`)
  const say = () => window.said.at(-1) === body.innerText || window.said.push(body.innerText)
  window.said = []
  say()
  new MutationObserver(say).observe(body, { subtree: true, childList: true, characterData: true })
}
"""
TABS = 8  # two more than the connections that a browser opens to one host


def test_a_retry_is_seen_as_it_happens_with_the_error_before_it(stack: Stack, arrive: Arrive) -> None:
    ann = arrive()

    card = ann.card(Asking(stack.addresses, "ann").diagnostic(sleep_seconds=3, steps=6, fail_times=1))

    expect(card.get_by_test_id("failure")).to_have_text(
        "Attempt 1 failed: This request was submitted to fail in its first 1 attempts.", timeout=ENDED_WITHIN_MS
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


def test_what_has_failed_is_retried_from_its_card_and_completes(stack: Stack, database: str, arrive: Arrive) -> None:
    somebody = stranger()
    asking, visitor = Asking(stack.addresses, somebody), arrive(somebody)
    request_id = asking.diagnostic(sleep_seconds=2, steps=2, fail_times=1, permanent=True)
    card = visitor.card(request_id)
    expect(card.get_by_test_id("failure")).to_have_text(
        "This request was submitted to fail permanently.", timeout=ENDED_WITHIN_MS
    )
    expect(visitor.toast("Failed: Diagnostic")).to_be_visible()

    requests = Client(project=stack.addresses.project, database=database).collection("requests")
    requests.document(request_id).update({"input.fail_times": 0})  # what made it fail has been mended
    card.get_by_role("button", name="Retry").click()

    expect(card.get_by_role("progressbar")).to_be_visible(timeout=ENDED_WITHIN_MS)
    expect(card.get_by_test_id("failure")).to_have_count(0)
    expect(card.get_by_test_id("status")).to_have_text("Ready", timeout=ENDED_WITHIN_MS)
    expect(visitor.toast("Ready: Diagnostic")).to_be_visible()
    request = asking.request(request_id)
    assert (request["status"], request["redrive"]) == ("completed", 1)
    assert (visitor.calls("GET", "/"), visitor.calls("GET", REQUESTS)) == (1, 0)


def test_a_retry_after_all_attempts_says_nothing_of_those(stack: Stack, database: str, arrive: Arrive) -> None:
    somebody = stranger()
    request_id = Asking(stack.addresses, somebody).diagnostic(sleep_seconds=2, steps=2, fail_times=3)
    visitor = arrive(somebody)
    card = visitor.card(request_id)
    expect(card).to_have_attribute("data-status", "failed", timeout=ATTEMPTS_WITHIN_MS)
    expect(card.get_by_test_id("attempt")).to_have_text("Attempt 3 of 3")
    requests = Client(project=stack.addresses.project, database=database).collection("requests")
    requests.document(request_id).update({"input.fail_times": 0})

    visitor.page.evaluate(COLLECTS_WORDS, request_id)
    card.get_by_role("button", name="Retry").click()
    expect(card.get_by_test_id("status")).to_have_text("Ready", timeout=ENDED_WITHIN_MS)

    said = visitor.page.evaluate("window.said")
    after = said[next(index for index, words in enumerate(said) if "Failed" not in words) :]
    assert any("In the making" in words for words in after)
    assert [words for words in after if "Attempt" in words or "failed" in words.lower()] == []


def test_what_leaves_the_chosen_state_leaves_the_list(stack: Stack, arrive: Arrive) -> None:
    somebody = stranger()
    asking = Asking(stack.addresses, somebody)
    ended, *running = asking.diagnostic(), *(asking.diagnostic(sleep_seconds=60, steps=60) for _ in range(2))
    visitor = arrive(somebody)
    for request_id, status in ((ended, "completed"), (running[0], "processing"), (running[1], "processing")):
        expect(visitor.card(request_id)).to_have_attribute("data-status", status, timeout=ENDED_WITHIN_MS)

    visitor.page.get_by_role("group", name="Show").get_by_label("In the making").check()
    expect(visitor.card(running[0])).to_be_visible()
    expect(visitor.card(ended)).to_have_count(0)
    assert visitor.shown() == running[::-1]

    asking.cancel(running[0])
    expect(visitor.card(running[0])).to_have_count(0)
    running.append(asking.diagnostic(sleep_seconds=60, steps=60))
    expect(visitor.card(running[2])).to_be_visible(timeout=ENDED_WITHIN_MS)
    assert visitor.shown() == running[:0:-1]

    for request_id in running[1:]:
        asking.cancel(request_id)
    expect(visitor.page.get_by_test_id("empty")).to_contain_text("No request is in this state.")
    visitor.page.get_by_role("button", name="Show all").click()
    for request_id, status in ((ended, "completed"), *((each, "cancelled") for each in running)):
        expect(visitor.card(request_id)).to_have_attribute("data-status", status)


def test_older_requests_move_as_the_newest_do_and_none_gets_lost(stack: Stack, arrive: Arrive) -> None:
    somebody = stranger()
    asking, in_an_hour = Asking(stack.addresses, somebody), datetime.now(UTC) + timedelta(hours=1)
    oldest, eleventh, tenth = (asking.asset(unheard(), run_at=in_an_hour) for _ in range(3))
    asked = [oldest, eleventh, tenth, *(asking.diagnostic() for _ in range(9))]
    visitor = arrive(somebody)
    assert visitor.shown() == asked[:1:-1]

    visitor.page.get_by_role("button", name="Show older").press("Enter")
    expect(visitor.card(oldest)).to_be_visible()
    expect(visitor.page.get_by_test_id("older")).to_have_count(0)
    expect(visitor.card(eleventh).get_by_role("button").first).to_be_focused()
    assert visitor.shown() == asked[::-1]
    asking.cancel(oldest)
    expect(visitor.card(oldest).get_by_test_id("status")).to_have_text("Cancelled")

    asked.append(asking.diagnostic())
    expect(visitor.card(asked[-1])).to_be_visible()
    assert visitor.shown() == asked[::-1]
    asking.cancel(tenth)
    expect(visitor.card(tenth).get_by_test_id("status")).to_have_text("Cancelled")
    assert visitor.calls("GET", REQUESTS) == 1


def test_what_ends_while_nobody_looks_is_told_to_whoever_comes_back(stack: Stack, arrive: Arrive) -> None:
    somebody = stranger()
    asking, visitor = Asking(stack.addresses, somebody), arrive(somebody)
    page, name = visitor.page, visitor.page.title()

    page.evaluate(LOOKS_AWAY)
    for _ in range(5):
        asking.asset(unheard())
    expect(page).to_have_title(f"(5) {name}", timeout=ENDED_WITHIN_MS)
    page.evaluate(LOOKS_BACK)

    expect(page).to_have_title(name)
    expect(visitor.toast("Ready:")).to_have_count(3)
    expect(page.get_by_test_id("unseen")).to_have_text("And 2 more while you were away")
    expect(page.get_by_test_id("unseen")).to_have_count(0, timeout=FADED_WITHIN_MS)
    expect(visitor.toast("Ready:")).to_have_count(0)


def test_eight_tabs_of_one_browser_are_all_live(stack: Stack, arrive: Arrive) -> None:
    somebody = stranger()
    asking, first = Asking(stack.addresses, somebody), arrive(somebody)
    tabs: list[Visitor] = [first, *(replace(first, page=first.context.new_page()) for _ in range(TABS - 1))]

    for tab in tabs:
        tab.open()
    request_id = asking.diagnostic(sleep_seconds=1)

    for tab in tabs:
        expect(tab.card(request_id)).to_have_attribute("data-status", "completed", timeout=ENDED_WITHIN_MS)


def test_two_people_never_see_each_others_requests(stack: Stack, arrive: Arrive) -> None:
    ann, ben = arrive(), arrive()
    ben.become("ben")

    of_ann = Asking(stack.addresses, "ann").diagnostic(sleep_seconds=1)
    of_ben = Asking(stack.addresses, "ben").diagnostic(sleep_seconds=1)

    for visitor, own, other in ((ann, of_ann, of_ben), (ben, of_ben, of_ann)):
        expect(visitor.card(own)).to_have_attribute("data-status", "completed", timeout=ENDED_WITHIN_MS)
        expect(visitor.card(other)).to_have_count(0)
