"""The settings of the functions, from environment variables."""

import pytest

from functions.settings import read_settings

PROJECT = {"GOOGLE_CLOUD_PROJECT": "practice-assets"}
EMULATOR = {"FIRESTORE_EMULATOR_HOST": "127.0.0.1:1"}


def test_the_local_stack_accepts_unsigned_tokens() -> None:
    assert read_settings({**PROJECT, **EMULATOR}).accepts_unsigned_tokens


@pytest.mark.parametrize(
    "environment",
    [
        pytest.param({**EMULATOR, "K_SERVICE": "api"}, id="on Cloud Run"),
        pytest.param({**EMULATOR, "K_SERVICE": ""}, id="on Cloud Run with an empty name"),
        pytest.param({}, id="without an emulator"),
        pytest.param({"FIRESTORE_EMULATOR_HOST": ""}, id="with an empty emulator address"),
    ],
)
def test_other_environments_refuse_unsigned_tokens(environment: dict[str, str]) -> None:
    assert not read_settings({**PROJECT, **environment}).accepts_unsigned_tokens
