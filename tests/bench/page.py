"""`python -m tests.bench.page`: measures how long the page takes to load, and to show a write to a document."""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

from google.cloud.firestore import Client, DocumentReference
from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.browser import launch_chromium, new_visitor
from tests.e2e.sample_requests import DENTIST, SampleRequests, new_stack

VISITS = 10
WRITES = 100

# Resolves once the frame that contains the text was passed on for display.
DEFINE_WHEN_SHOWN = """
window.whenShown = (text) => new Promise((resolve) => {
  const check = () => {
    if (!document.body?.textContent.includes(text)) return requestAnimationFrame(check)
    const channel = new MessageChannel()
    channel.port1.onmessage = () => resolve(performance.timeOrigin + performance.now())
    requestAnimationFrame(() => channel.port2.postMessage(null))
  }
  check()
})
"""
# The browser reports the first paint some time after it.
FIRST_PAINT = """() => new Promise((resolve) => new PerformanceObserver((list) =>
  list.getEntriesByName('first-contentful-paint').forEach((paint) => resolve(paint.startTime))
).observe({ type: 'paint', buffered: true }))"""


def main() -> None:
    with new_stack() as stack, sync_playwright() as playwright, launch_chromium(playwright) as browser:
        requests = SampleRequests(stack.addresses, "(default)", "ann")
        request_id = requests.add_running(DENTIST, percent=0, message="Started")
        url = str(stack.addresses.page)
        _measure_visits(browser, url)
        _measure_writes(
            browser, url, Client(project=stack.addresses.project).collection("requests").document(request_id)
        )


def _measure_visits(browser: Browser, url: str) -> None:
    """First visits, each with an empty cache, and second visits."""
    first, second = [], []
    for _ in range(VISITS):
        with new_visitor(browser, url) as visitor:
            visitor.context.add_init_script(DEFINE_WHEN_SHOWN)
            first.append(_visit(visitor.page, url))
            second.append(_visit(visitor.page, url))
    for name, visits in (("first visit", first), ("second visit", second)):
        painted, usable = (statistics.median(each) for each in zip(*visits, strict=True))
        print(f"{name}: first paint {painted:.0f} ms, the list {usable:.0f} ms (medians of {VISITS})")


def _visit(page: Page, url: str) -> tuple[float, float]:
    """Milliseconds from the navigation to the first paint, and to the list with a request."""
    page.goto(url)
    shown_at = page.evaluate("whenShown('Lakeside Dental')")
    return page.evaluate(FIRST_PAINT), shown_at - page.evaluate("performance.timeOrigin")


def _measure_writes(browser: Browser, url: str, document: DocumentReference) -> None:
    """From before a write until the page shows it, and until a listener of the Python client has it."""
    to_pixel, to_listener = [], []
    with new_visitor(browser, url) as visitor, _listen(document) as listener:
        visitor.context.add_init_script(DEFINE_WHEN_SHOWN)
        visitor.open()
        for count in range(1, WRITES + 1):
            message = f"Drawing, part {count} of {WRITES}."
            visitor.page.evaluate("(text) => { window.awaited = whenShown(text) }", message)
            listener.expect(message)
            started = time.time()
            document.update({"progress": {"percent": count * 99 // WRITES, "message": message}, "attempt": count})
            to_pixel.append(visitor.page.evaluate("awaited") - started * 1000)
            to_listener.append((listener.wait() - started) * 1000)
    pixel, bare = statistics.median(to_pixel), statistics.median(to_listener)
    print(
        f"a write, until the page shows it: {pixel:.0f} ms; until a bare listener has it: {bare:.0f} ms; "
        f"ratio {pixel / bare:.2f} (medians of {WRITES})"
    )


class MessageTimer:
    """Records when a listener receives an expected message."""

    def __init__(self) -> None:
        self._message = ""
        self._event = Event()
        self._at = 0.0

    def expect(self, message: str) -> None:
        self._message = message
        self._event.clear()

    def on_message(self, message: str) -> None:
        if message == self._message and not self._event.is_set():
            self._at = time.time()
            self._event.set()

    def wait(self) -> float:
        assert self._event.wait(10), self._message
        return self._at


@contextmanager
def _listen(document: DocumentReference) -> Iterator[MessageTimer]:
    timer = MessageTimer()
    watch = document.on_snapshot(lambda found, *_: timer.on_message(found[0].to_dict()["progress"]["message"]))
    try:
        yield timer
    finally:
        watch.unsubscribe()


if __name__ == "__main__":
    main()
