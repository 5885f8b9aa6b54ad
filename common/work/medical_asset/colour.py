"""The colours of an asset, derived from the brand colour: readable by WCAG 2.2, success criterion 1.4.3."""

from dataclasses import dataclass

Colour = tuple[int, int, int]

DEFAULT_BRAND = "#1F5C63"
MIN_CONTRAST = 4.5
BARELY_VISIBLE = 1.10  # contrast of the ornament to its ground
BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)


@dataclass(frozen=True)
class Palette:
    """`ink` and `soft_ink` are readable on `brand` and on both tints; `brand` is readable on `ink`."""

    brand: Colour
    ink: Colour
    soft_ink: Colour
    tint: Colour
    faint_tint: Colour
    rule: Colour


def palette(brand_color: str | None) -> Palette:
    brand = parse(brand_color or DEFAULT_BRAND)
    ink = _ink(brand)
    tint = _tint(brand, ink)
    faint_tint = mix(brand, tint, 0.5)
    soft_ink = _readable([mix(ink, brand, 0.18), mix(ink, brand, 0.08), ink], brand, tint)
    return Palette(brand, ink, soft_ink, tint, faint_tint, mix(brand, ink, 0.35))


def parse(text: str) -> Colour:
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """Returns a colour with `share` of the other colour in it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def contrast(one: Colour, other: Colour) -> float:
    """Returns the contrast ratio, 1 to 21 (WCAG 2.2, definition of contrast ratio)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Colour) -> float:
    red, green, blue = (_linear(channel / 255) for channel in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _ink(brand: Colour) -> Colour:
    """Nearly white if that is readable, else nearly black. Pure white or pure black always is (at least 4.58)."""
    candidates = [mix(WHITE, brand, 0.04), WHITE, mix(BLACK, brand, 0.16), mix(BLACK, brand, 0.08), BLACK]
    return _readable(candidates, brand)


def _tint(brand: Colour, ink: Colour) -> Colour:
    """The ornament's colour: away from the ink if that is visible, else towards it while the ink stays readable."""
    away = BLACK if _luminance(ink) > _luminance(brand) else WHITE
    towards = WHITE if away == BLACK else BLACK
    candidates = [mix(brand, away, 0.16), mix(brand, away, 0.4), mix(brand, towards, 0.09), mix(brand, towards, 0.05)]
    visible = [tint for tint in candidates if contrast(tint, brand) >= BARELY_VISIBLE]
    return next((tint for tint in visible if contrast(tint, ink) >= MIN_CONTRAST), brand)


def _readable(candidates: list[Colour], *grounds: Colour) -> Colour:
    return next(c for c in candidates if all(contrast(c, ground) >= MIN_CONTRAST for ground in grounds))
