"""The guards of the protocol. Each can be removed by a change of its source; some world must then break."""

import importlib
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FunctionType


@dataclass(frozen=True)
class Guard:
    """`code` is the part of the function's source that guards; `without` replaces it."""

    name: str
    module: str
    function: str
    code: str
    without: str

    @contextmanager
    def removed(self) -> Iterator[None]:
        """Replaces the code of the function, which other modules may have imported already."""
        module = importlib.import_module(self.module)
        original = _find(vars(module), self.function)
        source = inspect.getsource(module)
        if self.code not in source:
            raise LookupError(f"{self.module} no longer contains {self.code!r}: update this guard")
        names: dict[str, object] = {"__name__": self.module}
        exec(compile(source.replace(self.code, self.without), str(module.__file__), "exec"), names)  # noqa: S102 (our own source)
        code, original.__code__ = original.__code__, _find(names, self.function).__code__
        try:
            yield
        finally:
            original.__code__ = code


def _find(names: dict[str, object], path: str) -> FunctionType:
    first, _, rest = path.partition(".")
    found = names[first] if not rest else vars(names[first])[rest]
    if not isinstance(found, FunctionType):
        raise TypeError(f"{path} is not a function")
    return found


CLAIMING, STORE = "common.pipeline.lifecycle.claiming", "common.pipeline.store"

GUARDS = (
    Guard(
        "the precondition on the update time",
        "tests.fakes",
        "FakeDocuments.commit",
        "current is None or current.update_time != update.held.update_time",
        "current is None",
    ),
    Guard(
        "the comparison after a commit of unknown outcome",
        STORE,
        "save",
        "current is not None and _is_own_write(current.record, held.record, transition.record)",
        "current is not None",
    ),
    Guard(
        "the nonce that alone identifies an own redrive",
        STORE,
        "_is_own_write",
        "current.nonce == written.nonce",
        "current == written",
    ),
    Guard(
        "the nonce that alone identifies an own create",
        STORE,
        "create",
        "found[each.id].record.nonce == each.nonce",
        "found[each.id].record == each",
    ),
    Guard(
        "the nonce of a submission",
        "common.pipeline.submission_service",
        "SubmissionService.submit",
        "self.clock(), self.new_nonce()",
        'self.clock(), "same"',
    ),
    Guard(
        "the nonce of a redrive",
        "common.pipeline.request_service",
        "RequestService.redrive",
        "nonce=self.new_nonce()",
        'nonce="same"',
    ),
    Guard(
        "the redrive that the caller of a redrive saw",
        "common.pipeline.lifecycle.recovery",
        "redrive",
        "record.redrive != seen",
        "False",
    ),
    Guard(
        "the redrive that the caller of a cancel saw",
        "common.pipeline.lifecycle.ending",
        "cancel",
        "redrive not in {None, record.redrive}",
        "False",
    ),
    Guard("the lease", CLAIMING, "claim", "elif not spent and _holder_is_dead(record, delivery):", "elif not spent:"),
    Guard(
        "the count of unanswered deliveries",
        CLAIMING,
        "_holder_is_dead",
        "deaths >= 1 and delivery.unanswered - held.lost == deaths",
        "deaths >= 1",
    ),
    Guard(
        "the reported death",
        CLAIMING,
        "_holder_is_dead",
        "deaths >= 1 and delivery.unanswered - held.lost == deaths",
        "delivery.unanswered > held.lost",
    ),
    Guard(
        "the budget of attempts",
        CLAIMING,
        "claim",
        "spent = record.attempt >= record.max_attempts",
        "spent = False",
    ),
    Guard("the generation", CLAIMING, "claim", "record.generation != delivery.generation", "False"),
    Guard("the ended status", CLAIMING, "claim", "record.status not in OPEN", "False"),
    Guard("the stored step", "common.pipeline.attempt", "Attempt.step", "if name in done:", "if False:"),
    Guard(
        "the new generation after a used task name",
        "common.pipeline.sweeper",
        "Sweeper._ensure_task",
        "self._tasks.exists(stored.record)",
        "True",
    ),
    Guard(
        "the rescue",
        "common.pipeline.lifecycle.recovery",
        "sweep",
        "record.due is None or not is_due(record.due, now)",
        "record.status is Status.PROCESSING",
    ),
    Guard(
        "the three days of a request of an unknown type",
        "common.pipeline.lifecycle.recovery",
        "sweep_unknown_type",
        "now < waiting_since(record) + WITHDRAWN_AFTER",
        "False",
    ),
    Guard(
        "the notifications in the last commit",
        "common.pipeline.lifecycle.ending",
        "end",
        "() if name is Move.CANCEL else notifications(ended, now)",
        "()",
    ),
)
