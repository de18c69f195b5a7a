"""Refusals as values: codes, titles and bodies in the vendor's `o:errorDetails` shape."""

from dataclasses import dataclass

import orjson

from simulators.kit.calls import Answer
from simulators.kit.fidelity import approximate, exact

exact("error bodies with o:errorDetails, their codes", source="documented", held_by="test_records, test_system")
approximate("error texts", "are ours where no source quotes them")

ERROR_TYPE = "application/vnd.oracle.resource+json; type=error"

# status -> (title, anchor of the RFC section that the vendor links to)
TITLES = {
    400: ("Bad Request", "rfc9110.html#section-15.5.1"),
    401: ("Unauthorized", "rfc9110.html#section-15.5.2"),
    403: ("Forbidden", "rfc9110.html#section-15.5.4"),
    404: ("Not Found", "rfc9110.html#section-15.5.5"),
    405: ("Method Not Allowed", "rfc9110.html#section-15.5.6"),
    406: ("Not Acceptable", "rfc9110.html#section-15.5.7"),
    413: ("Content Too Large", "rfc9110.html#section-15.5.14"),
    415: ("Unsupported Media Type", "rfc9110.html#section-15.5.16"),
    429: ("Too Many Requests", "rfc6585.html#section-4"),
    500: ("Internal Server Error", "rfc9110.html#section-15.6.1"),
    502: ("Bad Gateway", "rfc9110.html#section-15.6.3"),
    503: ("Service Unavailable", "rfc9110.html#section-15.6.4"),
    504: ("Gateway Timeout", "rfc9110.html#section-15.6.5"),
}
ACCESS = "Error while accessing a resource."
NO_RECORD = "The record instance does not exist. Provide a valid record instance ID."


@dataclass(frozen=True)
class Problem:
    """One refusal. `path` names the property, `parameter` the query parameter, `header` the header at fault."""

    status: int
    code: str
    detail: str
    path: str = ""
    parameter: str = ""
    header: str = ""
    title: str = ""
    headers: tuple[tuple[str, str], ...] = ()


class Refused(Exception):
    """Carries a Problem out of a store transaction, so that everything of a refused write is rolled back."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def invalid_value(path: str) -> Problem:
    """A value that the field cannot hold, or a reference to nothing."""
    name = path.rpartition(".")[2]
    return Problem(
        400,
        "INVALID_CONTENT",
        f"{ACCESS} Invalid value for the resource or sub-resource field '{name}'. Provide a valid value.",
        path,
    )


def unknown_property(path: str) -> Problem:
    """A property that the record does not have."""
    name = path.rpartition(".")[2]
    return Problem(
        400, "INVALID_CONTENT", f"{ACCESS} The property '{name}' does not exist in the record or sublist.", path
    )


def invalid_content(detail: str, path: str = "") -> Problem:
    """A body that is not what the operation takes."""
    return Problem(400, "INVALID_CONTENT", f"{ACCESS} {detail}", path)


def invalid_parameter(parameter: str, detail: str) -> Problem:
    """A query parameter that cannot be understood."""
    return Problem(400, "INVALID_PARAMETER", detail, parameter=parameter)


def user_error(detail: str, path: str = "") -> Problem:
    """A business rule says no."""
    return Problem(400, "USER_ERROR", f"{ACCESS} {detail}", path)


def missing_values(*labels: str, path: str = "") -> Problem:
    """Mandatory fields left empty."""
    return user_error(f"Please enter value(s) for: {', '.join(labels)}.", path)


def not_found() -> Problem:
    """No record has this id or external id."""
    return Problem(404, "NONEXISTENT_ID", NO_RECORD)


def unknown_record_type(name: str) -> Problem:
    """No such record type, or one that REST does not offer."""
    return Problem(404, "NONEXISTENT_TYPE", f"Record '{name}' was not found. Provide a valid record name.")


def not_permitted(what: str) -> Problem:
    """The role may not do this."""
    return Problem(
        403,
        "INSUFFICIENT_PERMISSION",
        f"Permission Violation: The role of this token needs a higher level of the permission for {what}.",
    )


def error_answer(problem: Problem) -> Answer:
    """The vendor's error body for a problem."""
    title, anchor = TITLES.get(problem.status, ("Error", "rfc9110.html#section-15"))
    entry: dict[str, str] = {"detail": problem.detail}
    if problem.path:
        entry["o:errorPath"] = problem.path
    if problem.parameter:
        entry["o:errorQueryParam"] = problem.parameter
    if problem.header:
        entry["o:errorHeader"] = problem.header
    entry["o:errorCode"] = problem.code
    body = {
        "type": f"https://www.rfc-editor.org/rfc/{anchor}",
        "title": problem.title or title,
        "status": problem.status,
        "o:errorDetails": [entry],
    }
    return Answer(problem.status, orjson.dumps(body), ERROR_TYPE, dict(problem.headers))
