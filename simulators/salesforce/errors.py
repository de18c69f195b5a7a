"""Refusals in Salesforce's shapes: a JSON array of problems, each with a code, a message and perhaps fields."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from simulators.kit.calls import Answer, json_answer
from simulators.kit.fidelity import approximate

approximate(
    "messages that no source quotes",
    "are ours: composite and bulk requests that are malformed as a whole, a line without quantity, changing the "
    "price book of an opportunity with lines, `FIELDS()` misuse, nested semi-joins",
    source="ours",
)

JSON_TYPE = "application/json;charset=UTF-8"

STATUS_OF = {
    "INVALID_SESSION_ID": 401,
    "REQUEST_LIMIT_EXCEEDED": 403,
    "INSUFFICIENT_ACCESS": 403,
    "NOT_FOUND": 404,
    "ENTITY_IS_DELETED": 404,
    "METHOD_NOT_ALLOWED": 405,
    "JOB_NOT_COMPLETE": 412,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "UNKNOWN_EXCEPTION": 500,
    "SERVER_UNAVAILABLE": 503,
}
"""HTTP status by error code; every other code is 400."""


@dataclass(frozen=True)
class Problem:
    """One error: `fields` is None where the vendor leaves the member out (queries, authentication)."""

    code: str
    message: str
    fields: tuple[str, ...] | None = None

    def rest(self) -> dict[str, Any]:
        """The member of an error array."""
        shown: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            shown["fields"] = list(self.fields)
        return shown

    def row(self) -> dict[str, Any]:
        """The form used inside collections and trees."""
        return {"statusCode": self.code, "message": self.message, "fields": list(self.fields or ())}


class ApiError(Exception):
    """A refused request or record; raised so that the surrounding transaction rolls back.

    `whole` marks an error of the request itself (unparsable values), which no partial success survives.
    """

    def __init__(self, problems: Problem | Iterable[Problem], status: int | None = None, whole: bool = False) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("; ".join(f"{problem.code}: {problem.message}" for problem in self.problems))
        self.status = STATUS_OF.get(self.problems[0].code, 400) if status is None else status
        self.whole = whole

    def rest(self) -> list[dict[str, Any]]:
        """The body of the answer."""
        return [problem.rest() for problem in self.problems]


def refused(code: str, message: str, *fields: str, status: int | None = None) -> ApiError:
    """An error of a write: its `fields` member is always there."""
    return ApiError(Problem(code, message, fields), status)


def failed(code: str, message: str, status: int | None = None) -> ApiError:
    """An error without `fields`: queries, routing, authentication."""
    return ApiError(Problem(code, message), status)


def not_found(message: str = "The requested resource does not exist") -> ApiError:
    """404 of the REST API."""
    return failed("NOT_FOUND", message)


def answer_error(error: ApiError) -> Answer:
    """The HTTP answer for a refusal."""
    return json_answer(error.status, error.rest(), JSON_TYPE)
