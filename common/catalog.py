"""The types of work that this release offers, found by their modules in common/work and their policies."""

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from common.queues import BadPolicy, Policies, Policy
from common.work import JsonObject, Work, WorkInput


@dataclass(frozen=True)
class WorkType:
    """A type of work: what may be asked, how it is done, and its policy."""

    name: str
    input: type[WorkInput]
    run: Callable[[WorkInput, Work], JsonObject]
    policy: Policy
    description: str


Catalog = Mapping[str, WorkType]


def load_catalog(policies: Policies, also_enabled: Iterable[str] = ()) -> Catalog:
    """The enabled types by name. Raises BadPolicy if one is enabled that does not exist."""
    wanted = {name for name, policy in policies.items() if policy.enabled} | set(also_enabled)
    return {name: _load(name, policies) for name in sorted(wanted)}


def _load(name: str, policies: Policies) -> WorkType:
    if name not in policies:
        raise BadPolicy(f"{name}: there is no policy of this name; known are {', '.join(sorted(policies))}")
    path = f"common.work.{name}"
    try:
        module = importlib.import_module(path)
    except ModuleNotFoundError as error:
        if error.name != path:
            raise  # it is there, and what it needs is not
        raise BadPolicy(f"{name}: there is no module common/work/{name}") from error
    description = (module.__doc__ or name).strip().partition("\n")[0]
    return WorkType(name, module.Input, module.run, policies[name], description)
