"""The three deployed functions."""

import os
from threading import RLock

import functions_framework
from flask import Request, Response

from common import log
from functions.dependencies import Dependencies
from functions.settings import read_settings

dependencies = Dependencies(read_settings(os.environ))
_building = RLock()  # concurrent first calls build each object once

log.set_up(dependencies.settings.project)
dependencies.catalog  # noqa: B018 (a wrong variable or policy stops the start, not the first request)


@functions_framework.http
def api(request: Request) -> Response:
    """Answers browsers and other callers."""
    with _building:
        handler = dependencies.api
    return handler.answer(request)


@functions_framework.http
def process(request: Request) -> Response:
    """Answers Cloud Tasks. Private: IAM admits the identity of the queues only."""
    with _building:
        handler = dependencies.process
    return handler.answer(request)


@functions_framework.http
def sweep(request: Request) -> Response:
    """Answers Cloud Scheduler. Private."""
    with _building:
        handler = dependencies.sweep
    return handler.answer(request)
