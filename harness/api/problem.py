"""Refusals of the harness API as application/problem+json (RFC 9457), in words for the person in front of the page."""

from collections.abc import Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

TITLES = {
    401: "Not signed in", 404: "Not found", 405: "Method not allowed", 409: "Not possible in this state",
    412: "The page was out of date", 422: "Not valid", 500: "Internal error", 503: "Not running",
}  # fmt: skip

log = structlog.get_logger("harness-api")


class Problem(Exception):
    """A refusal: an HTTP status, one sentence, and where it is wrong (`errors`: at, problem)."""

    def __init__(self, status: int, detail: str, errors: Sequence[dict[str, str]] = ()) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors = status, detail, list(errors)


def answer(status: int, detail: str, **members: Any) -> JSONResponse:
    """A problem as a response."""
    body = {"type": "about:blank", "title": TITLES.get(status, "Error"), "status": status, "detail": detail, **members}
    return JSONResponse(body, status, media_type="application/problem+json")


async def _problem(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)
    return answer(error.status, error.detail, **({"errors": error.errors} if error.errors else {}))


async def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return answer(error.status_code, str(error.detail))


async def _validation(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    errors = [{"at": "/".join(map(str, one["loc"])), "problem": str(one["msg"])} for one in error.errors()]
    return answer(422, "; ".join(f"{one['at']}: {one['problem']}" for one in errors), errors=errors)


async def _defect(request: Request, error: Exception) -> JSONResponse:
    log.error("defect", path=request.url.path, exc_info=error)
    return answer(500, "the harness failed at this; the terminal that runs the sandbox says why")


def install(app: FastAPI) -> None:
    """Make every error of the app a problem."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(Exception, _defect)
