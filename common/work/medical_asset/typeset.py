"""Breaks a text into lines of a width. Pure: a `Face` measures the text."""

import unicodedata
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol


class Face(Protocol):
    """A font, at any size."""

    def width(self, text: str, size: float) -> float: ...


@dataclass(frozen=True)
class TextLayout:
    """A text in lines, in pixels. Each line is `leading` high."""

    lines: tuple[str, ...]
    size: float
    leading: float

    @property
    def height(self) -> float:
        return len(self.lines) * self.leading


def lay_out_text(text: str, face: Face, *, size: float, leading: float, width: float) -> TextLayout:
    """Returns lines of about equal length. `leading` is a multiple of the size. Words that are too wide are broken."""
    words = [part for word in text.split(" ") for part in _parts(word, face, size, width)]
    advances = [face.width(word, size) for word in words]
    space = face.width(" ", size)
    breaks = _breaks(advances, space, _narrowest(advances, space, width))
    return TextLayout(tuple(" ".join(words[first:end]) for first, end in breaks), size, size * leading)


def breaks_a_word(text: str, face: Face, *, size: float, width: float) -> bool:
    return any(face.width(word, size) > width for word in text.split(" "))


def _parts(word: str, face: Face, size: float, width: float) -> Iterator[str]:
    """Yields the word, or parts of it that fit on a line each, hyphenated between letters."""
    while face.width(word, size) > width:
        end = max(1, bisect(range(1, len(word)), width, key=lambda end: face.width(f"{word[:end]}-", size)))
        while end > 1 and unicodedata.combining(word[end]):
            end -= 1
        hyphen = "-" if word[end - 1].isalpha() and word[end].isalpha() else ""
        yield word[:end] + hyphen
        word = word[end:]
    yield word


def _breaks(advances: Sequence[float], space: float, width: float) -> list[tuple[int, int]]:
    """Returns lines as (first word, word after the last), each as full as possible."""
    lines = []
    first, filled = 0, 0.0
    for number, advance in enumerate(advances):
        if number > first and filled + space + advance > width:
            lines.append((first, number))
            first, filled = number, advance
        else:
            filled += advance + (space if number > first else 0)
    return [*lines, (first, len(advances))]


def _narrowest(advances: Sequence[float], space: float, width: float) -> float:
    """Returns the smallest width, to about a pixel, that needs no more lines than the given width."""
    most = len(_breaks(advances, space, width))
    low, high = min(max(advances), width), width
    while high - low > 1:
        middle = (low + high) / 2
        if len(_breaks(advances, space, middle)) > most:
            low = middle
        else:
            high = middle
    return high
