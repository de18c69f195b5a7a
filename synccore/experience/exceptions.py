"""Business exceptions: seen, retried and given up by people, without code."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from synccore.experience.access import REFUSALS, At, Caller, Operator, Viewer
from synccore.experience.desk import Desk
from synccore.experience.links import leads_to
from synccore.experience.models import ExceptionView, Outcome
from synccore.experience.problem import Problem, declared
from synccore.experience.strict import StrictRoute
from synccore.ports.stores import BusinessException, Unit

router = APIRouter(tags=["exceptions"], route_class=StrictRoute)

_PATTERN = r"^x[0-9]{8}$"
Id = Annotated[str, Path(pattern=_PATTERN, description="as listed")]
_MISSING = REFUSALS | declared(404)
_ACTION = REFUSALS | declared(404, 409)


class Reason(BaseModel):
    """Why something is given up."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=3, max_length=500)


Word = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,60}$", strip_whitespace=True)]


class Care(BaseModel):
    """Who looks after an exception; what is left out stays as it is. `due_at`: epoch seconds of business time."""

    model_config = ConfigDict(extra="forbid")

    assignee: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{0,60}$")] | None = None
    owner_role: Word | None = None
    tags: list[Word] | None = Field(default=None, max_length=20)
    due_at: float | None = Field(default=None, ge=0, le=253402300799)


