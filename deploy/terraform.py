"""Runs Terraform in terraform/, with its state in the project's own bucket."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from build import ROOT

FOLDER = ROOT / "terraform"


@dataclass(frozen=True)
class Terraform:
    """One environment. terraform/PROJECT.tfvars, if it exists, sets its other variables."""

    project: str
    region: str
    folder: Path = FOLDER

    @property
    def variables_file(self) -> Path:
        return self.folder / f"{self.project}.tfvars"

    def init(self) -> None:
        """Needs the bucket of the state, which Terraform cannot create. The README shows how to create it."""
        backend = (f"-backend-config=bucket={self.project}-terraform", "-backend-config=prefix=asset-requests")
        self._run("init", "-input=false", "-reconfigure", *backend)

    def plan(self, file: Path) -> None:
        """Takes no lock, so that planning needs only read access to the state; Terraform refuses an outdated plan."""
        self._run("plan", "-input=false", "-lock=false", f"-out={file}", *self._variables())

    def apply(self, *, plan: Path | None = None) -> None:
        """Applies the saved plan, or else shows a new one and waits for confirmation."""
        self._run("apply", *((f"{plan}",) if plan else self._variables()))

    def destroy(self) -> None:
        self._run("destroy", *self._variables())

    def outputs(self) -> dict[str, Any]:
        printed = subprocess.run(self._command("output", "-json"), capture_output=True, text=True, check=True).stdout
        return {name: output["value"] for name, output in json.loads(printed).items()}

    def _variables(self) -> tuple[str, ...]:
        file = self.variables_file
        from_file = (f"-var-file={file.name}",) if file.exists() else ()
        return (f"-var=project_id={self.project}", f"-var=region={self.region}", *from_file)

    def _run(self, *arguments: str) -> None:
        subprocess.run(self._command(*arguments), check=True)

    def _command(self, *arguments: str) -> tuple[str, ...]:
        return ("terraform", f"-chdir={self.folder}", *arguments)
