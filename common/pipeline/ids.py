"""The ids that others derive from a request: of its replays, notifications and purge, of its tasks and its effects."""

import hashlib
import json

from common.pipeline.record import Record


def request_id(*, tenant: str, owner: str, key: str, index: int = 0) -> str:
    """Returns the id of a request with an idempotency key: the same for every repeat of the call."""
    return _digest([tenant, owner, key, index])


def child_ids(record: Record) -> list[str]:
    """Returns the ids of the record's notifications, one for each entry of `notify`."""
    entries = range(len(record.notify or ()))
    return [child_id(parent=record.id, redrive=record.redrive, index=index) for index in entries]


def child_id(*, parent: str, redrive: int, index: int) -> str:
    """Returns the id of the notification for entry `index` of the parent's `notify`."""
    return _digest([parent, redrive, "notify", index])


def purge_id(record: Record) -> str:
    """Returns the id of the request that removes the traces of an erased one.

    The time is part of it: after the tombstone's expiry its key can create a request with the same id, while the purge
    of the first one still exists.
    """
    return _digest([record.id, record.created_at.isoformat(), "purge"])


def erased_scope(*, record_id: str, tenant: str | None) -> str:
    """Returns the scope of a tombstone. It differs for each request, so tombstones of a tenant cannot be linked."""
    return _digest([record_id, tenant, "erased"])


def _digest(identity: list[str | int | None]) -> str:
    return hashlib.sha256(json.dumps(identity, separators=(",", ":")).encode()).hexdigest()[:32]


def task_name(record: Record) -> str:
    """Returns the short name of the task for the record's generation. A name can be used only once."""
    return task_name_of(record.id, record.generation)


def task_name_of(record_id: str, generation: int) -> str:
    """Returns the short name of the task for a generation of a request."""
    return f"{record_id}-g{generation}"


def effect_key(record: Record) -> str:
    """Returns the idempotency key of outside effects: equal in all attempts, new after a redrive.

    The nonce distinguishes it from that of a deleted request whose idempotency key was used again.
    """
    return "-".join(part for part in (record.id, record.nonce, f"r{record.redrive}") if part)
