"""What the table of costs says, and that it is the one that its script computes."""

import re

import pytest

from build import ROOT
from deploy.cost import CALLS, DOCUMENT, LOGS, OPENED, READS, TASKS, WRITES, Price, Request, bill, document


def test_the_table_in_the_docs_is_what_the_script_computes() -> None:
    assert DOCUMENT.read_text() == document()


def test_each_opening_of_a_file_is_a_call_a_read_and_two_lines_of_the_log() -> None:
    once, never = (dict(bill(1_000, Request(opened=opened))) for opened in (1, 0))
    each = Request()

    more = {price.what: round(once[price] - never[price], 6) for price in (CALLS, READS, OPENED)}
    assert more == {CALLS.what: 1_000, READS.what: 1_000, OPENED.what: 1_000}
    assert (once[LOGS] - never[LOGS]) * 2**30 == pytest.approx(1_000 * (each.line_bytes + each.platform_line_bytes))


def test_cloud_tasks_logs_the_share_that_is_deployed() -> None:
    variable = (ROOT / "terraform" / "variables.tf").read_text().partition('variable "queue_log_ratio"')[2]

    assert re.findall(r"default += ([\d.]+)", variable)[0] == str(Request().task_lines_logged)


@pytest.mark.parametrize(
    ("price", "used", "dollars"), [(WRITES, 600_000, 0), (WRITES, 700_000, 0.09), (TASKS, 2e6, 0.4)]
)
def test_only_what_is_beyond_the_free_part_is_paid(price: Price, used: float, dollars: float) -> None:
    assert price.of(used) == pytest.approx(dollars)


def test_more_requests_never_cost_less() -> None:
    totals = [sum(price.of(used) for price, used in bill(requests)) for requests in (0, 10**3, 10**6, 10**8)]

    assert totals == sorted(totals)
