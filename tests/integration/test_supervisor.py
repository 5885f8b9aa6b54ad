"""How child processes end, and how their supervisor reports it."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from build import ROOT
from local.stack.supervisor import Part, PartFailed, Supervisor
from tests.processes import IN_BACKGROUND, alive, wait_until

# A part that has a child, as gunicorn has workers; it prints both process ids.
WITH_CHILD = """
import os, signal, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import signal; print('up', flush=True); signal.pause()"])
print(os.getpid(), child.pid, flush=True)
signal.pause()
"""
IGNORES_SIGTERM = """
import os, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(os.getpid(), "up", flush=True)
signal.pause()
"""


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    with Supervisor(tmp_path) as supervisor:
        yield supervisor


def part(supervisor_logs: Path, name: str, code: str) -> Part:
    log = supervisor_logs / f"{name}.log"
    return Part(name=name, address="none", command=(sys.executable, "-c", code), ready=lambda: "up" in log.read_text())


def pids_in(log: Path) -> list[int]:
    return [int(pid) for line in log.read_text().splitlines() for pid in line.split() if pid.isdigit()]


def test_leaving_the_context_ends_the_parts_and_their_children(tmp_path: Path) -> None:
    with Supervisor(tmp_path) as supervisor:
        supervisor.start([part(tmp_path, "one", WITH_CHILD), part(tmp_path, "two", WITH_CHILD)])
        pids = pids_in(tmp_path / "one.log") + pids_in(tmp_path / "two.log")
        assert [alive(pid) for pid in pids] == [True] * 4

    wait_until(lambda: not any(alive(pid) for pid in pids))


def test_a_part_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    with Supervisor(tmp_path, end_within=timedelta(seconds=0.1)) as supervisor:
        supervisor.start([part(tmp_path, "stubborn", IGNORES_SIGTERM)])
        [pid] = pids_in(supervisor.log("stubborn"))

    assert not alive(pid)


def test_a_part_that_ends_during_its_start_is_an_error_with_its_last_lines(supervisor: Supervisor) -> None:
    failing = part(supervisor.logs, "failing", "import sys; print('no such thing'); sys.exit(3)")

    with pytest.raises(PartFailed) as failure:
        supervisor.start([part(supervisor.logs, "fine", WITH_CHILD), failing])

    assert str(failure.value).splitlines() == [
        "failing ended with exit status 3.",
        f"Its last output ({supervisor.log('failing')}):",
        "  | no such thing",
    ]


def test_a_part_that_ends_later_is_an_error_too(supervisor: Supervisor) -> None:
    supervisor.start([part(supervisor.logs, "one", WITH_CHILD), part(supervisor.logs, "two", WITH_CHILD)])
    supervisor.kill("two")

    with pytest.raises(PartFailed, match=r"^two was killed by SIGKILL\."):
        supervisor.watch()


def test_a_killed_part_ends_with_its_children_and_can_be_restarted(supervisor: Supervisor) -> None:
    supervisor.start([part(supervisor.logs, "one", WITH_CHILD)])
    first = pids_in(supervisor.log("one"))

    supervisor.kill("one")
    wait_until(lambda: not any(alive(pid) for pid in first))
    supervisor.restart("one")

    wait_until(lambda: [alive(pid) for pid in pids_in(supervisor.log("one")) if pid not in first] == [True, True])


# A supervisor in its own process, so that it can be killed.
SUPERVISED = """
import sys
from pathlib import Path
from local.stack.signals import interrupt_on_signals
from local.stack.supervisor import Supervisor
from tests.integration.test_supervisor import WITH_CHILD, part
interrupt_on_signals()
with Supervisor(Path(sys.argv[1])) as supervisor:
    supervisor.start([part(supervisor.logs, name, WITH_CHILD) for name in ("one", "two")])
    print("ready", flush=True)
    supervisor.watch()
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_parts_and_their_children_end_with_the_supervisor_in_the_background_of_a_script_too(
    tmp_path: Path, end: signal.Signals
) -> None:
    command = [*IN_BACKGROUND, sys.executable, "-c", SUPERVISED, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        pids = pids_in(tmp_path / "one.log") + pids_in(tmp_path / "two.log")
        assert [alive(pid) for pid in pids] == [True] * 4

        process.send_signal(end)

    wait_until(lambda: not any(alive(pid) for pid in pids))
