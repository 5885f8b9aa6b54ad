"""Deleting a request, exporting and erasing all of them: each behind a confirmation."""

import json
import re
from zipfile import ZipFile

import pytest
from playwright.sync_api import Locator, Page, expect

from local.stack.stack import Stack
from tests.e2e.api_client import ApiClient, new_uid, unique_message
from tests.e2e.conftest import OpenPage
from tests.e2e.test_accessibility import find_violations

ENDED_WITHIN_MS = 30_000


def dialog_of(page: Page, name: str) -> Locator:
    return page.get_by_role("dialog", name=name)


def test_an_ended_request_is_deleted_after_a_confirmation(stack: Stack, open_page: OpenPage) -> None:
    uid = new_uid()
    api, visitor = ApiClient(stack.addresses, uid), open_page(uid)
    kept, deleted = api.submit_diagnostic(), api.submit_diagnostic()
    card = visitor.card(deleted)
    expect(card).to_have_attribute("data-status", "completed", timeout=ENDED_WITHIN_MS)

    card.get_by_role("button", name="Delete").click()
    dialog = dialog_of(visitor.page, "Delete this request?")
    expect(dialog.get_by_role("button", name="Keep")).to_be_focused()
    visitor.page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(card.get_by_role("button", name="Delete")).to_be_focused()
    assert api.get(deleted)["status"] == "completed"

    card.get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete").click()

    expect(card).to_have_count(0)
    expect(visitor.card(kept)).to_be_visible()
    expect(visitor.page.get_by_test_id("connection")).to_have_text("Live")
    assert api.get(deleted)["code"] == "erased"


def test_a_request_that_is_deleted_elsewhere_leaves_the_page(stack: Stack, open_page: OpenPage) -> None:
    uid = new_uid()
    api, visitor = ApiClient(stack.addresses, uid), open_page(uid)
    request_id = api.submit_diagnostic()
    card = visitor.card(request_id)
    expect(card).to_have_attribute("data-status", "completed", timeout=ENDED_WITHIN_MS)

    api.delete(request_id)

    expect(card).to_have_count(0)
    expect(visitor.page.get_by_test_id("connection")).to_have_text("Live")


def test_a_request_is_deleted_from_its_details(stack: Stack, open_page: OpenPage) -> None:
    uid = new_uid()
    visitor = open_page(uid)
    card = visitor.card(ApiClient(stack.addresses, uid).submit_diagnostic())
    expect(card).to_have_attribute("data-status", "completed", timeout=ENDED_WITHIN_MS)
    card.get_by_test_id("details").click()

    visitor.page.get_by_test_id("details-dialog").get_by_test_id("delete").click()
    dialog_of(visitor.page, "Delete this request?").get_by_role("button", name="Delete").click()

    expect(visitor.page.get_by_role("dialog")).to_have_count(0)
    expect(card).to_have_count(0)


def test_all_requests_are_exported_and_erased(stack: Stack, open_page: OpenPage) -> None:
    uid = new_uid()
    api, visitor = ApiClient(stack.addresses, uid), open_page(uid)
    page, asset = visitor.page, api.submit_asset(unique_message())
    running = api.submit_diagnostic(sleep_seconds=60, steps=60)
    expect(visitor.card(asset)).to_have_attribute("data-status", "completed", timeout=ENDED_WITHIN_MS)

    page.get_by_role("button", name="Export all requests").click()
    dialog_of(page, "Export your requests?").get_by_role("button", name="Export").click()
    export = page.get_by_role("article", name="Copy of your requests")
    expect(export.get_by_test_id("receipt")).to_have_text("2 requests and 1 file.", timeout=ENDED_WITHIN_MS)
    with page.expect_download() as download:
        export.get_by_role("button", name="Download").click()
    with ZipFile(download.value.path()) as archive:
        assert {each["id"] for each in json.loads(archive.read("requests.json"))} == {asset, running}
        assert archive.testzip() is None

    page.get_by_role("button", name="Erase all requests").click()
    dialog_of(page, "Erase all your requests?").get_by_role("button", name="Erase everything").click()
    receipt = page.get_by_role("article", name="Erasure of your requests")
    expect(receipt.get_by_test_id("receipt")).to_have_text(
        re.compile(r"^Erased: 3 requests \(1 cancelled\), 0 notifications and 2 files\. Backups keep .* until .*\.$"),
        timeout=ENDED_WITHIN_MS,
    )
    expect(page.get_by_test_id("request")).to_have_count(1, timeout=ENDED_WITHIN_MS)
    expect(page.get_by_test_id("connection")).to_have_text("Live")
    assert {api.get(each)["code"] for each in (asset, running)} == {"erased"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_confirmations_and_receipts_have_no_serious_violation(
    stack: Stack, open_page: OpenPage, scheme: str
) -> None:
    uid = new_uid()
    page = (visitor := open_page(uid, color_scheme=scheme, reduced_motion="reduce")).page
    card = visitor.card(ApiClient(stack.addresses, uid).submit_diagnostic())
    expect(card).to_have_attribute("data-status", "completed", timeout=ENDED_WITHIN_MS)
    found = {}

    for test_id in ("delete", "export-all", "erase-all"):
        page.get_by_test_id(test_id).click()
        expect(page.get_by_test_id("confirm-dialog")).to_be_visible()
        found[test_id] = find_violations(page)
        page.keyboard.press("Escape")
        expect(page.get_by_test_id("confirm-dialog")).to_have_count(0)
    page.get_by_test_id("erase-all").click()
    page.get_by_test_id("confirm").click()
    expect(page.get_by_test_id("receipt")).to_be_visible(timeout=ENDED_WITHIN_MS)
    found["receipt"] = find_violations(page)

    assert found == {"delete": [], "export-all": [], "erase-all": [], "receipt": []}
