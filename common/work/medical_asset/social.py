"""The square image for social networks: `compose` decides the positions, `draw` paints."""

from dataclasses import dataclass

from common.work.medical_asset.canvas import Line, Plate, face, paint
from common.work.medical_asset.colour import Colour, Palette
from common.work.medical_asset.ornament import ornament
from common.work.medical_asset.typeset import TextLayout, breaks_a_word, lay_out_text
from common.work.medical_asset.writer import ImageTexts

SIDE = 1080
MARGIN = 96
WIDTH = SIDE - 2 * MARGIN

GAP_UNDER_KIND = 48
GAP_OVER_DETAIL = 30
GAP_OVER_ACTION = 48
GAP_OVER_FOOTER = 52
GAP_UNDER_RULE = 30
GAP_OVER_CONTACT = 6
GAP_BETWEEN_COLUMNS = 48
RULE = 2
PILL_ACROSS, PILL_DOWN, PILL_RADIUS = 42, 22, 48
CAPITALS = 0.66  # of the size, in both families
OPTICAL_MIDDLE = 0.42


@dataclass(frozen=True)
class Style:
    """`leading` is a multiple of the size. The first size at which the text fits is used, else the last."""

    face: str
    leading: float
    sizes: tuple[float, ...]


KIND = Style("sans-semibold", 1.25, (32, 30, 28, 26))
HEADLINE = Style("serif-semibold", 1.1, tuple(range(128, 20, -2)))
DETAIL = Style("sans-regular", 1.4, (38, 26))  # in proportion to the headline, within these bounds
ACTION = Style("sans-semibold", 1.25, (34, 32, 30, 28, 26))
DOCTOR = Style("sans-semibold", 1.25, (36, 34, 32, 30, 28))
FOOTER = Style("sans-regular", 1.3, (30, 28, 26, 24))
DETAIL_TO_HEADLINE = 0.45
SMALLEST_UNBROKEN = 44  # a larger headline shrinks rather than break a word


@dataclass(frozen=True)
class Composition:
    ground: Colour
    plates: tuple[Plate, ...]
    lines: tuple[Line, ...]


def draw(words: ImageTexts, palette: Palette) -> bytes:
    composition = compose(words, palette)
    shapes = (*ornament(words.practice, SIDE, palette), *composition.plates)
    return paint(SIDE, composition.ground, shapes, composition.lines)


def compose(words: ImageTexts, palette: Palette) -> Composition:
    """The kind of practice at the top, the names at the bottom, the message and the call to action between them."""
    kind = _fitted(words.kind, KIND, WIDTH)
    footer, rule = _footer(words, palette)
    action = _fitted(words.call_to_action, ACTION, WIDTH - 2 * PILL_ACROSS)
    action_height = action.height + 2 * PILL_DOWN + GAP_OVER_ACTION if action.lines else 0

    top = MARGIN + kind.height + GAP_UNDER_KIND
    room = rule.top - GAP_OVER_FOOTER - top
    headline, detail = _message(words, room - action_height)
    height = _message_height(headline, detail) + action_height
    y = top + (room - height) * OPTICAL_MIDDLE

    plates = [rule]
    lines = [
        *_lines(kind, KIND, MARGIN, MARGIN, palette.soft_ink),
        *_lines(headline, HEADLINE, MARGIN, y, palette.ink),
        *_lines(detail, DETAIL, MARGIN, y + headline.height + GAP_OVER_DETAIL, palette.soft_ink),
        *footer,
    ]
    if action.lines:
        pill = _pill(action, y + height - action_height + GAP_OVER_ACTION, palette)
        plates.append(pill)
        lines += _lines(action, ACTION, pill.left + PILL_ACROSS, pill.top + PILL_DOWN, palette.brand)
    return Composition(palette.brand, tuple(plates), tuple(lines))


