"""Lists of names, and the hosts that a call may name."""

import pytest

from common.allowed import host_is_allowed, parse_names

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})


@pytest.mark.parametrize(
    ("text", "names"),
    [("", set()), (" , ", set()), ("a", {"a"}), ("a, b,,a ", {"a", "b"})],
)
def test_a_list_is_separated_by_commas(text: str, names: set[str]) -> None:
    assert parse_names(text) == names


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8080", "localhost:1", "LOCALHOST", "[::1]", "[::1]:80"])
def test_a_host_is_allowed_with_any_port(host: str) -> None:
    assert host_is_allowed(host, LOOPBACK)


OTHERS = ["", ":80", "evil.example", "localhost.evil.example", "evil.example:127", "127.0.0.1.nip.io", "a@localhost"]
ODD = ["localhost:80:80", "localhost:x", "127.0.0.1, evil.example", "[::1", "::1", "127.1", "2130706433", "192.0.2.1"]


@pytest.mark.parametrize("host", [*OTHERS, *ODD])
def test_another_host_is_not_allowed(host: str) -> None:
    assert not host_is_allowed(host, LOOPBACK)


@pytest.mark.parametrize("host", ["api-abc-ew.a.run.app", "..", ""])
def test_without_a_list_every_host_is_allowed(host: str) -> None:
    assert host_is_allowed(host, frozenset())
