"""Random queries over random rows give what the slow reference evaluator says."""

from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulators.salesforce.schemas import SObject
from tests.simulators.salesforce import reference
from tests.simulators.salesforce.org import Org
from tests.simulators.salesforce.reference import Days

TODAY = date(2026, 1, 5)
STAGES = ["Prospecting", "Qualification", "Closed Won", "Closed Lost"]
TEXTS = ["a", "A", "b%", "b_", "Ä", "ä x", "zz", "_", "it's", "back\\slash"]
DATES = ["2025-12-31", "2026-01-01", "2026-01-04", "2026-01-05", "2026-01-06", "2026-02-28"]
AMOUNTS = [0.0, 0.1, 10.1, 20.0, 1e6]
LITERALS = [
    Days("TODAY", 0, 1), Days("YESTERDAY", -1, 0), Days("LAST_N_DAYS:5", -5, 1), Days("NEXT_N_DAYS:60", 1, 61),
    Days("THIS_MONTH", -4, 27), Days("LAST_YEAR", -369, -4), Days("THIS_WEEK", -1, 6), Days("NEXT_QUARTER", 86, 177),
    Days("N_DAYS_AGO:1", -1, 0), Days("LAST_N_WEEKS:1", -8, -1),
]  # fmt: skip

text = st.sampled_from(TEXTS)
nothing: st.SearchStrategy[Any] = st.none()
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "Name": text, "NextStep": text | nothing, "StageName": st.sampled_from(STAGES),
    "Amount": st.sampled_from(AMOUNTS) | nothing, "CloseDate": st.sampled_from(DATES), "IsPrivate": st.booleans(),
    "Contract_Start_Date__c": st.sampled_from(DATES) | nothing,
}  # fmt: skip
ACCOUNTS = [("One", "a"), ("two", None), ("Three", "Ä")]  # name, site


@st.composite
def rows(draw: st.DrawFn) -> list[dict[str, Any]]:
    count = draw(st.integers(0, 8))
    return [
        {name: draw(strategy) for name, strategy in FIELDS.items()} | {"account": draw(st.integers(-1, 2))}
        for _ in range(count)
    ]


PATHS = {
    "Name": text, "NextStep": text, "StageName": st.sampled_from(STAGES), "Amount": st.sampled_from(AMOUNTS),
    "CloseDate": st.sampled_from(DATES), "Contract_Start_Date__c": st.sampled_from(DATES), "IsPrivate": st.booleans(),
    "Account.Name": st.sampled_from(["one", "TWO", "x"]), "Account.Site": text,
}  # fmt: skip


@st.composite
def comparison(draw: st.DrawFn) -> Any:
    path = draw(st.sampled_from(sorted(PATHS)))
    dated = path in ("CloseDate", "Contract_Start_Date__c")
    if path == "IsPrivate":
        return ("cmp", path, draw(st.sampled_from(["=", "!="])), draw(st.booleans()))
    kind = draw(st.sampled_from(["cmp", "null", "in", "like", "literal"]))
    if kind == "null":
        return ("cmp", path, draw(st.sampled_from(["=", "!="])), None)
    if kind == "in":
        values = draw(st.lists(PATHS[path], min_size=1, max_size=3))
        return (draw(st.sampled_from(["in", "not in"])), path, values)
    if kind == "like" and path in ("Name", "NextStep", "Account.Name"):
        pattern = draw(st.lists(st.sampled_from(["%", "_", "\\%", "\\_", "a", "B", "Ä", " "]), max_size=4))
        return ("cmp", path, "LIKE", "".join(pattern) or "%")
    operator = draw(st.sampled_from(["=", "!=", "<", "<=", ">", ">="]))
    if kind == "literal" and dated:
        return ("cmp", path, operator, draw(st.sampled_from(LITERALS)))
    return ("cmp", path, operator, draw(PATHS[path]))


