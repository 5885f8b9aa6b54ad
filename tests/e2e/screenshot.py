"""Takes the README's screenshot of the page: `python -m tests.e2e.screenshot`. With a folder: of every state."""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, expect, sync_playwright

from build import ROOT
from local.stack.stack import Stack
from tests.e2e.browser import Visitor, launch_chromium, new_visitor
from tests.e2e.sample_requests import (
    DENTIST,
    DERMATOLOGIST,
    OPTICIAN,
    PAEDIATRICIAN,
    PHYSIOTHERAPIST,
    SampleRequests,
    new_stack,
)

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
IS_LOADED = """() => {
  const visible = [...document.querySelectorAll('[data-status=completed] [data-testid=preview]')].filter((preview) => {
    const { top, bottom } = preview.getBoundingClientRect()
    return bottom > 0 && top < innerHeight
  })
  const loaded = document.fonts.status === 'loaded' && !document.querySelector('[aria-label=Loading]')
  return loaded && visible.every((preview) => preview.querySelector('img.loaded'))
}"""
DEVICES: dict[str, dict[str, object]] = {
    "desktop": {"viewport": DESKTOP},
    "dark": {"viewport": DESKTOP, "color_scheme": "dark"},
    "phone": {"viewport": PHONE, "device_scale_factor": 2, "has_touch": True, "is_mobile": True},
    "tall": {"viewport": {"width": 1280, "height": 2000}},
    "tall-phone": {"viewport": {"width": 390, "height": 2400}, "has_touch": True, "is_mobile": True},
}
COLOURS = 256  # a palette makes the file a third of the size without a visible difference


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.screenshot", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="for a screenshot of every state")
    given = parser.parse_args()
    with new_stack() as stack, sync_playwright() as playwright, launch_chromium(playwright) as browser:
        add_requests(stack)
        camera = Camera(browser, str(stack.addresses.page))
        camera.take(README)
        print(f"{README.relative_to(ROOT)}: {README.stat().st_size / 1000:.0f} kB")
        if given.folder:
            camera.take_all(given.folder)


def add_requests(stack: Stack) -> None:
    """Ann has the requests of the README; Ben has one in each other status; Cleo has none."""
    requests = SampleRequests(stack.addresses, "(default)", "ann")
    requests.add_completed(OPTICIAN, ago=timedelta(minutes=96))
    requests.add_completed(PHYSIOTHERAPIST, ago=timedelta(minutes=58))
    requests.add_failed(DENTIST, ago=timedelta(minutes=41), message="The image could not be drawn.")
    requests.add_completed(PAEDIATRICIAN, ago=timedelta(minutes=12))
    requests.add_completed(DERMATOLOGIST, ago=timedelta(minutes=3))
    requests.add_running(DENTIST, percent=40, message="Drawing the image")
    requests = SampleRequests(stack.addresses, "(default)", "ben")
    requests.add_failed(OPTICIAN, ago=timedelta(days=1), message="The image could not be drawn.")
    requests.add_cancelled(DERMATOLOGIST, ago=timedelta(minutes=20))
    requests.add_scheduled(PHYSIOTHERAPIST, after=timedelta(days=3))
    requests.add_retrying(PAEDIATRICIAN, percent=85, message="Storing the image", failure="The storage did not answer.")


class Camera:
    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self._url = url

    def take(self, file: Path) -> None:
        with self._open_page() as ann:
            for name, text in DRAFT.items():
                ann.page.get_by_test_id(f"field-{name}").fill(text)
            ann.open()  # the page keeps the draft and starts at its top
            save(ann, file)
        with Image.open(file) as image:
            image.convert("RGB").quantize(COLOURS).save(file, optimize=True)

    def take_all(self, folder: Path) -> None:
        for device, options in DEVICES.items():
            for name, arrange in STATES.items():
                with self._open_page(**options) as visitor:
                    arrange(visitor)
                    save(visitor, folder / device / f"{name}.png")

    @contextmanager
    def _open_page(self, **options: object) -> Iterator[Visitor]:
        with new_visitor(
            self._browser, self._url, **{"viewport": DESKTOP, "reduced_motion": "reduce", **options}
        ) as visitor:
            visitor.open()
            yield visitor


def show_empty(visitor: Visitor) -> None:
    visitor.switch_user("cleo")


def show_errors(visitor: Visitor) -> None:
    show_empty(visitor)
    form = visitor.page.get_by_test_id("request-form")
    form.get_by_test_id("field-practice_name").fill("A name that is longer than eighty characters, " * 2)
    form.get_by_test_id("field-brand_color").fill("green")
    form.get_by_test_id("schedule").check()
    form.get_by_test_id("run-at").fill("2026-01-01T09:00")
    form.get_by_test_id("submit").click()


def show_schedule(visitor: Visitor) -> None:
    show_empty(visitor)
    visitor.page.get_by_test_id("schedule").check()


def show_statuses(visitor: Visitor) -> None:
    visitor.switch_user("ben")


def show_filtered(visitor: Visitor) -> None:
    visitor.page.get_by_test_id("filter-cancelled").check()


def show_offline(visitor: Visitor) -> None:
    visitor.page.wait_for_function(IS_LOADED)
    visitor.context.set_offline(True)
    expect(visitor.page.get_by_test_id("banner")).to_be_visible()


def show_notification(visitor: Visitor) -> None:
    show_details("ann", "completed")(visitor)
    visitor.context.grant_permissions(["clipboard-write"])
    visitor.page.get_by_role("dialog").get_by_test_id("copy-caption").click()
    expect(visitor.page.get_by_role("dialog").get_by_test_id("notification")).to_be_visible()


def show_details(uid: str, status: str) -> Callable[[Visitor], None]:
    def arrange(visitor: Visitor) -> None:
        visitor.switch_user(uid)
        visitor.page.locator(f"[data-status={status}]").get_by_test_id("details").first.click()

    return arrange


STATES: dict[str, Callable[[Visitor], None]] = {
    "list": lambda _: None,
    "empty": show_empty,
    "errors": show_errors,
    "schedule": show_schedule,
    "statuses": show_statuses,
    "filtered": show_filtered,
    "offline": show_offline,
    "notification": show_notification,
    "details-processing": show_details("ann", "processing"),
    "details-completed": show_details("ann", "completed"),
    "details-retrying": show_details("ben", "processing"),
    "details-scheduled": show_details("ben", "queued"),
    "details-cancelled": show_details("ben", "cancelled"),
    "details-failed": show_details("ben", "failed"),
}


def save(visitor: Visitor, file: Path) -> None:
    """Saves a screenshot once all visible previews are loaded."""
    visitor.page.wait_for_function(IS_LOADED)
    visitor.page.screenshot(path=file)


if __name__ == "__main__":
    main()
