"""The whole service on this machine: the emulators, the three functions and the calls of the sweeper.

The functions are the deployed ones; their environment has the addresses of the emulators.
"""

import os
import secrets
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, Never, Self

import httpx

from build import LOCAL_TYPES, ROOT
from common.queues import Policies, load_policies
from local.emulators.firestore import PROJECT, is_ready
from local.stack.addresses import Addresses, claim_folder, publish, withdraw
from local.stack.echo import Echo
from local.stack.parts import HOST, assets_part, firestore_part, function_part, page_part
from local.stack.ports import choose_ports, free_ports
from local.stack.queues import cloud_tasks_part
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
    """A context manager: all parts are ready when it is entered and have ended when it is left.

    Entering raises PartFailed, NoEmulator, BadRules, BadPolicy, or AlreadyRunning if another stack uses the folder.
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
        report: Callable[[str], None] = print,
    ) -> None:
        """`environment` is added to the functions' own, `source` is their file, `page` the folder of the built page."""
        self._ports = ports
        self._folder = folder.absolute()
        self._source = source.absolute()
        self._environment = dict(environment or {})
        self._page = None if page is None else page.absolute()
        self._report = report
        self._exit = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._exit.enter_context(claim_folder(self._folder))
            self._start()
        except BaseException:
            self._exit.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._exit.close()

    def wait(self) -> Never:
        """Never returns: raises PartFailed, with its last output, as soon as a part has ended."""
        self._supervisor.watch()

    def kill(self, part: str) -> None:
        """Ends a part as a crash would: api, process, sweep, assets, page, cloud_tasks or firestore."""
        self._supervisor.kill(part)

    def restart(self, part: str) -> None:
        """Starts a killed part again at the same address, and returns when it is ready."""
        self._supervisor.restart(part)

    def log(self, part: str) -> Path:
        """The file with a part's full output."""
        return self._supervisor.log(part)

    def _start(self) -> None:
        firestore = os.environ.get("FIRESTORE_EMULATOR_HOST")
        if firestore and not is_ready(firestore):
            raise PartFailed(f"FIRESTORE_EMULATOR_HOST is {firestore}, where no Firestore emulator answers.")
        ports = self._choose_ports(USUAL_PORTS.keys() - ({"firestore"} if firestore else set()))
        self.addresses = self._addresses(ports, firestore)
        parts = self._parts(ports, load_policies())
        if not firestore:
            parts.insert(0, firestore_part(ports["firestore"], report=self._report))

        self._supervisor = self._exit.enter_context(Supervisor(self._folder / "logs"))
        self._supervisor.start(parts, on_ready=self._report_ready)
        self._check_api()
        self._exit.enter_context(Ticker(self.addresses.sweep))
        logs = {part.name: self.log(part.name) for part in parts if part.name != "firestore"}
        self._exit.enter_context(Echo(logs, self._report))
        self._exit.callback(withdraw, self._folder)
        publish(self._folder, self.addresses)

    def _addresses(self, ports: Mapping[str, int], firestore: str | None) -> Addresses:
        return Addresses(
            **{name: f"http://{HOST}:{ports[name]}" for name in (*FUNCTIONS, "assets")},
            firestore=firestore or f"{HOST}:{ports['firestore']}",
            cloud_tasks=f"{HOST}:{ports['cloud_tasks']}",
            page=None if self._page is None else f"http://{HOST}:{ports['page']}",
            project=PROJECT,
        )

    def _check_api(self) -> None:
        """Calls the API once, since it builds its clients on the first call. Raises PartFailed."""
        status = httpx.get(f"{self.addresses.api}/health", timeout=30).status_code
        if status >= 500:
            raise PartFailed(f"api answers GET /health with {status}; {self.log('api')} has the reason.")

    def _parts(self, ports: Mapping[str, int], policies: Policies) -> list[Part]:
        key, origins = secrets.token_hex(32), f"http://{HOST}:{ports['page']},http://localhost:{ports['page']}"
        environment = self._function_environment(key, origins)
        # A thread for each concurrent delivery: one that waited for a thread would use up its dispatch deadline.
        deliveries = sum(policy.max_concurrent_dispatches for policy in policies.values())
        run_folder = Path(self._exit.enter_context(TemporaryDirectory(prefix="stack-")))
        function = partial(function_part, source=self._source, run_folder=run_folder, environment=environment)
        queues = {"project": PROJECT, "location": LOCATION, "process_url": self.addresses.process}
        parts = [
            cloud_tasks_part(ports["cloud_tasks"], **queues, policies=policies),
            function("api", ports["api"], threads=16),
            function("process", ports["process"], threads=deliveries),
            function("sweep", ports["sweep"], threads=4),
            assets_part(ports["assets"], folder=self._folder / "assets", key=key, origins=origins),
        ]
        if self._page is not None:
            database = {**os.environ, **environment}.get("FIRESTORE_DATABASE", "(default)")
            parts.append(page_part(ports["page"], folder=self._page, addresses=self.addresses, database=database))
        return parts

    def _function_environment(self, key: str, origins: str) -> dict[str, str]:
        return {
            "GOOGLE_CLOUD_PROJECT": PROJECT,
            "QUEUES_LOCATION": LOCATION,
            "FIRESTORE_EMULATOR_HOST": self.addresses.firestore,
            "CLOUD_TASKS_EMULATOR_HOST": self.addresses.cloud_tasks,
            "ASSETS_FOLDER": str(self._folder / "assets"),
            "ASSETS_URL": self.addresses.assets,
            "ASSETS_SIGNING_KEY": key,
            "CORS_ORIGINS": origins,
            "ENABLE_TYPES": ",".join(LOCAL_TYPES),
            **self._environment,
        }

    def _choose_ports(self, names: Collection[str]) -> dict[str, int]:
        if self._ports == "usual":
            return choose_ports({name: USUAL_PORTS[name] for name in names}, report=self._report)
        return dict(zip(names, free_ports(len(names)), strict=True))

    def _report_ready(self, part: Part, duration: timedelta) -> None:
        self._report(f"{part.name:<12}{part.address:<24}ready in {duration.total_seconds():.1f} s")
