"""Dead letters: requeued and discarded by people, one or many, each act idempotent."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from synccore.experience.access import REFUSALS, At, Caller, Operator, Viewer
from synccore.experience.desk import Desk
from synccore.experience.links import leads_to
from synccore.experience.models import Ancestor, LetterView, Outcome
from synccore.experience.problem import Problem, declared
from synccore.experience.strict import StrictRoute
from synccore.ports.stores import DeadLetter, Unit

router = APIRouter(tags=["dead letters"], route_class=StrictRoute)

_PATTERN = r"^d[0-9]{8}$"
Id = Annotated[str, Path(pattern=_PATTERN, description="as listed")]
_MISSING = REFUSALS | declared(404)


class Selection(BaseModel):
    """Several dead letters."""

    model_config = ConfigDict(extra="forbid")

    ids: list[Annotated[str, StringConstraints(pattern=_PATTERN)]] = Field(min_length=1, max_length=1000)


_FIRST = {"letter_id": "$response.body#/0/id"}
_LEADS = leads_to(getDeadLetter=_FIRST, requeueDeadLetter=_FIRST, discardDeadLetter=_FIRST)


@router.get("/dead-letters", operation_id="listDeadLetters", responses=REFUSALS | _LEADS)
async def list_letters(
    core: At, _: Viewer, state: Literal["dead", "requeued", "discarded"] | None = None
) -> list[LetterView]:
    """All dead letters, oldest first, or those in a state."""
    return [LetterView.of(found) for found in await core.database.run(lambda unit: unit.letters.list(state))]


@router.get("/dead-letters/{letter_id}", operation_id="getDeadLetter", responses=_MISSING)
async def get_letter(core: At, _: Viewer, letter_id: Id) -> LetterView:
    """One dead letter."""
    found = await core.database.run(lambda unit: _with_lineage(unit, letter_id))
    if found is None:
        raise Problem(404, f"there is no dead letter {letter_id}")
    return found


@router.post("/dead-letters/{letter_id}/requeue", operation_id="requeueDeadLetter", responses=_MISSING)
async def requeue_letter(core: At, caller: Operator, letter_id: Id) -> Outcome:
    """Run its work again now, with a fresh budget; also if it was discarded before."""
    return (await _act(core, caller, [letter_id], "requeued"))[0]


@router.post("/dead-letters/{letter_id}/discard", operation_id="discardDeadLetter", responses=_MISSING)
async def discard_letter(core: At, caller: Operator, letter_id: Id) -> Outcome:
    """Give its work up, until somebody requeues it."""
    return (await _act(core, caller, [letter_id], "discarded"))[0]


@router.post("/dead-letter-batches/requeue", operation_id="requeueDeadLetters", responses=_MISSING)
async def requeue_letters(core: At, caller: Operator, body: Selection) -> list[Outcome]:
    """Requeue several, or none if one of them does not exist."""
    return await _act(core, caller, body.ids, "requeued")


@router.post("/dead-letter-batches/discard", operation_id="discardDeadLetters", responses=_MISSING)
async def discard_letters(core: At, caller: Operator, body: Selection) -> list[Outcome]:
    """Discard several, or none if one of them does not exist."""
    return await _act(core, caller, body.ids, "discarded")


def _with_lineage(unit: Unit, letter_id: str) -> LetterView | None:
    letter = unit.letters.get(letter_id)
    if letter is None:
        return None
    events = [one for one in unit.events.of_partition(letter.partition) if one.subject == letter.subject]
    lineage = [
        Ancestor(id=one.id, source=one.source, type=one.type, time=one.time, causation=one.causation) for one in events
    ]
    return LetterView.of(letter).model_copy(update={"lineage": lineage})


async def _act(core: Desk, caller: Caller, ids: list[str], state: Literal["requeued", "discarded"]) -> list[Outcome]:
    now = core.clock.now()
    outcomes = await core.database.run(lambda unit: [_mark(unit, caller, found, state, now) for found in ids])
    core.touch()
    if state == "requeued":
        await core.kick()
    return outcomes


def _mark(unit: Unit, caller: Caller, letter_id: str, state: Literal["requeued", "discarded"], now: float) -> Outcome:
    letter = unit.letters.get(letter_id)
    if letter is None:
        raise Problem(404, f"there is no dead letter {letter_id}")
    if not unit.letters.mark(letter_id, state, caller.name, now):
        return Outcome(id=letter_id, changed=False, note=f"{letter.state} already")
    unit.audit.add(caller.name, f"dead-letter.{state}", letter.partition, {"letter": letter_id}, now)
    if state == "requeued" and not _revived(unit, letter, caller, now, None):
        return Outcome(id=letter_id, changed=True, note="newer work of the same subject is open already")
    return Outcome(id=letter_id, changed=True, note=state)


def requeue(unit: Unit, letter: DeadLetter, caller: Caller, now: float, argument: Any) -> None:
    """Mark a dead letter requeued and have its work done, with another argument if one is given."""
    unit.letters.mark(letter.id, "requeued", caller.name, now)
    _revived(unit, letter, caller, now, argument)


def _revived(unit: Unit, letter: DeadLetter, caller: Caller, now: float, argument: Any) -> bool:
    """Its work is due again; a letter of what never became work (a line of a file) becomes work now."""
    cause = f"requeued by {caller.name}"
    if unit.work.get(letter.work_id) is None:
        payload = letter.payload if argument is None else argument
        unit.work.add(letter.process, letter.partition, letter.subject, payload, now, cause)
        return True
    if argument is not None:
        unit.work.hand(letter.work_id, argument)
    return unit.work.revive(letter.work_id, now, cause)
