"""SuiteQL to SQLite: an Oracle-like query becomes one SELECT over the read-only views, or is refused."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.dialects.oracle import Oracle
from sqlglot.errors import SqlglotError
from sqlglot.transforms import eliminate_join_marks

from simulators.erp_cloud.suiteql_grouping import NAME, in_two_levels
from simulators.erp_cloud.tables import DATE_COLUMNS, REFERENCES
from simulators.kit.fidelity import approximate, exact

exact(
    "Oracle dialect: joins with (+), NVL, DECODE, TO_CHAR/TO_DATE, ROWNUM, FETCH FIRST, BUILTIN.DF, WITH, UNION; "
    "LIMIT refused",
    source="documented",
    held_by="test_suiteql",
)
approximate("other Oracle functions", "are refused; ROWNUM limits after ORDER BY", source="documented")

# Function names as written -> SQLite's or ours (suiteql_functions). What is not here does not exist.
FUNCTIONS = {
    "TO_CHAR": "ns_to_char", "TO_DATE": "ns_to_date", "TO_TIMESTAMP": "ns_to_date", "TO_TIMESTAMP_TZ": "ns_to_date",
    "TO_NUMBER": "ns_to_number", "TRUNC": "ns_trunc", "ADD_MONTHS": "ns_add_months", "LAST_DAY": "ns_last_day",
    "NVL": "ifnull", "NVL2": "ns_nvl2", "DECODE": "ns_decode", "SUBSTR": "substr", "UPPER": "upper", "LOWER": "lower",
    "TRIM": "trim", "LTRIM": "ltrim", "RTRIM": "rtrim", "LENGTH": "length", "REPLACE": "replace", "INSTR": "instr",
    "ABS": "abs", "ROUND": "ns_round", "MOD": "ns_mod", "SIGN": "sign", "COALESCE": "coalesce", "NULLIF": "nullif",
    "CONCAT": "ns_concat", "ROW_NUMBER": "row_number", "RANK": "rank", "DENSE_RANK": "dense_rank",
    "GREATEST": "max", "LEAST": "min", "FLOOR": "ns_floor", "CEIL": "ns_ceil",
}  # fmt: skip
_AGGREGATES = ("COUNT", "SUM", "MIN", "MAX", "AVG")
_NOW = (exp.CurrentTimestamp, exp.CurrentDate, exp.Systimestamp, exp.CurrentDatetime)
_ALLOWED_FUNCTIONS = (
    exp.Anonymous, exp.Count, exp.Sum, exp.Min, exp.Max, exp.Avg, exp.Case, exp.If, exp.Cast, exp.Exists, exp.And,
    exp.Or, exp.Trim, exp.Extract, exp.Xor, *_NOW,
)  # fmt: skip
_FORBIDDEN = (
    exp.Insert, exp.Update, exp.Delete, exp.Create, exp.Drop, exp.Alter, exp.Command, exp.Pragma, exp.Into, exp.Limit,
    exp.Lock, exp.Attach, exp.Detach, exp.Merge, exp.Lateral, exp.Unnest, exp.Values,
)  # fmt: skip
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In)
_MONEY_COLUMNS = frozenset((
    "foreigntotal", "foreignamountpaid", "foreignamountunpaid", "total", "foreignamount", "netamount", "debit",
    "credit", "amount", "exchangerate", "rate", "quantity",
))  # fmt: skip
_QUOTE = frozenset(("transaction", "index", "check", "default", "references", "values", "to", "when", "limit"))
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_COST = 1_000_000


_OracleParser: Any = Oracle.Parser  # made by a metaclass, which type checkers cannot see


class BadQuery(ValueError):
    """The text is not a SuiteQL query that the system answers; the message says why."""


class SuiteQL(Oracle):
    """Oracle's grammar with every function kept by name, so that FUNCTIONS alone decides what exists."""

    class Parser(_OracleParser):  # type: ignore[misc]
        """Only the aggregates keep their own node classes."""

        FUNCTIONS = {name: _OracleParser.FUNCTIONS[name] for name in _AGGREGATES}  # noqa: RUF012
        FUNCTION_PARSERS = {  # noqa: RUF012
            name: parser
            for name, parser in _OracleParser.FUNCTION_PARSERS.items()
            if name in ("CAST", "TRIM", "EXTRACT")
        }


@dataclass(frozen=True)
class Translated:
    """A SELECT for SQLite with numbered parameters `?1`…; `parameters` is how many it needs."""

    sql: str
    parameters: int


def translate(text: str) -> Translated:
    """Translate one query; anything but reading of the allowed tables raises BadQuery."""
    if len(text) > 100_000:
        raise BadQuery("the query is too long")
    try:
        statements = [one for one in sqlglot.parse(text, read=SuiteQL) if one is not None]
        if len(statements) != 1:
            raise BadQuery("exactly one statement is needed")
        tree = statements[0]
        _check(tree)
        parameters = _number_parameters(tree)
        tree = _rewrite(tree)
        return Translated(tree.sql(dialect="sqlite"), parameters)
    except (SqlglotError, RecursionError) as error:
        raise BadQuery(str(error).split("\n", 1)[0][:300] or "it cannot be parsed") from None


