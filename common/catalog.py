"""The types of work of this release: modules in common/work with a policy in queues.json."""

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from common.queues import BadPolicy, Policies, Policy
from common.work import JsonObject, Work, WorkInput


@dataclass(frozen=True)
class WorkType:
    """A type of work: its input model, its function and its policy."""

    name: str
    input: type[WorkInput]
    run: Callable[[WorkInput, Work], JsonObject]
    policy: Policy
    description: str

    @property
    def is_offered(self) -> bool:
        """Whether callers may submit and redrive its requests. Those of a draining type are processed only."""
        return not self.policy.is_draining


Catalog = Mapping[str, WorkType]


def load_catalog(policies: Policies, also_enabled: Iterable[str] = ()) -> Catalog:
    """Returns the enabled and the draining types by name. Raises BadPolicy if one of them does not exist.

    `also_enabled` enables disabled types. A draining type stays draining: only a change of its policy enables it again.
    """
    wanted = {name for name, policy in policies.items() if policy.enabled} | set(also_enabled)
    return {name: _load(name, policies) for name in sorted(wanted)}


def _load(name: str, policies: Policies) -> WorkType:
    if name not in policies:
        raise BadPolicy(f"{name}: there is no policy of this name, only {', '.join(sorted(policies))}")
    path = f"common.work.{name}"
    try:
        module = importlib.import_module(path)
    except ModuleNotFoundError as error:
        if error.name != path:
            raise  # the module exists, but one of its imports does not
        raise BadPolicy(f"{name}: there is no module common/work/{name}") from error
    description = (module.__doc__ or name).strip().partition("\n")[0]
    return WorkType(name, module.Input, module.run, policies[name], description)
