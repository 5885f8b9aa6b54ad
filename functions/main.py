"""The three deployed functions."""

import os
from collections.abc import Callable, Iterable
from threading import RLock
from typing import Any

import functions_framework
from flask import Request, Response, current_app, has_app_context

from common import log
from common.allowed import host_is_allowed
from functions import server
from functions.dependencies import Dependencies
from functions.http.problems import MISDIRECTED
from functions.settings import read_settings

Answer = Callable[[Request], Response]

dependencies = Dependencies(read_settings(os.environ))
_building = RLock()  # concurrent first calls build each object once

log.set_up(dependencies.settings.project)
dependencies.catalog  # noqa: B018 (a wrong variable or policy stops the start, not the first request)
server.install()


def _function(answer: Answer) -> Answer:
    """Registers a function. Its calls bypass the routes of functions-framework.

    Those answer some paths with HTML, and read each body to its end, in memory and without a limit.
    """

    def serve(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        is_ours = host_is_allowed(environ.get("HTTP_HOST", ""), dependencies.settings.allowed_hosts)
        response = answer(Request(environ)) if is_ours else MISDIRECTED.to_response()
        return response(environ, start_response)

    if has_app_context() and current_app.name == answer.__name__:  # the framework imports this module in its context
        current_app.wsgi_app = serve  # type: ignore[method-assign]  # as Flask documents
    functions_framework.http(answer)
    return answer


@_function
def api(request: Request) -> Response:
    """Answers browsers and other callers."""
    with _building:
        handler = dependencies.api
    return handler.answer(request)


@_function
def process(request: Request) -> Response:
    """Answers Cloud Tasks. Private: IAM admits the identity of the queues only."""
    with _building:
        handler = dependencies.process
    return handler.answer(request)


@_function
def sweep(request: Request) -> Response:
    """Answers Cloud Scheduler. Private."""
    with _building:
        handler = dependencies.sweep
    return handler.answer(request)