def _check(tree: exp.Expr) -> None:
    if not isinstance(tree, exp.Select | exp.SetOperation):
        raise BadQuery("only SELECT is allowed")
    ctes = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    for node in tree.walk():
        if isinstance(node, _FORBIDDEN):
            raise BadQuery(f"{type(node).__name__.upper()} is not supported")
        if isinstance(node, exp.Table):
            _check_table(node, ctes)
        elif isinstance(node, exp.Func):
            _check_function(node)
        elif _recursive(node):
            raise BadQuery("recursive queries are not supported")


def _check_function(node: exp.Func) -> None:
    if isinstance(node, exp.Anonymous):
        if not _is_builtin(node) and node.name.upper() not in FUNCTIONS:
            raise BadQuery(f"the function {node.name[:60]} is not supported")
    elif not isinstance(node, _ALLOWED_FUNCTIONS):
        raise BadQuery(f"the function {node.sql_name()} is not supported")


def _recursive(node: exp.Expr) -> bool:
    if isinstance(node, exp.With):
        return bool(node.recursive)
    return isinstance(node, exp.CTE) and any(t.name.lower() == node.alias.lower() for t in node.find_all(exp.Table))


def _check_table(node: exp.Table, ctes: Iterable[str]) -> None:
    if not isinstance(node.this, exp.Identifier) or any(
        value for name, value in node.args.items() if name not in ("this", "alias", "joins")
    ):
        raise BadQuery("that is not a record or a table")
    if node.name.lower() not in REFERENCES and node.name.lower() not in ctes:
        raise BadQuery(f"Record '{node.name[:60]}' was not found")


def _is_builtin(node: exp.Expr) -> bool:
    parent = node.parent
    return (
        isinstance(parent, exp.Dot) and parent.expression is node and parent.this.name.upper() == "BUILTIN"
        and node.name.upper() == "DF" and len(node.expressions) == 1
    )  # fmt: skip


def _number_parameters(tree: exp.Expr) -> int:
    marks = list(tree.find_all(exp.Placeholder))
    if any(node.this for node in marks) or tree.find(exp.Parameter):
        raise BadQuery("only ? parameters are supported")
    for at, node in enumerate(_in_text_order(tree, marks), 1):
        node.replace(exp.Var(this=f"?{at}"))
    return len(marks)


def _in_text_order(tree: exp.Expr, marks: list[exp.Placeholder]) -> list[exp.Placeholder]:
    """Placeholders in the order of the generated text, which is the order of the source for all we accept."""
    for at, node in enumerate(marks):
        node.set("this", f"wt{at}")
    order = [int(found) for found in re.findall(r":wt(\d+)", tree.sql(dialect=SuiteQL))]
    return [marks[at] for at in order]


# -- rewriting -----------------------------------------------------------------------------------


def _rewrite(tree: exp.Expr) -> exp.Expr:
    if any(column.args.get("join_mark") for column in tree.find_all(exp.Column)):
        tree = eliminate_join_marks(tree)
    tables = {(t.alias or t.name).lower(): t.name.lower() for t in tree.find_all(exp.Table)}
    for select in list(tree.find_all(exp.Select)):
        _rownum(select)
    _rewrite_functions(tree, tables)
    for comparison in list(tree.find_all(*_COMPARISONS)):
        _convert_literals(comparison)
    for sum_or_difference in list(tree.find_all(exp.Add, exp.Sub)):
        _date_arithmetic(sum_or_difference)
    for function in tree.find_all(exp.Anonymous):
        function.set("this", FUNCTIONS.get(function.name.upper(), function.name))
    for total in list(tree.find_all(exp.Sum)):
        _exact_sum(total)
    _name_columns(tree)
    tree = in_two_levels(tree)
    _rename_tables(tree)
    for identifier in tree.find_all(exp.Identifier):
        if _WORD.fullmatch(identifier.name):
            identifier.set("quoted", identifier.name.lower() in _QUOTE)
    return tree


def _rewrite_functions(tree: exp.Expr, tables: dict[str, str]) -> None:
    for dot in list(tree.find_all(exp.Dot)):
        if _is_builtin(dot.expression):
            dot.replace(_display(dot.expression.expressions[0], tables))
        elif isinstance(dot.expression, exp.Anonymous):
            raise BadQuery("that function is not supported")
    for moment in list(tree.find_all(*_NOW)):
        moment.replace(exp.Anonymous(this="ns_now"))


def _rename_tables(tree: exp.Expr) -> None:
    for table in list(tree.find_all(exp.Table)):
        if table.name.lower() in REFERENCES:
            alias = exp.TableAlias(this=exp.to_identifier(table.alias or table.name))
            view = exp.to_identifier(f"suiteql_{table.name.lower()}")
            table.replace(exp.Table(this=view, alias=alias, joins=table.args.get("joins")))


