"""Edit and retry: a record that the core was handed and could not take is put right, with its difference, and taken.

Only what the core holds can be put right here: a stored signal, a line of a file, a row of a feed. What a process reads
from its system is put right there.
"""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from synccore.domain.patches import difference, merged
from synccore.experience import exceptions, letters
from synccore.experience.access import REFUSALS, At, Caller, Operator
from synccore.experience.desk import Desk
from synccore.experience.problem import Problem, declared
from synccore.experience.strict import StrictRoute
from synccore.ports.stores import Signal, Unit

router = APIRouter(tags=["exceptions"], route_class=StrictRoute)

_ACTION = REFUSALS | declared(404, 409)
_LAST = float("inf")
Record = dict[str, Any]


class Edit(BaseModel):
    """Changes to the record as a JSON merge patch (RFC 7396). `dry`: only show the difference."""

    model_config = ConfigDict(extra="forbid")

    changes: Record = Field(default_factory=dict)
    dry: bool = False


class Edited(BaseModel):
    """The record with the changes, and each member that differs, by JSON pointer, as [before, after]."""

    id: str
    record: Record
    difference: dict[str, tuple[Any, Any]]
    note: str


@dataclass(frozen=True)
class _Held:
    """A record as it is held, and where."""

    record: Record
    signal: Signal | None = None


@router.post("/exceptions/{exception_id}/edit", operation_id="editException", responses=_ACTION)
async def edit_exception(core: At, caller: Operator, exception_id: exceptions.Id, body: Edit) -> Edited:
    """Put right the record that an exception is about, and take it again; what came is kept beside it."""
    at = core.clock.now()

    def edit(unit: Unit) -> Edited:
        found = unit.exceptions.get(exception_id)
        if found is None:
            raise Problem(404, f"there is no exception {exception_id}")
        item = unit.work.get(found.work_id)
        if found.state != "open" or item is None:
            raise Problem(409, f"exception {exception_id} is {found.state}: there is nothing to take again")
        if item.state == "submitted":
            raise Problem(409, f"the work of {exception_id} is running just now; try again in a moment")
        held = _held(unit, item.argument)
        if held is None:
            actions = ", ".join(found.actions)
            raise Problem(409, f"the record of {exception_id} is read from its system: put it right there ({actions})")
        edited = _edited(exception_id, held, body)
        if body.dry or not edited.difference:
            return edited
        argument = _corrected(unit, held, edited, caller, at)
        if argument is not None:
            unit.work.hand(item.id, argument)
        unit.work.revive(item.id, at, f"edited by {caller.name}")
        _audit(unit, caller, "exception.edit", item.key, exception_id, edited, at)
        return edited

    return await _acted(core, body, edit)


@router.post("/dead-letters/{letter_id}/edit", operation_id="editDeadLetter", responses=_ACTION)
async def edit_letter(core: At, caller: Operator, letter_id: letters.Id, body: Edit) -> Edited:
    """Put right the record of a dead letter, and requeue it with that; the letter keeps what came."""
    at = core.clock.now()

    def edit(unit: Unit) -> Edited:
        letter = unit.letters.get(letter_id)
        if letter is None:
            raise Problem(404, f"there is no dead letter {letter_id}")
        if letter.state != "dead":
            raise Problem(409, f"dead letter {letter_id} is {letter.state} already")
        held = _held(unit, letter.payload)
        if held is None:
            raise Problem(409, f"the record of {letter_id} is read from its system: put it right there, and requeue")
        edited = _edited(letter_id, held, body)
        if body.dry or not edited.difference:
            return edited
        letters.requeue(unit, letter, caller, at, _corrected(unit, held, edited, caller, at))
        _audit(unit, caller, "dead-letter.edit", letter.partition, letter_id, edited, at)
        return edited

    return await _acted(core, body, edit)


async def _acted(core: Desk, body: Edit, edit: Any) -> Edited:
    edited: Edited = await core.database.run(edit)
    if not body.dry and edited.difference:
        core.touch()
        await core.kick()
    return edited


def _held(unit: Unit, argument: Any) -> _Held | None:
    if not isinstance(argument, dict):
        return None
    if isinstance(argument.get("record"), dict):
        return _Held(argument["record"])
    if "source" in argument and "key" in argument:
        for signal in unit.inbox.find(str(argument["source"]), str(argument["key"]), 0.0, _LAST, 1):
            return _Held(signal.payload, signal)
    return None


def _edited(name: str, held: _Held, body: Edit) -> Edited:
    record = merged(held.record, body.changes)
    changed = difference(held.record, record)
    note = "nothing would change" if not changed else "as it would be" if body.dry else "due now"
    return Edited(id=name, record=record, difference=changed, note=note)


def _corrected(unit: Unit, held: _Held, edited: Edited, caller: Caller, at: float) -> dict[str, Any] | None:
    """Keep the record as it is now; the argument of the work that takes it, where it holds the record itself."""
    if held.signal is None:
        return {"record": edited.record}
    unit.inbox.correct(held.signal.source, held.signal.key, edited.record, caller.name, at)
    return None


def _audit(unit: Unit, caller: Caller, action: str, subject: str, name: str, edited: Edited, at: float) -> None:
    details = {"id": name, "difference": {where: list(pair) for where, pair in edited.difference.items()}}
    unit.audit.add(caller.name, action, subject, details, at)
