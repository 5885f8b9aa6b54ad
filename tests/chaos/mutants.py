"""Guards of the protocol, each taken out by a change of its source: what must then go wrong in some world."""

import importlib
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FunctionType


@dataclass(frozen=True)
class Mutant:
    """`guard` is a text of `function`'s source, and `without` what stands there when it is gone."""

    name: str
    module: str
    function: str
    guard: str
    without: str

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The function, as everyone has imported it, without its guard."""
        module = importlib.import_module(self.module)
        original = _find(module, self.function)
        source = inspect.getsource(module)
        if source.count(self.guard) < 1:
            raise LookupError(f"{self.module} no longer holds {self.guard!r}: name the guard as it is now")
        names: dict[str, object] = {"__name__": self.module}
        exec(compile(source.replace(self.guard, self.without), str(module.__file__), "exec"), names)  # noqa: S102 (our own source)
        code, original.__code__ = original.__code__, _find_in(names, self.function).__code__
        try:
            yield
        finally:
            original.__code__ = code


def _find(module: object, path: str) -> FunctionType:
    return _find_in(vars(module), path)


def _find_in(names: dict[str, object], path: str) -> FunctionType:
    first, _, rest = path.partition(".")
    found = names[first] if not rest else vars(names[first])[rest]
    if not isinstance(found, FunctionType):
        raise TypeError(f"{path} is no function")
    return found


ATTEMPT, STORE = "common.pipeline.lifecycle.attempt", "common.pipeline.store"

MUTANTS = (
    Mutant(
        "the precondition on the update time",
        "tests.fakes",
        "FakeDocuments.commit",
        "current is None or current.update_time != update.held.update_time",
        "current is None",
    ),
    Mutant(
        "the question behind a commit's error",
        STORE,
        "save",
        "current is not None and current.record == transition.record",
        "current is not None",
    ),
    Mutant(
        "the lease",
        ATTEMPT,
        "claim",
        "not (_lease_is_expired(record, now) or (not spent and _holder_is_dead(record, delivery, now)))",
        "False",
    ),
    Mutant(
        "the schedule time that tells a repeat from a forced run",
        ATTEMPT,
        "_holder_is_dead",
        """\
        and (held.eta is None or held.eta < eta)
        and started_at + CLOCK_SKEW < eta <= now + CLOCK_SKEW
""",
        "",
    ),
    Mutant(
        "the lease of the last attempt",
        ATTEMPT,
        "claim",
        "not spent and _holder_is_dead(record, delivery, now)",
        "_holder_is_dead(record, delivery, now)",
    ),
    Mutant(
        "the budget",
        ATTEMPT,
        "claim",
        "spent = record.status is Status.PROCESSING, record.attempt >= record.max_attempts",
        "spent = record.status is Status.PROCESSING, False",
    ),
    Mutant("the generation", ATTEMPT, "claim", "record.generation != delivery.generation", "False"),
    Mutant("the end", ATTEMPT, "claim", "record.status not in OPEN", "False"),
    Mutant("the durable step", "common.pipeline.attempt", "Attempt.step", "if name in done:", "if False:"),
    Mutant(
        "the new name where the old one is used up",
        "common.pipeline.sweeper",
        "Sweeper._ensure_task",
        "self._tasks.exists(stored.record)",
        "True",
    ),
    Mutant(
        "the rescue",
        "common.pipeline.lifecycle.recovery",
        "sweep",
        "record.due is None or not is_due(record.due, now)",
        "record.status is Status.PROCESSING",
    ),
    Mutant(
        "the notifications in the final commit",
        "common.pipeline.lifecycle.ending",
        "end",
        "() if name is Move.CANCEL else notifications(ended, now)",
        "()",
    ),
)
