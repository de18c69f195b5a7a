"""The site as a whole: seed, books, determinism, restart, Time Machine, and what the kit asks of every system."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from simulators.kit.system import BOOK_TABLES, SeedError
from tests.simulators.subscriptions.site import DAY, GENESIS, SEED, Site, play

YEARLY: dict[str, Any] = {"billing_cycles": 1, "contract_term": {"action_at_term_end": "renew"}}


async def busy(site: Site) -> None:
    await site.customer("us", "US", card={"number": "4111111111111111", "expiry_month": 1, "expiry_year": 2031})
    await site.customer("sg", "SG")
    await site.subscribe("us", auto_collection="on", **YEARLY)
    await site.subscribe("sg", "SGD", **YEARLY)
    await site.do("/invoices/SG-000001/record_payment", {"transaction": {"payment_method": "check", "amount": 100}})
    await site.do("/credit_notes", {
        "reference_invoice_id": "SG-000001", "type": "adjustment", "reason_code": "waiver", "total": 77,
    })  # fmt: skip
    await site.travel(400)


def test_the_same_seed_makes_the_same_ids_and_another_seed_others() -> None:
    first, second, other = play(busy), play(busy), play(busy)
    assert first.system.books() == second.system.books() == other.system.books()
    assert first.post.received == second.post.received
    different = Site()
    different.system.reset(seed="another")

    async def again() -> None:
        await different.system.start()
        different.system.remember()
        await busy(different)
        await different.system.stop()

    asyncio.run(again())
    ids = [{row["id"] for row in site.system.books()["contract"]} for site in (first, different)]
    assert not ids[0] & ids[1]


def test_a_reset_brings_the_seeded_site_back() -> None:
    async def story(site: Site) -> None:
        site.system.remember()
        await busy(site)
        before, posted = site.system.books(), list(site.post.received)
        await site.system.stop()
        site.system.reset()
        assert site.system.books()["party"] == [] and site.system.clock.now() == GENESIS
        await site.system.start()
        site.post.received.clear()
        await busy(site)
        assert site.system.books() == before and site.post.received == posted

    play(story)


def _no_floats(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_no_floats(each) for each in value.values())
    if isinstance(value, list):
        return all(_no_floats(each) for each in value)
    return not isinstance(value, float)


def test_the_books_are_exact_and_say_what_each_row_is() -> None:
    books = play(busy).system.books()
    assert set(books) == set(BOOK_TABLES)
    assert _no_floats(books)
    for rows in books.values():
        assert all("object" in row and not any(name.startswith("_") for name in row) for row in rows)
    rates = {line["tax_rate"] for line in books["line"]}
    assert rates == {"8.875", "9"}
    kinds = [row["object"] for row in books["allocation"]]
    assert kinds.count("linked_payment") == 3 and kinds.count("adjustment_credit_note") == 1
    assert {row["object"] for row in books["contract"]} == {"subscription", "contract_term"}


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ({"planets": []}, "planets"),
        ({"item_prices": [{"id": "x", "name": "x", "item_id": "lost"}]}, "item_prices[0]: item_id : lost not found"),
        ({"items": [{"id": "i", "name": "i", "type": "plan", "item_family_id": "windtunnel", "size": 1}]},
         "items[0]: size"),
        ({"tax_rules": [{"country": "US"}]}, "tax_rules[0]: KeyError: 'rate'"),
        ({"site": {"timezone": "Mars/Base"}}, "site[0]"),
        ({"site": {"tax_rounding": "never"}}, "site[0]: ValueError: tax_rounding"),
        ({"business_entities": {"id": "US"}}, "business_entities: should be a list"),
        ({"webhook_endpoints": [{"id": "w", "url": "nowhere"}]}, "webhook_endpoints[0]: url"),
    ],
)  # fmt: skip
def test_a_bad_seed_row_is_named_and_nothing_is_kept(data: dict[str, Any], place: str) -> None:
    site = Site()
    before = site.system.store.snapshot()
    with pytest.raises(SeedError) as refused, site.system.store.transaction():
        site.system.seed({"item_families": [{"id": "new", "name": "New"}], **data})
    assert str(refused.value).startswith(place)
    assert site.system.store.snapshot() == before


def test_seeding_twice_changes_nothing() -> None:
    site = Site()
    with site.system.store.transaction():
        assert site.system.seed(SEED)["item_prices"] == 4
    assert len(site.system.store.find("item_price")) == 4 and len(site.system.store.find("tax_rule")) == 5


def test_a_restarted_site_has_its_data(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        await busy(site)

    first = play(story, data=tmp_path)
    books = first.system.books()
    first.system.store.close()
    again = Site(seed=None, data=tmp_path)
    assert again.system.books() == books


async def _arrived(site: Site) -> dict[str, Any]:
    for _ in range(10_000):
        machine: dict[str, Any] = (await site.get("/time_machines/delorean"))["time_machine"]
        if machine["time_travel_status"] != "in_progress":
            return machine
        await asyncio.sleep(0)
        site.wire += 0.01
    raise AssertionError("the travel does not end")


def test_time_machine_travels_job_by_job() -> None:
    async def story(site: Site) -> None:
        await site.customer()
        await site.subscribe(net_term_days=10, **YEARLY)
        destination = int(GENESIS) + 800 * DAY
        begun = await site.do("/time_machines/delorean/travel_forward", {"destination_time": destination})
        assert begun["time_machine"]["time_travel_status"] == "in_progress"
        busy_now = await site.do("/time_machines/delorean/travel_forward", {"destination_time": destination + 1})
        assert busy_now.status == 400
        machine = await _arrived(site)
        assert machine["time_travel_status"] == "succeeded" and machine["destination_time"] == destination
        assert destination <= site.system.clock.now() < destination + 60
        invoices = (await site.get("/invoices?sort_by[asc]=date"))["list"]
        starts = [(row["invoice"]["date"] - int(GENESIS)) // DAY for row in invoices]
        assert starts == [0, 364, 729]
        back = await site.do("/time_machines/delorean/travel_forward", {"destination_time": destination - 1})
        assert back.code()[2] == "destination_time"
        assert (await site.get("/time_machines/other")).status == 404
        assert not site.system.jobs.failures

    play(story)


def test_start_afresh_keeps_the_catalog_alone() -> None:
    async def story(site: Site) -> None:
        await busy(site)
        begun = await site.do("/time_machines/delorean/start_afresh", {"genesis_time": int(GENESIS)})
        assert begun["time_machine"]["time_travel_status"] == "in_progress"
        assert (await _arrived(site))["genesis_time"] == int(GENESIS)
        books = site.system.books()
        assert not any(books[table] for table in BOOK_TABLES)
        assert len((await site.get("/item_prices"))["list"]) == 4
        await site.customer()
        begun = await site.subscribe()
        assert begun["subscription"]["status"] == "active" and begun["invoice"]["id"] == "US-000001"

    play(story)


def test_acts_refuse_what_makes_no_sense() -> None:
    async def story(site: Site) -> None:
        with pytest.raises(ValueError, match="outcome"):
            await site.system.acts["gateway"]({"outcome": "explode"})
        with pytest.raises(KeyError):
            await site.system.acts["resend_webhook"]({"event_id": "ev_none"})

    play(story)


def test_the_configuration_tells_the_name_that_the_vendors_host_gives_the_site() -> None:
    domains = []

    async def scene(site: Site) -> None:
        for host in ("acme.chargebee.com", "127.0.0.1"):
            answer = await site.get("/configurations", headers={"host": host})
            domains.append(answer.json["configurations"][0]["domain"])

    play(scene)
    assert domains == ["acme", "acme-test"]  # connectors look for their own site among these
