"""Hashtags from what a practice is called and does: in one word each, and such as networks accept."""

import re
import unicodedata
from collections.abc import Iterable

from common.work.medical_asset.glyphs import capitalised, without_emoji
from common.work.medical_asset.inputs import Input

MOST_HASHTAGS = 5
FEWEST_HASHTAGS = 3
LONGEST_HASHTAG = 30

# What a kind of practice is about, by a part of its English name; the first that fits.
_SUBJECTS = (
    (("veterin", "animal", "pet "), "#PetHealth"),
    (("orthodon", "dental", "dentist"), "#OralHealth"),
    (("dermat", "skin"), "#SkinHealth"),
    (("paediatr", "pediatr", "child"), "#ChildHealth"),
    (("cardio", "heart"), "#HeartHealth"),
    (("ophthal", "optom", "optic", "eye"), "#EyeHealth"),
    (("psych", "mental", "counsel", "therapist"), "#MentalHealth"),
    (("physio", "osteopath", "chiropract"), "#Physiotherapy"),
    (("gynaec", "gynec", "obstet", "women"), "#WomensHealth"),
    (("orthop",), "#Orthopaedics"),
    (("family", "general pract", "gp "), "#FamilyMedicine"),
    (("audiolog", "hearing"), "#HearingHealth"),
    (("pharma",), "#Pharmacy"),
)
_GENERAL = ("#Health", "#HealthCare", "#YourHealth")


def hashtags_for(given: Input) -> list[str]:
    own = [_hashtag(text) for text in (given.practice_name, given.practice_type, given.doctor_name.split(",")[0])]
    kind = f"{given.practice_type.lower()} "
    subject = next((tag for parts, tag in _SUBJECTS if any(part in kind for part in parts)), None)
    tags = _distinct([*own, subject])
    enough = max(FEWEST_HASHTAGS, len(tags) + bool(subject))
    return _distinct([*tags, *_GENERAL])[: min(enough, MOST_HASHTAGS)]


_WITHIN_WORDS = "['.\u2019\u02bc]"  # apostrophes and the dots of abbreviations


def _hashtag(text: str) -> str | None:
    """#InOneWord, or None if a network would not take it for a hashtag (nothing but digits, or too long)."""
    words = re.findall(r"[^\W_]+", _without_latin_accents(re.sub(_WITHIN_WORDS, "", without_emoji(text))))
    tag = ""
    for word in map(capitalised, words):
        if len(tag) + len(word) > LONGEST_HASHTAG:
            tag = re.sub(r"(?<=[^\W\d_])[A-Z][a-z]{1,2}$", "", tag)  # and, of, für, which now lead nowhere
            break
        tag += word
    return f"#{tag}" if any(map(str.isalpha, tag)) else None


_LATIN_LETTERS = str.maketrans(
    {"ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D"}
    | {"ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ł": "l", "Ł": "L", "\u0131": "i", "ħ": "h", "Ħ": "H"}
)


def _without_latin_accents(text: str) -> str:
    return "".join(_plain(character) for character in text.translate(_LATIN_LETTERS))


def _plain(character: str) -> str:
    """Its base letter if it is Latin. Elsewhere an accent makes another letter: й is not и."""
    base = unicodedata.normalize("NFD", character)[0]
    if unicodedata.combining(character):
        return ""
    return base if base.isascii() else character


def _distinct(tags: Iterable[str | None]) -> list[str]:
    found: dict[str, str] = {}
    for tag in filter(None, tags):
        found.setdefault(tag.casefold(), tag)
    return list(found.values())
