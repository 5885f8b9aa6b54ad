"""Werkzeug's routing of the table of operations."""

import re

from werkzeug.routing import BaseConverter, Map, Rule

from common.pipeline.record import ID_PATTERN
from functions.http.operations import OPERATIONS


class _RecordId(BaseConverter):
    """Only an id reaches Firestore as the name of a document."""

    regex = ID_PATTERN


def routes() -> Map:
    """Returns werkzeug's routing of the table; a rule's endpoint is its Operation."""
    return Map(
        [Rule(_rule(operation.path), endpoint=operation, methods=[operation.method]) for operation in OPERATIONS],
        converters={"id": _RecordId},
        strict_slashes=True,
        merge_slashes=False,
        redirect_defaults=False,
    )


def _rule(path: str) -> str:
    """`/requests/{id}` as werkzeug writes it: `/requests/<id:id>`."""
    return re.sub(r"\{(\w+)\}", lambda name: "<id:id>" if name[1] == "id" else f"<{name[1]}>", path)
