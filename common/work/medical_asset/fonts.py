"""The shipped fonts, measured and drawn glyph by glyph with their own kerning.

Pillow kerns only with its Raqm layout, which needs libfribidi on the machine. Kerning here makes images equal on all
machines.
"""

import json
import unicodedata
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from PIL import ImageDraw, ImageFont

FONTS = Path(__file__).with_name("fonts")
UNITS = 1000  # per em in all of these fonts: advances are exact at this size
INK_UNITS = 250  # precise enough to align ink, and sixteen times as fast


class FontFace:
    """One of the fonts, at any size."""

    def __init__(self, name: str) -> None:
        self._file = FONTS / f"{name}.ttf"
        self._at_units = self._at(UNITS)
        self._advances: dict[str, float] = {}
        self._at_ink_units = self._at(INK_UNITS)
        self._inks: dict[str, tuple[float, float, float]] = {}
        kerning = _all_kerning()[name]
        self._first = {character: number for number, alike in enumerate(kerning["first"]) for character in alike}
        self._second = {character: number for number, alike in enumerate(kerning["second"]) for character in alike}
        self._values = kerning["values"]

    def width(self, text: str, size: float) -> float:
        kerns = sum(self._kern(first, second) for first, second in pairwise(text))
        return (sum(map(self._advance, text)) + kerns) * size / UNITS

    def bearing(self, text: str, size: float) -> float:
        """Returns how far right of its position the ink of the text begins; 0 if it overhangs, like the tail of a j."""
        return max(0, self._ink(text[0])[0]) * size / UNITS

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
        """Returns the position of a combining mark: centred on its base, and above a tall base."""
        base_left, base_top, base_right = self._ink(base)
        mark_left, mark_top, mark_right = self._ink(mark)
        x = pen - self._advance(base) + (base_left + base_right - mark_left - mark_right) / 2
        x_top = self._ink("x")[1]
        return x, max(base_top - x_top, 0) if mark_top > x_top else 0

    def _ink(self, character: str) -> tuple[float, float, float]:
        """Returns left, top (from the baseline) and right of the ink. Pillow's getbbox includes the advance."""
        if character not in self._inks:
            mask, (left, top) = self._at_ink_units.getmask2(character, anchor="ls")
            box = mask.getbbox() or (0, 0, 0, 0)
            unit = UNITS / INK_UNITS
            self._inks[character] = ((left + box[0]) * unit, (-top - box[1]) * unit, (left + box[2]) * unit)
        return self._inks[character]

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
