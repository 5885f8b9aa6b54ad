"""The shipped fonts, measured and drawn glyph by glyph with their own kerning.

Pillow's Raqm layout would kern by itself, but is there only where the machine has libfribidi, and its basic
layout does not kern: with either, the same words would not give the same image everywhere.
"""

import json
import unicodedata
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from PIL import ImageDraw, ImageFont

FONTS = Path(__file__).with_name("fonts")
UNITS = 1000  # to the em, in all of these fonts: at this size advances are exact


class FontFace:
    """One of the fonts, at any size."""

    def __init__(self, name: str) -> None:
        self._file = FONTS / f"{name}.ttf"
        self._at_units = self._at(UNITS)
        self._advances: dict[str, float] = {}
        kerning = _all_kerning()[name]
        self._first = {character: number for number, alike in enumerate(kerning["first"]) for character in alike}
        self._second = {character: number for number, alike in enumerate(kerning["second"]) for character in alike}
        self._values = kerning["values"]

    def width(self, text: str, size: float) -> float:
        kerns = sum(self._kern(first, second) for first, second in pairwise(text))
        return (sum(map(self._advance, text)) + kerns) * size / UNITS

    def draw(
        self,
        on: ImageDraw.ImageDraw,
        text: str,
        *,
        left: float,
        baseline: float,
        size: float,
        fill: tuple[int, int, int],
    ) -> None:
        font = self._at(size)
        pen, before = 0.0, ""
        for character in text:
            x, y = pen + self._kern(before, character), 0.0
            pen = x + self._advance(character)
            if before and unicodedata.combining(character):
                x, y = self._mark_position(before, character, pen)
            else:
                before = character
            place = (left + x * size / UNITS, baseline - y * size / UNITS)
            on.text(place, character, font=font, fill=fill, anchor="ls")

    def _mark_position(self, base: str, mark: str, pen: float) -> tuple[float, float]:
        """Where a mark that has no letter of its own stands: in the middle of its base, and above a tall one."""
        base_left, base_top, base_right, _ = self._at_units.getbbox(base, anchor="ls")
        mark_left, mark_top, mark_right, _ = self._at_units.getbbox(mark, anchor="ls")
        x = pen - self._advance(base) + (base_left + base_right - mark_left - mark_right) / 2
        x_height = self._at_units.getbbox("x", anchor="ls")[1]
        return x, max(x_height - base_top, 0) if mark_top < x_height else 0

    def _advance(self, character: str) -> float:
        if character not in self._advances:
            self._advances[character] = self._at_units.getlength(character)
        return self._advances[character]

    def _kern(self, first: str, second: str) -> int:
        if first not in self._first or second not in self._second:
            return 0
        value: int = self._values[self._first[first]][self._second[second]]
        return value

    def _at(self, size: float) -> ImageFont.FreeTypeFont:
        return ImageFont.truetype(self._file, size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=1)
def _all_kerning() -> Any:
    return json.loads((FONTS / "kerning.json").read_text(encoding="utf-8"))
