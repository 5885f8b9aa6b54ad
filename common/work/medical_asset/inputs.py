"""The input of a medical asset. Validation cleans all text, converts it to NFC and refuses undrawable characters."""

import re
import unicodedata
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from common.work import WorkInput
from common.work.medical_asset.glyphs import SCRIPTS, undrawable, without_emoji

MAX_LINES = 12
MAX_NAMED = 5  # characters in one message


def _one_line(text: str) -> str:
    if "\n" in text:
        raise PydanticCustomError("one_line", "must be one line")
    return _drawable(text)


def _message(text: str) -> str:
    lines = [line.strip() for line in text.splitlines()]
    if len(lines) > MAX_LINES:
        raise PydanticCustomError("too_many_lines", "must have at most {most} lines", {"most": MAX_LINES})
    return _drawable(re.sub(r"\n{3,}", "\n\n", "\n".join(lines)))


def _drawable(text: str) -> str:
    text = re.sub(" {2,}", " ", unicodedata.normalize("NFC", text))
    if refused := undrawable(text):
        named = ", ".join(map(_name, refused[:MAX_NAMED])) + (" and more" if len(refused) > MAX_NAMED else "")
        raise PydanticCustomError(
            "undrawable",
            "contains {characters}, which cannot be drawn; supported are {scripts}, and emoji in the caption",
            {"characters": named, "scripts": SCRIPTS},
        )
    if not any(map(str.isalnum, without_emoji(text))):
        raise PydanticCustomError("nothing_to_draw", "must contain a letter or a digit, not only emoji or punctuation")
    return text


def _name(character: str) -> str:
    code = f"U+{ord(character):04X}"
    if character.isprintable() and not unicodedata.combining(character):
        return f"“{character}” ({code})"
    return f"{code} ({unicodedata.name(character, 'a control character').lower()})"


def _unix_newlines(text: object) -> object:
    """Replaces CR LF, which HTML forms send."""
    return text.replace("\r\n", "\n") if isinstance(text, str) else text


def _up_to(max_length: int) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=max_length)


Name = Annotated[str, _up_to(80), AfterValidator(_one_line)]
Kind = Annotated[str, _up_to(60), AfterValidator(_one_line)]
Message = Annotated[str, _up_to(400), AfterValidator(_message), BeforeValidator(_unix_newlines)]
Action = Annotated[str, _up_to(50), AfterValidator(_one_line)]
Contact = Annotated[str, _up_to(120), AfterValidator(_one_line)]
HexColour = Annotated[str, StringConstraints(pattern=r"^#[0-9A-Fa-f]{6}$")]


class Input(WorkInput):
    """A marketing asset for a medical practice, in the practice's own words."""

    doctor_name: Name = Field(
        title="Doctor",
        description="The name of the doctor, as patients know it.",
        examples=["Dr. Amara Okafor"],
    )
    practice_name: Name = Field(
        title="Practice", description="Name of the practice.", examples=["Harbour Street Dental"]
    )
    practice_type: Kind = Field(
        title="Kind of practice",
        description="Printed above the message and used as a hashtag.",
        examples=["Dental practice", "Dermatology", "Family medicine"],
    )
    channel: Literal["social"] = Field(
        title="Channel", description="Where the asset is published. A social post is a square image with a caption."
    )
    primary_message: Message = Field(
        title="Message",
        description="Message to patients. Its first sentence becomes the headline. Emoji appear in the caption only.",
        examples=["New patients are welcome. We have opened Saturday appointments from 9 to 13."],
    )
    brand_color: HexColour | None = Field(
        default=None,
        title="Brand colour",
        description="Colour of the image, as #RRGGBB. The colour of the text is derived from it.",
        examples=["#1F5C63"],
    )
    call_to_action: Action | None = Field(
        default=None,
        title="Call to action",
        description="What patients should do next.",
        examples=["Book your check-up"],
    )
    contact: Contact | None = Field(
        default=None,
        title="Contact",
        description="Telephone number, address or website, as it should be printed.",
        examples=["020 7946 0018 · harbourstreet.example"],
    )
