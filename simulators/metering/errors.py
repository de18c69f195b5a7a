"""Refusals as problem details (RFC 9457): what, where, and what to do."""

from typing import Any

from simulators.kit.calls import Answer, json_answer

PROBLEM = "application/problem+json"
TITLES = {
    400: "Bad request", 401: "Not signed in", 404: "Not found", 405: "Method not allowed", 409: "Conflict",
    410: "Gone", 413: "Too large", 422: "Not an event", 429: "Too many requests", 500: "Internal error",
    503: "Unavailable",
}  # fmt: skip


class Refused(Exception):
    """A call that is not served. `errors`: one {pointer, detail} a wrong member of the body."""

    def __init__(self, status: int, detail: str, errors: list[dict[str, str]] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors = status, detail, errors

    def answer(self) -> Answer:
        """As it goes on the wire."""
        return problem(self.status, self.detail, self.errors)


def problem(status: int, detail: str, errors: list[dict[str, str]] | None = None) -> Answer:
    """A problem document."""
    body: dict[str, Any] = {
        "type": "about:blank", "title": TITLES.get(status, "Error"), "status": status, "detail": detail,
    }  # fmt: skip
    if errors:
        body["errors"] = errors
    return json_answer(status, body, PROBLEM)
