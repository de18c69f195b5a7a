"""A plan is sent in order and in chunks, all by the vendor's own collections."""

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from harness.load.plan import LoadPlan, Record
from harness.load.send import CHUNK, already_there, send_plan
from harness.load.source import read_plan

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / "scenarios/exports/crm-small").glob("*.csv"))


class Desk:
    """Keeps what it is given; ids are kind and number."""

    def __init__(self, known: Sequence[str] = ()) -> None:
        self.calls: list[tuple[str, list[dict[str, Any]]]] = []
        self.queries: list[str] = []
        self.known = known

    async def create_many(self, kind: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        before = sum(len(made) for made_kind, made in self.calls if made_kind == kind)
        self.calls.append((kind, [dict(row) for row in rows]))
        return [f"{kind}-{before + index}" for index in range(len(rows))]

    async def query(self, soql: str) -> list[dict[str, Any]]:
        self.queries.append(soql)
        if "Pricebook2" in soql:
            return [{"Id": "standard"}]
        return [{"External_Id__c": name} for name in self.known if f"'{name}'" in soql]


def small() -> LoadPlan:
    return read_plan(ROOT / "scenarios/crm-export.mapping.yaml", FILES)


def test_what_is_pointed_at_is_made_first_and_lines_keep_their_price() -> None:
    desk, plan = Desk(), small()
    loaded = asyncio.run(send_plan(plan, desk))
    kinds = [kind for kind, _ in desk.calls]
    assert kinds == ["Account", "Product2", "PricebookEntry", "Opportunity", "OpportunityLineItem"]
    rows = dict(desk.calls)
    accounts = {record.fields["Name"]: f"Account-{index}" for index, record in enumerate(plan.accounts)}
    assert {row["AccountId"] for row in rows["Opportunity"]} <= set(accounts.values())
    assert {row["StageName"] for row in rows["Opportunity"]} == {"Negotiation/Review"}
    assert sum(Decimal(str(row["UnitPrice"])) for row in rows["OpportunityLineItem"]) == plan.total
    assert {row["CurrencyIsoCode"] for row in rows["PricebookEntry"]} == {"USD"}
    assert len(loaded.deals) == len(plan.opportunities)
    assert [(deal.closes_on, deal.key) for deal in loaded.deals] == sorted(
        (deal.closes_on, deal.key) for deal in loaded.deals
    )


def test_no_call_has_more_records_than_the_vendor_takes_and_progress_is_told() -> None:
    plan = small()
    one = plan.opportunities[0]
    plan.opportunities = [
        Record(f"D{index:04d}", one.fields | {"External_Id__c": f"D{index:04d}"}, one.lookups, one.line)
        for index in range(2 * CHUNK + 1)
    ]
    desk, told = Desk(), list[tuple[str, int, int]]()
    asyncio.run(send_plan(plan, desk, lambda what, done, of: told.append((what, done, of))))
    assert [len(rows) for kind, rows in desk.calls if kind == "Opportunity"] == [CHUNK, CHUNK, 1]
    assert [step for step in told if step[0] == "Opportunity"] == [
        ("Opportunity", CHUNK, 401), ("Opportunity", 400, 401), ("Opportunity", 401, 401),
    ]  # fmt: skip


def test_what_was_loaded_before_is_seen() -> None:
    plan = small()
    key = plan.opportunities[3].key
    assert asyncio.run(already_there(plan, Desk([key, "another"]))) == [key]
    assert asyncio.run(already_there(plan, Desk())) == []


def test_the_first_deals_come_with_what_they_need() -> None:
    plan = small()
    first = plan.first(5)
    dates = sorted((str(one.fields["CloseDate"]), one.key) for one in plan.opportunities)
    assert [(one.fields["CloseDate"], one.key) for one in first.opportunities] == dates[:5]
    assert {one.key for one in first.accounts} == {one.lookups["AccountId"][1] for one in first.opportunities}
    assert {one.key for one in first.products} == {one.line[0] for one in first.opportunities if one.line}
    assert plan.first(None) is plan
    assert plan.first(10_000) is plan
