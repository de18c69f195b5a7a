"""One piece of work: the steps that its latest run took, and running it again from one of them after a fix."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from synccore.experience.access import REFUSALS, At, Operator, Viewer
from synccore.experience.desk import Desk
from synccore.experience.models import Outcome, WorkView
from synccore.experience.problem import Problem, declared
from synccore.experience.strict import StrictRoute
from synccore.ports.engine import StepTaken
from synccore.ports.stores import Unit
from synccore.ports.work import WorkItem

router = APIRouter(tags=["operations"], route_class=StrictRoute)

Id = Annotated[str, Path(pattern=r"^w[0-9]{10}$", description="as listed")]


class StepView(BaseModel):
    """A step that is remembered with its result, or with the error that it ended with."""

    name: str
    error: str


class StepsView(BaseModel):
    """A piece of work and the steps of its latest run, in order."""

    work: WorkView
    run: str
    steps: list[StepView]


class Rerun(BaseModel):
    """From which step on: results of the steps before it are kept, it and what follows is done anew."""

    model_config = ConfigDict(extra="forbid")

    step: str = Field(min_length=1, max_length=200)


@router.get("/work-items/{work_id}/steps", operation_id="getWorkSteps", responses=REFUSALS | declared(404))
async def work_steps(core: At, _: Viewer, work_id: Id) -> StepsView:
    """The steps of its latest run; none if it has not begun, or if the engine has forgotten it."""
    item, steps = await _steps(core, work_id)
    views = [StepView(name=step.name, error=step.error) for step in steps]
    return StepsView(work=WorkView.of(item), run=item.run_id, steps=views)


@router.post("/work-items/{work_id}/rerun", operation_id="rerunWork", responses=REFUSALS | declared(404, 409))
async def rerun_work(core: At, caller: Operator, work_id: Id, body: Rerun) -> Outcome:
    """Run it again from a step, with the results of the steps before it; what was written is not written twice."""
    item, steps = await _steps(core, work_id)
    names = [step.name for step in steps]
    if item.state == "submitted":
        raise Problem(409, f"{work_id} is running just now; try again in a moment")
    if body.step not in names:
        told = f"its steps are {', '.join(names)}" if names else "no step of it is remembered"
        raise Problem(422, f"body/step: {work_id} has no step '{body.step}'; {told}")
    at = core.clock.now()

    def again(unit: Unit) -> Outcome:
        if not unit.work.revive(work_id, at, f"run again from {body.step} by {caller.name}", done=True):
            raise Problem(
                409, f"{work_id} cannot be run again: newer work of the same subject is open, or it is running"
            )
        revived = _known(unit, work_id)
        if revived.run_id != item.run_id:
            raise Problem(409, f"{work_id} has run again meanwhile: look at its steps once more")
        unit.work.fork(work_id, names.index(body.step))
        unit.audit.add(caller.name, "work.rerun", item.key, {"work": work_id, "step": body.step}, at)
        return Outcome(id=work_id, changed=True, note=f"due now, from {body.step} on")

    outcome = await core.database.run(again)
    core.touch()
    await core.kick()
    return outcome


async def _steps(core: Desk, work_id: str) -> tuple[WorkItem, Sequence[StepTaken]]:
    item = await core.database.run(lambda unit: _known(unit, work_id))
    return item, await core.steps(item.run_id) if item.run_id else []


def _known(unit: Unit, work_id: str) -> WorkItem:
    item = unit.work.get(work_id)
    if item is None:
        raise Problem(404, f"there is no work {work_id}")
    return item
