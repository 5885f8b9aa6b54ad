"""The types of work of this release: modules in common/work with a policy in queues.json."""

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from common.queues import BadPolicy, Policies, Policy
from common.work import JsonObject, WorkInput

if TYPE_CHECKING:
    from common.pipeline.attempt import Attempt


@dataclass(frozen=True)
class WorkType:
    """A type of work: its input model, its function and its policy."""

    name: str
    input: type[WorkInput]
    run: Callable[[Any, "Attempt"], JsonObject]
    """Each type has its own input. A type of common/work uses the `Work` of an attempt, an internal type all of it."""
    policy: Policy
    description: str

    @property
    def is_offered(self) -> bool:
        """Whether callers may submit its requests. Those of a draining type are processed only."""
        return not self.policy.is_draining and not self.policy.internal


Catalog = Mapping[str, WorkType]


def load_catalog(policies: Policies, also_enabled: Iterable[str] = ()) -> Catalog:
    """Returns the enabled and the draining types by name. Raises BadPolicy if one of them does not exist.

    `also_enabled` enables disabled types. A draining type stays draining: only a change of its policy enables it again.
    The composition root adds the internal types, because they need gateways.
    """
    submittable = {name: policy for name, policy in policies.items() if not policy.internal}
    wanted = {name for name, policy in submittable.items() if policy.enabled} | set(also_enabled)
    return {name: _load(name, submittable) for name in sorted(wanted)}


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
