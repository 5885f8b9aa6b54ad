"""A queue's configuration: bounds and defaults, the masks of UpdateQueue, and the settings that dispatch reads."""

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from math import floor

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from local.cloud_tasks.engine.errors import invalid_argument, unimplemented
from local.cloud_tasks.engine.http_target import (
    Override,
    drop_empty_header_overrides,
    read_override,
    validate_http_target,
)
from local.cloud_tasks.engine.messages import Queue
from local.cloud_tasks.engine.retry import RetryPolicy, complete_retry_config, read_policy

_DEFAULT_RATE = 500.0
_DEFAULT_CONCURRENCY = 1000
_OUTPUT_ONLY = frozenset({"name", "state", "purge_time", "rate_limits.max_burst_size"})


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """The configuration as dispatch reads it."""

    rate: float
    burst: int
    concurrency: int
    retry_policy: RetryPolicy
    override: Override


def read_settings(config: Queue) -> QueueSettings:
    """The settings of a complete configuration."""
    limits = config.rate_limits
    return QueueSettings(
        rate=limits.max_dispatches_per_second,
        burst=limits.max_burst_size,
        concurrency=limits.max_concurrent_dispatches,
        retry_policy=read_policy(config.retry_config),
        override=read_override(config.http_target),
    )


def complete_queue_config(config: Queue) -> None:
    """Validates a configuration, then sets the fields that are unset or zero to the defaults."""
    if config.HasField("app_engine_routing_override"):
        raise unimplemented("The local Cloud Tasks has no App Engine routing, only HTTP targets.")
    _complete_rate_limits(config)
    complete_retry_config(config.retry_config)
    _complete_logging(config)
    if config.HasField("http_target"):
        drop_empty_header_overrides(config.http_target)
        validate_http_target(config.http_target)


def validate_mask(paths: Iterable[str]) -> None:
    """Refuses a path that is not the path of a queue's field in snake_case."""
    for path in paths:
        if not _is_field(Queue.DESCRIPTOR, path.split(".")):
            raise invalid_argument(f"Invalid mask: {path}")


def apply_mask(stored: Queue, sent: Queue, paths: Iterable[str]) -> Queue:
    """The stored queue with the masked fields as they were sent; a masked field that was not sent is cleared."""
    updated = deepcopy(stored)
    for path in paths:
        if path not in _OUTPUT_ONLY:
            *parents, leaf = path.split(".")
            _copy_field(updated, sent, parents, leaf)
    return updated


def _complete_rate_limits(config: Queue) -> None:
    limits = config.rate_limits
    if limits.max_dispatches_per_second < 0:
        raise invalid_argument("RateLimits.maxDispatchesPerSecond cannot be negative.")
    if not limits.max_dispatches_per_second <= 500:  # NaN is refused too
        raise invalid_argument("RateLimits.maxDispatchesPerSecond must be less than or equal to 500.")
    if limits.max_concurrent_dispatches < 0:
        raise invalid_argument("RateLimits.maxConcurrentDispatches cannot be negative.")
    if limits.max_concurrent_dispatches > 5000:
        raise invalid_argument("RateLimits.maxConcurrentDispatches must be less than or equal to 5000.")
    limits.max_dispatches_per_second = limits.max_dispatches_per_second or _DEFAULT_RATE
    limits.max_concurrent_dispatches = limits.max_concurrent_dispatches or _DEFAULT_CONCURRENCY
    limits.max_burst_size = max(10, floor(limits.max_dispatches_per_second / 5))


def _complete_logging(config: Queue) -> None:
    ratio = config.stackdriver_logging_config.sampling_ratio
    if not 0.0 <= ratio <= 1.0:
        raise invalid_argument("sampling_ratio must be between 0.0 and 1.0.")
    if not ratio:
        config.ClearField("stackdriver_logging_config")


def _is_field(message: Descriptor | None, steps: list[str]) -> bool:
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
