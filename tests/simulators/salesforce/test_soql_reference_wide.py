"""Random totals, joins, parents of several objects, nested children and currencies, as the slow reference says."""

import os
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulators.salesforce import reference
from tests.simulators.salesforce.org import Org
from tests.simulators.salesforce.reference import Row
from tests.simulators.salesforce.test_soql_reference import STAGES, TODAY, conditions, soql
from tests.simulators.salesforce.test_soql_reference import rows as deals

RATES = {"USD": "1", "SGD": "1.35", "EUR": "0.92", "JPY": "150"}
EXAMPLES = int(os.environ.get("WINDTUNNEL_FUZZ_EXAMPLES", "30"))
often = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

KEYS = [
    "StageName",
    "IsPrivate",
    "CloseDate",
    "Account.Name",
    "CALENDAR_YEAR(CloseDate)",
    "CurrencyIsoCode",
    "NextStep",
]
names = st.sampled_from(["One", "two", "Three", "Ä", "b%"])
currencies = st.sampled_from(sorted(RATES))
accounts = st.lists(
    st.fixed_dictionaries({"Name": names, "Site": names | st.none(), "CurrencyIsoCode": currencies}),
    max_size=4, unique_by=lambda row: row["Name"],
)  # fmt: skip
tasks = st.lists(st.tuples(st.sampled_from(["call", "mail", "visit"]), st.integers(-2, 8)), max_size=8)


@pytest.fixture(scope="module")
def org() -> Org:
    return Org().login()


class World:
    """The same few records in the org and as plain rows; rows hold their parents under the relationship's name."""

    def __init__(self, org: Org, made_accounts: list[Row], made_deals: list[Row], iso: list[str]) -> None:
        self.org, self.tasks = org, list[Row]()
        for table in ("Task", "Opportunity", "Account"):
            org.system.store.db.execute(f'DELETE FROM "{table}"')
        self.accounts = [self._made("Account", row) for row in made_accounts]
        self.deals: list[Row] = []
        for row, code in zip(made_deals, iso, strict=False):
            values = {name: value for name, value in row.items() if name != "account"} | {"CurrencyIsoCode": code}
            place = row["account"]
            parent = self.accounts[place] if 0 <= place < len(self.accounts) else None
            made = self._made("Opportunity", {**values, "AccountId": parent and parent["Id"]})
            self.deals.append(made | {"Account": parent})

    def _made(self, sobject: str, row: Row) -> Row:
        org = self.org.system.org
        before = org.store.next("probe")
        alias = f"r{before}"
        self.org.seed({sobject: [{"@": alias, **row}]})
        key = next(org.store.rows(f'SELECT max(key) FROM "{sobject}"'))[0]
        return {"Id": key, "type": sobject, **row}

    def about(self, made: list[tuple[str, int]]) -> None:
        targets = self.accounts + self.deals
        for subject, place in made:
            what = targets[place] if 0 <= place < len(targets) else None
            task = self._made("Task", {"Subject": subject, "WhatId": what and what["Id"]})
            self.tasks.append(task | {"What": what})


worlds = st.tuples(accounts, deals(), st.lists(currencies, min_size=8, max_size=8))


