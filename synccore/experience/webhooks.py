"""What the platform tells us: stored before it is acknowledged, refused when it is not from the platform."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.security import HTTPBasic
from pydantic import BaseModel, ConfigDict, Field

from synccore.experience.access import core_of
from synccore.experience.desk import Desk
from synccore.experience.models import Accepted
from synccore.experience.problem import Problem, declared
from synccore.experience.strict import StrictRoute

router = APIRouter(tags=["webhooks"], route_class=StrictRoute)

_NAME = r"^[A-Za-z0-9_.:-]+$"


class PlatformEvent(BaseModel):
    """The members of a platform event that are needed; others are kept as they come."""

    model_config = ConfigDict(extra="allow")

    id: str = Field(min_length=1, max_length=100, pattern=_NAME)
    event_type: str = Field(min_length=1, max_length=100, pattern=_NAME)
    occurred_at: int = Field(ge=0, le=253402300799, strict=True)
    content: dict[str, Any]


class _FromPlatform(HTTPBasic):
    """Lets the platform in and gives the core that it talks to: this is the busiest route, and has one dependency."""

    async def __call__(self, request: Request) -> Desk:  # type: ignore[override]
        """The core behind the app; raises Problem for anybody else."""
        core = core_of(request)
        if not core.webhook_verified(request.headers.get("authorization", "")):
            raise Problem(401, "these are not the platform's credentials", {"WWW-Authenticate": "Basic"})
        return core


_platform = _FromPlatform(
    scheme_name="HTTPBasic", auto_error=False,
    description="The credentials that the platform's webhook endpoint was given",
)  # fmt: skip


@router.post(
    "/webhooks/subscriptions", operation_id="receivePlatformEvent", responses=declared(400, 401, 422, 503),
)  # fmt: skip
async def receive(core: Annotated[Desk, Depends(_platform)], body: PlatformEvent) -> Accepted:
    """Take up a platform event; a repeated one is acknowledged and has no further effect."""
    try:
        fresh = await core.receive(body.model_dump())
    except ValueError as error:
        raise Problem(422, f"the event makes no sense: {error}") from None
    core.touch()
    return Accepted(known=not fresh)
