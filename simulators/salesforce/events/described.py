"""Events as describe shows them beside the objects: whoever looks for topics finds platform and change events there."""

from dataclasses import replace

from simulators.kit.fidelity import approximate
from simulators.salesforce import definition
from simulators.salesforce.events import topics
from simulators.salesforce.events.avro import event_name
from simulators.salesforce.schemas import Field, FieldType, Schema, SObject

approximate(
    "describe of a change event", "lists the object's own fields; ChangeEventHeader is a `complexvalue` without parts",
    source="ours",
)  # fmt: skip


def _told(name: str, kind: FieldType, length: int = 0) -> Field:
    return Field(name, kind, name, length, createable=False, updateable=False, filterable=False, sortable=False)


_REPLAY = _told("ReplayId", "string", 1000)
_EVERY = (
    _REPLAY,
    _told("EventUuid", "string", 36),
    replace(_told("CreatedDate", "datetime"), required=True),
    replace(_told("CreatedById", "reference", 18), required=True, targets=("User",), relationship="CreatedBy"),
)
_HEADER = _told("ChangeEventHeader", "complexvalue")


def events(schema: Schema) -> dict[str, SObject]:
    """All events of the org by lower-case name: those that it declares, and one for each object whose changes are
    told.
    """
    found: dict[str, SObject] | None = schema.plans.get("described events")
    if found is None:
        declared = [_platform(definition.event(dict(schema.raw), name)) for name in topics.platform_events(schema)]
        told = [_change(schema.objects[name.lower()]) for name in sorted(topics.captured(schema))]
        found = schema.plans["described events"] = {spec.name.lower(): spec for spec in (*declared, *told)}
    return found


def _platform(own: SObject) -> SObject:
    fields = [*_EVERY, *own.fields.values()]
    return SObject(own.name, own.label, own.plural, own.prefix, True, _keyed(fields))


def _change(sobject: SObject) -> SObject:
    fields = [replace(item, createable=False, updateable=False) for item in sobject.fields.values()
              if item.name not in ("IsDeleted", "SystemModstamp")]  # fmt: skip
    label, name = f"{sobject.label} Change Event", event_name(sobject.name)
    return SObject(name, label, f"{label}s", "", False, _keyed([fields[0], _REPLAY, _HEADER, *fields[1:]]))


def _keyed(fields: list[Field]) -> dict[str, Field]:
    return {item.name.lower(): item for item in fields}
