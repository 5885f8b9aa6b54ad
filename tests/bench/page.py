"""`python -m tests.bench.page`: how soon the page is of use, and how soon a write to a document is seen on it."""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

from google.cloud.firestore import Client, DocumentReference
from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.browser import launched, visiting
from tests.e2e.scenes import DENTIST, Scenery, stack_with_page

VISITS = 10
WRITES = 100

# Told when the words are in the page and the frame that has them was handed over to be shown.
NOTES_WHEN_SEEN = """
window.seen = (words) => new Promise((resolve) => {
  const look = () => {
    if (!document.body?.textContent.includes(words)) return requestAnimationFrame(look)
    const channel = new MessageChannel()
    channel.port1.onmessage = () => resolve(performance.timeOrigin + performance.now())
    requestAnimationFrame(() => channel.port2.postMessage(null))
  }
  look()
})
"""
# It is noted only some time after the frame was shown.
FIRST_PAINT = """() => new Promise((resolve) => new PerformanceObserver((list) =>
  list.getEntriesByName('first-contentful-paint').forEach((paint) => resolve(paint.startTime))
).observe({ type: 'paint', buffered: true }))"""


def main() -> None:
    with stack_with_page() as stack, sync_playwright() as playwright, launched(playwright) as browser:
        scenery = Scenery(stack.addresses, "(default)", "ann")
        request_id = scenery.running(DENTIST, percent=0, message="Begun")
        url = str(stack.addresses.page)
        _arriving(browser, url)
        _watching(browser, url, Client(project=stack.addresses.project).collection("requests").document(request_id))


def _arriving(browser: Browser, url: str) -> None:
    """First visits, each with an empty cache, and second ones."""
    first, second = [], []
    for _ in range(VISITS):
        with visiting(browser, url) as visitor:
            visitor.context.add_init_script(NOTES_WHEN_SEEN)
            first.append(_arrive(visitor.page, url))
            second.append(_arrive(visitor.page, url))
    for name, visits in (("first visit", first), ("second visit", second)):
        painted, useful = (statistics.median(each) for each in zip(*visits, strict=True))
        print(f"{name}: first paint {painted:.0f} ms, the list {useful:.0f} ms (medians of {VISITS})")


def _arrive(page: Page, url: str) -> tuple[float, float]:
    """Milliseconds from the navigation to the first paint, and to the list with its request."""
    page.goto(url)
    seen = page.evaluate("seen('Lakeside Dental')")
    return page.evaluate(FIRST_PAINT), seen - page.evaluate("performance.timeOrigin")


def _watching(browser: Browser, url: str, document: DocumentReference) -> None:
    """From before the write to the frame with its words, and to a listener that does nothing else."""
    to_pixel, to_listener = [], []
    with visiting(browser, url) as visitor, _listening(document) as heard:
        visitor.context.add_init_script(NOTES_WHEN_SEEN)
        visitor.open()
        for count in range(1, WRITES + 1):
            words = f"Drawing, part {count} of {WRITES}."
            visitor.page.evaluate("(words) => { window.awaited = seen(words) }", words)
            heard.expect(words)
            began = time.time()
            document.update({"progress": {"percent": count * 99 // WRITES, "message": words}, "attempt": count})
            to_pixel.append(visitor.page.evaluate("awaited") - began * 1000)
            to_listener.append((heard.wait() - began) * 1000)
    pixel, listener = statistics.median(to_pixel), statistics.median(to_listener)
    print(
        f"a write, until it is seen: {pixel:.0f} ms; until a bare listener has it: {listener:.0f} ms; "
        f"ratio {pixel / listener:.2f} (medians of {WRITES})"
    )


class Heard:
    """What a listener of Google's Python client hears, and when."""

    def __init__(self) -> None:
        self._words = ""
        self._event = Event()
        self._at = 0.0

    def expect(self, words: str) -> None:
        self._words = words
        self._event.clear()

    def hear(self, message: str) -> None:
        if message == self._words and not self._event.is_set():
            self._at = time.time()
            self._event.set()

    def wait(self) -> float:
        assert self._event.wait(10), self._words
        return self._at


@contextmanager
def _listening(document: DocumentReference) -> Iterator[Heard]:
    heard = Heard()
    watch = document.on_snapshot(lambda found, *_: heard.hear(found[0].to_dict()["progress"]["message"]))
    try:
        yield heard
    finally:
        watch.unsubscribe()


if __name__ == "__main__":
    main()
