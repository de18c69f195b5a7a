"""A file of contracts on its way into the platform: the API's own names, row by row, refusals in its words."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from harness.canon import Correlation
from harness.load.contracts import import_rows, parameters, read_rows
from harness.seeding.customers import customer, deals_of
from harness.seeding.platform import rows_of
from harness.world import Reply
from simulators.kit.system import System
from tests.simulators.subscriptions.site import DAY, GENESIS, SEED, Site, play

TODAY = date(2026, 1, 5)
CSV = """customer[id],customer[company],customer[billing_address][country],subscription[id],subscription[status],\
subscription[subscription_items][item_price_id][0],subscription[current_term_end]
acme,Acme,US,sub1,active,platform-USD-yearly,{end}
acme,Acme,US,sub2,active,nope,{end}
lone,Lone,US,,,,
"""


class Direct:
    """A poster that speaks to a site in this process."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def post(self, path: str, fields: Mapping[str, str]) -> Reply:
        answer = await self.site.do(path, dict(fields))
        return Reply(answer.status, answer.headers, answer.raw)


def test_columns_are_parameters_and_blank_cells_are_none() -> None:
    row = {"customer[id]": "a", "customer[billing_address][city]": "NY", "customer[email]": "",
           "subscription[subscription_items][quantity][0]": "3"}  # fmt: skip
    assert parameters(row, "customer[") == {"id": "a", "billing_address[city]": "NY"}
    assert parameters(row, "subscription[") == {"subscription_items[quantity][0]": "3"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [("customer[id],Name\na,b\n", "column 'Name'"), ("subscription[id]\na\n", "no column"),
     ("customer[id],customer[company]\na\n", "line 2"), ('customer[id]\n"a', "line")],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_named(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "base.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=problem.replace("[", r"\[")):
        read_rows(path)


def test_rows_become_customers_and_subscriptions_and_refusals_are_told(tmp_path: Path) -> None:
    path = tmp_path / "base.csv"
    path.write_text(CSV.format(end=int(GENESIS) + 100 * DAY))

    async def story(site: Site) -> None:
        done = await import_rows(Direct(site), read_rows(path))
        assert (done.customers, done.subscriptions) == (2, 1)
        (told,) = done.refused
        assert told.startswith("row 2: subscription of acme: ") and "nope" in told
        held = (await site.get("/subscriptions/sub1"))["subscription"]
        assert held["status"] == "active"

    play(story)


def market_seed() -> dict[str, Any]:
    yearly = next(price for price in SEED["item_prices"] if price["id"] == "platform-USD-yearly")
    prices = [
        {**yearly, "id": f"platform-{code}-yearly", "name": code, "currency_code": code} for code in ("EUR", "JPY")
    ]
    entity = {"id": "DE", "name": "DE", "invoice_prefix": "DE-", "currency_code": "EUR", "country": "DE"}
    return SEED | {
        "item_prices": SEED["item_prices"] + prices, "business_entities": [*SEED["business_entities"], entity],
    }  # fmt: skip


def test_the_seeded_companys_contracts_stand_in_the_platform_as_in_the_org() -> None:
    ids = {}
    for number in range(60):
        who = customer("1", number, TODAY)
        ids |= {who.key: f"001{number:03d}"} | {deal.key: f"006-{deal.key}" for deal in deals_of("1", who, TODAY)}

    async def story(site: Site) -> None:
        rows = list(rows_of("1", range(60), TODAY, ids, Correlation()))
        done = await import_rows(Direct(site), rows)
        assert done.refused == [] and done.customers == done.subscriptions == len(rows) > 20
        held = site.system.store.find("subscription")
        assert {one["status"] for one in held} == {"active", "future", "cancelled"}
        assert all(one["cf_sf_opportunity"] == f"006-{one['id']}" for one in held)
        assert rows == list(rows_of("1", range(60), TODAY, ids, Correlation()))
        await site.travel(400)  # what runs is renewed, what was to come has begun
        assert site.system.jobs.failures == [] and site.system.store.find("invoice")

    site = play(story, seed=market_seed())
    assert isinstance(site.system, System)
