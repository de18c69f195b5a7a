"""People move an entity to another ledger and back: the core is told so by its mappings, without code."""

from datetime import date
from typing import Any

from harness.checkers import Cutover
from harness.drivers.operator import ask_core
from harness.drivers.stage import Stage, StepFailed


async def cutover(stage: Stage, facts: Any) -> str:
    """From a day on the entity's documents belong to another ledger; before it they may be posted in both."""
    dual = {"dual_from": facts.dual_from.isoformat(), "shadow": facts.shadow} if facts.dual_from else {}
    moves = facts.open_items == "transfer"
    more = {**dual, **({"open_items": "transfer"} if moves else {})}
    await _tell(stage, facts.entity, {"ledger": facts.ledger, "on": facts.on.isoformat(), **more})
    stage.cutovers.append(Cutover(facts.entity, f"erp_{facts.ledger}", facts.on, None, facts.dual_from, moves))
    if facts.shadow:
        stage.correlation.shadows[facts.shadow] = facts.entity
    return f"entity {facts.entity} moves to the {facts.ledger} ledger on {facts.on}"


async def roll_back(stage: Stage, facts: Any) -> str:
    """From a day on they belong to the old one again."""
    moved = next((one for one in reversed(stage.cutovers) if one.entity == facts.entity), None)
    if moved is None:
        raise StepFailed(f"entity {facts.entity} has not moved, so that nothing could be taken back")
    until: date = facts.on or stage.today(facts.entity)
    await _tell(stage, facts.entity, {"until": until.isoformat()})
    moved.until = until
    return f"the move of entity {facts.entity} is taken back on {until}"


async def _tell(stage: Stage, entity: str, move: dict[str, str]) -> None:
    path = f"/mappings/entities/{entity}"
    status, known = await ask_core(stage, "GET", path)
    if status != 200:
        raise StepFailed(f"the core answered {status} when asked for entity {entity}: {known}")
    before = (known["value"].get("cutover") or {}) if "until" in move else {}
    status, answer = await ask_core(stage, "PUT", path, {**known["value"], "cutover": {**before, **move}})
    if status not in (200, 201):
        raise StepFailed(f"the core answered {status} to the move of entity {entity}: {answer}")
