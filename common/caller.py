"""Who calls."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Caller:
    """Who calls, as the verified token says. `tenant` is what requests are seen by: t:{claim} or u:{uid}."""

    uid: str
    tenant: str
