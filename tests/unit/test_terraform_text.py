"""Rules about the text of terraform/ that no plan can check."""

import re
from collections import Counter

from build import ROOT
from common.pipeline.lifecycle.moves import LAST_SWEEP

CODE = "\n".join(file.read_text() for file in (ROOT / "terraform").glob("*.tf"))
RESOURCES = re.findall(r'^resource "(\w+)" "(\w+)"', CODE, re.MULTILINE)


def test_every_grant_is_in_the_exact_set_of_grants() -> None:
    tested = (ROOT / "terraform" / "tests" / "grants.tftest.hcl").read_text()
    [exact_set] = re.findall(
        r'^run "each_identity_has_exactly_these_grants" \{\n.*?^\}', tested, re.MULTILINE | re.DOTALL
    )
    grants = [f"{kind}.{name}" for kind, name in RESOURCES if kind.endswith("_iam_member")]

    assert grants
    assert [grant for grant in grants if not re.search(rf"\b{re.escape(grant)}\b", exact_set)] == []


def test_grants_are_additive_and_there_are_no_keys() -> None:
    kinds = {kind for kind, _ in RESOURCES}

    assert {kind for kind in kinds if re.search(r"_iam_(binding|policy)$|_key$", kind)} == {"google_apikeys_key"}


def test_there_is_one_provider_and_no_provisioner() -> None:
    assert {kind.partition("_")[0] for kind, _ in RESOURCES} == {"google"}
    assert re.findall(r'^\s*(?:data|provisioner) "', CODE, re.MULTILINE) == []


def test_identities_are_created_after_the_apis_are_enabled() -> None:
    identities = re.findall(r'^resource "google_service_account" "(\w+)" \{\n(.*?)^\}', CODE, re.MULTILINE | re.DOTALL)

    assert identities
    assert [name for name, body in identities if "depends_on = [google_project_service.main]" not in body] == []


def test_functions_are_built_after_the_build_has_all_its_grants() -> None:
    grants = [
        f"{kind}.{name}" for kind, name in RESOURCES if kind.endswith("_iam_member") and name.startswith("build_")
    ]
    functions = re.findall(r'^resource "google_cloudfunctions2_function" (.*?)^\}', CODE, re.MULTILINE | re.DOTALL)

    dependencies = [
        set(re.findall(r"[\w.]+", body.partition("depends_on = [")[2].partition("]")[0])) for body in functions
    ]
    assert (len(grants), len(functions)) == (4, 3)
    assert [set(grants) - each for each in dependencies] == [set(), set(), set()]


def test_alerts_are_created_long_after_their_metrics() -> None:
    alerts = re.findall(r'^resource "google_monitoring_alert_policy" (.*?)^\}', CODE, re.MULTILINE | re.DOTALL)

    assert ["depends_on = [google_cloudfunctions2_function.sweep]" in body for body in alerts] == [True, True]


def test_the_alert_on_old_requests_stays_open_between_two_sweeps_of_a_request() -> None:
    [seconds] = re.findall(r'metric += "open_seconds"\n.*\n +period += "(\d+)s"', CODE)

    assert int(seconds) >= LAST_SWEEP.total_seconds() + 4 * 60  # until the line of the next sweep is counted


def test_the_apis_of_the_pages_key_are_enabled() -> None:
    enabled = re.findall(r'"(\w+)"', CODE.partition('resource "google_project_service" "main"')[2].partition("])")[0])
    targets = re.findall(r'service = "(\w+)\.googleapis\.com"', CODE)

    assert targets
    assert set(targets) <= set(enabled)


def test_every_validation_of_a_variable_has_a_test_that_it_refuses() -> None:
    refusals = (ROOT / "terraform" / "tests" / "refusals.tftest.hcl").read_text()
    refused = Counter(re.findall(r"expect_failures = \[var\.(\w+)\]", refusals))
    variables = re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', CODE, re.MULTILINE | re.DOTALL)
    validations = Counter({name: body.count("  validation {") for name, body in variables})

    assert validations.total() > 0
    assert validations - refused == Counter()


def test_the_docs_name_every_adoptable_resource() -> None:
    documented = re.findall(r"`adopt = \[(\"[^\]]*)\]`", (ROOT / "docs" / "deploy.md").read_text())
    imports = re.findall(r'contains\(var\.adopt, "(\w+)"\)', (ROOT / "terraform" / "adopt.tf").read_text())

    assert {name for names in documented for name in re.findall(r'"(\w+)"', names)} == set(imports)


def test_a_renamed_resource_keeps_its_state() -> None:
    moves = re.findall(r"^moved \{\n  from = (\w+)\.(\w+)\n  to   = (\w+)\.(\w+)\n\}$", CODE, re.MULTILINE)

    assert len(moves) == CODE.count("moved {") > 0
    assert [old for *old, _, _ in moves if tuple(old) in RESOURCES] == []
    assert [new for _, _, *new in moves if tuple(new) not in RESOURCES] == []
