"""Administrators change what records look like, and a person tells the core: the verbs of schema drift."""

from typing import Any

from harness.checkers import Drift
from harness.drivers.operator import ask_core
from harness.drivers.stage import Stage, StepFailed


async def rename_field(stage: Stage, facts: Any) -> str:
    """A custom field of Salesforce gets another name; people there use the new one from now on."""
    change = {"change": "rename_field", "object": facts.object, "field": facts.field, "to": facts.to}
    await _act(stage, "salesforce", "alter_schema", change)
    stage.sales.rename(facts.object, facts.field, facts.to)
    stage.correlation.rename(facts.object, facts.field, facts.to)
    stage.drifts.append(Drift("salesforce", facts.object, facts.field, stage.world.now()))
    return f"Salesforce: {facts.object}.{facts.field} is {facts.to} now"


async def permit_field(stage: Stage, facts: Any) -> str:
    """The users' profile loses a field of Salesforce, may only read it, or may edit it again."""
    change = {"change": "permit_field", "object": facts.object, "field": facts.field, "access": facts.access}
    await _act(stage, "salesforce", "alter_schema", change)
    at, place = stage.world.now(), ("salesforce", facts.object, facts.field)
    if facts.access == "none":
        stage.drifts.append(Drift(*place, at))
    for drift in stage.drifts:
        if (drift.system, drift.record, drift.field) == place and facts.access != "none":
            drift.end = min(drift.end, at)
    words = {"edit": "may be edited by all", "read": "may only be read", "none": "is hidden from all profiles"}
    return f"Salesforce: {facts.object}.{facts.field} {words[facts.access]}"


async def rule(stage: Stage, facts: Any) -> str:
    """A validation rule or field update of Salesforce is put into force or taken out of it."""
    kind = "update" if facts.set else "validation"
    definition = {name: value for name in ("when", "message", "field", "set") if (value := getattr(facts, name))}
    change = {"change": f"put_{kind}", "object": facts.object, "rule": facts.name, "definition": definition}
    if not definition:
        change = {"change": "remove_validation", "object": facts.object, "rule": facts.name}
    await _act(stage, "salesforce", "alter_schema", change)
    return f"Salesforce: rule {facts.name} of {facts.object} is {'in force' if definition else 'gone'}"


async def rename_word(stage: Stage, facts: Any) -> str:
    """The platform says another word from now on: all its answers about such records do."""
    fault = {
        "id": f"word-{facts.record}-{facts.field}-{facts.to}", "kind": "altered_body",
        "operation": f"{facts.record}.*", "times": 0, "find": f'"{facts.field}":"{facts.word}"',
        "put": f'"{facts.field}":"{facts.to}"',
    }  # fmt: skip
    await stage.world.control("subscriptions", "POST", "/_control/faults", fault)
    stage.drifts.append(Drift("subscriptions", facts.record, facts.field, stage.world.now()))
    return f"the platform calls {facts.record}s whose {facts.field} was {facts.word} {facts.to} now"


async def require_field(stage: Stage, facts: Any) -> str:
    """A field becomes mandatory in the cloud ERP."""
    if facts.field.startswith("cust"):
        made = {"id": facts.field, "record": facts.record, "type": "string"}
        await _act(stage, "erp_cloud", "define_field", made)
    await _act(stage, "erp_cloud", "require_field", {"record": facts.record, "field": facts.field})
    stage.drifts.append(Drift("erp_cloud", facts.record, facts.field, stage.world.now()))
    return f"the cloud ERP takes no {facts.record} without {facts.field} any more"


async def map_fields(stage: Stage, facts: Any) -> str:
    """A person puts the field map of a record in force at the core."""
    at = stage.world.now()
    value = {"names": facts.names, "defaults": facts.defaults, "unwritten": list(facts.unwritten), "words": facts.words}
    said = facts.names | facts.defaults | facts.words
    status, answer = await ask_core(stage, "PUT", f"/mappings/fields/{facts.system}/{facts.object}", value)
    if status != 200:
        raise StepFailed(f"the core answered {status} to the field map of {facts.object}: {answer}")
    for drift in stage.drifts:
        if (drift.system, drift.record) == (facts.system, facts.object) and drift.field in said:
            drift.end = at
    return f"the core knows what {facts.system} {facts.object} looks like now"


async def _act(stage: Stage, system: Any, verb: str, arguments: dict[str, Any]) -> None:
    try:
        await stage.world.control(system, "POST", f"/_control/act/{verb}", arguments)
    except ValueError as error:
        raise StepFailed(str(error)) from error
