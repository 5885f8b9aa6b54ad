"""What the table of costs says, and that it is the one that its script computes."""

import pytest

from deploy.cost import DOCUMENT, TASKS, WRITES, Price, Request, bill, document


def test_the_table_in_the_docs_is_what_the_script_computes() -> None:
    assert DOCUMENT.read_text() == document()


def test_a_plain_request_costs_what_is_counted_on_the_wire() -> None:
    used = {price.what: amount for price, amount in bill(1_000_000, Request(steps=0))}

    assert (used["Firestore writes"], used["Cloud Tasks operations"]) == (3e6, 2e6)


@pytest.mark.parametrize(
    ("price", "used", "dollars"), [(WRITES, 600_000, 0), (WRITES, 700_000, 0.09), (TASKS, 2e6, 0.4)]
)
def test_only_what_is_beyond_the_free_part_is_paid(price: Price, used: float, dollars: float) -> None:
    assert price.of(used) == pytest.approx(dollars)


def test_more_requests_never_cost_less() -> None:
    totals = [sum(price.of(used) for price, used in bill(requests)) for requests in (0, 10**3, 10**6, 10**8)]

    assert totals == sorted(totals)