class Note(BaseModel):
    """What somebody writes to an exception."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=2000)


class Selection(BaseModel):
    """Several exceptions."""

    model_config = ConfigDict(extra="forbid")

    ids: list[Annotated[str, StringConstraints(pattern=_PATTERN)]] = Field(min_length=1, max_length=1000)


class Abandoned(Selection, Reason):
    """Several exceptions, and why their work is given up."""


_FIRST = {"exception_id": "$response.body#/0/id"}
_LEADS = leads_to(
    getException=_FIRST, retryException=_FIRST, abandonException=_FIRST, tendException=_FIRST, noteException=_FIRST
)


@router.get("/exceptions", operation_id="listExceptions", responses=REFUSALS | _LEADS)
async def list_exceptions(
    core: At, _: Viewer, state: Literal["open", "resolved", "abandoned"] | None = None,
    kind: str = "", owner_role: str = "", assignee: str = "", tag: str = "", overdue: bool | None = None,
) -> list[ExceptionView]:  # fmt: skip
    """All business exceptions, oldest first, or those that fit every given filter; `overdue`: open behind its time."""
    rows, now = await core.database.run(lambda unit: unit.exceptions.list(state)), core.clock.now()
    return [
        ExceptionView.of(one) for one in rows
        if kind in ("", one.kind) and owner_role in ("", one.owner_role) and assignee in ("", one.assignee)
        and (not tag or tag in one.tags) and overdue in (None, one.state == "open" and one.due_at < now)
    ]  # fmt: skip


@router.get("/exceptions/{exception_id}", operation_id="getException", responses=_MISSING)
async def get_exception(core: At, _: Viewer, exception_id: Id) -> ExceptionView:
    """One business exception."""
    return ExceptionView.of(await core.database.run(lambda unit: _open(unit, exception_id, any_state=True)))


@router.patch("/exceptions/{exception_id}", operation_id="tendException", responses=_ACTION)
async def tend_exception(core: At, caller: Operator, exception_id: Id, body: Care) -> ExceptionView:
    """Assign it, hand it to another role, set its due time or its tags."""

    def tend(unit: Unit) -> ExceptionView:
        found, now = _open(unit, exception_id), core.clock.now()
        given = body.model_dump(exclude_none=True)
        tags = tuple(dict.fromkeys(given.get("tags", found.tags)))
        unit.exceptions.tend(
            exception_id, given.get("owner_role", found.owner_role), given.get("due_at", found.due_at),
            given.get("assignee", found.assignee), tags,
        )  # fmt: skip
        _audit(unit, caller, "exception.tend", found, given, now)
        return ExceptionView.of(_open(unit, exception_id))

    view = await core.database.run(tend)
    core.touch()
    return view


@router.post("/exceptions/{exception_id}/notes", operation_id="noteException", responses=_MISSING)
async def note_exception(core: At, caller: Operator, exception_id: Id, body: Note) -> ExceptionView:
    """Write something to it, in any state."""

    def note(unit: Unit) -> ExceptionView:
        found, now = _open(unit, exception_id, any_state=True), core.clock.now()
        unit.exceptions.note(exception_id, body.text, caller.name, now)
        _audit(unit, caller, "exception.note", found, {"text": body.text}, now)
        return ExceptionView.of(_open(unit, exception_id, any_state=True))

    view = await core.database.run(note)
    core.touch()
    return view


@router.post("/exceptions/{exception_id}/retry", operation_id="retryException", responses=_ACTION)
async def retry_exception(core: At, caller: Operator, exception_id: Id) -> Outcome:
    """Run the parked work again now; the exception closes by itself when the run no longer meets it."""
    return (await _retry(core, caller, [exception_id]))[0]


@router.post("/exceptions/{exception_id}/abandon", operation_id="abandonException", responses=_ACTION)
async def abandon_exception(core: At, caller: Operator, exception_id: Id, body: Reason) -> Outcome:
    """Give the work up, with a reason; all its exceptions close."""
    return (await _abandon(core, caller, [exception_id], body.reason))[0]


@router.post("/exception-batches/retry", operation_id="retryExceptions", responses=_ACTION)
async def retry_exceptions(core: At, caller: Operator, body: Selection) -> list[Outcome]:
    """Run the work of several again, or of none if one of them is not open."""
    return await _retry(core, caller, list(dict.fromkeys(body.ids)))


@router.post("/exception-batches/abandon", operation_id="abandonExceptions", responses=_ACTION)
async def abandon_exceptions(core: At, caller: Operator, body: Abandoned) -> list[Outcome]:
    """Give up the work of several, or of none if one of them is not open or its work is running."""
    return await _abandon(core, caller, list(dict.fromkeys(body.ids)), body.reason)


async def _retry(core: Desk, caller: Caller, ids: list[str]) -> list[Outcome]:
    now = core.clock.now()

    def retry(unit: Unit) -> list[Outcome]:
        outcomes = []
        chosen = [_open(unit, one) for one in ids]
        for found in chosen:
            if unit.work.get(found.work_id) is None:
                raise Problem(409, f"{found.id} has no work to run again: it closes once its system answers otherwise")
        for found in chosen:
            changed = unit.work.revive(found.work_id, now, f"retried by {caller.name}")
            _audit(unit, caller, "exception.retry", found, {}, now)
            outcomes.append(Outcome(id=found.id, changed=changed, note="due now" if changed else "running already"))
        return outcomes

    outcomes = await core.database.run(retry)
    core.touch()
    await core.kick()
    return outcomes


async def _abandon(core: Desk, caller: Caller, ids: list[str], reason: str) -> list[Outcome]:
    now = core.clock.now()

    def abandon(unit: Unit) -> list[Outcome]:
        chosen = [_open(unit, one) for one in ids]
        for found in chosen:
            item = unit.work.get(found.work_id)
            if item is not None and item.state == "submitted":
                raise Problem(409, f"the work of {found.id} is running just now; try again in a moment")
        for found in chosen:
            unit.work.abandon(found.work_id, reason)
            unit.exceptions.resolve_work(found.work_id, reason, caller.name, now, "abandoned")
            _audit(unit, caller, "exception.abandon", found, {"reason": reason}, now)
        return [Outcome(id=found.id, changed=True, note="abandoned") for found in chosen]

    outcomes = await core.database.run(abandon)
    core.touch()
    return outcomes


def _open(unit: Unit, exception_id: str, any_state: bool = False) -> BusinessException:
    found = unit.exceptions.get(exception_id)
    if found is None:
        raise Problem(404, f"there is no exception {exception_id}")
    if found.state != "open" and not any_state:
        raise Problem(409, f"exception {exception_id} is {found.state} already")
    return found


def _audit(unit: Unit, caller: Caller, action: str, found: BusinessException, details: object, now: float) -> None:
    unit.audit.add(caller.name, action, found.partition, {"exception": found.id, "details": details}, now)
