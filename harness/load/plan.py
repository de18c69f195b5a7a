"""What a load would do: records in order, totals by month, and every row that cannot be placed with the reason."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from harness.load.mapping import FieldRule, LineRule, Mapping, ObjectRule
from harness.load.pseudonym import Pseudonyms
from harness.load.table import Row, Table, TableError, read_table


@dataclass(frozen=True)
class Problem:
    """A row or column that cannot be placed."""

    file: str
    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.column + ': ' if self.column else ''}{self.reason}"


@dataclass(frozen=True)
class Record:
    """One record to be made: `key` is the export's own name for it; `line` is (product key, quantity, unit price).

    `row` is its line in the file.
    """

    key: str
    fields: dict[str, Any]
    lookups: dict[str, tuple[str, str]] = field(default_factory=dict)  # field -> (object, key)
    line: tuple[str, Decimal, Decimal] | None = None
    row: int = 0


@dataclass
class LoadPlan:
    """Everything that a load will do, and what it will not."""

    title: str
    currency: str
    accounts: list[Record] = field(default_factory=list)
    products: list[Record] = field(default_factory=list)
    opportunities: list[Record] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)  # rows that a filter left out, by reason
    unused_columns: dict[str, list[str]] = field(default_factory=dict)

    @property
    def total(self) -> Decimal:
        """The net value of all opportunities."""
        return sum((record.line[1] * record.line[2] for record in self.opportunities if record.line), Decimal(0))

    def first(self, limit: int | None) -> "LoadPlan":
        """The same plan for the first deals by close date and key, with the accounts and products that they need."""
        if limit is None or limit >= len(self.opportunities):
            return self
        deals = sorted(self.opportunities, key=lambda deal: (str(deal.fields.get("CloseDate")), deal.key))[:limit]
        owners = {key for deal in deals for what, key in deal.lookups.values() if what == "account"}
        sold = {deal.line[0] for deal in deals if deal.line}
        return replace(
            self, opportunities=deals, accounts=[one for one in self.accounts if one.key in owners],
            products=[one for one in self.products if one.key in sold],
        )  # fmt: skip

    def by_month(self) -> dict[str, Decimal]:
        """Net value by month of the close date."""
        months: dict[str, Decimal] = defaultdict(Decimal)
        for record in self.opportunities:
            if record.line:
                months[str(record.fields["CloseDate"])[:7]] += record.line[1] * record.line[2]
        return dict(sorted(months.items()))


class _Unplaceable(ValueError):
    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column, self.reason = column, reason


def plan_load(mapping: Mapping, files: Iterable[Path], pseudonymise: str | None = None) -> LoadPlan:
    """Read the files by the mapping; nothing is sent anywhere. `pseudonymise` is the seed of the stand-ins."""
    tables = _tables(mapping, files)
    plan = LoadPlan(mapping.title, mapping.currency)
    names = None if pseudonymise is None else Pseudonyms(pseudonymise, _real_names(mapping, tables))
    for table in tables.values():
        plan.problems += [Problem(table.file, line, "", reason) for line, reason in table.damaged]
    plan.accounts = _records("account", mapping.account, tables, plan, names)
    plan.products = _records("product", mapping.product, tables, plan, names)
    plan.opportunities = _records("opportunity", mapping.opportunity, tables, plan, names)
    _check_lookups(plan, mapping)
    plan.unused_columns = _unused(mapping, tables)
    return plan


def _tables(mapping: Mapping, files: Iterable[Path]) -> dict[str, Table]:
    by_name = {path.name: path for path in files}
    tables = {}
    for rule in (mapping.account, mapping.product, mapping.opportunity):
        if rule.file not in by_name:
            given = ", ".join(sorted(by_name)) or "no file"
            raise TableError(f"the mapping needs {rule.file}, but {given} was given")
        if rule.file not in tables:
            tables[rule.file] = read_table(by_name[rule.file], mapping)
        missing = sorted(_columns(rule) - set(tables[rule.file].columns))
        if missing:
            have = ", ".join(tables[rule.file].columns)
            raise TableError(f"{rule.file}:1: the mapping names {', '.join(missing)}, the file has {have}")
    return tables


def _real_names(mapping: Mapping, tables: AnyMapping[str, Table]) -> set[str]:
    columns = {rule.column for rule in mapping.account.fields.values() if rule.person and rule.column}
    return {row.cells[column] for row in tables[mapping.account.file].rows for column in columns}


def _columns(rule: ObjectRule) -> set[str]:
    rules = [*rule.fields.values()]
    if rule.line is not None:
        rules += [rule.line.product, rule.line.quantity, rule.line.unit_price]
    columns = {rule.key, *rule.where}
    for one in rules:
        columns |= {one.column} if one.column else set()
        columns |= set(one.join or ())
    return columns


def _unused(mapping: Mapping, tables: AnyMapping[str, Table]) -> dict[str, list[str]]:
    used: dict[str, set[str]] = defaultdict(set)
    for rule in (mapping.account, mapping.product, mapping.opportunity):
        used[rule.file] |= _columns(rule)
    return {
        name: left
        for name, table in tables.items()
        if (left := [col for col in table.columns if col not in used[name]])
    }


def _records(
    what: str, rule: ObjectRule, tables: AnyMapping[str, Table], plan: LoadPlan, names: Pseudonyms | None
) -> list[Record]:
    records: dict[str, Record] = {}
    distinct = what == "product"  # a product is named on many rows; an account or a deal twice is an error
    for row in tables[rule.file].rows:
        if not rule.admits(row.cells):
            plan.skipped[f"{what}: not {', '.join(rule.where)}"] += 1
            continue
        key = row.cells[rule.key]
        if key in records:
            if not distinct:
                plan.problems.append(Problem(row.file, row.line, rule.key, f"{key!r} occurs twice"))
            continue
        try:
            records[key] = _record(key, row, rule, names)
        except _Unplaceable as error:
            plan.problems.append(Problem(row.file, row.line, error.column, error.reason))
    return list(records.values())


def _record(key: str, row: Row, rule: ObjectRule, names: Pseudonyms | None) -> Record:
    if not key:
        raise _Unplaceable(rule.key, "the key is empty")
    fields: dict[str, Any] = {}
    lookups: dict[str, tuple[str, str]] = {}
    for name, source in rule.fields.items():
        value = _value(source, row)
        if source.lookup is not None:
            lookups[name] = (source.lookup, str(value))
        elif source.person and names is not None:
            fields[name] = names.of(str(value))
        elif value not in (None, ""):
            fields[name] = value
    line = None if rule.line is None else _line(rule.line, row)
    return Record(key, fields, lookups, line, row.line)


def _line(rule: LineRule, row: Row) -> tuple[str, Decimal, Decimal]:
    product = str(_value(rule.product, row))
    quantity, price = (_decimal(one, row) for one in (rule.quantity, rule.unit_price))
    return product, quantity, price


def _decimal(rule: FieldRule, row: Row) -> Decimal:
    value = _value(rule, row)
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise _Unplaceable(rule.column or "", f"{value!r} is not a number") from error
    if not number.is_finite():
        raise _Unplaceable(rule.column or "", f"{value!r} is not a finite number")
    return number


def _value(rule: FieldRule, row: Row) -> Any:
    if rule.value is not None:
        return rule.value
    if rule.join is not None:
        return rule.separator.join(row.cells[column] for column in rule.join)
    assert rule.column is not None
    cell = row.cells[rule.column]
    cell = rule.translate.get(cell, cell) or (rule.default or "")
    if not cell:
        if rule.required or rule.lookup is not None:
            raise _Unplaceable(rule.column, "is empty and needed")
        return None
    if rule.date is not None:
        return _iso_date(cell, rule)
    if rule.number:
        return str(_decimal(FieldRule(value=cell), row))
    return cell


def _iso_date(cell: str, rule: FieldRule) -> str:
    try:
        day: date = datetime.strptime(cell, rule.date or "").date()  # noqa: DTZ007 -- a calendar day, no instant
    except ValueError as error:
        raise _Unplaceable(rule.column or "", f"{cell!r} is not a date like {rule.date}") from error
    return day.isoformat()


def _check_lookups(plan: LoadPlan, mapping: Mapping) -> None:
    known = {
        "account": {record.key for record in plan.accounts},
        "product": {record.key for record in plan.products},
    }
    rule, placed = mapping.opportunity, []
    for record in plan.opportunities:
        misses = [
            (rule.fields[name].column, what, key)
            for name, (what, key) in record.lookups.items()
            if key not in known.get(what, set())
        ]
        if record.line is not None and rule.line is not None and record.line[0] not in known["product"]:
            misses.append((rule.line.product.column, "product", record.line[0]))
        if misses:
            column, what, key = misses[0]
            plan.problems.append(Problem(rule.file, record.row, column or "", f"no {what} is called {key!r}"))
        else:
            placed.append(record)
    plan.opportunities = placed
