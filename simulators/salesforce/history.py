"""Histories: which fields changed from what to what, and the stages that an opportunity went through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulators.kit.fidelity import approximate, exact
from simulators.kit.store import Doc
from simulators.salesforce.schemas import Field, SObject

if TYPE_CHECKING:
    from simulators.salesforce.commit import Writer

exact(
    "OpportunityHistory: a row with each change of stage, amount, probability or close date; field history rows of "
    "tracked fields, references with name and id", source="documented, recorded", held_by="test_history",
)  # fmt: skip
approximate("History objects", "they also show LastModifiedDate and SystemModstamp, which are not the vendor's")

_STAGE = ("StageName", "Amount", "Probability", "CloseDate")
_COPIED = (*_STAGE, "ExpectedRevenue", "ForecastCategory", "CurrencyIsoCode")
_TYPES = {"reference": "EntityId", "picklist": "Text", "string": "Text", "autonumber": "Text", "textarea": "Text",
          "currency": "Currency", "double": "Double", "percent": "Percent", "int": "Double", "boolean": "Boolean",
          "date": "DateOnly", "datetime": "DateTime"}  # fmt: skip


def record(writer: Writer, sobject: SObject, new: Doc, old: Doc | None) -> None:
    """Write down what a save changed, in the history of tracked fields and in that of stages."""
    if sobject.tracked:
        _track(writer, sobject, new, old)
    if sobject.name == "Opportunity":
        stages(writer, new, old)


def stages(writer: Writer, new: Doc, old: Doc | None) -> None:
    """A row of OpportunityHistory, if the stage or what goes with it changed."""
    if old is not None and all(new.get(name) == old.get(name) for name in _STAGE):
        return
    if writer.org.schema.get("OpportunityHistory") is not None:
        row = {name: new.get(name) for name in _COPIED} | {"OpportunityId": new["Id"]}
        writer.org.put_plain("OpportunityHistory", row, writer.how.at, writer.how.user)


def _track(writer: Writer, sobject: SObject, new: Doc, old: Doc | None) -> None:
    parent = "ParentId" if sobject.custom else f"{sobject.name}Id"
    if old is None:
        _row(writer, sobject, {parent: new["Id"], "Field": "created", "DataType": "Text"})
        return
    for name in sobject.tracked:
        before, after = old.get(name), new.get(name)
        if before == after:
            continue
        item = sobject.fields[name.lower()]
        facts = {parent: new["Id"], "Field": name, "DataType": _TYPES.get(item.type, "Text")}
        if item.type == "reference":
            names = {"OldValue": _name(writer, item, before), "NewValue": _name(writer, item, after)}
            _row(writer, sobject, facts | names | {"DataType": "Text"})
        _row(writer, sobject, facts | {"OldValue": before, "NewValue": after})


def _row(writer: Writer, sobject: SObject, values: dict[str, Any]) -> None:
    writer.org.put_plain(sobject.history, values, writer.how.at, writer.how.user)


def _name(writer: Writer, item: Field, record_id: str | None) -> str | None:
    spec = writer.org.schema.of_id(record_id) if record_id else None
    doc = writer.org.get(spec.name, record_id) if spec is not None and record_id else None
    if doc is None or spec is None or spec.name_field is None or spec.name not in item.targets:
        return None
    name: str | None = doc.get(spec.name_field.name)
    return name
