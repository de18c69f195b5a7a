"""The seeded company: the same for the same seed, plausible, and in the org as it was made."""

import asyncio
from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest

from harness.seeding.customers import CATALOG, Deal, customer, deals_of
from harness.seeding.salesforce import CHUNK, seed_salesforce
from tests.simulators.salesforce.org import ROOT, Org

TODAY = date(2026, 1, 5)


class Bench:
    """The org's control page and its public API, as seeding sees them."""

    def __init__(self) -> None:
        self.org = Org().login()

    async def control(self, system: str, method: str, path: str, body: Any = None) -> Any:
        assert system == "salesforce"
        reply = await self.org.acall(method, path, body, **{"x-control-token": "control"})
        if reply.status >= 400:
            raise ValueError(reply.content.decode())
        return reply.json

    async def query(self, soql: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        path: str | None = f"{ROOT}/query?q={quote(soql)}"
        while path is not None:
            reply = await self.org.acall("GET", path)
            assert reply.status == 200, reply.content
            rows += reply.json["records"]
            path = reply.json.get("nextRecordsUrl")
        return rows


def seeded(customers: int, seed: str = "1") -> tuple[Bench, dict[str, int]]:
    bench = Bench()
    made = asyncio.run(seed_salesforce(bench, bench, customers, seed, TODAY))  # type: ignore[arg-type]
    return bench, made


def deals(seed: str, count: int) -> list[Deal]:
    return [deal for number in range(count) for deal in deals_of(seed, customer(seed, number, TODAY), TODAY)]


def test_a_customer_is_a_function_of_seed_and_number_alone() -> None:
    assert customer("1", 42, TODAY) == customer("1", 42, TODAY)
    assert customer("1", 42, TODAY) != customer("2", 42, TODAY)
    assert deals("1", 30) == deals("1", 30)
    assert len({one.key for one in deals("1", 200)}) == len(deals("1", 200))


def test_the_company_is_plausible() -> None:
    people = [customer("1", number, TODAY) for number in range(1_000)]
    assert all(one.parent is None or 0 <= one.parent < one.number for one in people)
    assert 50 < sum(one.parent is not None for one in people) < 200
    assert {one.market.currency for one in people} == {"USD", "EUR", "SGD", "JPY"}
    sold = deals("1", 1_000)
    assert 2_500 < len(sold) < 3_500
    stages = Counter(one.stage for one in sold)
    assert stages["Closed Won"] > 800 and stages["Closed Lost"] > 400 and len(stages) >= 7
    assert all((one.closes_on < TODAY) == one.stage.startswith("Closed") for one in sold)
    assert all(one.created_on <= one.closes_on and one.created_on < TODAY for one in sold)
    assert {one.closes_on.year for one in sold} == {2024, 2025, 2026}
    assert all(one.amount == sum((x.price * x.quantity for x in one.lines), Decimal(0)) for one in sold if one.lines)


def test_what_was_made_is_in_the_org_as_it_was_made() -> None:
    bench, made = seeded(40)
    sold = deals("1", 40)
    assert made["Account"] == 40 and made["Opportunity"] == len(sold)
    rows = {row["External_Id__c"]: row for row in asyncio.run(bench.query(
        "SELECT External_Id__c, Amount, IsWon, CloseDate, CurrencyIsoCode, Account.AccountNumber, Owner.Username "
        "FROM Opportunity"))}  # fmt: skip
    for deal in sold:
        row = rows[deal.key]
        assert (Decimal(repr(row["Amount"])), row["IsWon"], row["CloseDate"]) == (
            deal.amount, deal.won, deal.closes_on.isoformat(),
        )  # fmt: skip
        assert row["Account"]["AccountNumber"] == customer("1", deal.customer, TODAY).key
        assert row["Owner"]["Username"] == "ae001@windtunnel.example"
    books = asyncio.run(bench.query("SELECT Name, (SELECT CurrencyIsoCode FROM PricebookEntries) FROM Pricebook2"))
    assert {row["Name"]: row["PricebookEntries"]["totalSize"] for row in books} == {
        "Standard Price Book": 8, "Enterprise": 8, "Partner": 8,
    }  # fmt: skip
    parents = asyncio.run(bench.query("SELECT count() FROM Account WHERE ParentId != null"))
    assert parents == []  # counted, no rows


def test_an_org_that_has_products_and_executives_keeps_them() -> None:
    bench = Bench()
    product = bench.org.create("Product2", Name="Ours", ProductCode=CATALOG[0].sku, IsActive=True)
    asyncio.run(seed_salesforce(bench, bench, 1, "1", TODAY))  # type: ignore[arg-type]
    asyncio.run(seed_salesforce(bench, bench, 1, "2", TODAY))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="take another seed"):
        asyncio.run(seed_salesforce(bench, bench, 1, "2", TODAY))  # type: ignore[arg-type]
    found = asyncio.run(bench.query("SELECT Id, Name FROM Product2"))
    assert {row["Name"] for row in found} == {"Ours", CATALOG[1].name} and found[0]["Id"] == product


def test_the_size_is_met_over_several_calls_and_progress_is_told() -> None:
    bench = Bench()
    told: list[tuple[int, int]] = []
    made = asyncio.run(seed_salesforce(bench, bench, CHUNK + 1, "1", TODAY, lambda *step: told.append(step)))  # type: ignore[arg-type]
    assert made["Account"] == CHUNK + 1 and told == [(CHUNK, CHUNK + 1), (CHUNK + 1, CHUNK + 1)]


def test_what_the_org_does_not_take_is_said() -> None:
    bench = Bench()
    bench.org.act("alter_schema", change="require_field", object="Account", field="Site")
    with pytest.raises(ValueError, match="Required fields are missing"):
        asyncio.run(seed_salesforce(bench, bench, 1, "1", TODAY))  # type: ignore[arg-type]
