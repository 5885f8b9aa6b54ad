"""The page under the restrictions of its policy and of a browser without storage."""

from playwright.sync_api import ConsoleMessage, Playwright, expect

from local.stack.stack import Stack
from tests.e2e.browser import POLICY_VIOLATION, launch_chromium, new_visitor
from tests.e2e.conftest import OpenPage

FORBID_STORAGE = """
Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('Access is denied', 'SecurityError') } })
"""
ADD_INLINE_SCRIPT = """
document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.ran = true' }))
"""


def test_without_storage_the_page_explains_what_to_allow(stack: Stack, playwright: Playwright) -> None:
    with launch_chromium(playwright) as browser, new_visitor(browser, str(stack.addresses.page)) as visitor:
        visitor.page.add_init_script(FORBID_STORAGE)

        visitor.page.goto(visitor.url)

        expect(visitor.page.locator("#app")).to_contain_text("Allow cookies and site data for this page")


def test_the_policy_refuses_other_hosts_and_inline_scripts(open_page: OpenPage) -> None:
    ann = open_page()

    with ann.page.expect_console_message(is_violation) as of_call:
        ann.page.evaluate("fetch('http://127.0.0.1:1/').catch(() => {})")
    with ann.page.expect_console_message(is_violation) as of_script:
        ann.page.evaluate(ADD_INLINE_SCRIPT)

    assert of_call.value.text.startswith(f"{POLICY_VIOLATION} connect-src http://127.0.0.1:1/")
    assert of_script.value.text.startswith(f"{POLICY_VIOLATION} script-src-elem inline")
    assert ann.page.evaluate("window.ran") is None
    assert len(ann.errors) >= 2
    ann.errors.clear()


def is_violation(message: ConsoleMessage) -> bool:
    return message.text.startswith(POLICY_VIOLATION)
