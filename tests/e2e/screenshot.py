"""Takes the README's picture of the page: `python -m tests.e2e.screenshot`. With a folder, those of every state too."""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, expect, sync_playwright

from build import ROOT
from local.stack.stack import Stack
from tests.e2e.browser import Visitor, launched, visiting
from tests.e2e.scenes import DENTIST, DERMATOLOGIST, OPTICIAN, PAEDIATRICIAN, PHYSIOTHERAPIST, Scenery, stack_with_page

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
  const loaded = document.fonts.status === 'loaded' && !document.querySelector('[aria-label=Loading]')
  return loaded && seen.every((preview) => preview.querySelector('img.loaded'))
}"""
LOOKS: dict[str, dict[str, object]] = {
    "desktop": {"viewport": DESKTOP},
    "dark": {"viewport": DESKTOP, "color_scheme": "dark"},
    "phone": {"viewport": PHONE, "device_scale_factor": 2, "has_touch": True, "is_mobile": True},
    "tall": {"viewport": {"width": 1280, "height": 2000}},
    "tall-phone": {"viewport": {"width": 390, "height": 2400}, "has_touch": True, "is_mobile": True},
}
COLOURS = 256  # in a palette of its own: a third of the size, and no difference to the eye


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.screenshot", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="for a picture of every state")
    given = parser.parse_args()
    with stack_with_page() as stack, sync_playwright() as playwright, launched(playwright) as browser:
        fill(stack)
        camera = Camera(browser, str(stack.addresses.page))
        camera.take(README)
        print(f"{README.relative_to(ROOT)}: {README.stat().st_size / 1000:.0f} kB")
        if given.folder:
            camera.take_all(given.folder)


def fill(stack: Stack) -> None:
    """A morning of Ann's; Ben's requests are in all other states; Cleo has asked for nothing."""
    scenery = Scenery(stack.addresses, "(default)", "ann")
    scenery.completed(OPTICIAN, ago=timedelta(minutes=96))
    scenery.completed(PHYSIOTHERAPIST, ago=timedelta(minutes=58))
    scenery.failed(DENTIST, ago=timedelta(minutes=41), message="The image could not be drawn.")
    scenery.completed(PAEDIATRICIAN, ago=timedelta(minutes=12))
    scenery.completed(DERMATOLOGIST, ago=timedelta(minutes=3))
    scenery.running(DENTIST, percent=40, message="Drawing the image")
    scenery = Scenery(stack.addresses, "(default)", "ben")
    scenery.failed(OPTICIAN, ago=timedelta(days=1), message="The image could not be drawn.")
    scenery.cancelled(DERMATOLOGIST, ago=timedelta(minutes=20))
    scenery.scheduled(PHYSIOTHERAPIST, later=timedelta(days=3))
    scenery.retrying(PAEDIATRICIAN, percent=85, message="Storing the image", failure="The storage did not answer.")


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
        with Image.open(file) as image:
            image.convert("RGB").quantize(COLOURS).save(file, optimize=True)

    def take_all(self, folder: Path) -> None:
        for look, options in LOOKS.items():
            for name, arrange in SCENES.items():
                with self._before(**options) as visitor:
                    arrange(visitor)
                    save(visitor, folder / look / f"{name}.png")

    @contextmanager
    def _before(self, **options: object) -> Iterator[Visitor]:
        with visiting(
            self._browser, self._url, **{"viewport": DESKTOP, "reduced_motion": "reduce", **options}
        ) as visitor:
            visitor.open()
            yield visitor


def empty(visitor: Visitor) -> None:
    visitor.become("cleo")


def errors(visitor: Visitor) -> None:
    empty(visitor)
    form = visitor.page.get_by_test_id("ask-form")
    form.get_by_test_id("field-practice_name").fill("A name that is longer than eighty characters, " * 2)
    form.get_by_test_id("field-brand_color").fill("green")
    form.get_by_test_id("later").check()
    form.get_by_test_id("run-at").fill("2026-01-01T09:00")
    form.get_by_test_id("send").click()


def later(visitor: Visitor) -> None:
    empty(visitor)
    visitor.page.get_by_test_id("later").check()


def states(visitor: Visitor) -> None:
    visitor.become("ben")


def filtered(visitor: Visitor) -> None:
    visitor.page.get_by_test_id("filter-cancelled").check()


def offline(visitor: Visitor) -> None:
    visitor.page.wait_for_function(ALL_IS_THERE)
    visitor.context.set_offline(True)
    expect(visitor.page.get_by_test_id("banner")).to_be_visible()


def notice(visitor: Visitor) -> None:
    details("ann", "completed")(visitor)
    visitor.context.grant_permissions(["clipboard-write"])
    visitor.page.get_by_role("dialog").get_by_test_id("copy-caption").click()
    expect(visitor.page.get_by_role("dialog").get_by_test_id("toast")).to_be_visible()


def details(person: str, status: str) -> Callable[[Visitor], None]:
    def arrange(visitor: Visitor) -> None:
        visitor.become(person)
        visitor.page.locator(f"[data-status={status}]").get_by_test_id("details").first.click()

    return arrange


SCENES: dict[str, Callable[[Visitor], None]] = {
    "list": lambda _: None,
    "empty": empty,
    "errors": errors,
    "later": later,
    "states": states,
    "filtered": filtered,
    "offline": offline,
    "notice": notice,
    "details-processing": details("ann", "processing"),
    "details-completed": details("ann", "completed"),
    "details-retrying": details("ben", "processing"),
    "details-scheduled": details("ben", "queued"),
    "details-cancelled": details("ben", "cancelled"),
    "details-failed": details("ben", "failed"),
}


def save(visitor: Visitor, file: Path) -> None:
    """A picture of what can be seen, once all previews within it are there."""
    visitor.page.wait_for_function(ALL_IS_THERE)
    visitor.page.screenshot(path=file)


if __name__ == "__main__":
    main()