def _fitted(text: str, style: Style, width: float) -> TextLayout:
    """Returns one line if a size allows it, else several lines of the smallest size. No lines without text."""
    if not text:
        return TextLayout((), style.sizes[-1], 0)
    one_line = (size for size in style.sizes if face(style.face).width(text, size) <= width)
    size = next(one_line, style.sizes[-1])
    return lay_out_text(text, face(style.face), size=size, leading=style.leading, width=width)


def _message(words: ImageTexts, room: float) -> tuple[TextLayout, TextLayout]:
    """Returns the headline as large as the room allows, and the detail in proportion to it."""
    headline = detail = TextLayout((), 0, 0)
    for size in HEADLINE.sizes:
        serif = face(HEADLINE.face)
        if size > SMALLEST_UNBROKEN and breaks_a_word(words.headline, serif, size=size, width=WIDTH):
            continue
        headline = lay_out_text(words.headline, serif, size=size, leading=HEADLINE.leading, width=WIDTH)
        if words.detail:
            detail = _detail(words.detail, size)
        if _message_height(headline, detail) <= room:
            break
    return headline, detail


def _detail(text: str, headline_size: float) -> TextLayout:
    largest, smallest = DETAIL.sizes
    size = min(largest, max(smallest, headline_size * DETAIL_TO_HEADLINE), headline_size)
    return lay_out_text(text, face(DETAIL.face), size=size, leading=DETAIL.leading, width=WIDTH)


def _message_height(headline: TextLayout, detail: TextLayout) -> float:
    return headline.height + (GAP_OVER_DETAIL + detail.height if detail.lines else 0)


def _footer(words: ImageTexts, palette: Palette) -> tuple[list[Line], Plate]:
    """Names and contact under a rule. The contact is beside the names if there is room, else below them."""
    doctor = _fitted(words.doctor, DOCTOR, WIDTH)
    practice = _fitted(words.practice, FOOTER, WIDTH)
    contact = _fitted(words.contact, FOOTER, WIDTH)
    names_width = max(_width(doctor, DOCTOR), _width(practice, FOOTER))
    beside = names_width + GAP_BETWEEN_COLUMNS + _width(contact, FOOTER) <= WIDTH
    below = 0 if beside else GAP_OVER_CONTACT + contact.height

    practice_top = SIDE - MARGIN - below - practice.height
    doctor_top = practice_top - doctor.height
    contact_top = SIDE - MARGIN - contact.height
    contact_left = SIDE - MARGIN - _width(contact, FOOTER) if beside else MARGIN
    rule_top = doctor_top - GAP_UNDER_RULE
    lines = [
        *_lines(doctor, DOCTOR, MARGIN, doctor_top, palette.ink),
        *_lines(practice, FOOTER, MARGIN, practice_top, palette.soft_ink),
        *_lines(contact, FOOTER, contact_left, contact_top, palette.soft_ink),
    ]
    return lines, Plate(MARGIN, rule_top, SIDE - MARGIN, rule_top + RULE, palette.rule)


def _pill(action: TextLayout, top: float, palette: Palette) -> Plate:
    right = MARGIN + _width(action, ACTION) + 2 * PILL_ACROSS
    bottom = top + action.height + 2 * PILL_DOWN
    return Plate(MARGIN, top, right, bottom, palette.ink, min(PILL_RADIUS, (bottom - top) / 2))


def _lines(setting: TextLayout, style: Style, left: float, top: float, fill: Colour) -> list[Line]:
    """Centres the capitals in the height of each line, and aligns the ink of the first letters at the left."""
    first = top + (setting.leading + CAPITALS * setting.size) / 2
    bearing = face(style.face).bearing
    return [
        Line(text, style.face, setting.size, left - bearing(text, setting.size), first + number * setting.leading, fill)
        for number, text in enumerate(setting.lines)
    ]


def _width(setting: TextLayout, style: Style) -> float:
    return max((face(style.face).width(text, setting.size) for text in setting.lines), default=0)
