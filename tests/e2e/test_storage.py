"""The page while the browser's storage is full, blocked, broken or deleted."""

import json
import re

import pytest
from playwright.sync_api import expect

from local.stack.stack import Stack
from tests.e2e.api_client import ApiClient, new_uid, unique_message
from tests.e2e.browser import Visitor
from tests.e2e.conftest import OpenPage

ENDED_WITHIN_MS = 30_000
REFUSE = "throw new DOMException('The quota has been exceeded.', 'QuotaExceededError')"
FULL = f"Storage.prototype.setItem = () => {{ {REFUSE} }}"
FULL_FOR_INTENTS = f"""
const setItem = Storage.prototype.setItem
Storage.prototype.setItem = function (key, value) {{
  if (key.startsWith('intents:')) {REFUSE}
  setItem.call(this, key, value)
}}
"""
FORBIDDEN = """
for (const area of ['localStorage', 'sessionStorage', 'indexedDB']) {
  Object.defineProperty(window, area, { get() { throw new DOMException('Access is denied', 'SecurityError') } })
}
"""
FILL = """
() => {
  for (let text = 'x'.repeat(2 ** 22), n = 0; text; n++) {
    try { localStorage.setItem(`fill${n}`, text) } catch { text = text.slice(0, text.length / 2) }
  }
}
"""
DELETE_DATABASES = """
async () => { for (const { name } of await indexedDB.databases()) indexedDB.deleteDatabase(name) }
"""


@pytest.mark.parametrize("script", [FULL, FULL_FOR_INTENTS, FORBIDDEN], ids=["full", "full for one key", "forbidden"])
def test_the_page_works_without_storage_and_warns_what_a_reload_loses(
    stack: Stack, open_page: OpenPage, script: str
) -> None:
    uid = new_uid()
    visitor = open_page(uid, script=script)

    assert_one_request_is_followed(visitor, stack, uid)

    expect(visitor.page.get_by_test_id("storage-warning")).to_contain_text("a reload loses what you have typed")


@pytest.mark.parametrize("text", ["{bad", "null", "7", '{"medical_asset": [7]}', '[{"key": 7, "asks": null}]'])
def test_stored_data_that_cannot_be_read_counts_as_missing(stack: Stack, open_page: OpenPage, text: str) -> None:
    uid, keys = new_uid(), ["theme", "person", "draft:{}", "intents:{}"]
    visitor = open_page(uid)
    for key in keys:
        visitor.page.evaluate(
            "(item) => { localStorage.setItem(...item); sessionStorage.setItem(...item) }", [key.format(uid), text]
        )

    visitor.open()

    assert_one_request_is_followed(visitor, stack, uid)
    visitor.open()
    expect(visitor.page.get_by_label("Message")).not_to_have_value("")
    expect(visitor.page.get_by_test_id("storage-warning")).to_have_count(0)


def test_a_draft_of_another_shape_is_used_where_it_fits(open_page: OpenPage) -> None:
    uid = new_uid()
    visitor = open_page(uid)
    draft = {"medical_asset": {"primary_message": ["?"], "doctor_name": True, "practice_name": "Lakeside"}}
    visitor.page.evaluate("(item) => localStorage.setItem(...item)", [f"draft:{uid}", json.dumps(draft)])

    visitor.open()

    expect(visitor.page.get_by_test_id("field-primary_message")).to_have_value("")
    expect(visitor.page.get_by_test_id("field-doctor_name")).to_have_value("")
    expect(visitor.page.get_by_test_id("field-practice_name")).to_have_value("Lakeside")


def test_the_page_works_on_after_its_databases_are_deleted(stack: Stack, open_page: OpenPage) -> None:
    uid = new_uid()
    visitor = open_page(uid)

    visitor.page.evaluate(DELETE_DATABASES)

    assert_one_request_is_followed(visitor, stack, uid)


def test_the_list_updates_after_its_databases_are_deleted_and_nothing_is_submitted(
    stack: Stack, open_page: OpenPage
) -> None:
    uid = new_uid()
    visitor = open_page(uid)

    visitor.page.evaluate(DELETE_DATABASES)
    request_id = ApiClient(stack.addresses, uid).submit_diagnostic()

    expect(visitor.card(request_id)).to_have_attribute("data-status", "completed", timeout=2 * ENDED_WITHIN_MS)


def test_the_page_works_on_after_its_site_data_is_cleared(stack: Stack, open_page: OpenPage) -> None:
    uid = new_uid()
    visitor = open_page(uid)

    clear = {"origin": stack.addresses.page, "storageTypes": "all"}
    visitor.context.new_cdp_session(visitor.page).send("Storage.clearDataForOrigin", clear)

    assert_one_request_is_followed(visitor, stack, uid)


def test_the_page_works_on_after_its_storage_has_become_full(stack: Stack, open_page: OpenPage) -> None:
    uid = new_uid()
    visitor = open_page(uid)

    visitor.page.evaluate(FILL)

    assert_one_request_is_followed(visitor, stack, uid)
    expect(visitor.page.get_by_test_id("storage-warning")).to_be_visible()
    assert all(re.search("exceeded the quota", error) for error in visitor.errors)  # the SDK's own
    visitor.errors.clear()


def assert_one_request_is_followed(visitor: Visitor, stack: Stack, uid: str) -> None:
    """Submits one request, which must be shown until its end."""
    message = unique_message()
    visitor.fill_form(message)
    visitor.page.get_by_test_id("submit").click()
    expect(visitor.cards(message)).to_have_attribute("data-status", "completed", timeout=ENDED_WITHIN_MS)
    expect(visitor.page.get_by_test_id("connection")).to_have_text("Live")
    expect(visitor.page.get_by_test_id("banner")).to_have_count(0)
    assert visitor.count_calls("POST", "/requests") == 1
    assert len(ApiClient(stack.addresses, uid).find_by_message(message)) == 1
