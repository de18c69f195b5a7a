"""Who may do what: bearer tokens with the roles viewer, operator and admin, and the platform's basic credentials."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from synccore.experience.desk import Desk
from synccore.experience.problem import Problem, declared

ROLES = ("viewer", "operator", "admin")  # each may do what those before it may

_bearer = HTTPBearer(auto_error=False, description="A token of the core's configuration")


@dataclass(frozen=True)
class Caller:
    """Who calls, as the audit names them."""

    role: str
    name: str


def core_of(request: Request) -> Desk:
    """The core behind this app."""
    desk: Desk | None = request.app.state.current()
    if desk is None:
        raise Problem(503, "the core is starting or stopping")
    return desk


async def desk(request: Request) -> Desk:
    """The core behind this app, as a dependency."""
    return core_of(request)


def _at_least(role: str) -> Callable[..., Awaitable[Caller]]:
    async def allowed(
        request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> Caller:
        found = core_of(request).role_of(given.credentials) if given is not None else ""
        if not found:
            raise Problem(401, "a bearer token is needed", {"WWW-Authenticate": "Bearer"})
        if ROLES.index(found) < ROLES.index(role):
            raise Problem(403, f"this needs the role {role}, the token has {found}")
        return Caller(found, found)

    return allowed


At = Annotated[Desk, Depends(desk)]
Viewer = Annotated[Caller, Depends(_at_least("viewer"))]
Operator = Annotated[Caller, Depends(_at_least("operator"))]

REFUSALS = declared(400, 401, 403, 422, 503)
"""What every protected route may answer."""
