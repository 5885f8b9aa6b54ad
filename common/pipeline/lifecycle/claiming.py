"""When a delivery may claim a request, above all one that another worker holds.

A death is proven by counting answers, without a clock. Cloud Tasks sends with each delivery how many earlier ones there
were, and how many of them were answered below 500. The others are dead or still running. The holder is dead when as
many deaths were reported as deliveries are unanswered. `docs/architecture.md` has the table of this rule.
"""

from datetime import datetime, timedelta

from common.pipeline.due import due_key, is_due
from common.pipeline.lifecycle.delivery import Delivery
from common.pipeline.lifecycle.ending import SPENT, fail, with_lost_attempt
from common.pipeline.lifecycle.moves import Move, Transition, Verdict, move
from common.pipeline.lifecycle.steps import lasting_steps
from common.pipeline.record import OPEN, Claim, Record, Status
from common.work import FailureCode

UNSETTLED_STATUS = 423
EARLY = timedelta(seconds=5)  # this worker's clock may be behind that of Cloud Tasks


def claim(record: Record, delivery: Delivery, *, token: str, lease: timedelta, now: datetime) -> Transition:
    """CLAIMED, BUSY, NOT_DUE, ENDED, SUPERSEDED, or FAILED when no attempt is left.

    BUSY may store evidence of a death.
    """
    if record.status not in OPEN:
        return Transition(Verdict.ENDED, record)
    if record.generation != delivery.generation:
        return Transition(Verdict.SUPERSEDED, record)
    if _waits_for_run_at(record, now):
        return Transition(Verdict.NOT_DUE, record)
    spent = record.attempt >= record.max_attempts
    if record.status is Status.QUEUED:
        name, lost = Move.CLAIM, _lost_before(record, delivery)
    elif record.due is not None and is_due(record.due, now):
        name, lost = Move.TAKE_OVER, _lost_with_lease(record, delivery)
    elif not spent and _holder_is_dead(record, delivery):
        name, lost = Move.TAKE_OVER, delivery.unanswered
    else:
        return Transition(Verdict.BUSY, _with_evidence(record, delivery))
    if spent and not record.idle:
        return fail(with_lost_attempt(record, now), FailureCode.ATTEMPTS, SPENT.format(record.max_attempts), now)
    claimed = move(
        record if record.idle else with_lost_attempt(record, now),
        name,
        claim=Claim(
            token=token,
            task=delivery.task,
            retry_count=delivery.retry_count,
            eta=delivery.eta,
            lost=min(lost, delivery.unanswered),
        ),
        attempt=record.attempt if record.idle else record.attempt + 1,  # an idle attempt does not count
        started_at=now,
        due=due_key(record.id, now + lease),
        sweeps=None,
        steps=lasting_steps(record, now),
        progress=None,
    )
    return Transition(Verdict.CLAIMED, claimed)


def observe(record: Record, delivery: Delivery) -> Transition:
    """BUSY: stores only what the delivery reports, for a release that cannot do the work."""
    return Transition(Verdict.BUSY, _with_evidence(record, delivery))


def _waits_for_run_at(record: Record, now: datetime) -> bool:
    """Whether this is a forced run before the start that the caller chose. A retry has no such start any more."""
    start = record.run_at if record.status is Status.QUEUED and record.run_at == record.scheduled_at else None
    return start is not None and now + EARLY < start


def _holder_is_dead(record: Record, delivery: Delivery) -> bool:
    held = record.claim
    if held is None or held.lost is None or not _came_after(held, delivery) or _reports_idle(held, delivery):
        return False
    if _is_outdated(record, delivery):
        return False
    deaths = _deaths(record, delivery)
    return deaths >= 1 and delivery.unanswered - held.lost == deaths


def _with_evidence(record: Record, delivery: Delivery) -> Record:
    """Stores what this delivery reports, since the next one reports something else.

    A worker of an older release does not expect such a write beside its own.
    """
    held = record.claim
    if record.status is not Status.PROCESSING or held is None or held.lost is None or not _came_after(held, delivery):
        return record
    if _reports_idle(held, delivery):
        return move(record, Move.OBSERVE, idle=True)
    if _is_fresh(record, delivery):
        return move(
            record,
            Move.OBSERVE,
            reported=_deaths(record, delivery),
            reported_eta=delivery.eta,
            reported_by=delivery.retry_count,
        )
    return record


def _reports_idle(held: Claim, delivery: Delivery) -> bool:
    """Whether the holder's own delivery ended without work: its claim landed after it had given up."""
    is_next = delivery.retry_count == held.retry_count + 1 and _was_rescheduled(held, delivery)
    return is_next and delivery.previous_response == UNSETTLED_STATUS


def _came_after(held: Claim, delivery: Delivery) -> bool:
    return held.task == delivery.task and held.retry_count < delivery.retry_count


def _is_outdated(record: Record, delivery: Delivery) -> bool:
    """Whether a later delivery has reported: this one was delayed, and its counts do not match the stored ones."""
    return record.reported_by is not None and delivery.retry_count < record.reported_by


def _is_fresh(record: Record, delivery: Delivery) -> bool:
    """Whether this delivery reports a death that is not counted yet."""
    held = record.claim
    if held is None or _is_outdated(record, delivery) or not _was_rescheduled(held, delivery):
        return False
    return delivery.reports_death and delivery.eta != record.reported_eta


def _was_rescheduled(held: Claim, delivery: Delivery) -> bool:
    """Whether a failure has given the task a new time since that claim. Without both times, it is unknown."""
    return held.eta is not None and delivery.eta is not None and delivery.eta != held.eta


def _deaths(record: Record, delivery: Delivery) -> int:
    return (record.reported or 0) + _is_fresh(record, delivery)


def _lost_before(record: Record, delivery: Delivery) -> int:
    """The deaths known when a queued request is claimed."""
    last = record.claim
    if last is None or last.task != delivery.task:
        return 0
    lost = last.lost or 0
    is_new = _came_after(last, delivery) and _was_rescheduled(last, delivery) and delivery.unanswered > lost
    return lost + (delivery.reports_death and is_new)


def _lost_with_lease(record: Record, delivery: Delivery) -> int:
    """The deaths known when the lease is over: the holder's, and those of all deliveries before it."""
    held = record.claim
    if held is None or held.task != delivery.task:
        return 0
    known = (held.lost or 0) + (0 if record.idle else 1)  # an idle holder has answered
    if not _came_after(held, delivery):
        return known
    answered = delivery.retry_count - delivery.unanswered
    return max(known, held.retry_count + 1 - answered)
