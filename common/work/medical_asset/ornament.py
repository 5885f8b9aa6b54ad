"""Abstract shapes in tints of the brand colour in the upper right corner. Each practice always gets the same ones."""

import hashlib
from collections.abc import Callable

from common.work.medical_asset.canvas import Plate
from common.work.medical_asset.colour import Colour, Palette

LEAF = (True, False, True, False)
TURNED_LEAF = (False, True, False, True)


def ornament(practice: str, side: int, palette: Palette) -> tuple[Plate, ...]:
    options: tuple[Callable[[int, Palette], tuple[Plate, ...]], ...] = (_rings, _leaves, _lens)
    return options[hashlib.sha256(practice.encode()).digest()[0] % len(options)](side, palette)


def _rings(side: int, palette: Palette) -> tuple[Plate, ...]:
    fills = ((620, palette.faint_tint), (440, palette.tint), (260, palette.brand))
    return tuple(_disc(side, 0, radius, fill) for radius, fill in fills)


def _leaves(side: int, palette: Palette) -> tuple[Plate, ...]:
    length = 180
    leaves = (
        (1, 0, LEAF, palette.tint),
        (2, 0, TURNED_LEAF, palette.faint_tint),
        (1, 1, TURNED_LEAF, palette.faint_tint),
    )
    return tuple(
        Plate(
            side - column * length,
            row * length,
            side - (column - 1) * length,
            (row + 1) * length,
            fill,
            length / 2,
            corners,
        )
        for column, row, corners, fill in leaves
    )


def _lens(side: int, palette: Palette) -> tuple[Plate, ...]:
    return (
        _disc(side - 40, 90, 380, palette.faint_tint),
        _disc(side - 40, 90, 190, palette.tint),
    )


def _disc(x: float, y: float, radius: float, fill: Colour) -> Plate:
    return Plate(x - radius, y - radius, x + radius, y + radius, fill, radius)
