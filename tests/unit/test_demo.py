"""The demo notices every state that is missing, wrong or one too many."""

from typing import Any

import pytest

from local.demo.__main__ import Wrong, check
from local.demo.follow import Followed
from local.demo.scenarios import Scenario

STATES = [("queued", 0), ("processing", 1), ("failed", 1)]
SCENARIO = Scenario(name="one", body={}, states=STATES, error_code="permanent", failed_attempts=1)


def document(status: str, attempt: int, **fields: Any) -> dict[str, Any]:
    return {"status": status, "attempt": attempt, "max_attempts": 3, **fields}


END = document("failed", 1, error={"code": "permanent"}, errors=[{}])


def seen(*documents: dict[str, Any]) -> Followed:
    followed = Followed(SCENARIO, "id", documents[0])
    for each in documents:
        followed.see(each)
    return followed


def test_all_states_in_order_are_right() -> None:
    check(seen(document("queued", 0), document("processing", 1), document("processing", 1), END))


@pytest.mark.parametrize(
    "documents",
    [
        (document("queued", 0), END),
        (document("processing", 1), END),
        (document("queued", 0), document("processing", 1)),
        (document("queued", 0), document("processing", 1), document("queued", 1), END),
        (document("queued", 0), document("processing", 2), END),
        (document("queued", 0), document("processing", 1), {**END, "error": {"code": "attempts"}}),
        (document("queued", 0), document("processing", 1), {**END, "errors": []}),
    ],
    ids=["missing", "no beginning", "no end", "one too many", "wrong attempt", "wrong code", "attempts not told"],
)
def test_anything_else_is_wrong(documents: tuple[dict[str, Any], ...]) -> None:
    with pytest.raises(Wrong):
        check(seen(*documents))
