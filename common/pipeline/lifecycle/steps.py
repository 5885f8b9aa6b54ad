"""Which finished steps a record keeps: an asset must outlive every record that names it.

The path of an asset contains the id of its request, so a step that names an asset is found by that.
"""

from collections.abc import Iterator
from datetime import datetime

from common.pipeline.record import Record
from common.retention import ASSET_REUSE
from common.work import JsonObject, JsonValue


def lasting_steps(record: Record, now: datetime) -> JsonObject | None:
    """Returns the steps without those that name an asset which the bucket could delete before the record."""
    steps = record.steps or {}
    lasting = {
        name: value
        for name, value in steps.items()
        if all(made_at >= now - ASSET_REUSE for made_at in _assets_made_at(value, record))
    }
    return lasting or None


def _assets_made_at(value: JsonValue, record: Record) -> Iterator[datetime]:
    """Yields when each asset was made. One without a readable `made_at` may be as old as the record."""
    match value:
        case dict():
            for name, each in value.items():
                if _names_asset(name, record) or (isinstance(each, str) and _names_asset(each, record)):
                    yield _moment(value.get("made_at")) or record.created_at
                else:
                    yield from _assets_made_at(each, record)
        case list():
            for each in value:
                yield from _assets_made_at(each, record)
        case str() if _names_asset(value, record):
            yield record.created_at


def _names_asset(text: str, record: Record) -> bool:
    return f"{record.id}/" in text


def _moment(value: JsonValue) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