conditions = st.recursive(
    comparison(),
    lambda inner: (
        st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3))
        | st.tuples(st.just("not"), inner)
    ),
    max_leaves=6,
)
orders = st.lists(
    st.tuples(st.sampled_from(["Name", "Amount", "StageName", "CloseDate", "Account.Name", "NextStep"]), st.booleans(),
              st.booleans()),
    max_size=2, unique_by=lambda term: term[0],
)  # fmt: skip


def soql(condition: Any) -> str:
    """The condition as SOQL text."""
    kind = condition[0]
    if kind in ("and", "or"):
        return "(" + f" {kind.upper()} ".join(soql(part) for part in condition[1]) + ")"
    if kind == "not":
        return f"(NOT {soql(condition[1])})"
    if kind in ("in", "not in"):
        return f"{condition[1]} {kind.upper()} ({', '.join(literal(condition[1], one) for one in condition[2])})"
    _, path, operator, value = condition
    if operator == "LIKE":
        return f"{path} LIKE '{value}'"
    return f"{path} {operator} {literal(path, value)}"


def literal(path: str, value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, Days):
        return value.text
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value)
    if path in ("CloseDate", "Contract_Start_Date__c"):
        return str(value)
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


@pytest.fixture(scope="module")
def org() -> Org:
    org = Org().login()
    org.seed({"Account": [{"Name": name, "Site": site} for name, site in ACCOUNTS]})
    return org


def stage_ranks(spec: SObject) -> list[str]:
    return list(spec.fields["stagename"].values)


@given(rows(), conditions, orders)
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_queries(org: Org, made: list[dict[str, Any]], condition: Any, order: list[tuple[str, bool, bool]]):
    org.system.store.db.execute('DELETE FROM "Opportunity"')
    accounts = list(org.system.org.every("Account"))
    seeded, expected = [], []
    for number, row in enumerate(made):
        values = {name: value for name, value in row.items() if name != "account"}
        parent = accounts[row["account"]] if row["account"] >= 0 else None
        seeded.append({**values, "AccountId": parent and parent["Id"], "External_Id__c": str(number)})
        expected.append({**values, "number": str(number), "Account": parent})
    org.seed({"Opportunity": seeded})
    wanted = [row for row in expected if reference.holds(condition, row, TODAY)]
    ranks = {"StageName": stage_ranks(org.system.org.spec("Opportunity"))}
    wanted = reference.ordered(wanted, order, ranks)
    terms = ", ".join(f"{p}{' DESC' if d else ''}{' NULLS LAST' if n else ''}" for p, d, n in order)
    text = f"SELECT External_Id__c FROM Opportunity WHERE {soql(condition)}" + (f" ORDER BY {terms}" if terms else "")
    found = [row["External_Id__c"] for row in org.rows(text)]
    assert found == [row["number"] for row in wanted], text
    count = org.query(f"SELECT COUNT() FROM Opportunity WHERE {soql(condition)}").json["totalSize"]
    assert count == len(wanted)


@given(rows(), st.sampled_from(["StageName", "IsPrivate", "CloseDate", "Account.Name"]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_groups(org: Org, made: list[dict[str, Any]], by: str):
    org.system.store.db.execute('DELETE FROM "Opportunity"')
    accounts = list(org.system.org.every("Account"))
    groups: dict[Any, list[float]] = {}
    seeded = []
    for row in made:
        parent = accounts[row["account"]] if row["account"] >= 0 else None
        values = {name: value for name, value in row.items() if name != "account"}
        seeded.append({**values, "AccountId": parent and parent["Id"]})
        groups.setdefault(reference.value_of({**values, "Account": parent}, by), []).append(row["Amount"])
    org.seed({"Opportunity": seeded})
    found = org.rows(f"SELECT {by} g, COUNT(Id) n, COUNT(Amount) a, SUM(Amount) s FROM Opportunity GROUP BY {by}")
    shown = {row["g"]: (row["n"], row["a"], row["s"]) for row in found}
    expected = {}
    for key, amounts in groups.items():
        known = [amount for amount in amounts if amount is not None]
        total = round(sum(known), 2) if known else None
        expected[key] = (len(amounts), len(known), total)
    assert shown == expected
