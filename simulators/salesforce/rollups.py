"""Roll-up summary fields: what a master record counts or sums of its details, kept with it and brought up to date in
the save of a detail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from simulators.kit.fidelity import absent, approximate, exact
from simulators.kit.store import Doc
from simulators.salesforce import dated_rates
from simulators.salesforce.formula.values import FormulaError
from simulators.salesforce.values import exact as decimal_of
from simulators.salesforce.values import number

if TYPE_CHECKING:
    from simulators.salesforce.commit import Writer
    from simulators.salesforce.schemas import Field, Schema, SObject
    from simulators.salesforce.state import OrgState

exact(
    "roll-up summary fields: COUNT, SUM, MIN and MAX of details by master-detail (and of opportunities on accounts), "
    "filtered; stored, so that queries and change events have them; the master is saved with the detail, and its "
    "validation rules can refuse that",
    source="documented", held_by="test_rollups",
)  # fmt: skip
exact(
    "with dated rates (advanced currency management) money no longer rolls up from opportunities to accounts and from "
    "custom objects to opportunities: what is there stays as it was",
    source="documented", held_by="test_rollups",
)  # fmt: skip
approximate(
    "a roll-up over several currencies", "converts by the present rate of each; a new roll-up is reckoned at once and "
    "moves SystemModstamp alone",
)  # fmt: skip
absent("filters of a roll-up by another field (valueField), includes, excludes, within")

OPERATIONS = ("count", "sum", "min", "max")
_OPTIONS = frozenset(("operation", "of", "through", "field", "where"))
Filter = tuple["Field", str, list[Any]]


@dataclass(frozen=True, slots=True)
class RollUp:
    """A master's field, and what it is of: `source` of the details that `through` leads to it, where `filters` hold."""

    master: SObject
    target: Field
    operation: str
    through: Field
    source: Field | None
    filters: tuple[Filter, ...]

    @property
    def empty(self) -> float | None:
        """What a master without details has."""
        return 0.0 if self.operation in ("count", "sum") else None

    def stands_still(self, org: OrgState) -> bool:
        """Whether advanced currency management keeps it from being reckoned.

        Source: help, "Display Roll-Up Summary Currency Fields on Accounts and Opportunities with Advanced Currency
        Management enabled".
        """
        if self.source is None or self.source.type != "currency":
            return False
        ways = (self.master.name == "Account" and self.through.of == "Opportunity") or (
            self.master.name == "Opportunity" and org.spec(self.through.of).custom
        )
        return ways and next(org.every(dated_rates.RATE), None) is not None

    def read(self) -> tuple[str, ...]:
        """The fields of a detail that matter."""
        source = (self.source.name, "CurrencyIsoCode") if self.source is not None else ()
        return (self.through.name, *source, *(field.name for field, _, _ in self.filters))


def compile_rollups(schema: Schema) -> None:
    """Let every detail know what rolls up from it; FormulaError names the field that makes no sense."""
    for name, spec in schema.raw["objects"].items():
        master = schema.objects[name.lower()]
        for key, told in spec.get("fields", {}).items():
            if "summary" not in told or told.get("hidden"):
                continue
            try:
                detail, rollup = _compiled(schema, master, master.fields[key.lower()], told["summary"])
            except (FormulaError, AttributeError, TypeError, ValueError) as error:
                raise FormulaError(f"{name}.{key}: {error}") from error
            detail.rollups.append(rollup)
            if rollup.empty is not None:
                master.defaults[rollup.target.name] = rollup.empty


def _compiled(schema: Schema, master: SObject, target: Field, told: Mapping[str, Any]) -> tuple[SObject, RollUp]:
    if not isinstance(told, dict) or set(told) - _OPTIONS or not {"operation", "of", "through"} <= set(told):
        raise FormulaError("a summary takes operation, of and through, and field and where")
    operation, detail = str(told["operation"]).lower(), schema.get(str(told["of"]))
    if operation not in OPERATIONS:
        raise FormulaError(f"the operation is {', '.join(OPERATIONS)}, and not {operation!r}")
    if detail is None:
        raise FormulaError(f"there is no object {told['of']}")
    through = detail.get(str(told["through"]))
    if through is None or master.name not in through.targets:
        raise FormulaError(f"{detail.name}.{told['through']} does not lead to {master.name}")
    if not through.cascade:
        raise FormulaError(f"{detail.name}.{through.name} is a look-up, and no master-detail relationship")
    source = _source(detail, operation, told.get("field"), target)
    filters = tuple(_filter(detail, one) for one in told.get("where") or ())
    return detail, RollUp(master, target, operation, through, source, filters)


def _source(detail: SObject, operation: str, name: Any, target: Field) -> Field | None:
    if operation == "count":
        if name is not None or target.family != "number":
            raise FormulaError("a count has no field, and is a number")
        return None
    source = detail.get(str(name))
    if source is None or source.formula:
        raise FormulaError(f"{detail.name} has no stored field {name}")
    if source.family != target.family or source.family not in ("number", "date", "datetime"):
        raise FormulaError(f"{source.type} makes no {target.type}")
    if operation == "sum" and source.family != "number":
        raise FormulaError(f"there is no sum of {source.type}")
    return source


def _filter(detail: SObject, told: Any) -> Filter:
    name, operation, value = told
    field = detail.get(str(name))
    if field is None or field.formula:
        raise FormulaError(f"{detail.name} has no stored field {name} to filter by")
    if operation not in _TESTS:
        raise FormulaError(f"a filter says {', '.join(_TESTS)}, and not {operation!r}")
    return field, operation, _wanted(field, [part.strip() for part in str(value).split(",")])


