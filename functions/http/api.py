"""The HTTP of the API: finds the operation of a call, and renders every error as a problem document."""

import time
from dataclasses import dataclass

from flask import Request, Response
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map

from common import log
from common.identity import Identity
from functions.http import parsing, problems
from functions.http.cors import Cors
from functions.http.handlers import Call, Handlers
from functions.http.operations import Operation
from functions.http.problems import Problem


@dataclass(frozen=True)
class Api:
    """Answers every call of a browser or a program."""

    handlers: Handlers
    identity: Identity
    routes: Map
    cors: Cors

    def answer(self, request: Request) -> Response:
        """Returns the answer to any call. A bug is logged with its traceback and answered with a plain 500."""
        started = time.monotonic()
        with log.bound(trace=parsing.trace(request)):
            response = self._answer(request)
            if request.method != "OPTIONS":
                duration_ms = round((time.monotonic() - started) * 1000)
                log.info("call.finished", status=response.status_code, duration_ms=duration_ms)
        return self.cors.allow(request, response)

    def _answer(self, request: Request) -> Response:
        try:
            response = self._dispatch(request)
        except HTTPException as error:
            response = _respond(problems.of_http_error(error))
        except Exception as error:  # the outermost handler: a caller must never receive a traceback
            if (problem := problems.of_error(error)) is None:
                log.error("call.failed", exc_info=True)
                problem = problems.INTERNAL
            response = _respond(problem)
        response.headers.update(problems.HEADERS)
        return response

    def _dispatch(self, request: Request) -> Response:
        routes = self.routes.bind_to_environ(request.environ)
        if request.method == "OPTIONS":
            return self.cors.preflight(request, routes.allowed_methods())
        operation: Operation
        operation, parameters = routes.match()
        log.bind(operation=operation.id)
        signed_in = None if operation.is_public else self.identity.caller(request.headers.get("Authorization"))
        return operation.handler(self.handlers, Call(request, signed_in, **parameters))


def _respond(problem: Problem) -> Response:
    log.bind(code=problem.code)
    return problem.to_response()
