"""Business exceptions: seen, retried and given up by people, without code."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from synccore.experience.access import REFUSALS, At, Caller, Operator, Viewer
from synccore.experience.links import leads_to
from synccore.experience.models import ExceptionView, Outcome
from synccore.experience.problem import Problem, declared
from synccore.experience.strict import StrictRoute
from synccore.ports.stores import BusinessException, Unit

router = APIRouter(tags=["exceptions"], route_class=StrictRoute)

Id = Annotated[str, Path(pattern=r"^x[0-9]{8}$", description="as listed")]
_MISSING = REFUSALS | declared(404)
_ACTION = REFUSALS | declared(404, 409)


class Reason(BaseModel):
    """Why something is given up."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=3, max_length=500)


_FIRST = {"exception_id": "$response.body#/0/id"}
_LEADS = leads_to(getException=_FIRST, retryException=_FIRST, abandonException=_FIRST)


@router.get("/exceptions", operation_id="listExceptions", responses=REFUSALS | _LEADS)
async def list_exceptions(
    core: At, _: Viewer, state: Literal["open", "resolved", "abandoned"] | None = None
) -> list[ExceptionView]:
    """All business exceptions, oldest first, or those in a state."""
    return [ExceptionView.of(found) for found in await core.database.run(lambda unit: unit.exceptions.list(state))]


@router.get("/exceptions/{exception_id}", operation_id="getException", responses=_MISSING)
async def get_exception(core: At, _: Viewer, exception_id: Id) -> ExceptionView:
    """One business exception."""
    return ExceptionView.of(await core.database.run(lambda unit: _open(unit, exception_id, any_state=True)))


@router.post("/exceptions/{exception_id}/retry", operation_id="retryException", responses=_ACTION)
async def retry_exception(core: At, caller: Operator, exception_id: Id) -> Outcome:
    """Run the parked work again now; the exception closes by itself when the run no longer meets it."""

    def retry(unit: Unit) -> Outcome:
        found = _open(unit, exception_id)
        now = core.clock.now()
        changed = unit.work.revive(found.work_id, now, f"retried by {caller.name}")
        _audit(unit, caller, "exception.retry", found, {}, now)
        return Outcome(id=exception_id, changed=changed, note="due now" if changed else "running already")

    outcome = await core.database.run(retry)
    core.touch()
    await core.kick()
    return outcome


@router.post("/exceptions/{exception_id}/abandon", operation_id="abandonException", responses=_ACTION)
async def abandon_exception(core: At, caller: Operator, exception_id: Id, body: Reason) -> Outcome:
    """Give the work up, with a reason; all its exceptions close."""

    def abandon(unit: Unit) -> Outcome:
        found = _open(unit, exception_id)
        item = unit.work.get(found.work_id)
        if item is not None and item.state == "submitted":
            raise Problem(409, "its work is running just now; try again in a moment")
        now = core.clock.now()
        unit.work.abandon(found.work_id, body.reason)
        unit.exceptions.resolve_work(found.work_id, body.reason, caller.name, now, "abandoned")
        _audit(unit, caller, "exception.abandon", found, {"reason": body.reason}, now)
        return Outcome(id=exception_id, changed=True, note="abandoned")

    outcome = await core.database.run(abandon)
    core.touch()
    return outcome


def _open(unit: Unit, exception_id: str, any_state: bool = False) -> BusinessException:
    found = unit.exceptions.get(exception_id)
    if found is None:
        raise Problem(404, f"there is no exception {exception_id}")
    if found.state != "open" and not any_state:
        raise Problem(409, f"exception {exception_id} is {found.state} already")
    return found


def _audit(unit: Unit, caller: Caller, action: str, found: BusinessException, details: object, now: float) -> None:
    unit.audit.add(caller.name, action, found.partition, {"exception": found.id, "details": details}, now)
