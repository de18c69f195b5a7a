"""Rows of a bulk job: what their columns mean, and the write that each of them asks for."""

from collections.abc import Sequence
from typing import Any

from simulators.salesforce import bulk_csv
from simulators.salesforce.commit import Writer
from simulators.salesforce.errors import Problem, refused
from simulators.salesforce.outcomes import Outcome, Step, refuse_repeated, repeated
from simulators.salesforce.schemas import SObject
from simulators.salesforce.state import OrgState

OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
CHUNK = 200  # rows that are written together, as the vendor runs triggers

Columns = Sequence[tuple[str, str]]  # for each column its field, or a relationship and the external id it is found by
Row = dict[str, Any]


def columns_of(org: OrgState, spec: SObject, header: Sequence[str]) -> Columns:
    """What each column of a header means; an unknown one is BadCsv."""
    found: list[tuple[str, str]] = []
    for name in header:
        head, _, rest = name.partition(".")
        field, reference = spec.get(name), spec.parents.get(head.lower())
        if field is not None:
            found.append((field.name, ""))
        elif reference is not None and rest and org.spec(reference.to).get(rest):
            found.append((reference.relationship, rest))
        else:
            raise bulk_csv.BadCsv(f"InvalidBatch : Field name not found : {name}")
    return found


def values_of(columns: Columns, row: Sequence[str]) -> Row:
    """A row of a CSV as a client's values: empty cells say nothing, #N/A clears."""
    raw: Row = {}
    for (name, by), text in zip(columns, row, strict=True):
        if text == "":
            continue
        value = None if text == bulk_csv.NULL else text
        raw[name] = {by: value} if by and value is not None else value
    return raw


def steps_of(writer: Writer, spec: SObject, operation: str, external: str, raws: Sequence[Row]) -> list[Step]:
    """The writes that some rows ask for, each atomic; `external` is the external id of an upsert."""
    keys = [None if raw.get(external) is None else str(raw[external]) for raw in raws] if external else []
    doubled = repeated(keys)

    def step(raw: Row) -> Outcome:
        if operation == "insert":
            return Outcome(writer.insert(spec, raw), True)
        if operation == "upsert":
            return _upsert(writer, spec, external, raw, doubled)
        record_id = raw.pop("Id", None)
        if record_id is None:
            article = "an" if operation == "update" else "a"
            raise refused("MISSING_ARGUMENT", f"Id not specified in {article} {operation} call")
        known = writer.existing(spec, str(record_id))["Id"]
        if operation == "update":
            writer.update(spec, known, raw)
        else:
            writer.delete(spec, known)
            if operation == "hardDelete":
                writer.org.store.delete(spec.name, known)
        return Outcome(known, False)

    return [lambda raw=raw: step(raw) for raw in raws]  # type: ignore[misc]


def _upsert(writer: Writer, spec: SObject, external: str, raw: Row, doubled: set[str]) -> Outcome:
    field = spec.fields[external.lower()]
    key = raw.pop(external, None)
    if external != "Id":
        raw.pop("Id", None)  # jsforce sends an empty or foreign Id column beside the external id
    if key is None:
        if external != "Id":
            raise refused("MISSING_ARGUMENT", f"{external} not specified", external)
        return Outcome(writer.insert(spec, raw), True)
    if str(key).lower() in doubled:
        return refuse_repeated(str(key), external)
    return Outcome(*writer.upsert(spec, field, str(key), raw))


def message_of(problems: Sequence[Problem]) -> str:
    """A row's problems as result files have them: `CODE:message:fields --`."""
    return ";".join(f"{one.code}:{one.message}:{' '.join(one.fields or ())} --" for one in problems)
