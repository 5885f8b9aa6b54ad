"""The whole service on this machine: both emulators, the three functions, the assets, the page and the sweeper's clock.

The functions are the deployed ones, pointed at other addresses by their environment.
"""

import os
import secrets
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, Never, Self

import httpx

from build import ROOT
from common.queues import Policies, load_policies
from local.emulators.firestore import PROJECT, firestore_part, is_ready
from local.stack.addresses import Addresses, claimed, publish, withdraw
from local.stack.echo import Echo
from local.stack.parts import HOST, assets_part, cloud_tasks_part, function_part, page_part
from local.stack.ports import free_ports, usual_ports
from local.stack.supervisor import Part, PartFailed, Supervisor
from local.stack.ticker import Ticker

LOCATION = "us-central1"
FOLDER = ROOT / ".local"
SOURCE = ROOT / "functions" / "main.py"
FUNCTIONS = ("api", "process", "sweep")
USUAL_PORTS = {
    "api": 8080,
    "process": 8081,
    "sweep": 8082,
    "assets": 8083,
    "page": 8084,
    "firestore": 8085,
    "cloud_tasks": 8123,
}
Ports = Literal["usual", "free"]


class Stack:
    """A context manager: up and ready inside, everything ended outside.

    Entering raises PartFailed, NoEmulator, BadPolicy, or AlreadyRunning if another stack uses the folder.
    """

    addresses: Addresses

    def __init__(
        self,
        *,
        ports: Ports = "usual",
        folder: Path = FOLDER,
        source: Path = SOURCE,
        environment: Mapping[str, str] | None = None,
        page: Path | None = None,
        tell: Callable[[str], None] = print,
    ) -> None:
        """`environment` adds to that of the functions; `source` is the file that has them; `page` is the built page."""
        self._ports = ports
        self._folder = folder.absolute()
        self._source = source.absolute()
        self._environment = dict(environment or {})
        self._page = None if page is None else page.absolute()
        self._tell = tell
        self._exit = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._exit.enter_context(claimed(self._folder))
            self._start()
        except BaseException:
            self._exit.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._exit.close()

    def wait(self) -> Never:
        """Returns never: raises PartFailed, with its last output, as soon as a part has ended."""
        self._supervisor.watch()

    def kill(self, part: str) -> None:
        """Ends a part as a crash would: api, process, sweep, assets, page, cloud_tasks or firestore."""
        self._supervisor.kill(part)

    def restart(self, part: str) -> None:
        """Brings a killed part back at the same address, and returns when it is ready."""
        self._supervisor.restart(part)

    def log(self, part: str) -> Path:
        """The file with a part's full output."""
        return self._supervisor.log(part)

    def _start(self) -> None:
        policies = load_policies()
        given = os.environ.get("FIRESTORE_EMULATOR_HOST")
        if given and not is_ready(given):
            raise PartFailed(f"FIRESTORE_EMULATOR_HOST is {given}, where no Firestore emulator answers.")
        ports = self._choose_ports(USUAL_PORTS.keys() - ({"firestore"} if given else set()))
        self.addresses = Addresses(
            **{name: f"http://{HOST}:{ports[name]}" for name in (*FUNCTIONS, "assets")},
            firestore=given or f"{HOST}:{ports['firestore']}",
            cloud_tasks=f"{HOST}:{ports['cloud_tasks']}",
            page=None if self._page is None else f"http://{HOST}:{ports['page']}",
            project=PROJECT,
        )

        parts = self._parts(ports, policies)
        if not given:
            parts.insert(0, firestore_part(ports["firestore"], tell=self._tell))
        self._supervisor = self._exit.enter_context(Supervisor(self._folder / "logs"))
        self._supervisor.start(parts, told=self._told)
        self._call_once()
        self._exit.enter_context(Ticker(self.addresses.sweep))
        self._exit.enter_context(
            Echo({part.name: self.log(part.name) for part in parts if part.name != "firestore"}, self._tell)
        )
        self._exit.callback(withdraw, self._folder)
        publish(self._folder, self.addresses)

    def _call_once(self) -> None:
        """The API builds what it consists of when it is first called: what is wrong with that is told here."""
        status = httpx.get(f"{self.addresses.api}/health", timeout=30).status_code
        if status >= 500:
            raise PartFailed(f"api answers GET /health with {status}; {self.log('api')} says why.")

    def _parts(self, ports: Mapping[str, int], policies: Policies) -> list[Part]:
        key, origins = secrets.token_hex(32), f"http://{HOST}:{ports['page']},http://localhost:{ports['page']}"
        environment = {
            "GOOGLE_CLOUD_PROJECT": PROJECT,
            "QUEUES_LOCATION": LOCATION,
            "FIRESTORE_EMULATOR_HOST": self.addresses.firestore,
            "CLOUD_TASKS_EMULATOR_HOST": self.addresses.cloud_tasks,
            "ASSETS_FOLDER": str(self._folder / "assets"),
            "ASSETS_URL": self.addresses.assets,
            "ASSETS_SIGNING_KEY": key,
            "CORS_ORIGINS": origins,
            "ENABLE_TYPES": "diagnostic",
            **self._environment,
        }
        # As many at once as the queues may send: one that waited for a thread would use up its dispatch deadline.
        threads = {
            "api": 16,
            "process": sum(policy.max_concurrent_dispatches for policy in policies.values()),
            "sweep": 4,
        }
        run_folder = Path(self._exit.enter_context(TemporaryDirectory(prefix="stack-")))
        functions = [
            function_part(
                name,
                ports[name],
                source=self._source,
                threads=threads[name],
                run_folder=run_folder,
                environment=environment,
            )
            for name in FUNCTIONS
        ]
        parts = [
            cloud_tasks_part(
                ports["cloud_tasks"],
                project=PROJECT,
                location=LOCATION,
                process_url=self.addresses.process,
                policies=policies,
            ),
            *functions,
            assets_part(ports["assets"], folder=self._folder / "assets", key=key, origins=origins),
        ]
        if self._page is not None:
            database = {**os.environ, **environment}.get("FIRESTORE_DATABASE", "(default)")
            parts.append(page_part(ports["page"], folder=self._page, addresses=self.addresses, database=database))
        return parts

    def _choose_ports(self, names: Collection[str]) -> dict[str, int]:
        if self._ports == "usual":
            return usual_ports({name: USUAL_PORTS[name] for name in names}, tell=self._tell)
        return dict(zip(names, free_ports(len(names)), strict=True))

    def _told(self, part: Part, took: timedelta) -> None:
        self._tell(f"{part.name:<12}{getattr(self.addresses, part.name):<24}ready in {took.total_seconds():.1f} s")
