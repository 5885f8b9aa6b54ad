"""Paints shapes and lines of text as PNG. The same input always gives the same bytes."""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageDraw

from common.work.medical_asset.colour import Colour
from common.work.medical_asset.fonts import FontFace

OVERSAMPLING = 2


@dataclass(frozen=True)
class Line:
    text: str
    face: str
    size: float
    left: float
    baseline: float
    fill: Colour

    @property
    def right(self) -> float:
        return self.left + face(self.face).width(self.text, self.size)


@dataclass(frozen=True)
class Plate:
    """A rectangle. `round_corners` are clockwise from the upper left."""

    left: float
    top: float
    right: float
    bottom: float
    fill: Colour
    radius: float = 0
    round_corners: tuple[bool, bool, bool, bool] = (True, True, True, True)


@lru_cache(maxsize=3)
def face(name: str) -> FontFace:
    return FontFace(name)


def paint(side: int, ground: Colour, plates: Iterable[Plate], lines: Iterable[Line]) -> bytes:
    """Returns a square PNG. Later plates cover earlier ones, and lines cover plates."""
    image = Image.new("RGB", (side * OVERSAMPLING, side * OVERSAMPLING), ground)
    canvas = ImageDraw.Draw(image)
    for plate in plates:
        box = [edge * OVERSAMPLING for edge in (plate.left, plate.top, plate.right, plate.bottom)]
        canvas.rounded_rectangle(box, plate.radius * OVERSAMPLING, plate.fill, corners=plate.round_corners)
    for line in lines:
        face(line.face).draw(
            canvas,
            line.text,
            left=line.left * OVERSAMPLING,
            baseline=line.baseline * OVERSAMPLING,
            size=line.size * OVERSAMPLING,
            fill=line.fill,
        )
    content = io.BytesIO()
    image.reduce(OVERSAMPLING).save(content, "PNG")
    return content.getvalue()
