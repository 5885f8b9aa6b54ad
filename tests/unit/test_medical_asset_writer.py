"""The copy: headline, body, caption and hashtags."""

import re

import pytest

from common.work.medical_asset.writer import write
from tests.unit.medical_asset_inputs import filled_with, typical_input


@pytest.mark.parametrize(
    ("message", "headline", "detail"),
    [
        ("New patients are welcome. Come by!", "New patients are welcome", "Come by!"),
        ("Gentle check-ups", "Gentle check-ups", ""),
        ("Big day! We have moved.", "Big day!", "We have moved."),
        ("Dr. Weber is back. Call us.", "Dr. Weber is back", "Call us."),
        ("Now open until 8 p.m. on Mondays.", "Now open until 8 p.m. on Mondays", ""),
        ("Mondays until 8 p.m.", "Mondays until 8 p.m.", ""),
        ("Visit us at St. Mary Road. Bring a friend.", "Visit us at St. Mary Road", "Bring a friend."),
        ("Opening hours:\nMon–Fri 8–18\nSat 9–12", "Opening hours", "Mon–Fri 8–18 · Sat 9–12"),  # noqa: RUF001 (a dash as users type it)
        ("Come to room 5. Ring twice.", "Come to room 5", "Ring twice."),
        (":\n…\nWelcome", ": … Welcome", ""),
        ("To be continued …", "To be continued …", ""),
        ("“Ready?” Book now.", "“Ready?”", "Book now."),
        (
            "Free flu vaccinations: every Tuesday in October, no appointment needed",
            "Free flu vaccinations",
            "Every Tuesday in October, no appointment needed",
        ),
        ("Δεχόμαστε νέους ασθενείς. Κλείστε ραντεβού!", "Δεχόμαστε νέους ασθενείς", "Κλείστε ραντεβού!"),
        ("Say hello 👋! We are back.", "Say hello!", "We are back."),
    ],
)
def test_the_first_sentence_becomes_the_headline(message: str, headline: str, detail: str) -> None:
    copy = write(typical_input(primary_message=message))

    assert (copy.headline, copy.detail) == (headline, detail)


def test_a_message_of_one_sentence_gets_an_invitation_as_its_body() -> None:
    copy = write(typical_input(primary_message="Your check-up is due"))

    assert copy.body == "For details, get in touch with Dr. Amara Okafor at Harbour Street Dental."


def test_a_message_in_another_language_gets_no_english_words() -> None:
    copy = write(typical_input(primary_message="Wir sind umgezogen", call_to_action="Termin buchen"))

    assert copy.body == "Dr. Amara Okafor · Harbour Street Dental"
    assert copy.caption == (
        "Wir sind umgezogen\n\n— Dr. Amara Okafor, Harbour Street Dental\n\n"
        "Termin buchen: 020 7946 0018 · harbourstreet.example\n\n"
        "#HarbourStreetDental #DentalPractice #DrAmaraOkafor #OralHealth #Health"
    )


def test_the_caption_starts_with_the_unchanged_message() -> None:
    message = "We are back 🎉\nSee you soon!"

    assert write(typical_input(primary_message=message)).caption.startswith(f"{message}\n\n")


@pytest.mark.parametrize(
    ("action", "contact", "step"),
    [
        ("Book now", "020 1", "Book now: 020 1"),
        ("Book now!", "020 1", "Book now! 020 1"),
        ("Call 020 1", "020 1", "Call 020 1"),
        ("Book now", None, "Book now"),
    ],
)
def test_the_caption_joins_the_call_to_action_and_the_contact(action: str, contact: str | None, step: str) -> None:
    assert write(typical_input(call_to_action=action, contact=contact)).caption.split("\n\n")[2] == step


def test_a_practice_named_after_its_doctor_is_named_once() -> None:
    copy = write(
        typical_input(doctor_name="Dr. Weber", practice_name="Praxis Dr. Weber", primary_message="Call us today")
    )

    assert copy.caption.split("\n\n")[1] == "With kind regards from Praxis Dr. Weber."


def test_the_same_input_always_gives_the_same_copy() -> None:
    assert write(typical_input()) == write(typical_input())


def test_different_inputs_get_different_closings() -> None:
    captions = (write(typical_input(primary_message=f"You can book until {day} May")).caption for day in range(1, 20))

    assert len({caption.split("\n\n")[1] for caption in captions}) == 4


@pytest.mark.parametrize("text", ["W", "wide words ", "🎉x", "ỵ́", "1 "])
def test_the_longest_input_stays_within_the_limits_of_social_networks(text: str) -> None:
    copy = write(filled_with(text))

    assert len(copy.caption) <= 2200
    assert 3 <= len(copy.hashtags) <= 6
    assert all(re.fullmatch(r"#\w{1,30}", tag) and not tag[1:].isdigit() for tag in copy.hashtags)


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("St. Mary's Eye Clinic", "#StMarysEyeClinic"),
        ("Świętej Jadwigi & Łukasza", "#SwietejJadwigiLukasza"),
        ("Praxis am Großen Weiher", "#PraxisAmGrossenWeiher"),
        ("Йодная клиника", "#ЙоднаяКлиника"),
        ("Phòng khám Ánh Dương", "#PhongKhamAnhDuong"),
        ("Centre for Heart Health and the Arts", "#CentreForHeartHealthAndTheArts"),
        ("Centre for Sleep and Breathing of the North", "#CentreForSleepAndBreathing"),
    ],
)
def test_a_name_becomes_a_hashtag_that_can_be_typed(name: str, tag: str) -> None:
    assert write(typical_input(practice_name=name)).hashtags[0] == tag


def test_a_practice_named_like_a_general_hashtag_still_gets_three() -> None:
    copy = write(typical_input(practice_name="Health", practice_type="health", doctor_name="1"))

    assert copy.hashtags == ["#Health", "#HealthCare", "#YourHealth"]


def test_a_name_of_digits_gets_no_hashtag() -> None:
    assert write(typical_input(practice_name="24/7", doctor_name="365", practice_type="Clinic")).hashtags == [
        "#Clinic",
        "#Health",
        "#HealthCare",
    ]
