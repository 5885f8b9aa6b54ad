"""A marketing asset for a medical practice: the copy, and for the channel `social` a square image.

Both are steps, so a later attempt does not repeat the work of an earlier one.
"""

from common.work import JsonObject, Work
from common.work.medical_asset.colour import palette
from common.work.medical_asset.inputs import Input as Input
from common.work.medical_asset.writer import Copy, image_texts, write

IMAGE = "social.png"


def run(given: Input, work: Work) -> JsonObject:
    work.progress(10, "Writing the copy")
    copy = Copy.model_validate(work.step("copy", lambda: write(given).model_dump()))

    work.progress(40, "Drawing the image")
    asset = work.step("image", lambda: _save_image(given, copy, work))

    return {**copy.model_dump(exclude={"detail"}), "assets": [asset]}


def _save_image(given: Input, copy: Copy, work: Work) -> JsonObject:
    from common.work.medical_asset.social import draw  # noqa: PLC0415 (loads Pillow, which `api` does not need)

    image = draw(image_texts(given, copy), palette(given.brand_color))
    work.progress(85, "Storing the image")
    return work.save(IMAGE, "image/png", image).model_dump()
