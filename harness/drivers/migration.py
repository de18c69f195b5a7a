"""People move an entity to another ledger and back: the core is told so by its mappings, without code."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from harness.checkers import Cutover
from harness.drivers.operator import ask_core
from harness.drivers.stage import Stage, StepFailed


async def cutover(stage: Stage, facts: Any) -> str:
    """From a day on the entity's documents belong to another ledger; before it they may be posted in both."""
    dual = {"dual_from": facts.dual_from.isoformat(), "shadow": facts.shadow} if facts.dual_from else {}
    moves = facts.open_items == "transfer"
    waves = []
    for wave in facts.waves:
        products = await _product_lines(stage, wave.product_lines)
        told = {"countries": list(wave.countries), "product_lines": list(wave.product_lines)}
        waves.append({"on": wave.on.isoformat(), **{name: value for name, value in told.items() if value}})
        stage.cutovers.append(Cutover(
            facts.entity, f"erp_{facts.ledger}", wave.on, countries=wave.countries, products=products,
        ))  # fmt: skip
    more = {**dual, **({"waves": waves} if waves else {}), **({"open_items": "transfer"} if moves else {})}
    await _tell(stage, facts.entity, {"ledger": facts.ledger, "on": facts.on.isoformat(), **more})
    stage.cutovers.append(Cutover(facts.entity, f"erp_{facts.ledger}", facts.on, None, facts.dual_from, moves))
    if facts.shadow:
        stage.correlation.shadows[facts.shadow] = facts.entity
    return f"entity {facts.entity} moves to the {facts.ledger} ledger on {facts.on}"


async def _product_lines(stage: Stage, product_lines: Mapping[str, Collection[str]]) -> frozenset[str]:
    """Tells the core which products make up a line; what the platform's bills call them."""
    names: set[str] = set()
    for line, codes in product_lines.items():
        for code in codes:
            path = f"/mappings/items/{code}"
            status, known = await ask_core(stage, "GET", path)
            if status == 200:
                status, known = await ask_core(stage, "PUT", path, {**known["value"], "product_line": line})
            if status not in (200, 201):
                raise StepFailed(f"the core answered {status} when told the product line of {code}: {known}")
            names |= {code, *stage.company.mappings["items"][code]["prices"].values()}
    return frozenset(names)


async def roll_back(stage: Stage, facts: Any) -> str:
    """From a day on they belong to the old one again."""
    moved = [one for one in stage.cutovers if one.entity == facts.entity]
    if not moved:
        raise StepFailed(f"entity {facts.entity} has not moved, so that nothing could be taken back")
    until: date = facts.on or stage.today(facts.entity)
    await _tell(stage, facts.entity, {"until": until.isoformat()})
    for one in moved:
        one.until = one.until or until
    return f"the move of entity {facts.entity} is taken back on {until}"


async def _tell(stage: Stage, entity: str, move: dict[str, Any]) -> None:
    path = f"/mappings/entities/{entity}"
    status, known = await ask_core(stage, "GET", path)
    if status != 200:
        raise StepFailed(f"the core answered {status} when asked for entity {entity}: {known}")
    before = (known["value"].get("cutover") or {}) if "until" in move else {}
    status, answer = await ask_core(stage, "PUT", path, {**known["value"], "cutover": {**before, **move}})
    if status not in (200, 201):
        raise StepFailed(f"the core answered {status} to the move of entity {entity}: {answer}")
