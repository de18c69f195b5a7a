"""What stands left of a comparison or in GROUP BY and ORDER BY: a field, a date function, an aggregate."""

from dataclasses import dataclass, replace

from simulators.salesforce.schemas import Field
from simulators.salesforce.soql.currencies import corporate
from simulators.salesforce.soql.frame import Frame
from simulators.salesforce.soql.problems import SoqlError, malformed
from simulators.salesforce.soql.syntax import Function, Name, Operand

_DAY = "substr({0}, 1, 10)"
_MONTH = "CAST(substr({0}, 6, 2) AS INTEGER)"
_YEAR = "CAST(substr({0}, 1, 4) AS INTEGER)"
_QUARTER = f"(({_MONTH} + 2) / 3)"
_FISCAL_MONTHS = f"(({_MONTH} - {{1}} + 12) % 12)"
DATE_FUNCTIONS = {
    "CALENDAR_YEAR": _YEAR, "CALENDAR_QUARTER": _QUARTER, "CALENDAR_MONTH": _MONTH,
    "FISCAL_YEAR": f"({_YEAR} - ({_MONTH} < {{1}}) + {{2}})", "FISCAL_QUARTER": f"({_FISCAL_MONTHS} / 3 + 1)",
    "FISCAL_MONTH": f"({_FISCAL_MONTHS} + 1)", "DAY_IN_MONTH": "CAST(substr({0}, 9, 2) AS INTEGER)",
    "DAY_IN_WEEK": f"(CAST(strftime('%w', {_DAY}) AS INTEGER) + 1)",
    "DAY_IN_YEAR": f"CAST(strftime('%j', {_DAY}) AS INTEGER)", "DAY_ONLY": _DAY,
    "HOUR_IN_DAY": "CAST(substr({0}, 12, 2) AS INTEGER)",
    "WEEK_IN_MONTH": "((CAST(substr({0}, 9, 2) AS INTEGER) + 6) / 7)",
    "WEEK_IN_YEAR": f"((CAST(strftime('%j', {_DAY}) AS INTEGER) + 6) / 7)",
}  # fmt: skip
"""SQL of each date function over a date or datetime column; of the fiscal year its first month, and how many years its
name is ahead of the year of that month."""
_DATETIME_ONLY = ("DAY_ONLY", "HOUR_IN_DAY")
AGGREGATES = ("COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX")
_NOT_AGGREGATABLE = ("anyType", "boolean", "textarea", "address", "multipicklist")
_NOT_GROUPABLE = (
    "anyType", "currency", "double", "percent", "textarea", "multipicklist", "address", "datetime", "time",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measure:
    """A comparable thing: its SQL, what its values are like, and its name in messages."""

    sql: str
    family: str
    type: str
    name: str
    at: int
    field: Field | None = None
    aggregate: bool = False

    @property
    def case_sensitive(self) -> bool:
        """Text that minds its case."""
        return self.field is not None and self.field.case_sensitive

    def check_filter(self) -> None:
        """Refuse a field that cannot be filtered."""
        if self.field is not None and not self.field.filterable:
            raise SoqlError("INVALID_FIELD", f"field '{self.name}' can not be filtered in a query call", self.at)


def spelled(operand: Operand) -> str:
    """An operand's text without case and blanks: how a grouped one is found again."""
    if isinstance(operand, Name):
        return operand.text.lower()
    inner = ",".join(spelled(part) for part in operand.arguments if isinstance(part, (Name, Function)))
    return f"{operand.name.lower()}({inner})"


def measure(frame: Frame, operand: Operand, filtering: bool = False) -> Measure:
    """The SQL of an operand in a frame; in an aggregate query plain operands must be grouped ones.

    `filtering`: in WHERE and HAVING, where nothing is formatted. convertCurrency() stands in SELECT alone.
    """
    if isinstance(operand, Name):
        column = frame.column(operand)
        sql = "NULL" if frame.rolled and spelled(operand) in frame.rolled else column.sql
        return Measure(sql, column.field.family, column.field.type, column.field.name, operand.at, column.field)
    name = operand.name.upper()
    if name in DATE_FUNCTIONS:
        found = _date_function(frame, operand, name)
        return replace(found, sql="NULL") if frame.rolled and spelled(operand) in frame.rolled else found
    if frame.grouped is not None and name == "GROUPING":
        return _grouping(frame, operand)
    if name in AGGREGATES:
        if frame.grouped is None:
            raise malformed(f"unexpected token: '{operand.name}'", operand.at)
        return aggregate(frame, operand, name)
    if name == "TOLABEL":
        return _labelled(frame, _only_path(operand))
    if name == "FORMAT" and not filtering:
        return measure(frame, _only_path(operand))
    raise malformed(f"unexpected token: '{operand.name}'", operand.at)


def _labelled(frame: Frame, path: Name) -> Measure:
    """A picklist by its labels, where it has other labels than values."""
    found = measure(frame, path)
    if found.field is None or not found.field.labels:
        return found
    cases = "".join(
        f" WHEN {frame.work.constant(value)} THEN {frame.work.constant(label)}" for value, label in found.field.labels
    )
    return replace(found, sql=f"(CASE {found.sql}{cases} ELSE {found.sql} END)", type="string")


def _grouping(frame: Frame, call: Function) -> Measure:
    """GROUPING(field): 1 in the rows of a ROLLUP or CUBE that are summed over the field."""
    inner = call.arguments[0] if len(call.arguments) == 1 else None
    if not isinstance(inner, (Name, Function)) or spelled(inner) not in (frame.grouped or {}):
        raise malformed("GROUPING takes a field that the query groups by", call.at)
    return Measure(str(int(spelled(inner) in frame.rolled)), "number", "int", call.name, call.at, aggregate=True)


def _only_path(call: Function) -> Name:
    if len(call.arguments) != 1 or not isinstance(call.arguments[0], Name):
        raise malformed(f"Incorrect parameter for function '{call.name}'", call.at)
    return call.arguments[0]


def _date_function(frame: Frame, call: Function, name: str) -> Measure:
    inner = call.arguments[0] if len(call.arguments) == 1 else None
    local = isinstance(inner, Function) and inner.name.upper() == "CONVERTTIMEZONE"
    if isinstance(inner, Function) and local:
        call = Function(call.name, inner.arguments, call.at)
    column = frame.column(_only_path(call))
    if column.field.family not in ("date", "datetime") or (
        (local or name in _DATETIME_ONLY) and column.field.family != "datetime"
    ):
        raise SoqlError("INVALID_FIELD", f"Incorrect parameter type for function '{call.name}()'", call.at)
    family = "date" if name == "DAY_ONLY" else "number"
    setting = frame.work.setting
    value = f"soql_local({column.sql}, {setting('zone', lambda asking: asking.zone)})" if local else column.sql
    year: tuple[str, ...] = ()
    if name.startswith("FISCAL"):
        year = (setting("start", lambda asking: asking.fiscal.start), setting("ahead", lambda a: a.fiscal.ahead))
    sql = DATE_FUNCTIONS[name].format(value, *year)
    return Measure(sql, family, "date" if family == "date" else "int", call.name, call.at)


def aggregate(frame: Frame, call: Function, name: str) -> Measure:
    """COUNT, COUNT_DISTINCT, SUM, AVG, MIN and MAX; all but COUNT(Id) ignore nulls."""
    if name == "COUNT" and not call.arguments:
        return Measure("count(*)", "number", "int", call.name, call.at, aggregate=True)
    path = _only_path(call)
    column = frame.column(path)
    item, sql = column.field, corporate(frame, column) if name not in ("COUNT", "COUNT_DISTINCT") else column.sql
    if item.type in _NOT_AGGREGATABLE or (name in ("SUM", "AVG") and item.family != "number"):
        message = f"field {item.name} does not support aggregate operator {name}"
        raise malformed(message, call.at)
    folded = f"soql_upper({sql})" if item.family == "text" and not item.case_sensitive else sql
    if name in ("COUNT", "COUNT_DISTINCT"):
        counted = f"count(DISTINCT {folded})" if name == "COUNT_DISTINCT" else f"count({sql})"
        return Measure(counted, "number", "int", call.name, call.at, aggregate=True)
    if name in ("SUM", "AVG"):
        kind = "currency" if item.type == "currency" else "double"
        return Measure(f"soql_{name.lower()}({sql})", "number", kind, call.name, call.at, aggregate=True)
    return Measure(
        f"{name.lower()}({rank(frame, item, sql) or sql})", item.family, item.type, call.name, call.at, item, True
    )


def rank(frame: Frame, item: Field, sql: str) -> str:
    """SQL of a picklist value's place in its set-up order; empty for other fields. Unknown values come last."""
    if item.type != "picklist" or not item.values:
        return ""
    cases = "".join(f" WHEN {frame.work.constant(value)} THEN {place}" for place, value in enumerate(item.values))
    return f"(CASE {sql}{cases} ELSE CASE WHEN {sql} IS NULL THEN NULL ELSE {len(item.values)} END END)"


def check_group(found: Measure) -> None:
    """Refuse a field that cannot be grouped by."""
    if found.field is not None and found.type in _NOT_GROUPABLE:
        raise SoqlError("INVALID_FIELD", f"field '{found.name}' can not be grouped in a query call", found.at)
