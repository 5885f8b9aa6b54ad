"""The worked table of docs/cost.md is computed by the formulas beside it."""

import json
import re
from collections.abc import Sequence

import pytest

from build import ROOT
from common.pipeline.due import SHARDS
from common.retention import RETENTION_FILE
from tests.cost import evaluate, table, values

SCALES = (1_000, 1_000_000, 100_000_000)
ROWS = list(table("Cost of a month"))
ITEMS, TOTAL = ROWS[:-1], ROWS[-1]


def cost(row: Sequence[str], requests: int) -> float:
    _, usage, price, free, *_ = row
    return max(0.0, evaluate(usage, values(requests)) - float(free.replace(",", ""))) * float(price)


@pytest.mark.parametrize("row", ITEMS, ids=lambda row: row[0])
def test_a_row_shows_the_cost_that_its_formula_gives(row: list[str]) -> None:
    assert row[4:] == [f"{cost(row, requests):,.2f}" for requests in SCALES]


def test_the_total_is_the_sum_of_the_rows() -> None:
    totals = [sum(cost(row, requests) for row in ITEMS) for requests in SCALES]

    assert TOTAL[4:] == [f"**{total:,.2f}**" for total in totals]


def test_the_values_are_those_of_the_code_and_of_terraform() -> None:
    variable = (ROOT / "terraform" / "variables.tf").read_text().partition('variable "queue_log_ratio"')[2]
    [log_ratio, *_] = re.findall(r"default += ([\d.]+)", variable)
    kept = {name: days for name, days in json.loads(RETENTION_FILE.read_text()).items() if "backup" not in name}
    deployed = {"queue_log_ratio": float(log_ratio), "shards": SHARDS, **kept}

    assert {name: values()[name] for name in deployed} == deployed
