"""The input of the type medical_asset: its limits, and the characters that can be drawn."""

from typing import Any

import pytest
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]  # ships no types
from pydantic import ValidationError

from common.work.medical_asset import Input, glyphs
from common.work.medical_asset.fonts import FONTS
from tests.unit.medical_asset_inputs import LIMITS, TYPICAL, typical_input


def fault(**fields: Any) -> str:
    """Returns the message about the field, which must be the only fault."""
    with pytest.raises(ValidationError) as refusal:
        typical_input(**fields)
    [error] = refusal.value.errors()
    assert error["loc"] == tuple(fields)
    return error["msg"]


def test_a_text_is_stripped_and_its_accents_are_composed() -> None:
    assert typical_input(doctor_name="  Dr. Zoe\u0308  Weiß ").doctor_name == "Dr. Zo\u00eb Weiß"


def test_a_message_keeps_its_paragraphs() -> None:
    assert (
        typical_input(primary_message="Open again.\r\n\r\n\r\n Come in. ").primary_message == "Open again.\n\nCome in."
    )


def test_the_colour_the_call_to_action_and_the_contact_are_optional() -> None:
    assert typical_input(brand_color=None, call_to_action=None, contact=None).contact is None


@pytest.mark.parametrize("field", LIMITS)
def test_a_text_beyond_its_limit_is_refused(field: str) -> None:
    assert fault(**{field: "x" * (LIMITS[field] + 1)}) == f"String should have at most {LIMITS[field]} characters"


@pytest.mark.parametrize("field", LIMITS)
def test_a_blank_text_is_refused(field: str) -> None:
    assert fault(**{field: " \n "}) == "String should have at least 1 character"


@pytest.mark.parametrize("field", [field for field in LIMITS if field != "primary_message"])
def test_only_the_message_can_have_several_lines(field: str) -> None:
    assert fault(**{field: "one\ntwo"}) == "must be one line"


def test_a_message_has_at_most_twelve_lines() -> None:
    assert fault(primary_message="a\n" * 13) == "must have at most 12 lines"


UNDRAWABLE = {
    "Chinese": ("欢迎 Zoë", "“欢” (U+6B22), “迎” (U+8FCE)"),
    "Arabic": ("د. أمل", "“د” (U+062F), “أ” (U+0623), “م” (U+0645), “ل” (U+0644)"),
    "a right-to-left override": ("Dr. \u202eZoë", "U+202E (right-to-left override)"),
    "a zero width space": ("Zo\u200bë", "U+200B (zero width space)"),
    "a tab": ("Dr.\tZoë", "U+0009 (a control character)"),
    "a null": ("Zoë\0", "U+0000 (a control character)"),
    "a private character": ("Zoë \ue000", "U+E000 (a control character)"),
    "an accent without a letter": ("Dr. \u0301Zoë", "U+0301 (combining acute accent)"),
    "braces beside": ("{characters} 欢", "“欢” (U+6B22)"),
    "many": ("あいうえおか", "“あ” (U+3042), “い” (U+3044), “う” (U+3046), “え” (U+3048), “お” (U+304A) and more"),
}


@pytest.mark.parametrize("case", UNDRAWABLE)
def test_characters_that_cannot_be_drawn_are_refused_and_listed(case: str) -> None:
    text, listed = UNDRAWABLE[case]

    assert fault(doctor_name=text) == (
        f"contains {listed}, which cannot be drawn; supported are Latin, Greek and Cyrillic letters, "
        "digits and common punctuation, and emoji in the caption"
    )


@pytest.mark.parametrize("text", ["🦷", "…", "👨‍👩‍👧 !"])
def test_a_text_without_letters_or_digits_is_refused(text: str) -> None:
    assert fault(practice_name=text) == "must contain a letter or a digit, not only emoji or punctuation"


@pytest.mark.parametrize(
    "name",
    [
        "Δρ. Ελένη Παπαδοπούλου",
        "Лікар Їжакевич",
        "BS. Nguyễn Thị Hương",
        "Żaneta Wójcik-Łęcka",
        "Dókítà Ẹ̀bùn Ọlọ́runtóbi",
    ],
)
def test_a_name_in_a_supported_script_is_accepted(name: str) -> None:
    assert typical_input(doctor_name=name).doctor_name == name


@pytest.mark.parametrize("colour", ["red", "#12345", "#1234567", "#12345g", "#123456\n", "123456"])
def test_a_colour_is_six_hexadecimal_digits(colour: str) -> None:
    assert "pattern" in fault(brand_color=colour)


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("Hello 👋, all 🎉!", "Hello, all!"),
        ("🦷 Open ❤️ again", "Open again"),
        ("Press 1️⃣ 🇩🇪now", "Press 1 now"),
        ("Rendez-vous !", "Rendez-vous !"),
        ("One 👍🏽\nTwo", "One\nTwo"),
        ("✓ Free → today™", "✓ Free → today™"),
    ],
)
def test_emoji_are_removed_without_a_gap(text: str, drawn: str) -> None:
    assert glyphs.without_emoji(text) == drawn


@pytest.mark.parametrize("font", sorted(FONTS.glob("*.ttf")), ids=lambda font: font.stem)
def test_the_supported_characters_are_those_of_the_font(font: Any) -> None:
    listed = {code for first, last in glyphs.RANGES for code in range(first, last + 1)}

    assert listed == set(TTFont(font, lazy=True).getBestCmap())


def test_the_schema_describes_every_field_for_a_form() -> None:
    fields = Input.model_json_schema()["properties"]

    assert list(fields) == list(TYPICAL)
    assert all(field["description"] and field["title"] for field in fields.values())
    assert all(field["examples"] for name, field in fields.items() if name != "channel")


def test_the_examples_of_the_schema_are_the_typical_input() -> None:
    fields = Input.model_json_schema()["properties"]

    assert (
        typical_input(**{name: field["examples"][0] for name, field in fields.items() if name != "channel"})
        == typical_input()
    )
