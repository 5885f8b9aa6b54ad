"""The table of legal moves."""

from itertools import product

import pytest

from common.pipeline.lifecycle import MOVES, IllegalTransition, Move
from common.pipeline.lifecycle.moves import move
from common.pipeline.record import OPEN, Status
from tests.unit.builders import record_with

LEGAL = {
    (Status.QUEUED, Move.CLAIM): Status.PROCESSING,
    (Status.QUEUED, Move.POSTPONE): Status.QUEUED,
    (Status.QUEUED, Move.RENEW): Status.QUEUED,
    (Status.QUEUED, Move.FAIL): Status.FAILED,
    (Status.QUEUED, Move.CANCEL): Status.CANCELLED,
    (Status.PROCESSING, Move.TAKE_OVER): Status.PROCESSING,
    (Status.PROCESSING, Move.REPORT): Status.PROCESSING,
    (Status.PROCESSING, Move.OBSERVE): Status.PROCESSING,
    (Status.PROCESSING, Move.COMPLETE): Status.COMPLETED,
    (Status.PROCESSING, Move.FAIL): Status.FAILED,
    (Status.PROCESSING, Move.FAIL_ATTEMPT): Status.QUEUED,
    (Status.PROCESSING, Move.RESCHEDULE): Status.QUEUED,
    (Status.PROCESSING, Move.SNOOZE): Status.QUEUED,
    (Status.PROCESSING, Move.RESCUE): Status.QUEUED,
    (Status.PROCESSING, Move.CANCEL): Status.CANCELLED,
    (Status.FAILED, Move.REDRIVE): Status.QUEUED,
    (Status.CANCELLED, Move.REDRIVE): Status.QUEUED,
}
ILLEGAL = set(product(Status, Move)) - LEGAL.keys()


@pytest.mark.parametrize(("status", "name"), sorted(LEGAL))
def test_a_legal_move_changes_the_status_and_the_given_fields(status: Status, name: Move) -> None:
    record = record_with(status)

    assert move(record, name, attempt=2) == record.changed(status=LEGAL[status, name], attempt=2)


@pytest.mark.parametrize(("status", "name"), sorted(ILLEGAL))
def test_every_other_move_raises(status: Status, name: Move) -> None:
    with pytest.raises(IllegalTransition, match=f"{name} of a {status} request"):
        move(record_with(status), name)


def test_only_a_redrive_moves_an_ended_request() -> None:
    leaving = {name for name, (sources, _) in MOVES.items() if sources - OPEN}

    assert leaving == {Move.REDRIVE}
