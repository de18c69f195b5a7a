"""Calculated fields in random queries: the second evaluator reckons them in Python of its own, row by row."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulators.salesforce import reference
from tests.simulators.salesforce.org import Org
from tests.simulators.salesforce.test_soql_reference import ACCOUNTS, AMOUNTS, DATES, TEXTS, TODAY, rows

Row = dict[str, Any]


def _cents(amount: Decimal) -> float:
    return float(amount.quantize(Decimal("0.01"), ROUND_HALF_UP))


def _amount(row: Row) -> Decimal | None:
    return None if row["Amount"] is None else Decimal(str(row["Amount"]))


def _site(row: Row) -> str:
    return (row["Account"] or {}).get("Site") or ""


def _fee(row: Row) -> float | None:
    amount = _amount(row)
    return None if amount is None else _cents(amount * Decimal("0.025") + 1)


def _days(row: Row) -> float | None:
    start = row["Contract_Start_Date__c"]
    return None if start is None else float((date.fromisoformat(row["CloseDate"]) - date.fromisoformat(start)).days)


CALCULATED: dict[str, tuple[dict[str, Any], Callable[[Row], Any]]] = {
    "Fee__c": ({"type": "currency", "precision": 18, "scale": 2, "formula": "Amount * 0.025 + 1"}, _fee),
    "Fee0__c": (
        {"type": "currency", "precision": 18, "scale": 2, "formula": "Fee__c * 2", "blank_as_zero": True},
        lambda row: _cents(2 * ((_amount(row) or 0) * Decimal("0.025") + 1)) if row["Amount"] is not None else 0.0,
    ),
    "Label__c": (
        {"type": "string", "length": 60, "formula": 'UPPER(Name) & "/" & Account.Site'},
        lambda row: f"{row['Name'].upper()}/{_site(row)}",
    ),
    "Large__c": (
        {"type": "boolean", "formula": "AND(Amount > 10, NOT(IsPrivate))"},
        lambda row: bool((_amount(row) or 0) > 10 and not row["IsPrivate"]),
    ),
    "Due__c": (
        {"type": "date", "formula": "CloseDate + 30"},
        lambda row: (date.fromisoformat(row["CloseDate"]) + timedelta(days=30)).isoformat(),
    ),
    "Days__c": ({"type": "double", "precision": 6, "scale": 0, "formula": "CloseDate - Contract_Start_Date__c"}, _days),
    "Half__c": (
        {"type": "percent", "precision": 5, "scale": 1, "formula": 'CASE(StageName, "Closed Won", 1, 0.125)'},
        lambda row: 100.0 if row["StageName"] == "Closed Won" else 12.5,
    ),
    "Next__c": (
        {"type": "string", "length": 60, "formula": 'IF(ISBLANK(NextStep), null, LEFT(NextStep, 1))'},
        lambda row: row["NextStep"] and row["NextStep"][:1],
    ),
}  # fmt: skip
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "Fee__c": st.sampled_from([_cents(Decimal(str(one)) * Decimal("0.025") + 1) for one in AMOUNTS]),
    "Fee0__c": st.sampled_from([0.0, 2.0, 2.51, 3.0]), "Days__c": st.sampled_from([-53.0, 0.0, 1.0, 5.0]),
    "Half__c": st.sampled_from([12.5, 100.0]), "Large__c": st.booleans(),
    "Label__c": st.sampled_from([f"{name.upper()}/{site or ''}" for name in TEXTS for _, site in ACCOUNTS]),
    "Due__c": st.sampled_from([(date.fromisoformat(one) + timedelta(days=30)).isoformat() for one in DATES]),
    "Next__c": st.sampled_from([one[:1] for one in TEXTS]),
}  # fmt: skip


@st.composite
def comparison(draw: st.DrawFn) -> Any:
    path = draw(st.sampled_from(sorted(VALUES)))
    if path == "Large__c":
        return ("cmp", path, draw(st.sampled_from(["=", "!="])), draw(st.booleans()))
    if draw(st.integers(0, 4)) == 0:
        return ("cmp", path, draw(st.sampled_from(["=", "!="])), None)
    return ("cmp", path, draw(st.sampled_from(["=", "!=", "<", "<=", ">", ">="])), draw(VALUES[path]))


conditions = st.recursive(
    comparison(),
    lambda inner: (
        st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3))
        | st.tuples(st.just("not"), inner)
    ),
    max_leaves=5,
)
orders = st.lists(
    st.tuples(st.sampled_from(sorted(VALUES)), st.booleans(), st.booleans()), max_size=2, unique_by=lambda term: term[0]
)


def text_of(condition: Any) -> str:
    kind = condition[0]
    if kind in ("and", "or"):
        return "(" + f" {kind.upper()} ".join(text_of(part) for part in condition[1]) + ")"
    if kind == "not":
        return f"(NOT {text_of(condition[1])})"
    _, path, operator, value = condition
    if value is None or isinstance(value, bool):
        return f"{path} {operator} {'null' if value is None else str(value).lower()}"
    plain = isinstance(value, float) or path == "Due__c"
    escaped = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"{path} {operator} {value}" if plain else f"{path} {operator} '{escaped}'"


@pytest.fixture(scope="module")
def org() -> Org:
    org = Org().login()
    for name, (spec, _) in CALCULATED.items():
        org.act("alter_schema", change="add_field", object="Opportunity", field=name, definition=spec)
    org.seed({"Account": [{"Name": name, "Site": site} for name, site in ACCOUNTS]})
    return org


def stand(org: Org, made: list[Row]) -> list[Row]:
    """The rows as they stand in the org now, and as the second evaluator sees them."""
    org.system.store.db.execute('DELETE FROM "Opportunity"')
    accounts = list(org.system.org.every("Account"))
    seeded, expected = [], []
    for number, row in enumerate(made):
        values = {name: value for name, value in row.items() if name != "account"}
        parent = accounts[row["account"]] if row["account"] >= 0 else None
        seeded.append({**values, "AccountId": parent and parent["Id"], "External_Id__c": str(number)})
        seen = {**values, "number": str(number), "Account": parent}
        expected.append(seen | {name: reckon(seen) for name, (_, reckon) in CALCULATED.items()})
    org.seed({"Opportunity": seeded})
    return expected


@given(rows(), conditions, orders)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_queries(org: Org, made: list[Row], condition: Any, order: list[tuple[str, bool, bool]]):
    wanted = [row for row in stand(org, made) if reference.holds(condition, row, TODAY)]
    wanted = reference.ordered(wanted, order, {})
    terms = ", ".join(f"{p}{' DESC' if d else ''}{' NULLS LAST' if n else ''}" for p, d, n in order)
    names = ", ".join(CALCULATED)
    text = f"SELECT External_Id__c, {names} FROM Opportunity WHERE {text_of(condition)}"
    text += f" ORDER BY {terms}" if terms else ""
    found = org.rows(text)
    assert [row["External_Id__c"] for row in found] == [row["number"] for row in wanted], text
    for row, expected in zip(found, wanted, strict=True):
        assert {name: row[name] for name in CALCULATED} == {name: expected[name] for name in CALCULATED}


@given(rows(), st.sampled_from(["Label__c", "Due__c", "Large__c", "Next__c"]))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_groups(org: Org, made: list[Row], by: str):
    groups: dict[Any, list[Row]] = {}
    for row in stand(org, made):
        value = row[by]
        groups.setdefault(value.upper() if isinstance(value, str) else value, []).append(row)
    found = org.rows(f"SELECT {by} g, COUNT(Id) n, SUM(Fee__c) s, MAX(Days__c) m FROM Opportunity GROUP BY {by}")
    shown = {}
    for row in found:
        key = row["g"].upper() if isinstance(row["g"], str) else row["g"]
        shown[key] = (row["n"], row["s"], row["m"])
    expected = {}
    for key, members in groups.items():
        fees = [Decimal(str(row["Fee__c"])) for row in members if row["Fee__c"] is not None]
        days = [row["Days__c"] for row in members if row["Days__c"] is not None]
        expected[key] = (len(members), float(sum(fees)) if fees else None, max(days, default=None))
    assert shown == expected
