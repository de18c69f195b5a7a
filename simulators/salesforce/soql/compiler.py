"""From a syntax tree to a plan: what is selected, from where, in which order, how many."""

from simulators.kit.fidelity import absent, approximate, exact
from simulators.salesforce.schemas import Schema
from simulators.salesforce.soql import grouping
from simulators.salesforce.soql.clauses import filters, limits
from simulators.salesforce.soql.frame import Compilation, open_frame
from simulators.salesforce.soql.plan import Count, Plan
from simulators.salesforce.soql.problems import malformed
from simulators.salesforce.soql.selection import Selection
from simulators.salesforce.soql.shape import Slot
from simulators.salesforce.soql.syntax import Function, Query

exact(
    "SOQL: null rules (`!=` keeps nulls), case-insensitive text, LIKE escapes, parents as outer joins, child "
    "lists, semi- and anti-joins, date literals and functions, aggregates with `expr0`, HAVING, nulls first both "
    "ways, picklists in set-up order, AND/OR not mixed, errors with row, column and caret",
    source="documented, recorded",
    held_by="test_soql, test_soql_reference, test_soql_fuzz",
)
approximate("text order", "is by upper-cased code points; `MIN` and `MAX` of text mind the case")
approximate("groups of text", "ignore case and show the smallest spelling")
exact(
    "SOQL: GROUP BY ROLLUP and CUBE with GROUPING(), TYPEOF, polymorphic parents and Type, child queries five levels "
    "down from v58, FIELDS(), USING SCOPE mine, limits of semi-joins, aggregates in the corporate currency, currency "
    "literals, convertCurrency(), FORMAT(), toLabel()",
    source="documented",
    held_by="test_soql_complete, test_soql_reference",
)
exact(
    "dated exchange rates: amounts of opportunities, their lines and history by the rate of the close date, others by "
    "the present one",
    source="documented",
    held_by="test_dated_rates",
)
approximate(
    "currencies in queries",
    "each amount is rounded when it is converted; dated rates hold for aggregates as for convertCurrency(), and an org "
    "has advanced currency management as soon as it has a dated rate; before the first one the present rate holds",
)
exact(
    "ORDER BY an amount goes by what it is worth in the corporate currency (dated rates too), and convertCurrency() is "
    "refused there; IN does not mix amounts with and without a currency",
    source="documented", held_by="test_soql_complete, test_dated_rates",
)  # fmt: skip
approximate("SOQL clauses", "WITH SECURITY_ENFORCED and USER_MODE are read; FOR UPDATE locks nothing")
exact(
    "date literals in the user's time zone (User.TimeZoneSidKey) and the org's fiscal year (FiscalYearStartMonth, "
    "UsesStartDateAsFiscalYearName), also in FISCAL_YEAR(), FISCAL_QUARTER(), FISCAL_MONTH() and Opportunity.Fiscal; "
    "date functions in UTC, and in the user's time zone within convertTimezone()",
    source="documented",
    held_by="test_calendars",
)
exact(
    "TODAY() and DATEVALUE() in formulas and moments in FORMAT() by the user's time zone, TEXT() and DATETIMEVALUE() "
    "in GMT; FORMAT() of money of another currency shows the user's in brackets",
    source="documented", held_by="test_calendars, test_soql_complete",
)  # fmt: skip
approximate("the locale", "is en_US, whatever the user's: the week starts on Sunday")
absent("custom fiscal years")
absent("DISTANCE and GEOLOCATION, data categories, scopes other than everything and mine, pages of long child lists")

LEVELS, LEVELS_BEFORE_58 = 5, 2


def compile_query(schema: Schema, query: Query, slots: list[Slot], with_deleted: bool, levels: int = LEVELS) -> Plan:
    """The plan of a query's shape; raises SoqlError with the place of whatever is wrong.

    `levels`: how many levels of records child queries may go through.
    """
    work = Compilation(schema, slots, with_deleted or query.all_rows, levels)
    frame = open_frame(work, query)
    if _counts_only(query):
        where = filters(frame, query)
        count = f"SELECT count(*) FROM (SELECT 1 {frame.body(where)}{limits(frame, query)})"
        return Plan(Count(frame.sobject, count), work.binders, _offset(work, query))
    if grouping.is_aggregate(query):
        grouped = grouping.compile_aggregate(frame, query)
        return Plan(grouped, work.binders, _offset(work, query), [column.key for column in grouped.columns])
    if query.having is not None:
        raise malformed("Having clause not allowed without a GROUP BY clause")
    selection = Selection(frame, query)
    rows = selection.rows()
    flat = len(selection.columns) == len(query.items)
    return Plan(rows, work.binders, _offset(work, query), selection.columns if flat else [])


def _counts_only(query: Query) -> bool:
    if len(query.items) != 1 or query.group:
        return False
    what = query.items[0].what
    return isinstance(what, Function) and what.name.upper() == "COUNT" and not what.arguments


def _offset(work: Compilation, query: Query) -> tuple[int, int] | None:
    return None if query.offset is None else work.place(query.offset)
