"""Who may do what: bearer tokens with the roles viewer, operator and admin, and the platform's basic credentials."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from synccore.experience.desk import Desk
from synccore.experience.problem import Problem, declared

ROLES = ("viewer", "operator", "admin")  # each may do what those before it may


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


class _AtLeast(HTTPBearer):
    """Lets a role and those above it in; one dependency, because each costs as much as a look into the database."""

    def __init__(self, role: str) -> None:
        super().__init__(scheme_name="HTTPBearer", auto_error=False,
                         description="A token of the core's configuration")  # fmt: skip
        self._role = role

    async def __call__(self, request: Request) -> Caller:  # type: ignore[override]
        """Who calls; raises Problem when they may not."""
        given = await super().__call__(request)
        found = core_of(request).role_of(given.credentials) if given is not None else ""
        if not found:
            raise Problem(401, "a bearer token is needed", {"WWW-Authenticate": "Bearer"})
        if ROLES.index(found) < ROLES.index(self._role):
            raise Problem(403, f"this needs the role {self._role}, the token has {found}")
        return Caller(found, found)


At = Annotated[Desk, Depends(desk)]
Viewer = Annotated[Caller, Depends(_AtLeast("viewer"))]
Operator = Annotated[Caller, Depends(_AtLeast("operator"))]

REFUSALS = declared(400, 401, 403, 422, 503)
"""What every protected route may answer."""
