"""The image: its colours, its margins and its lines."""

import io
from functools import cache
from itertools import pairwise, product

import pytest
from PIL import Image, ImageChops

from common.work.medical_asset import Input
from common.work.medical_asset.canvas import paint
from common.work.medical_asset.colour import contrast, palette, parse
from common.work.medical_asset.social import MARGIN, SIDE, Composition, compose, draw
from common.work.medical_asset.writer import image_texts, write
from tests.unit.medical_asset_inputs import filled_with, typical_input

ROUNDING = 0.01
STEPS = range(0, 256, 51)


def composition_of(work_input: Input) -> Composition:
    return compose(image_texts(work_input, write(work_input)), palette(work_input.brand_color))


def image_of(work_input: Input) -> bytes:
    return draw(image_texts(work_input, write(work_input)), palette(work_input.brand_color))


@cache
def longest_of(text: str) -> Composition:
    return composition_of(filled_with(text))


def text_of(composition: Composition) -> str:
    return "".join(line.text for line in composition.lines)


def test_the_image_is_a_square_png_mostly_in_the_brand_colour() -> None:
    image = Image.open(io.BytesIO(image_of(typical_input(brand_color="#7A2E4D"))))

    colours = image.getcolors(SIDE * SIDE) or []
    assert (image.format, image.size, image.mode) == ("PNG", (1080, 1080), "RGB")
    assert max(colours)[1] == (0x7A, 0x2E, 0x4D)
    assert max(colours)[0] > SIDE * SIDE / 2


def test_the_same_input_always_gives_the_same_bytes() -> None:
    assert image_of(typical_input()) == image_of(typical_input())


def test_text_has_the_contrast_of_wcag_aa_on_every_colour() -> None:
    for red, green, blue in product(STEPS, STEPS, STEPS):
        colours = palette(f"#{red:02x}{green:02x}{blue:02x}")

        for ground in (colours.brand, colours.tint, colours.faint_tint):
            assert contrast(colours.ink, ground) >= 4.5, colours
            assert contrast(colours.soft_ink, ground) >= 4.5, colours


def test_contrast_is_computed_as_wcag_defines_it() -> None:
    assert contrast(parse("#000000"), parse("#FFFFFF")) == 21
    assert round(contrast(parse("#777777"), parse("#FFFFFF")), 2) == 4.48


def test_the_ornament_is_visible_on_light_and_on_dark_colours() -> None:
    for colour in ("#000000", "#FFFFFF", "#FFF3B0", "#767676"):
        colours = palette(colour)

        assert contrast(colours.tint, colours.brand) >= 1.1


EXTREMES = ["W", "ŵ", "Ω", "i", "a ", "Ấ", "й", "j", "x\u0323\u0301 "]


@pytest.mark.parametrize("text", EXTREMES)
def test_the_longest_input_stays_within_its_margins(text: str) -> None:
    composition = longest_of(text)

    assert min(line.left for line in composition.lines) >= MARGIN - 10
    assert max(line.right for line in composition.lines) <= SIDE - MARGIN + ROUNDING
    assert max(plate.right for plate in composition.plates) <= SIDE - MARGIN + ROUNDING
    assert min(line.baseline - line.size for line in composition.lines) >= MARGIN - 10
    assert max(line.baseline for line in composition.lines) <= SIDE - MARGIN


@pytest.mark.parametrize("text", EXTREMES)
def test_no_lines_of_the_longest_input_overlap(text: str) -> None:
    lines = sorted(longest_of(text).lines, key=lambda line: line.baseline)

    for above, below in pairwise(lines):
        assert below.baseline - above.baseline >= 0.9 * below.size


def test_nothing_is_drawn_outside_the_margins() -> None:
    composition = composition_of(filled_with("Wjgỵ́ "))
    image = Image.open(io.BytesIO(paint(SIDE, composition.ground, composition.plates, composition.lines)))

    box = ImageChops.difference(image, Image.new("RGB", image.size, composition.ground)).getbbox()

    assert box is not None
    assert min(box[0], box[1]) >= MARGIN - 2
    assert max(box[2], box[3]) <= SIDE - MARGIN + 2


def test_the_image_shows_every_field_of_the_input() -> None:
    composition = composition_of(typical_input(practice_type="family medicine", contact=None))

    assert [line.text for line in composition.lines] == [
        "Family medicine",
        "New patients",
        "are welcome",
        "We have opened Saturday appointments from 9 to 13.",
        "Dr. Amara Okafor",
        "Harbour Street Dental",
        "Book your check-up",
    ]


def test_a_long_word_is_set_smaller_before_it_is_broken() -> None:
    headline = composition_of(typical_input(primary_message="Herzrhythmusstörungen")).lines[1]

    assert headline.text == "Herzrhythmusstörungen"
    assert 44 < headline.size < 128


def test_a_word_longer_than_a_line_is_broken_with_hyphens() -> None:
    word = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"

    lines = [line.text for line in composition_of(typical_input(primary_message=word, call_to_action=None)).lines[1:-3]]

    assert [line.endswith("-") for line in lines] == [True, False]
    assert "".join(lines).replace("-", "") == word


def test_an_address_is_broken_without_hyphens() -> None:
    address = "https://appointments.harbour-street.example/" + "0123456789" * 7

    assert address in text_of(composition_of(typical_input(contact=address)))
