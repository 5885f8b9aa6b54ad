"""Follows requests through one Firestore listener, as the page does, and shows them in the terminal as they move."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Condition, Event
from typing import Any, Self

from google.cloud.firestore import Client, FieldFilter, Query
from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from local.demo.scenarios import Scenario, State

ENDED = frozenset({"completed", "failed", "cancelled"})
COLOURS = {"completed": "green", "failed": "red", "cancelled": "yellow", "processing": "cyan"}
FIRST_SNAPSHOT_WITHIN_SECONDS = 20
LISTENED = 50
WIDE = 100
ALL_COLUMNS = ("request", "id", "status", "attempt", "progress", "words")
NARROW_COLUMNS = ("request", "status", "attempt", "words")


@dataclass
class Followed:
    """One request of the demo: what was last seen of it, and every state that it was seen in."""

    scenario: Scenario
    id: str
    document: Mapping[str, Any]
    seen: list[State] = field(default_factory=list)

    def see(self, document: Mapping[str, Any]) -> bool:
        """Take note. Returns whether its state is a new one."""
        self.document = document
        state = (str(document["status"]), int(document["attempt"]))
        if self.seen and self.seen[-1] == state:
            return False
        self.seen.append(state)
        return True

    @property
    def ended(self) -> bool:
        return self.document["status"] in ENDED


class Follower:
    """A listener on a tenant's newest requests, from `with` to its end.

    It listens before anything is asked for: a request may have ended before its call is answered.
    """

    def __init__(self, client: Client, tenant: str, console: Console) -> None:
        self._followed: dict[str, Followed] = {}
        self._early: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
        self._console = console
        self._changed = Condition()
        self._listening = Event()
        self._query = (
            client.collection("requests")
            .where(filter=FieldFilter("tenant", "==", tenant))
            .order_by("created_at", direction=Query.DESCENDING)
            .limit(LISTENED)
        )

    def __enter__(self) -> Self:
        self._watch = self._query.on_snapshot(self._on_snapshot)
        if not self._listening.wait(FIRST_SNAPSHOT_WITHIN_SECONDS):
            self._watch.unsubscribe()
            raise TimeoutError(f"The listener heard nothing within {FIRST_SNAPSHOT_WITHIN_SECONDS} s.")
        return self

    def __exit__(self, *_: object) -> None:
        self._watch.unsubscribe()

    def add(self, followed: Followed) -> None:
        """Show this one too, with what was heard of it already."""
        with self._changed:
            self._followed[followed.id] = followed
            for document in self._early.pop(followed.id, []):
                self._hear(followed, document)
            self._changed.notify_all()

    def follow(self, seconds: float, on_change: Callable[[Followed], None]) -> bool:
        """Show them until all have ended. Returns False if that takes longer than so many seconds."""
        live = Live(console=self._console, get_renderable=self._table, refresh_per_second=12)
        told: set[tuple[str, State]] = set()

        def all_ended() -> bool:
            for each in self._followed.values():
                if (mark := (each.id, each.seen[-1])) not in told:
                    told.add(mark)
                    on_change(each)
            return all(each.ended for each in self._followed.values())

        with live, self._changed:
            return self._changed.wait_for(all_ended, timeout=seconds)

    def _on_snapshot(self, documents: Sequence[Any], changes: object, read_time: object) -> None:
        del changes, read_time
        with self._changed:
            for document in documents:
                if (followed := self._followed.get(document.id)) is None:
                    self._early[document.id].append(document.to_dict())
                else:
                    self._hear(followed, document.to_dict())
            self._changed.notify_all()
        self._listening.set()

    def _hear(self, followed: Followed, document: Mapping[str, Any]) -> None:
        if followed.see(document):
            self._tell(followed)

    def _tell(self, followed: Followed) -> None:
        if not self._console.is_terminal:
            status, attempt = followed.seen[-1]
            self._console.print(f"{followed.scenario.name}: {status}, attempt {attempt}", highlight=False)

    def _table(self) -> Table:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        shown = ALL_COLUMNS if self._console.width >= WIDE else NARROW_COLUMNS
        for heading in shown:
            table.add_column("" if heading == "words" else heading)
        for each in self._followed.values():
            row = dict(zip(ALL_COLUMNS, _row(each), strict=True))
            table.add_row(*(row[heading] for heading in shown))
        return table


def _row(followed: Followed) -> tuple[Any, ...]:
    document = followed.document
    status, progress, error = document["status"], document.get("progress") or {}, document.get("error") or {}
    percent = 100 if status == "completed" else progress.get("percent", 0)
    words = error.get("message") or (progress.get("message") if status == "processing" else None)
    if words is None and document.get("errors") and status == "queued":
        words = document["errors"][-1]["message"]
    return (
        followed.scenario.name,
        followed.id[:8],
        f"[{COLOURS.get(status, 'default')}]{status}",
        f"{document['attempt']} of {document['max_attempts']}",
        ProgressBar(total=100, completed=percent, width=20),
        words or "",
    )
