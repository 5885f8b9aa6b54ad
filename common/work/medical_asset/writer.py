"""Writes the copy of an asset from the input of the practice. The same input always gives the same copy.

The copy contains no facts that the input does not contain. English sentences are added only to English input.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from common.work.medical_asset.glyphs import capitalised, without_emoji
from common.work.medical_asset.hashtags import hashtags_for
from common.work.medical_asset.inputs import Input

LONG_SENTENCE, SHORTEST_CLAUSE = 60, 12  # characters; the headline of a longer sentence is its first clause


class Copy(BaseModel):
    """`headline` and `detail` are the drawn message. `body` is the detail, or an invitation if there is none."""

    model_config = ConfigDict(frozen=True)

    headline: str
    detail: str
    body: str
    caption: str
    hashtags: list[str]


@dataclass(frozen=True)
class ImageTexts:
    """The texts of the image. Empty ones are omitted."""

    kind: str
    headline: str
    detail: str
    call_to_action: str
    doctor: str
    practice: str
    contact: str


def write(given: Input) -> Copy:
    english = _is_english(given)
    headline, detail = _headline_and_detail(without_emoji(given.primary_message))
    hashtags = hashtags_for(given)
    paragraphs = [given.primary_message, _signature(given, english=english), _next_step(given, english=english)]
    caption = "\n\n".join([*filter(None, paragraphs), " ".join(hashtags)])
    body = detail or _invitation(given, english=english)
    return Copy(headline=headline, detail=detail, body=body, caption=caption, hashtags=hashtags)


def image_texts(given: Input, copy: Copy) -> ImageTexts:
    return ImageTexts(
        kind=capitalised(without_emoji(given.practice_type)),
        headline=copy.headline,
        detail=copy.detail,
        call_to_action=without_emoji(given.call_to_action or ""),
        doctor=without_emoji(given.doctor_name),
        practice=without_emoji(given.practice_name),
        contact=without_emoji(given.contact or ""),
    )


_ENGLISH = re.compile(
    r"\b(the|your|our|you|and|with|are|this|that|now|new|free|from|every|today|us|please|welcome|book|appointments?)\b",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"\b(die|der|und|das|les|des|et|vous|nous|het|een|och|og|los|las|para|con|del|che|per)\b", re.IGNORECASE
)


def _is_english(given: Input) -> bool:
    text = f"{given.primary_message} {given.call_to_action or ''}"
    return bool(_ENGLISH.search(text)) and not _OTHER.search(text)


def _choose(options: Sequence[str], given: Input) -> str:
    """Returns one of the options, always the same one for the same message."""
    digest = hashlib.sha256(f"{given.practice_name}\n{given.primary_message}".encode()).digest()
    return options[digest[0] % len(options)]


def _signature(given: Input, *, english: bool) -> str:
    speaker = _speaker(given, ", ")
    if not english:
        return f"— {speaker}"
    sentence = _speaker(given, " at ")
    options = (
        f"— {speaker}",
        f"A message from {sentence}.",
        f"From {sentence}.",
        f"With kind regards from {sentence}.",
    )
    return _choose(options, given)


def _invitation(given: Input, *, english: bool) -> str:
    if not english:
        return without_emoji(_speaker(given, " · "))
    speaker = _speaker(given, " at ")
    options = (
        f"To find out more, speak to {speaker}.",
        f"Ask {speaker} for details.",
        f"For details, get in touch with {speaker}.",
    )
    return without_emoji(_choose(options, given))


def _speaker(given: Input, between: str) -> str:
    """Returns doctor and practice, or only the practice if its name contains the doctor's."""
    if given.doctor_name.casefold() in given.practice_name.casefold():
        return given.practice_name
    return f"{given.doctor_name}{between}{given.practice_name}"


def _next_step(given: Input, *, english: bool) -> str:
    action, contact = given.call_to_action, given.contact
    if action and contact:
        if contact.casefold() in action.casefold():
            return action
        return f"{action} {contact}" if action[-1] in ".!?:…" else f"{action}: {contact}"
    if contact and english:
        return _choose((f"Get in touch: {contact}", f"Contact us: {contact}", f"How to reach us: {contact}"), given)
    return action or contact or ""


_ABBREVIATION = re.compile(
    r"[^\W\d_]|.*\..*|drs?|mrs?|ms|prof|st|no|nr|tel|approx|appt|dept|incl|ext|med|dent|dipl|[sj]r|bzw|ca|str|ul|al|d?sra",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[.!?…][\"”»)])\s+|\n+")
_CLAUSE_END = re.compile(r"(?<=\w)[:;]\s+(?=\w)")


def _headline_and_detail(message: str) -> tuple[str, str]:
    """Splits the message after its first sentence, or a single long sentence after its first clause."""
    for end in _SENTENCE_END.finditer(message):
        head, rest = message[: end.start()], message[end.end() :]
        if not any(map(str.isalnum, head)):
            continue
        if "\n" in end[0] or not (rest[0].islower() or _ends_in_abbreviation(head)):
            return _as_headline(head), _join_lines(rest)
    message = _join_lines(message)
    if len(message) > LONG_SENTENCE:
        for end in _CLAUSE_END.finditer(message):
            if SHORTEST_CLAUSE <= end.start() <= LONG_SENTENCE:
                return message[: end.start()], capitalised(message[end.end() :])
    return _as_headline(message), ""


def _ends_in_abbreviation(text: str) -> bool:
    word = text.rsplit(maxsplit=1)[-1].lstrip('("“„«')
    return word.endswith(".") and _ABBREVIATION.fullmatch(word[:-1]) is not None


def _as_headline(sentence: str) -> str:
    """Removes the final full stop, unless it belongs to an abbreviation."""
    sentence = sentence.rstrip(":;,")
    ends_plainly = sentence.endswith(".") and not sentence.endswith("..") and not _ends_in_abbreviation(sentence)
    return sentence[:-1] if ends_plainly else sentence


def _join_lines(text: str) -> str:
    return re.sub(r"\n+", " ", re.sub(r"(?<![.!?:;,…])\n+", " · ", text))