def of_metadata(told: Mapping[str, Any]) -> dict[str, Any]:
    """A summary as the Tooling API's CustomField.Metadata tells it, in the words of the schema file."""
    of, _, through = str(told.get("summaryForeignKey") or "").partition(".")
    spec: dict[str, Any] = {"operation": told.get("summaryOperation"), "of": of, "through": through}
    if told.get("summarizedField"):
        spec["field"] = str(told["summarizedField"]).partition(".")[2]
    rows = told.get("summaryFilterItems") or ()
    if any(row.get("valueField") for row in rows):
        raise FormulaError("it is filtered by another field")
    where = [[str(row["field"]).partition(".")[2], row["operation"], row.get("value") or ""] for row in rows]
    return {**spec, "where": where} if where else spec


# -- keeping them up to date ------------------------------------------------------------------


def follow(writer: Writer, detail: SObject, new: Doc | None, old: Doc | None) -> None:
    """Save the masters of a detail that was saved, moved (both), deleted or brought back."""
    if not detail.rollups:
        return
    for master, rollups in _by_master(detail.rollups):
        due: dict[str, list[RollUp]] = {}
        for rollup in rollups:
            if new is not None and old is not None and all(new.get(one) == old.get(one) for one in rollup.read()):
                continue
            if rollup.stands_still(writer.org):
                continue
            for doc in (old, new):
                master_id = doc.get(rollup.through.name) if doc is not None else None
                if master_id and rollup not in due.setdefault(master_id, []):
                    due[master_id].append(rollup)
        for master_id, changed in due.items():
            before = writer.org.live(master.name, master_id)
            if before is None:
                continue  # it goes as well
            values = {one.target.name: reckoned(writer.org, one, before) for one in changed}
            if any(before.get(name) != value for name, value in values.items()):
                writer.resave(master, {**before, **values}, before, values.keys())


def recalculate(writer: Writer, before: Schema) -> None:
    """Reckon the roll-ups that a changed schema has and the one of before had not (or otherwise), on every master."""
    for detail in writer.org.schema.objects.values():
        for rollup in detail.rollups:
            name, key = rollup.master.name, rollup.target.name
            known = before.raw["objects"].get(name, {}).get("fields", {}).get(key, {})
            if known.get("summary") == writer.org.schema.raw["objects"][name]["fields"][key]["summary"]:
                continue
            if rollup.stands_still(writer.org):
                continue
            for master in list(writer.org.every(name)):
                value = reckoned(writer.org, rollup, master)
                if master.get(key) != value:
                    writer.touch(rollup.master, {**master, key: value}, modified=False, before=master)


def reckoned(org: OrgState, rollup: RollUp, master: Doc) -> Any:
    """What a roll-up comes to for a master, from all its live details."""
    detail = rollup.through.of
    rows = [row for row in org.where(detail, rollup.through.name, master["Id"]) if _counts(row, rollup.filters)]
    if rollup.source is None:
        return float(len(rows))
    name, money = rollup.source.name, rollup.source.type == "currency"
    given = [row for row in rows if row.get(name) is not None]
    if rollup.source.family != "number":
        dates = [str(row[name]) for row in given]
        return (min(dates) if rollup.operation == "min" else max(dates)) if dates else None
    rates = _rates(org) if money and len({row.get("CurrencyIsoCode") for row in (*given, master)}) > 1 else {}
    own = rates.get(master.get("CurrencyIsoCode"), Decimal(1))
    values = [
        decimal_of(row[name]) / rates.get(row.get("CurrencyIsoCode"), Decimal(1)) * own for row in given
    ]  # fmt: skip
    if not values:
        return rollup.empty
    total = {"sum": sum, "min": min, "max": max}[rollup.operation](values)  # type: ignore[operator]
    return number(Decimal(total), rollup.target.scale)


def _by_master(rollups: Iterable[RollUp]) -> Iterable[tuple[SObject, list[RollUp]]]:
    found: dict[str, tuple[SObject, list[RollUp]]] = {}
    for one in rollups:
        found.setdefault(one.master.name, (one.master, []))[1].append(one)
    return found.values()


def _rates(org: OrgState) -> dict[str | None, Decimal]:
    return {row["IsoCode"]: decimal_of(row["ConversionRate"]) for row in org.every("CurrencyType")}


def _counts(row: Doc, filters: Iterable[Filter]) -> bool:
    return all(_TESTS[operation](_key(field, row.get(field.name)), wanted) for field, operation, wanted in filters)


def _key(field: Field, value: Any) -> Any:
    if value is None:
        return None
    if field.family == "number":
        return decimal_of(value)
    return str(value).lower()


def _wanted(field: Field, values: list[str]) -> list[Any]:
    if field.family != "number":
        return [value.lower() or None for value in values]
    try:
        return [Decimal(value) if value else None for value in values]
    except InvalidOperation:
        raise FormulaError(f"{field.name} is compared with {', '.join(values)}, which is no number") from None


Test = Callable[[Any, list[Any]], bool]
_TESTS: dict[str, Test] = {
    "equals": lambda value, wanted: value in wanted,
    "notEqual": lambda value, wanted: value not in wanted,
    "lessThan": lambda value, wanted: value is not None and value < wanted[0],
    "greaterThan": lambda value, wanted: value is not None and value > wanted[0],
    "lessOrEqual": lambda value, wanted: value is not None and value <= wanted[0],
    "greaterOrEqual": lambda value, wanted: value is not None and value >= wanted[0],
    "contains": lambda value, wanted: any(one in (value or "") for one in wanted),
    "notContain": lambda value, wanted: not any(one in (value or "") for one in wanted),
    "startsWith": lambda value, wanted: any((value or "").startswith(one) for one in wanted),
}
