"""UpdateQueue's mask: which fields of a queue it names, and the queue that comes of it."""

from collections.abc import Iterable

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from local.cloud_tasks.engine import messages
from local.cloud_tasks.engine.errors import invalid

_OUTPUT_ONLY = frozenset({"name", "state", "purge_time", "rate_limits.max_burst_size"})


def check_mask(paths: Iterable[str]) -> None:
    """Refuses whatever is not a path in snake_case to a field of a queue."""
    for path in paths:
        if not _leads_somewhere(messages.Queue.DESCRIPTOR, path.split(".")):
            raise invalid(f"Invalid mask: {path}")


def masked(stored: messages.Queue, sent: messages.Queue, paths: Iterable[str]) -> messages.Queue:
    """The stored queue with the fields of the checked paths as they were sent, or cleared if they were not."""
    merged = messages.Queue()
    merged.CopyFrom(stored)
    for path in paths:
        if path not in _OUTPUT_ONLY:
            *parents, leaf = path.split(".")
            _copy_field(merged, sent, parents, leaf)
    return merged


def _leads_somewhere(message: Descriptor | None, steps: list[str]) -> bool:
    for step in steps:
        field = message.fields_by_name.get(step) if message else None
        if field is None:
            return False
        message = None if field.is_repeated else field.message_type
    return True


def _copy_field(target: Message, source: Message, parents: list[str], leaf: str) -> None:
    for parent in parents:
        target, source = getattr(target, parent), getattr(source, parent)
    target.SetInParent()
    field = target.DESCRIPTOR.fields_by_name[leaf]
    target.ClearField(leaf)
    if field.is_repeated:
        getattr(target, leaf).extend(getattr(source, leaf))
    elif field.has_presence and not source.HasField(leaf):
        return
    elif field.message_type:
        getattr(target, leaf).CopyFrom(getattr(source, leaf))
    else:
        setattr(target, leaf, getattr(source, leaf))
