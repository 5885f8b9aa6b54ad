"""A marketing asset for a medical practice: the copy, and for the channel `social` a square image.

Both are steps, so that a later attempt neither writes nor draws again what an earlier one has finished.
"""

from common.work import JsonObject, Work
from common.work.medical_asset.brief import Input as Input
from common.work.medical_asset.colour import palette
from common.work.medical_asset.glyphs import without_emoji
from common.work.medical_asset.writer import Copy, capitalised, write

IMAGE = "social.png"


def run(given: Input, work: Work) -> JsonObject:
    work.progress(10, "Writing the copy")
    copy = Copy.model_validate(work.step("copy", lambda: write(given).model_dump()))

    work.progress(40, "Drawing the image")
    asset = work.step("image", lambda: _save_image(given, copy, work))

    return {**copy.model_dump(exclude={"detail"}), "assets": [asset]}


def _save_image(given: Input, copy: Copy, work: Work) -> JsonObject:
    image = _draw(given, copy)
    work.progress(85, "Storing the image")
    return work.save(IMAGE, "image/png", image).model_dump()


def _draw(given: Input, copy: Copy) -> bytes:
    from common.work.medical_asset.social import Words, draw  # noqa: PLC0415  # loads Pillow, which `api` never needs

    words = Words(
        kind=capitalised(without_emoji(given.practice_type)),
        headline=copy.headline,
        detail=copy.detail,
        call_to_action=without_emoji(given.call_to_action or ""),
        doctor=without_emoji(given.doctor_name),
        practice=without_emoji(given.practice_name),
        contact=without_emoji(given.contact or ""),
    )
    return draw(words, palette(given.brand_color))
