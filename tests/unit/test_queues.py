"""The policies of the types of work: the shipped file, and the errors of an invalid one."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from common.queues import POLICIES_FILE, BadPolicy, Policies, Policy, load_policies
from tests.policies import policy

POLICY: dict[str, Any] = policy().model_dump()


def load(folder: Path, text: str) -> Policies:
    file = folder / "queues.json"
    file.write_text(text)
    return load_policies(file)


def test_the_shipped_file_loads() -> None:
    policies = load_policies()

    assert policies.keys() == json.loads(POLICIES_FILE.read_text()).keys()
    assert policies["medical_asset"].enabled


def test_every_shipped_type_has_its_own_queue() -> None:
    queues = [policy.queue for policy in load_policies().values()]

    assert len(set(queues)) == len(queues)


def test_the_diagnostic_type_is_not_deployed() -> None:
    assert not load_policies()["diagnostic"].enabled


def test_a_valid_file_is_loaded(tmp_path: Path) -> None:
    assert load(tmp_path, json.dumps({"demo": POLICY})) == {"demo": Policy(**POLICY)}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("queue", "with space"),
        ("queue", "with_underscore"),
        ("queue", ""),
        ("queue", "x" * 101),
        ("queue", 7),
        ("enabled", "true"),
        ("enabled", 1),
        ("enabled", "Draining"),
        ("enabled", None),
        ("max_attempts", 0),
        ("max_attempts", 101),
        ("max_attempts", 2.5),
        ("max_attempts", "3"),
        ("time_budget_seconds", 0),
        ("time_budget_seconds", 1771),
        ("min_backoff_seconds", 0),
        ("max_backoff_seconds", 3601),
        ("max_backoff_seconds", float("nan")),
        ("max_doublings", 0),
        ("max_doublings", 17),
        ("max_dispatches_per_second", 0),
        ("max_dispatches_per_second", 501),
        ("max_concurrent_dispatches", 0),
        ("max_concurrent_dispatches", 5001),
        ("colour", "blue"),
    ],
)
def test_an_invalid_value_is_reported_with_its_type_and_key(tmp_path: Path, key: str, value: object) -> None:
    with pytest.raises(BadPolicy) as fault:
        load(tmp_path, json.dumps({"good": POLICY, "demo": {**POLICY, key: value}}))

    assert str(fault.value).startswith(f"queues.json: demo.{key}: ")


@pytest.mark.parametrize("key", sorted(POLICY.keys() - {"internal"}))
def test_a_missing_key_is_reported(tmp_path: Path, key: str) -> None:
    incomplete = {name: value for name, value in POLICY.items() if name != key}

    with pytest.raises(BadPolicy) as fault:
        load(tmp_path, json.dumps({"demo": incomplete}))

    assert str(fault.value) == f"queues.json: demo.{key}: Field required"


def test_all_faults_are_reported_together(tmp_path: Path) -> None:
    with pytest.raises(BadPolicy) as fault:
        load(tmp_path, json.dumps({"one": {**POLICY, "enabled": 1}, "two": {**POLICY, "queue": 2}}))

    assert [part.partition(":")[0] for part in str(fault.value).removeprefix("queues.json: ").split("; ")] == [
        "one.enabled",
        "two.queue",
    ]


def test_a_minimum_backoff_above_the_maximum_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadPolicy, match=r"queues\.json: demo: .*min_backoff_seconds must not exceed"):
        load(tmp_path, json.dumps({"demo": {**POLICY, "min_backoff_seconds": 301}}))


@pytest.mark.parametrize("name", ["Demo", "with-dash", "9lives", "", "x" * 41])
def test_the_name_of_a_type_must_be_a_module_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadPolicy) as fault:
        load(tmp_path, json.dumps({name: POLICY}))

    assert str(fault.value).startswith(f"queues.json: {name}.[key]: ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "queues.json: not JSON: "),
        ("[]", "queues.json: the file: "),
        ('{"demo": 1}', "queues.json: demo: "),
    ],
)
def test_a_file_that_is_not_an_object_of_policies_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BadPolicy) as fault:
        load(tmp_path, text)

    assert str(fault.value).startswith(message)


def test_the_dispatch_deadline_and_the_lease_derive_from_the_time_budget() -> None:
    policy = Policy(**POLICY)

    assert (policy.time_budget, policy.dispatch_deadline, policy.lease) == (
        timedelta(seconds=600),
        timedelta(seconds=630),
        timedelta(seconds=660),
    )


@pytest.mark.parametrize("seconds", [1, 1770])
def test_cloud_tasks_allows_every_dispatch_deadline(seconds: int) -> None:
    deadline = Policy(**{**POLICY, "time_budget_seconds": seconds}).dispatch_deadline

    assert timedelta(seconds=15) <= deadline <= timedelta(minutes=30)


def test_the_suffix_is_added_to_every_queue_name() -> None:
    plain, suffixed = load_policies(), load_policies(suffix="-v2")

    assert {name: policy.queue for name, policy in suffixed.items()} == {
        name: f"{policy.queue}-v2" for name, policy in plain.items()
    }
