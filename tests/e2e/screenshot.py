"""Takes the README's picture of the page: `python -m tests.e2e.screenshot`. With a folder, one of every state too."""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from local.stack import Stack
from local.supervisor import ROOT
from local.web import built_page
from tests.e2e.browser import Visitor, launched, visiting
from tests.e2e.scenes import DENTIST, DERMATOLOGIST, OPTICIAN, PAEDIATRICIAN, PHYSIOTHERAPIST, Scenery

README = ROOT / "docs" / "page.png"
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
DRAFT = {
    "primary_message": "Nervous at the dentist's? Tell us when you book, and we take the time that you need.",
    "call_to_action": "Book a long appointment",
    "practice_name": "Lakeside Dental",
    "practice_type": "Dental practice",
    "doctor_name": "Dr. Ann Weber",
    "brand_color": "#0F766E",
}
ALL_IS_THERE = """() => {
  const seen = [...document.querySelectorAll('[data-status=completed] [data-testid=preview]')].filter((preview) => {
    const { top, bottom } = preview.getBoundingClientRect()
    return bottom > 0 && top < innerHeight
  })
  return document.fonts.status === 'loaded' && seen.every((preview) => preview.querySelector('img.loaded'))
}"""
COLOURS = 256  # in a palette of its own: a third of the size, and no difference to the eye


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.screenshot", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="for a picture of every state")
    given = parser.parse_args()
    with _stack() as stack, sync_playwright() as playwright, launched(playwright) as browser:
        fill(stack)
        camera = Camera(browser, str(stack.addresses.page))
        camera.take(README)
        print(f"{README.relative_to(ROOT)}: {README.stat().st_size / 1000:.0f} kB")  # noqa: T201  # a command tells what it did
        if given.folder:
            camera.take_all(given.folder)


def fill(stack: Stack) -> None:
    """A morning of Ann's; Cleo has asked for nothing."""
    scenery = Scenery(stack.addresses, "(default)", "ann")
    scenery.completed(OPTICIAN, ago=timedelta(minutes=96))
    scenery.completed(PHYSIOTHERAPIST, ago=timedelta(minutes=58))
    scenery.failed(DENTIST, ago=timedelta(minutes=41), message="The image could not be drawn.")
    scenery.completed(PAEDIATRICIAN, ago=timedelta(minutes=12))
    scenery.completed(DERMATOLOGIST, ago=timedelta(minutes=3))
    scenery.running(DENTIST, percent=40, message="Drawing the image")


class Camera:
    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self._url = url

    def take(self, file: Path) -> None:
        with self._before() as ann:
            for name, text in DRAFT.items():
                ann.page.get_by_test_id(f"field-{name}").fill(text)
            ann.open()  # which keeps what was typed, and begins at the top
            save(ann, file)

    def take_all(self, folder: Path) -> None:
        with self._before(viewport={"width": 1280, "height": 2000}) as ann:
            save(ann, folder / "many.png")
        with self._before(color_scheme="dark") as ann:
            save(ann, folder / "dark.png")
        with self._before(viewport=PHONE, device_scale_factor=2, has_touch=True, is_mobile=True) as ann:
            save(ann, folder / "phone.png")
            save(ann, folder / "phone-whole.png", whole=True)
        with self._before() as cleo:
            cleo.become("cleo")
            save(cleo, folder / "empty.png")
        for status in ("processing", "completed", "failed"):
            with self._before() as ann:
                ann.page.locator(f"[data-status={status}]").get_by_test_id("details").first.click()
                save(ann, folder / f"details-{status}.png")

    @contextmanager
    def _before(self, **options: object) -> Iterator[Visitor]:
        with visiting(
            self._browser, self._url, **{"viewport": DESKTOP, "reduced_motion": "reduce", **options}
        ) as visitor:
            visitor.open()
            yield visitor


def save(visitor: Visitor, file: Path, *, whole: bool = False) -> None:
    """A picture of what can be seen, once all previews within it are there."""
    visitor.page.wait_for_function(ALL_IS_THERE)
    file.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(BytesIO(visitor.page.screenshot(full_page=whole))) as image:
        image.convert("RGB").quantize(COLOURS).save(file, optimize=True)


@contextmanager
def _stack() -> Iterator[Stack]:
    page = built_page(tell=print)
    with tempfile.TemporaryDirectory() as folder, Stack(ports="free", folder=Path(folder), page=page) as stack:
        yield stack


if __name__ == "__main__":
    main()
