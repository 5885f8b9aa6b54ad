"""Follows requests with one Firestore listener, as the page does, and shows their progress in the terminal."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from threading import Condition
from typing import Any, Self

from google.cloud.firestore import Client, FieldFilter, Query
from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

COLOURS = {"completed": "green", "failed": "red", "cancelled": "yellow", "processing": "cyan"}


class Follower:
    """A context manager that listens to a tenant's newest requests. Enter it first: a request may end at once."""

    def __init__(self, client: Client, tenant: str, console: Console) -> None:
        requests = client.collection("requests").where(filter=FieldFilter("tenant", "==", tenant))
        self._query = requests.order_by("created_at", direction=Query.DESCENDING).limit(50)
        self._history: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
        self._names: dict[str, str] = {}
        self._listening = False
        self._changed = Condition()
        self._live = Live(console=console, get_renderable=self._table, refresh_per_second=12)

    def __enter__(self) -> Self:
        self._watch = self._query.on_snapshot(self._on_snapshot)
        self.wait_for(lambda: self._listening, seconds=20)
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()
        self._watch.unsubscribe()

    def add(self, name: str, answer: Mapping[str, Any]) -> None:
        """Shows the request of this answer to a submit."""
        with self._changed:
            self._names[answer["id"]] = name
            self._history[answer["id"]].insert(0, answer)

    def document(self, request_id: str) -> Mapping[str, Any]:
        return self._history[request_id][-1]

    def states(self, request_id: str) -> tuple[str, ...]:
        """Each status with its attempt, in order."""
        states = (f"{document['status']} {document['attempt']}" for document in self._history[request_id])
        return tuple(state for state, _ in groupby(states))

    def wait_for(self, condition: Callable[[], bool], *, seconds: float) -> None:
        """Returns when the condition is true. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(condition, timeout=seconds):
                raise TimeoutError(f"The requests did not change as expected within {seconds} s.")

    def _on_snapshot(self, documents: Sequence[Any], _changes: object, _read_time: object) -> None:
        with self._changed:
            for document in documents:
                self._history[document.id].append(document.to_dict())
            self._listening = True
            self._changed.notify_all()

    def _table(self) -> Table:
        table = Table(
            "request", "status", "attempt", "progress", "", box=None, padding=(0, 2, 0, 0), header_style="dim"
        )
        for request_id, name in self._names.items():
            table.add_row(name, *_cells(self.document(request_id)))
        return table


def _cells(document: Mapping[str, Any]) -> tuple[str | ProgressBar, ...]:
    status, progress, errors = document["status"], document.get("progress") or {}, document.get("errors")
    percent = 100 if status == "completed" else progress.get("percent", 0)
    message = progress.get("message") if status == "processing" else None
    if errors and status in {"queued", "failed"}:
        message = errors[-1]["message"]
    return (
        f"[{COLOURS.get(status, 'default')}]{status}",
        f"{document['attempt']} of {document['max_attempts']}",
        ProgressBar(total=100, completed=percent, width=10),
        message or "",
    )
