"""Errors, drafts and layout of the form for a new request."""

import json
import re
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from local.stack.stack import Stack
from tests.e2e.api_client import ApiClient, new_uid, unique_message
from tests.e2e.browser import ZONE, Visitor
from tests.e2e.conftest import OpenPage
from tests.e2e.sample_requests import DENTIST

PAST = "2026-01-01T09:00"


def test_an_error_in_a_choice_or_a_colour_is_shown_there(open_page: OpenPage) -> None:
    ann = open_page()
    page = restore_draft(ann, {**DENTIST, "channel": "fax", "brand_color": "green"})
    channel, colour = page.get_by_role("radiogroup", name="Channel"), page.get_by_label("Brand colour, as #RRGGBB")
    help_of_channel = channel.evaluate("(group) => document.getElementById('help-channel').innerText")
    help_of_colour = colour.evaluate("(field) => document.getElementById('help-brand_color').innerText")
    expect(channel).to_have_accessible_description(help_of_channel)
    expect(colour).to_have_accessible_description(help_of_colour)

    page.get_by_test_id("submit").click()

    expect(page.get_by_test_id("choice-social")).to_be_focused()
    expect(channel).to_have_accessible_description(f"Please choose one of these. {help_of_channel}")
    expect(channel).to_have_attribute("aria-invalid", "true")
    page.keyboard.press("Space")
    expect(channel).to_have_attribute("aria-invalid", "false")
    page.get_by_test_id("submit").click()
    expect(colour).to_be_focused()
    expect(colour).to_have_accessible_description(f"Please enter a colour like #1F5C63. {help_of_colour}")
    assert ann.count_calls("POST", "/requests") == 0


def test_an_error_in_the_scheduled_time_is_shown_until_the_time_changes(open_page: OpenPage) -> None:
    ann = open_page()
    page = restore_draft(ann, DENTIST)
    page.get_by_test_id("schedule").check()
    run_at = page.get_by_label("Date and time")
    ahead = datetime.fromisoformat(run_at.input_value()) - datetime.fromisoformat(str(run_at.get_attribute("min")))
    assert timedelta(hours=1) <= ahead <= timedelta(hours=2)

    run_at.fill(PAST)
    page.get_by_test_id("submit").click()

    expect(run_at).to_be_focused()
    expect(run_at).to_have_accessible_description("This time is in the past. Please choose a later one.")
    run_at.fill("2099-01-01T09:00")
    expect(run_at).to_have_accessible_description("")
    assert ann.count_calls("POST", "/requests") == 0


def test_a_time_that_the_clocks_skip_is_refused_with_the_gap(open_page: OpenPage) -> None:
    ann = open_page()
    page = restore_draft(ann, DENTIST)
    page.get_by_test_id("schedule").check()
    run_at, skipped = page.get_by_label("Date and time"), next_change(hours=1).replace(hour=2, minute=30)

    run_at.fill(skipped.strftime("%Y-%m-%dT%H:%M"))
    page.get_by_test_id("submit").click()

    expect(run_at).to_be_focused()
    expect(run_at).to_have_accessible_description(
        re.compile(rf"^This time does not exist: .* {skipped.day} Mar, 02:00 to 03:00\. Please choose another one\.$")
    )
    assert ann.count_calls("POST", "/requests") == 0


def test_a_time_that_comes_twice_is_sent_as_the_note_states(stack: Stack, open_page: OpenPage) -> None:
    page = restore_draft(open_page(), DENTIST)
    page.get_by_test_id("schedule").check()
    run_at, twice = page.get_by_label("Date and time"), next_change(hours=-1).replace(hour=2, minute=30)

    run_at.fill(twice.strftime("%Y-%m-%dT%H:%M"))
    expect(run_at).to_have_accessible_description(re.compile(r"The first one counts \(UTC\+02:00\)\.$"))
    with page.expect_request(f"{stack.addresses.api}/requests") as submission:
        page.get_by_test_id("submit").click()

    assert (submission.value.post_data_json or {})["run_at"] == f"{twice:%Y-%m-%dT%H:%M}:00+02:00"


def test_an_error_of_the_api_is_shown_until_its_value_changes(open_page: OpenPage) -> None:
    page = restore_draft(open_page(), {**DENTIST, "primary_message": "Open on Saturdays \u6f22."})
    page.get_by_test_id("submit").click()
    error = page.get_by_test_id("error-primary_message")
    expect(error).to_contain_text("U+6F22")

    page.get_by_test_id("field-doctor_name").fill("Dr. Ann Weber-Jones")
    expect(error).to_contain_text("U+6F22")

    page.get_by_test_id("field-primary_message").fill("")
    expect(error).to_have_text("Please fill this in.")
    page.get_by_test_id("field-primary_message").fill("Open on Saturdays.")
    expect(error).to_have_count(0)


@pytest.mark.parametrize("height", [560, 800])
def test_the_submit_button_does_not_cover_the_scheduled_time(open_page: OpenPage, height: int) -> None:
    page = open_page(viewport=ViewportSize(width=1280, height=height)).page

    page.get_by_test_id("schedule").check()

    run_at, button = page.get_by_test_id("run-at").bounding_box(), page.get_by_test_id("submit").bounding_box()
    assert run_at is not None
    assert button is not None
    assert run_at["y"] + run_at["height"] < button["y"]


def test_the_details_have_the_same_label_for_a_choice_as_the_form(stack: Stack, open_page: OpenPage) -> None:
    uid = new_uid()
    request_id = ApiClient(stack.addresses, uid).submit_asset(unique_message())
    visitor = open_page(uid)
    page = visitor.page
    expect(page.get_by_role("radiogroup", name="Channel").get_by_role("radio", name="Social post")).to_be_checked()

    visitor.card(request_id).get_by_test_id("details").click()

    value = page.get_by_role("dialog").locator(".values div").filter(has_text="Channel")
    expect(value).to_have_text(re.compile(r"^Channel\s*Social post$"))


def restore_draft(visitor: Visitor, draft: dict[str, str]) -> Page:
    """The page with a draft that Ann has typed earlier."""
    visitor.page.evaluate("(draft) => localStorage.setItem('draft:ann', draft)", json.dumps({"medical_asset": draft}))
    visitor.open()
    return visitor.page


def next_change(*, hours: int) -> datetime:
    """The next day on which the clocks of the visitors change by so many hours."""
    day = datetime.now(ZONE).replace(hour=12) + timedelta(days=1)
    while offset_of(day) - offset_of(day - timedelta(days=1)) != timedelta(hours=hours):
        day += timedelta(days=1)
    return day


def offset_of(day: datetime) -> timedelta:
    return day.utcoffset() or timedelta()