def _rownum(select: exp.Select) -> None:
    """`ROWNUM <= n` among the conditions is Oracle's limit."""
    where = select.args.get("where")
    if where is not None:
        kept = []
        for condition in _conjuncts(where.this):
            column, bound = condition.args.get("this"), condition.args.get("expression")
            if isinstance(condition, exp.LT | exp.LTE) and _is_rownum(column) and isinstance(bound, exp.Literal):
                count = int(float(bound.name)) - isinstance(condition, exp.LT)
                select.set("limit", exp.Limit(expression=exp.Literal.number(max(0, count))))
            else:
                kept.append(condition.copy())
        select.set("where", exp.Where(this=exp.and_(*kept, copy=False)) if kept else None)
    for column in list(select.find_all(exp.Column)):
        if _is_rownum(column):
            column.replace(exp.Window(this=exp.Anonymous(this="ROW_NUMBER")))


def _conjuncts(node: exp.Expr) -> list[exp.Expr]:
    return list(node.flatten()) if isinstance(node, exp.And) else [node]


def _is_rownum(node: object) -> bool:
    return isinstance(node, exp.Column) and node.name.upper() == "ROWNUM" and not node.table


def _display(column: exp.Expr, tables: dict[str, str]) -> exp.Expr:
    """BUILTIN.DF(column): the name of what a reference points to; any other column as it is."""
    if not isinstance(column, exp.Column):
        return column.copy()
    name = column.name.lower()
    if column.table:
        candidates = [tables.get(column.table.lower(), "")]
    else:
        candidates = list(tables.values())
    kind = next((REFERENCES[table][name] for table in candidates if name in REFERENCES.get(table, {})), None)
    if kind is None:
        return column.copy()
    arguments: list[exp.Expr] = [exp.Literal.string(kind), column.copy()]
    if kind == "_status":
        arguments.append(exp.column("type", table=column.table or None))
    return exp.Anonymous(this=NAME, expressions=arguments)


def _is_column(node: exp.Expr | None, names: frozenset[str]) -> bool:
    return isinstance(node, exp.Column) and node.name.lower() in names


def _is_constant(node: exp.Expr | None) -> bool:
    return (isinstance(node, exp.Literal) and node.is_string) or (isinstance(node, exp.Var) and node.name[:1] == "?")


def _convert_literals(node: exp.Expr) -> None:
    """Oracle converts a text compared with a date (account format) or a number; SQLite would not."""
    parts = [node.this, node.args.get("expression"), node.args.get("low"), node.args.get("high"), *node.expressions]
    for names, function in ((DATE_COLUMNS, "ns_date"), (_MONEY_COLUMNS, "ns_to_number")):
        if any(_is_column(part, names) for part in parts):
            for part in parts:
                if _is_constant(part):
                    part.replace(exp.Anonymous(this=function, expressions=[part.copy()]))


def _is_date(node: exp.Expr | None) -> bool:
    if isinstance(node, exp.Paren):
        return _is_date(node.this)
    if isinstance(node, exp.Anonymous):
        named = node.name.upper()
        if named in ("TRUNC", "ROUND") and node.expressions:
            return _is_date(node.expressions[0])
        return named in ("TO_DATE", "TO_TIMESTAMP", "ADD_MONTHS", "LAST_DAY", "NS_NOW", "NS_PLUS_DAYS")
    return _is_column(node, DATE_COLUMNS)


def _date_arithmetic(node: exp.Expr) -> None:
    left, right = node.this, node.expression
    if _is_date(left) and _is_date(right) and isinstance(node, exp.Sub):
        node.replace(exp.Anonymous(this="ns_days_between", expressions=[left.copy(), right.copy()]))
    elif _is_date(left):
        days = right.copy() if isinstance(node, exp.Add) else exp.Neg(this=exp.paren(right.copy()))
        node.replace(exp.Anonymous(this="ns_plus_days", expressions=[left.copy(), days]))


def _exact_sum(node: exp.Sum) -> None:
    """Sum whole millionths: adding binary fractions would leave traces such as 0.30000000000000004."""
    if isinstance(node.parent, exp.Window):
        return
    inner, distinct = node.this, isinstance(node.this, exp.Distinct)
    value = inner.expressions[0] if distinct else inner
    scaled = exp.cast(
        exp.Anonymous(
            this="round", expressions=[exp.Mul(this=exp.paren(value.copy()), expression=exp.Literal.number(_COST))]
        ),
        "INTEGER",
    )
    total = exp.Sum(this=exp.Distinct(expressions=[scaled]) if distinct else scaled)
    node.replace(exp.paren(exp.Div(this=total, expression=exp.Literal.number(f"{_COST}.0"))))


def _name_columns(tree: exp.Expr) -> None:
    """Unnamed expressions of the outermost SELECT are called expr1, expr2, …"""
    top = tree
    while isinstance(top, exp.SetOperation):
        top = top.this
    while isinstance(top, exp.Subquery):
        top = top.this
    if not isinstance(top, exp.Select):
        return
    named: list[exp.Expr] = []
    number = 0
    for column in top.expressions:
        if isinstance(column, exp.Alias | exp.Star | exp.Column):
            named.append(column)
        else:
            number += 1
            named.append(exp.alias_(column.copy(), f"expr{number}"))
    top.set("expressions", named)
