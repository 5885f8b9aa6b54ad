"""Hashtags from the name and the kind of a practice, in the form that social networks accept."""

import re
import unicodedata
from collections.abc import Iterable

from common.work.medical_asset.glyphs import capitalised, without_emoji
from common.work.medical_asset.inputs import Input

MAX_HASHTAGS = 5
MIN_HASHTAGS = 3
MAX_HASHTAG_CHARACTERS = 30

# The subject of a kind of practice, by a part of its English name. The first match counts.
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
    enough = max(MIN_HASHTAGS, len(tags) + bool(subject))
    return _distinct([*tags, *_GENERAL])[: min(enough, MAX_HASHTAGS)]


_WITHIN_WORDS = "['.\u2019\u02bc]"  # apostrophes and the dots of abbreviations


def _hashtag(text: str) -> str | None:
    """Returns the text as #OneWord, or None if networks would not accept it (only digits, or too long)."""
    words = re.findall(r"[^\W_]+", _without_latin_accents(re.sub(_WITHIN_WORDS, "", without_emoji(text))))
    tag = ""
    for word in map(capitalised, words):
        if len(tag) + len(word) > MAX_HASHTAG_CHARACTERS:
            tag = re.sub(r"(?<=[^\W\d_])[A-Z][a-z]{1,2}$", "", tag)  # and, of, für at the end
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
    """Returns the base letter of a Latin letter. In other scripts an accent makes another letter: й is not и."""
    base = unicodedata.normalize("NFD", character)[0]
    if unicodedata.combining(character):
        return ""
    return base if base.isascii() else character


def _distinct(tags: Iterable[str | None]) -> list[str]:
    found: dict[str, str] = {}
    for tag in filter(None, tags):
        found.setdefault(tag.casefold(), tag)
    return list(found.values())