def ordered(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(rows, key=repr)


def values(found: list[Row]) -> list[tuple[Any, ...]]:
    return [tuple(value for name, value in row.items() if name != "attributes") for row in found]


@pytest.mark.parametrize("kind", ["", "ROLLUP", "CUBE"])
@given(worlds, st.lists(st.sampled_from(KEYS), min_size=1, max_size=3, unique=True), st.integers(0, 2),
       st.just(("cmp", "Name", "!=", None)) | conditions)  # fmt: skip
@often
def test_random_totals(org: Org, kind: str, made: Any, keys: list[str], least: int, condition: Any):
    world = World(org, *made)
    inside = [row for row in world.deals if reference.holds(condition, row, TODAY)]
    inside = [row | {"NextStep": (row["NextStep"] or "").upper() or None, "Spelled": row["NextStep"]} for row in inside]
    expected = []
    for shown, rolled, rows in reference.grouped(inside, keys, kind):
        money = [reference.corporate(row["Amount"], RATES[row["CurrencyIsoCode"]]) for row in rows]
        if len(rows) > least - 1:
            expected.append((*_spelled(shown, keys, rows), *(rolled if kind else ()), *reference.totals(rows, money)))
    by = f"{kind}({', '.join(keys)})" if kind else ", ".join(keys)
    shown_keys = [f"{key} k{place}" for place, key in enumerate(keys)]
    groupings = [f"GROUPING({key}) g{place}" for place, key in enumerate(keys)] if kind else []
    aggregates = "COUNT(Id), COUNT(Amount), SUM(Amount), MIN(Amount), MAX(Amount), COUNT_DISTINCT(StageName)"
    text = (
        f"SELECT {', '.join([*shown_keys, *groupings])}, {aggregates} FROM Opportunity WHERE {soql(condition)} "
        f"GROUP BY {by} HAVING COUNT(Id) >= {least}"
    )
    assert ordered(values(org.rows(text))) == ordered(expected), text


def _spelled(shown: tuple[Any, ...], keys: list[str], rows: list[Row]) -> tuple[Any, ...]:
    """Texts that differ in case only are one group, shown in the spelling that sorts first in it."""
    return tuple(
        min(row["Spelled"] for row in rows) if key == "NextStep" and value is not None else value
        for key, value in zip(keys, shown, strict=True)
    )


@given(worlds, st.booleans(), conditions, names)
@often
def test_random_joins(org: Org, made: Any, anti: bool, condition: Any, name: str):
    world = World(org, *made)
    operator = "NOT IN" if anti else "IN"
    matching = {row["Account"]["Id"] for row in world.deals
                if row["Account"] and reference.holds(condition, row, TODAY)}  # fmt: skip
    wanted = [row["Name"] for row in world.accounts if (row["Id"] in matching) != anti]
    text = f"SELECT Name FROM Account WHERE Id {operator} (SELECT AccountId FROM Opportunity WHERE {soql(condition)})"
    assert [row["Name"] for row in org.rows(f"{text} ORDER BY Id")] == wanted, text
    matching = {row["Id"] for row in world.accounts if row["Name"].upper() >= name.upper()}
    wanted = [row["Id"] for row in world.deals
              if ((row["AccountId"] in matching) != anti) and reference.holds(condition, row, TODAY)]  # fmt: skip
    text = (
        f"SELECT Id FROM Opportunity WHERE AccountId {operator} (SELECT Id FROM Account WHERE Name >= '{name}') "
        f"AND {soql(condition)} ORDER BY Id"
    )
    assert [row["Id"] for row in org.rows(text)] == wanted, text


@given(worlds, tasks, st.sampled_from(["=", "!=", "<", ">="]), names, st.sampled_from(["Account", "Opportunity"]))
@often
def test_random_parents_of_several_objects(org: Org, made: Any, about: Any, operator: str, name: str, kind: str):
    world = World(org, *made)
    world.about(about)
    condition = ("cmp", "What.Name", operator, name)
    wanted = [
        row for row in world.tasks
        if reference.holds(condition, row, TODAY) or (row["What"] is not None and row["What"]["type"] == kind)
    ]  # fmt: skip
    text = (
        "SELECT Id, What.Type, What.Name FROM Task "
        f"WHERE What.Name {operator} '{name}' OR What.Type = '{kind}' ORDER BY What.Name, Id"
    )
    found = [(row["Id"], row["What"] and (row["What"]["Type"], row["What"]["Name"])) for row in org.rows(text)]
    wanted = reference.ordered(wanted, [("What.Name", False, False)], {})
    assert found == [(row["Id"], row["What"] and (row["What"]["type"], row["What"]["Name"])) for row in wanted], text
    text = "SELECT TYPEOF What WHEN Account THEN Site WHEN Opportunity THEN StageName, Amount END FROM Task ORDER BY Id"
    shown = {"Account": ("Site",), "Opportunity": ("StageName", "Amount")}
    typed = [row["What"] and {field: row["What"][field] or None for field in shown[row["What"]["type"]]}
             for row in world.tasks]  # fmt: skip
    found_typed = [
        row["What"] and {field: row["What"][field] or None for field in row["What"] if field != "attributes"}
        for row in org.rows(text)
    ]
    assert found_typed == typed


@given(worlds, tasks, conditions, st.integers(1, 4))
@often
def test_random_nested_children(org: Org, made: Any, about: Any, condition: Any, most: int):
    world = World(org, *made)
    world.about(about)
    expected = []
    for account in world.accounts:
        mine = [row for row in world.deals if row["Account"] is account and reference.holds(condition, row, TODAY)]
        mine = reference.ordered(mine, [("Name", True, False)], {})[:most]
        expected.append((account["Name"], [
            (deal["Name"], [task["Subject"] for task in world.tasks if task["What"] is deal]) for deal in mine
        ]))  # fmt: skip
    text = (
        "SELECT Name, (SELECT Name, (SELECT Subject FROM Tasks ORDER BY Id) FROM Opportunities WHERE "
        f"{soql(condition)} ORDER BY Name DESC LIMIT {most}) FROM Account ORDER BY Id"
    )
    found = [
        (row["Name"], [
            (deal["Name"], [task["Subject"] for task in (deal["Tasks"] or {"records": []})["records"]])
            for deal in (row["Opportunities"] or {"records": []})["records"]
        ]) for row in org.rows(text)
    ]  # fmt: skip
    assert found == expected, text


@given(worlds, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), currencies, st.integers(0, 200))
@often
def test_random_currencies(org: Org, made: Any, operator: str, code: str, amount: int):
    world = World(org, *made)
    bound = reference.corporate(amount, RATES[code])
    rows = [
        (row["Id"], row["Amount"], reference.corporate(row["Amount"], RATES[row["CurrencyIsoCode"]]))
        for row in world.deals
    ]  # fmt: skip
    wanted = [row for row in rows if reference.holds(("cmp", "c", operator, bound), {"c": row[2]}, TODAY)]
    text = (
        "SELECT Id, Amount, convertCurrency(Amount) c FROM Opportunity "
        f"WHERE Amount {operator} {code}{amount} ORDER BY "
    )
    assert values(org.rows(f"{text}Id")) == wanted, text
    worth = {row["Id"]: Decimal(str(row["Amount"])) / Decimal(RATES[row["CurrencyIsoCode"]])
             for row in world.deals if row["Amount"] is not None}  # fmt: skip
    wanted.sort(key=lambda row: (row[0] in worth, round(worth.get(row[0], Decimal(0)), 6), row[0]))
    assert values(org.rows(f"{text}Amount, Id")) == wanted, text


def test_the_stages_are_the_orgs(org: Org):
    assert set(STAGES) <= set(org.system.org.spec("Opportunity").fields["stagename"].values)
