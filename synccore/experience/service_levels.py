"""Service levels: what the core promises of its flows, how far it keeps that, and where it does not."""

from fastapi import APIRouter
from pydantic import BaseModel

from synccore.domain.service_levels import WINDOW_S
from synccore.experience.access import REFUSALS, At, Viewer
from synccore.experience.strict import StrictRoute

router = APIRouter(tags=["operations"], route_class=StrictRoute)


class AlertView(BaseModel):
    """Too much was late from `since` on, until `until` (null: it still is); epoch seconds of business time."""

    since: float
    until: float | None


class ServiceLevel(BaseModel):
    """An objective and what the window that ends now comes to.

    `target_percent` of what the window has begun shall be done within `bound_s`. `kept`: how many were; `late`: which
    were not, done meanwhile or not; `waiting`: not done, but within their bound. What a person had to resolve something
    of is not among them. `alerts`: of the window, oldest first.
    """

    objective: str
    says: str
    bound_s: float
    target_percent: int
    window_s: float
    kept: int
    waiting: int
    late: list[str]
    alerts: list[AlertView]


class ServiceLevels(BaseModel):
    """All objectives, as of `at` (epoch seconds of business time)."""

    at: float
    levels: list[ServiceLevel]


@router.get("/service-levels", operation_id="getServiceLevels", responses=REFUSALS)
async def service_levels(core: At, _: Viewer) -> ServiceLevels:
    """How far each objective is kept, by the times of the facts themselves: a bill counts from when it was issued."""
    found = await core.database.run(core.service_levels)
    return ServiceLevels(
        at=core.clock.now(),
        levels=[
            ServiceLevel(
                objective=one.name, says=one.says, bound_s=one.bound_s, target_percent=one.target_percent,
                window_s=WINDOW_S, kept=level.kept, waiting=level.waiting, late=list(level.late),
                alerts=[AlertView(since=alert.since, until=alert.until) for alert in level.alerts],
            )
            for one, level in found
        ],
    )  # fmt: skip
