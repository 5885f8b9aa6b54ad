"""The smoke test's first request, at an API that does not let it in at once."""

import socket
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, request

from deploy import smoke as smoking
from deploy.smoke import NotWorking, smoke
from functions.problems import MEDIA_TYPE
from tests.serving import served

HANGS_UP = 0


class Api:
    """Answers POST /requests with the given statuses, the last one for ever; what it takes has completed at once."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.media_type = "application/json"
        self.keys: list[str] = []
        self.app = Flask(__name__)
        self.app.post("/requests")(self.ask)
        self.app.get("/requests/1")(self.look)

    def ask(self) -> Any:
        self.keys.append(request.headers["Idempotency-Key"])
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if status == HANGS_UP:
            request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        return {}, status or 500, {"Location": "/requests/1", "Content-Type": self.media_type}

    def look(self) -> Any:
        return {"status": "completed", "result": {"assets": []}}


@pytest.fixture
def api(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Api, str]]:
    monkeypatch.setattr(smoking, "EVERY", timedelta(milliseconds=5))
    double = Api(*request.param)
    with served(double.app) as url:
        yield double, url


@pytest.mark.parametrize("api", [(403, 403, 401, 503, HANGS_UP, 202)], indirect=True)
def test_what_is_not_ready_is_asked_again_for_the_same_request(api: tuple[Api, str]) -> None:
    double, url = api
    told: list[str] = []

    smoke(url, "token", tell=told.append, within=timedelta(seconds=20))

    assert (len(double.keys), len(set(double.keys))) == (6, 1)
    assert told[:3] == ["Not yet: 403.", "Not yet: 401.", "Not yet: 503."]
    assert told[-2:] == ["Asked for /requests/1.", "It is completed."]


@pytest.mark.parametrize("api", [(401,), (403,), (422,)], indirect=True)
def test_what_waiting_cannot_mend_is_told_at_once(api: tuple[Api, str]) -> None:
    double, url = api
    double.media_type = MEDIA_TYPE

    with pytest.raises(NotWorking, match="answered with 4"):
        smoke(url, "token", tell=lambda _: None, within=timedelta(seconds=20))

    assert len(double.keys) == 1


@pytest.mark.parametrize("api", [(403,), (HANGS_UP,)], indirect=True)
def test_what_is_never_ready_is_told_in_the_end(api: tuple[Api, str]) -> None:
    double, url = api

    with pytest.raises(NotWorking, match=r"POST /requests was (answered with 403|not answered)"):
        smoke(url, "token", tell=lambda _: None, within=timedelta(milliseconds=100))

    assert len(double.keys) > 1
