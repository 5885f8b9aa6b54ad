"""What a fresh Python process imports and prints."""

import base64
import json
import subprocess
import sys

from build import ROOT


def test_the_lifecycle_imports_no_google_client() -> None:
    program = (
        "import sys; own = set(sys.modules); import common.pipeline.lifecycle, common.pipeline.record;"
        "print(*sys.modules.keys() - own)"
    )

    loaded = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

    modules = loaded.stdout.split()
    assert "common.pipeline.lifecycle.attempt" in modules
    assert [name for name in modules if name.partition(".")[0] in {"google", "grpc", "flask", "requests"}] == []


def test_loading_the_type_of_work_does_not_import_pillow() -> None:
    script = "import sys, common.work.medical_asset; print('PIL' in sys.modules)"

    printed = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)

    assert printed.stdout == "False\n"


def test_the_command_prints_a_token_and_nothing_else() -> None:
    command = [sys.executable, "-m", "local.token", "bob", "--tenant", "clinic", "--email", "bob@clinic.example"]

    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

    claims = json.loads(base64.urlsafe_b64decode(printed.stdout.split(".")[1] + "==="))
    assert printed.stdout.count("\n") == 1
    assert (claims["sub"], claims["tenant"], claims["email"]) == ("bob", "clinic", "bob@clinic.example")
    assert printed.stderr == ""
