"""Calculated fields: nothing of them is kept; whoever reads one has its formula reckoned over the record as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import orjson

from simulators.kit.fidelity import approximate, exact
from simulators.kit.store import Doc
from simulators.salesforce.formula.compiler import Save, Use, compile_formula
from simulators.salesforce.formula.values import FormulaError, Value, shown
from simulators.salesforce.values import number

if TYPE_CHECKING:
    from simulators.salesforce.schemas import Field, Schema, SObject
    from simulators.salesforce.state import OrgState

exact(
    "formula fields: read only, calculated when read, in records, SOQL (selected, filtered, ordered, grouped, by "
    "parent paths), describe, and rules; percent as fractions inside; blank numbers as zero if the field says so; "
    "not in change events",
    source="documented", held_by="test_calculated, test_soql_reference_calculated",
)  # fmt: skip
approximate(
    "Formula functions", "the usual ones; ids in formulas have 18 characters, there 15; an error gives null",
    source="documented",
)  # fmt: skip

TEXT_MAX = 3_900  # characters of a text that a formula makes


def compile_calculated(schema: Schema) -> None:
    """Make the functions of all calculated fields; FormulaError names the field whose formula makes no sense."""
    uses: dict[Use, set[Use]] = {}
    for sobject in schema.objects.values():
        for item in sobject.calculated:
            used = uses[sobject.name, item.name] = set()
            try:
                sobject.formulas[item.name] = compile_formula(item.formula, schema, sobject, item, used)
            except FormulaError as error:
                raise FormulaError(f"{sobject.name}.{item.name}: {error}") from error
    for one in uses:
        if one in _reached(one, uses):
            raise FormulaError(f"{one[0]}.{one[1]}: its formula needs its own value")


def _reached(start: Use, uses: dict[Use, set[Use]]) -> set[Use]:
    found: set[Use] = set()
    ahead = set(uses[start])
    while ahead:
        one = ahead.pop()
        if one not in found:
            found.add(one)
            ahead |= uses.get(one, set())
    return found


def value(org: OrgState, item: Field, doc: Doc, at: float) -> Any:
    """A calculated field's value, in the form in which other fields are kept."""
    formula = org.spec(item.of).formulas[item.name]
    return _kept(formula(Save(doc, None, at, org)), item)


def filled(org: OrgState, sobject: SObject, doc: Doc, at: float) -> Doc:
    """A record with its calculated fields."""
    if not sobject.calculated:
        return doc
    return doc | {item.name: value(org, item, doc, at) for item in sobject.calculated}


def sql_function(org: Callable[[], OrgState], now: Callable[[], float]) -> Callable[..., Any]:
    """`soql_formula(object, field, document)` for SQLite."""

    def formula(sobject: str, field: str, text: str | None) -> Any:
        if text is None:
            return None
        state = org()
        return value(state, state.spec(sobject).fields[field.lower()], orjson.loads(text), now())

    return formula


def _kept(found: Value, item: Field) -> Any:
    if item.type == "boolean":
        return found is True
    if found is None or found == "":
        return None
    if item.family == "number":
        return _number(found, item)
    if item.type == "date":
        return found.isoformat() if isinstance(found, date) and not isinstance(found, datetime) else None
    if item.type == "datetime":
        moment = found.astimezone(UTC) if isinstance(found, datetime) else None
        return f"{moment:%Y-%m-%dT%H:%M:%S}.000+0000" if moment else None
    return shown(found)[: item.length or TEXT_MAX] or None


def _number(found: Value, item: Field) -> Any:
    if not isinstance(found, Decimal) or not found.is_finite():
        return None
    try:
        kept = number(found * 100 if item.type == "percent" else found, item.scale)
    except (InvalidOperation, OverflowError):
        return None
    return int(kept) if item.type == "int" else kept


def understood(
    schema: Schema, wanted: Iterable[tuple[SObject, Field, str]], empty: set[Use]
) -> tuple[dict[Use, str], dict[Use, str]]:  # fmt: skip
    """Which formulas can be reckoned here, and why the others cannot: what needs one that cannot be, cannot either.

    `wanted`: object, field, formula; `empty`: fields that have a value there and none here.
    """
    good: dict[Use, tuple[str, set[Use]]] = {}
    bad: dict[Use, str] = {}
    for sobject, item, text in wanted:
        used: set[Use] = set()
        try:
            compile_formula(text, schema, sobject, item, used)
            good[sobject.name, item.name] = (text, used)
        except FormulaError as error:
            bad[sobject.name, item.name] = str(error)
    while True:
        lost = {one: min(used & (empty | set(bad))) for one, (_, used) in good.items() if used & (empty | set(bad))}
        uses = {one: used for one, (_, used) in good.items()}
        lost |= {one: one for one in good if one not in lost and one in _reached(one, uses)}
        if not lost:
            return {one: text for one, (text, _) in good.items()}, bad
        for one, missing in lost.items():
            del good[one]
            bad[one] = f"it needs {missing[0]}.{missing[1]}, which is empty here"
