"""Which output of the parts the terminal shows."""

import json

import pytest

from local.stack.echo import format_line


def event(severity: str, **fields: str) -> str:
    return json.dumps({"severity": severity, "message": "request.failed", **fields})


@pytest.mark.parametrize("severity", ["WARNING", "ERROR", "CRITICAL"])
def test_a_warning_or_error_is_shown_with_its_fields(severity: str) -> None:
    shown = format_line(event(severity, type="email", request_id="r1"))

    assert shown == f"{severity} request.failed type=email request_id=r1"


@pytest.mark.parametrize("severity", ["DEBUG", "INFO", "NOTICE"])
def test_an_event_below_a_warning_is_not_shown(severity: str) -> None:
    assert format_line(event(severity)) is None


def test_the_traceback_of_an_event_is_shown_by_its_last_line() -> None:
    shown = format_line(event("ERROR", exception="Traceback ...\n  File ...\nValueError: too small"))

    assert shown == "ERROR request.failed ValueError: too small"


@pytest.mark.parametrize("line", ["ValueError: too small", "12", '{"severity"'])
def test_a_line_that_is_no_event_is_shown_unchanged(line: str) -> None:
    assert format_line(line) == line


@pytest.mark.parametrize("line", ["", "  ", "Traceback (most recent call last):", '  File "x.py", line 1, in x'])
def test_empty_lines_and_frames_of_a_traceback_are_not_shown(line: str) -> None:
    assert format_line(line) is None
