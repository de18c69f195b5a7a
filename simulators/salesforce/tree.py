"""sObject trees: a parent with nested children, created together or not at all."""

from typing import Any

from simulators.kit.calls import Answer
from simulators.salesforce.commit import Writer
from simulators.salesforce.errors import ApiError, Problem, failed
from simulators.salesforce.schemas import SObject
from simulators.salesforce.sobject_collections import check_size
from simulators.salesforce.web import Context, reply

MOST_LEVELS, MOST_TYPES = 5, 5
Row = dict[str, Any]


class _Undo(Exception):
    """Rolls the whole tree back."""


class _Planting:
    """One tree request: what was made and what was wrong, by reference id."""

    def __init__(self, ctx: Context) -> None:
        self.ctx, self.writer = ctx, ctx.writer()
        self.made: list[dict[str, str]] = []
        self.wrong: list[dict[str, Any]] = []
        self.references: set[str] = set()
        self.types: set[str] = set()

    def records(self, spec: SObject, rows: Any, under: dict[str, str], level: int) -> None:
        """Create rows of one object below a parent (its reference field and id)."""
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise failed("INVALID_INPUT", "The records member must be a list of records")
        self.types.add(spec.name)
        if level > MOST_LEVELS or len(self.types) > MOST_TYPES:
            raise failed("INVALID_INPUT", f"A tree has at most {MOST_LEVELS} levels and {MOST_TYPES} types")
        for row in rows:
            self._record(spec, row, under, level)

    def _record(self, spec: SObject, row: Row, under: dict[str, str], level: int) -> None:
        attributes = row.get("attributes")
        reference = attributes.get("referenceId") if isinstance(attributes, dict) else None
        if not isinstance(reference, str) or not reference:
            raise failed("INVALID_INPUT", "Include a reference ID for each record in the request.")
        if reference in self.references:
            raise failed("INVALID_INPUT", f"Duplicate ReferenceId provided in the request: {reference}")
        self.references.add(reference)
        check_size(len(self.references))
        children = {name: value for name, value in row.items() if _is_list(spec, name, value)}
        values = {name: value for name, value in row.items() if name not in children}
        record_id = self._create(self.writer, spec, {**values, **under}, reference)
        for name, value in children.items():
            child = spec.children[name.lower()]
            target = self.ctx.org.spec(child.sobject)
            self.records(target, value.get("records"), {child.field.name: record_id} if record_id else {}, level + 1)

    def _create(self, writer: Writer, spec: SObject, values: Row, reference: str) -> str | None:
        if self.wrong:
            return None  # nothing will be kept: later records are only read for their references
        try:
            record_id = writer.insert(spec, values)
        except ApiError as error:
            if error.whole:
                raise
            self.wrong.append({"referenceId": reference, "errors": [problem.row() for problem in error.problems]})
            return None
        self.made.append({"referenceId": reference, "id": record_id})
        return record_id


def _is_list(spec: SObject, name: str, value: Any) -> bool:
    return name.lower() in spec.children and isinstance(value, dict) and "records" in value


async def plant(ctx: Context, sobject: str) -> Answer:
    """POST /composite/tree/X: 201 with all ids, or 400 with the records that are wrong and nothing saved."""
    spec = ctx.sobject(sobject)
    body = ctx.json_object()
    planting = _Planting(ctx)
    try:
        with ctx.org.store.transaction():
            planting.records(spec, body.get("records"), {}, 1)
            if planting.wrong:
                raise _Undo
    except _Undo:
        return reply(400, {"hasErrors": True, "results": planting.wrong})
    except RecursionError:
        raise ApiError(Problem("INVALID_INPUT", "The tree is nested too deeply")) from None
    return reply(201, {"hasErrors": False, "results": planting.made})
