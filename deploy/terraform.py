"""Runs Terraform in terraform/, on the state in the project's own bucket."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from build import ROOT

FOLDER = ROOT / "terraform"


@dataclass(frozen=True)
class Terraform:
    """One environment. What it sets beyond project and region stands in terraform/PROJECT.tfvars, if there is one."""

    project: str
    region: str
    folder: Path = FOLDER

    @property
    def own_variables(self) -> Path:
        return self.folder / f"{self.project}.tfvars"

    def init(self) -> None:
        """The state's bucket is the one thing that Terraform cannot make for itself; the README says how."""
        backend = (f"-backend-config=bucket={self.project}-terraform", "-backend-config=prefix=asset-requests")
        self._run("init", "-input=false", "-reconfigure", *backend)

    def plan(self, file: Path) -> None:
        """Without a lock, so that whoever plans may read the state and no more; an outdated plan is refused anyway."""
        self._run("plan", "-input=false", "-lock=false", f"-out={file}", *self._variables())

    def apply(self, *, plan: Path | None = None) -> None:
        """Apply the plan as it is, or one that is shown and asked for now."""
        self._run("apply", *((f"{plan}",) if plan else self._variables()))

    def destroy(self) -> None:
        self._run("destroy", *self._variables())

    def outputs(self) -> dict[str, Any]:
        told = subprocess.run(self._command("output", "-json"), capture_output=True, text=True, check=True).stdout
        return {name: output["value"] for name, output in json.loads(told).items()}

    def _variables(self) -> tuple[str, ...]:
        own = self.own_variables
        files = (f"-var-file={own.name}",) if own.exists() else ()
        return (f"-var=project_id={self.project}", f"-var=region={self.region}", *files)

    def _run(self, *arguments: str) -> None:
        subprocess.run(self._command(*arguments), check=True)

    def _command(self, *arguments: str) -> tuple[str, ...]:
        return ("terraform", f"-chdir={self.folder}", *arguments)
