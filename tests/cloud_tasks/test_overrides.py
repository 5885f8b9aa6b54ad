"""Tokens, and how a queue's http_target changes the requests of its tasks."""

from typing import Any

import pytest

from local.cloud_tasks.engine import Attempt
from tests.cloud_tasks.world import START, URL, World, seconds


def _oidc(audience: str = "") -> dict[str, Any]:
    return {"oidc_token": {"service_account_email": "a@b", "audience": audience}}


@pytest.mark.parametrize(("sent", "audience"), [("", URL), ("https://other", "https://other")])
def test_a_token_is_stored_with_its_audience_and_replaces_the_callers_authorization(sent: str, audience: str) -> None:
    world = World()

    task = world.create_task(http=_oidc(sent) | {"headers": {"authorization": "mine"}})
    world.pass_time()

    assert task.http_request.oidc_token.audience == audience
    assert task.http_request.headers["authorization"] == "mine"
    assert world.sent[0].headers["Authorization"] == f"Bearer oidc a@b {audience}"
    assert "authorization" not in world.sent[0].headers


def test_without_a_token_the_callers_authorization_is_sent() -> None:
    world = World()
    world.create_task(http={"headers": {"Authorization": "mine"}})

    world.pass_time()

    assert world.sent[0].headers["Authorization"] == "mine"


def test_an_oauth_token_is_stored_with_its_scope() -> None:
    world = World()
    oauth = {"oauth_token": {"service_account_email": "a@b"}}

    task = world.create_task(url="https://x.googleapis.com/y", http=oauth)
    world.pass_time()

    scope = "https://www.googleapis.com/auth/cloud-platform"
    assert task.http_request.oauth_token.scope == scope
    assert world.sent[0].headers["Authorization"] == f"Bearer oauth a@b {scope}"


def _sent_under(target: dict[str, Any], **task: Any) -> Attempt:
    world = World(http_target=target)
    world.create_task(**task)
    return world.pass_time()[0]


HOST = {"scheme": "HTTP", "host": "elsewhere", "port": 8080}


@pytest.mark.parametrize(
    ("override", "url"),
    [
        (HOST, "http://elsewhere:8080/work?a=1"),
        ({"host": "elsewhere"}, "https://elsewhere/work?a=1"),
        ({"port": 8443}, "https://target.example:8443/work?a=1"),
        ({"scheme": "SCHEME_UNSPECIFIED"}, URL),
        ({"path_override": {"path": "/other"}}, "https://target.example/other?a=1"),
        ({"path_override": {"path": "other"}}, "https://target.example/other?a=1"),
        ({"path_override": {"path": ""}}, "https://target.example?a=1"),
        ({"query_override": {"query_params": "b=2"}}, "https://target.example/work?b=2"),
        ({"query_override": {"query_params": ""}}, "https://target.example/work"),
        ({**HOST, "uri_override_enforce_mode": "ALWAYS"}, "http://elsewhere:8080/work?a=1"),
        ({**HOST, "uri_override_enforce_mode": "IF_NOT_EXISTS"}, URL),
    ],
)
def test_a_queue_replaces_the_parts_of_the_url_that_it_sets(override: dict[str, Any], url: str) -> None:
    assert _sent_under({"uri_override": override}).url == url


def test_port_zero_removes_the_tasks_port() -> None:
    target = {"uri_override": {"port": 0}}

    assert _sent_under(target, url="http://h:81/x").url == "http://h/x"


def test_an_override_applies_to_waiting_tasks_and_does_not_change_the_stored_task() -> None:
    world = World()
    world.create_task("t", schedule_time=START + seconds(5))

    world.update_queue("http_target", http_target={"uri_override": HOST} | _oidc("https://aud"))
    stored = world.get_task("t")
    world.pass_time(seconds(5))

    assert (stored.http_request.url, stored.http_request.WhichOneof("authorization_header")) == (URL, None)
    assert world.sent[0].url == "http://elsewhere:8080/work?a=1"
    assert world.sent[0].headers["Authorization"] == "Bearer oidc a@b https://aud"


def test_a_removed_override_no_longer_applies() -> None:
    world = World(http_target={"uri_override": HOST})

    world.update_queue("http_target")
    world.create_task()
    world.pass_time()

    assert world.sent[0].url == URL
    assert not world.get_queue().HasField("http_target")


def test_a_queues_header_replaces_the_tasks_header_of_that_name() -> None:
    overrides = [{"header": {"key": "content-type", "value": "b"}}, {"header": {"key": "X-New", "value": "n"}}]

    sent = _sent_under(
        {"header_overrides": overrides}, http={"headers": {"Content-Type": "a", "X-Own": "o"}, "body": b"x"}
    )

    own = {name: value for name, value in sent.headers.items() if not name.startswith(("X-CloudTasks", "User"))}
    assert own == {"content-type": "b", "X-New": "n", "X-Own": "o"}


def test_a_queues_method_replaces_the_tasks_method() -> None:
    assert _sent_under({"http_method": "PUT"}, http={"body": b"x"}).method == "PUT"


def test_a_new_task_stores_the_token_of_its_queue() -> None:
    world = World(http_target={"uri_override": HOST} | _oidc())

    task = world.create_task(http={"oidc_token": {"service_account_email": "own@x"}})

    assert task.http_request.oidc_token.service_account_email == "a@b"
    assert task.http_request.oidc_token.audience == URL


def test_a_queue_with_method_get_sends_no_request_for_a_task_with_a_body() -> None:
    world = World(http_target={"http_method": "GET"})
    world.create_task("body", http={"body": b"x"})
    world.create_task("bare")

    world.pass_time()

    assert world.sent_ids == ["bare"]
    assert world.sent[0].method == "GET"
    status = world.get_task("body").last_attempt.response_status
    assert status.message == "UNKNOWN(2): HTTP status code 0"


def test_a_url_that_cannot_be_parsed_fails_at_dispatch() -> None:
    world = World(http_target={"uri_override": {"port": 1}})
    world.create_task("bad", url="http://[half/")

    world.pass_time()

    assert world.sent == []
    assert world.get_task("bad").dispatch_count == 1
