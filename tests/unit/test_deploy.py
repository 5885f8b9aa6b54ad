"""The files and headers of the page, and the errors of a deployment."""

import json
import re
from pathlib import Path

import httpx
import pytest
from google.auth.exceptions import GoogleAuthError

from build import ROOT
from build.page import NoPage
from deploy import __main__ as deploying
from deploy.__main__ import main
from deploy.deployer import IdentityTokenError
from deploy.hosting import SiteError
from deploy.page import ASSETS, hosting_config, prepare_files
from deploy.smoke import SmokeTestError
from deploy.smoke_user import SmokeUserError
from deploy.terraform import Terraform

CONFIG = {
    "api": "https://api-abc-ew.a.run.app",
    "firebase": {"projectId": "practice-assets", "apiKey": "k", "authDomain": "practice-assets.firebaseapp.com"},
    "signIn": ["password"],
}
BUCKET = "practice-assets-assets"


def test_the_page_is_uploaded_with_the_environments_config(tmp_path: Path) -> None:
    built, folder = tmp_path / "built", tmp_path / "page"
    built.mkdir()
    (built / "index.html").write_text("<p>page</p>")
    (folder / "public").mkdir(parents=True)
    (folder / "public" / "old.js").touch()

    prepare_files(built, folder, CONFIG, bucket=BUCKET)

    assert {path.name for path in (folder / "public").iterdir()} == {"index.html", "config.json"}
    assert json.loads((folder / "public" / "config.json").read_text()) == CONFIG
    assert json.loads((folder / "firebase.json").read_text()) == {"hosting": hosting_config(CONFIG, bucket=BUCKET)}
    assert hosting_config(CONFIG, bucket=BUCKET)["site"] == "practice-assets"


def headers_with(*sign_in: str) -> dict[str, str]:
    config = hosting_config({**CONFIG, "signIn": sign_in}, bucket=BUCKET)
    return {header["key"]: header["value"] for header in config["headers"][0]["headers"]}


def test_only_sign_in_with_google_allows_its_scripts_and_frames() -> None:
    policies = [
        headers_with(*methods)["Content-Security-Policy"] for methods in (("password", "email-link"), ("google",))
    ]

    assert [("https://apis.google.com" in policy, "frame-src 'none'" in policy) for policy in policies] == [
        (False, True),
        (True, False),
    ]


def test_the_policy_allows_only_the_api_the_bucket_and_google() -> None:
    headers = headers_with("password")
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))

    assert policy["default-src"] == "'none'"
    assert set(policy["connect-src"].split()) == {
        "'self'",
        "https://api-abc-ew.a.run.app",
        "https://storage.googleapis.com/practice-assets-assets/",
        "https://identitytoolkit.googleapis.com",
        "https://securetoken.googleapis.com",
        "https://firestore.googleapis.com",
    }
    assert "'unsafe-inline'" not in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] != "no-referrer"  # the API key accepts calls with the page's origin only


def test_the_readme_of_the_page_documents_the_deployed_policy() -> None:
    readme = (ROOT / "web" / "README.md").read_text()
    [documented] = re.findall(r"```\n(default-src .*?)\n```", readme, re.DOTALL)
    for placeholder, value in {
        "API": CONFIG["api"],
        "ASSETS": ASSETS.format(bucket=BUCKET),
        "PROJECT": "practice-assets",
    }.items():
        documented = re.sub(rf"\b{placeholder}\b", str(value), documented)
    headers = headers_with("google")

    assert _sources(documented) == _sources(headers["Content-Security-Policy"])


def _sources(policy: str) -> dict[str, set[str]]:
    directives = (part.split() for part in policy.split(";"))
    return {name: set(sources) for name, *sources in directives}


@pytest.mark.parametrize(
    "error",
    [
        GoogleAuthError(),
        IdentityTokenError(),
        NoPage(),
        SiteError(),
        SmokeTestError(),
        SmokeUserError(),
        httpx.ConnectError(""),
    ],
    ids=repr,
)
def test_an_expected_error_is_shown_in_one_line(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Terraform) -> None:
        raise type(error)("The reason.")

    monkeypatch.setattr(deploying, "STEPS", {"check": fail})
    monkeypatch.setattr("sys.argv", ["deploy", "check", "--project", "practice-assets", "--region", "europe-west1"])

    with pytest.raises(SystemExit, match=r"^The reason\.$"):
        main()


def test_a_missing_program_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["deploy", "apply", "--project", "practice-assets", "--region", "europe-west1"])

    with pytest.raises(SystemExit, match=r"^terraform was not found\."):
        main()


def test_without_an_environment_nothing_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(deploying, "STEPS", {"everything": lambda _: pytest.fail("A step ran.")})
    monkeypatch.setattr("sys.argv", ["deploy", "everything", "--project", "", "--region", "europe-west1"])

    with pytest.raises(SystemExit):
        main()

    assert "make deploy PROJECT=my-project REGION=europe-west1" in capsys.readouterr().err
