"""What the terminal shows of the parts' output."""

import json

import pytest

from local.stack.echo import worth_telling


def event(severity: str, **facts: str) -> str:
    return json.dumps({"severity": severity, "message": "request.failed", **facts})


@pytest.mark.parametrize("severity", ["WARNING", "ERROR", "CRITICAL"])
def test_what_went_wrong_is_shown_with_its_facts(severity: str) -> None:
    shown = worth_telling(event(severity, type="email", request_id="r1"))

    assert shown == f"{severity} request.failed type=email request_id=r1"


@pytest.mark.parametrize("severity", ["DEBUG", "INFO", "NOTICE"])
def test_what_went_well_is_not_shown(severity: str) -> None:
    assert worth_telling(event(severity)) is None


def test_of_a_traceback_the_last_line_is_shown() -> None:
    shown = worth_telling(event("ERROR", exception="Traceback ...\n  File ...\nValueError: too small"))

    assert shown == "ERROR request.failed ValueError: too small"


@pytest.mark.parametrize("line", ["ValueError: too small", "12", '{"severity"'])
def test_what_is_not_an_event_is_shown_as_it_is(line: str) -> None:
    assert worth_telling(line) == line


@pytest.mark.parametrize("line", ["", "  ", "Traceback (most recent call last):", '  File "x.py", line 1, in x'])
def test_empty_lines_and_the_way_to_an_error_are_not_shown(line: str) -> None:
    assert worth_telling(line) is None
