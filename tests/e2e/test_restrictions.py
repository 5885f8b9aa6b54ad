"""The page under the restrictions of its policy."""

from playwright.sync_api import ConsoleMessage

from tests.e2e.browser import POLICY_VIOLATION
from tests.e2e.conftest import OpenPage

ADD_INLINE_SCRIPT = """
document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.ran = true' }))
"""


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
