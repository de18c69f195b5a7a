"""Metered items by the vendor's own client: usage recorded once, rated when its term is over, pending until closed."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from chargebee import api_error
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.subscriptions.rules_price import rate
from simulators.subscriptions.rules_usage import metered_quantity
from tests.simulators.subscriptions.site import DAY, GENESIS, SEED, Site, play
from tests.simulators.subscriptions.test_sdk import customer

START = int(GENESIS) - 9 * 3600  # terms of whole days
MONTH = 31 * DAY


def price(key: str, **more: Any) -> dict[str, Any]:
    return {"id": key, "name": key, "item_id": key, "currency_code": "USD", "period": 1, "period_unit": "month",
            "pricing_model": "per_unit", **more}  # fmt: skip


def item(key: str, calculation: str = "sum_of_usages") -> dict[str, Any]:
    return {"id": key, "name": key, "type": "addon", "item_family_id": "windtunnel", "metered": True,
            "usage_calculation": calculation}  # fmt: skip


CATALOG: dict[str, Any] = {
    "items": [item("calls"), item("storage", "max_usage"), item("seats", "last_usage")],
    "item_prices": [
        price("calls", pricing_model="tiered", tiers=[
            {"starting_unit": 1, "ending_unit": 100, "price": 10}, {"starting_unit": 101, "price": 5}]),
        price("storage", price=200), price("seats", price=1_000, free_quantity=1),
    ],
}  # fmt: skip


def seed(**site: Any) -> dict[str, Any]:
    return {
        **SEED, "site": {**SEED["site"], **site}, "items": SEED["items"] + CATALOG["items"],
        "item_prices": SEED["item_prices"] + CATALOG["item_prices"],
    }  # fmt: skip


def by_sdk(client: Any, call: str, *given: Any) -> str:
    """The code with which the vendor's client says that a call was refused."""
    with pytest.raises(api_error.InvalidRequestError) as refused:
        getattr(client, call)(*given)
    return f"{refused.value.api_error_code} {refused.value.param}"


@pytest.mark.live
def test_a_month_of_usage_by_the_vendors_client(sdk: Any) -> None:
    for row in CATALOG["items"]:
        sdk.Item.create(row)
    for row in CATALOG["item_prices"]:
        sdk.ItemPrice.create(row)
    customer(sdk)
    made = sdk.Subscription.create_with_items("acme", {
        "id": "sub", "subscription_items": [
            {"item_price_id": "platform-USD-yearly", "quantity": 2}, {"item_price_id": "calls"}],
    })  # fmt: skip
    assert [line.entity_id for line in made.invoice.line_items] == ["platform-USD-yearly"], "usage is billed in arrears"
    metered = made.subscription.subscription_items[1]
    assert (metered.quantity, metered.metered_quantity, metered.current_term_start) == (None, "0", START)
    assert metered.next_billing_at == START + MONTH < made.subscription.next_billing_at
    use = {"id": "e1", "item_price_id": "calls", "quantity": "100.5", "usage_date": START + DAY}
    first = sdk.Usage.create("sub", use).usage
    assert (first.quantity, first.source, first.invoice_id) == ("100.5", "api", None)
    assert by_sdk(sdk.Usage, "create", "sub", {**use, "usage_date": START + 1}) == "duplicate_entry id"
    again = {name: value for name, value in use.items() if name != "id"} | {"quantity": "7"}
    assert by_sdk(sdk.Usage, "create", "sub", again) == "duplicate_entry usage_date"
    assert sdk.Usage.create("sub", {**again, "dedupe_option": "skip"}).usage.quantity == "100.5"
    updated = sdk.Usage.create("sub", {**again, "dedupe_option": "update_existing", "note": "corrected"}).usage
    assert (updated.id, updated.quantity, updated.note) == ("e1", "7", "corrected")
    assert sdk.Usage.delete("sub", {"id": "e1"}).usage.id == "e1"
    sdk.Usage.create("sub", use)
    sdk.Usage.create("sub", {**use, "id": "e2", "quantity": "50", "usage_date": START + 2 * DAY})
    for wrong in ("-1", "many", "1e30", ""):
        assert by_sdk(sdk.Usage, "create", "sub", {**use, "quantity": wrong}) == "param_wrong_value quantity"
    assert by_sdk(sdk.Usage, "create", "sub", {**use, "item_price_id": "storage"}) == "param_wrong_value item_price_id"
    assert by_sdk(sdk.Usage, "retrieve", "sub", {"id": "e9"}) == "resource_not_found id"
    assert sdk.Usage.retrieve("sub", {"id": "e2"}).usage.quantity == "50"
    page = sdk.Usage.list({"subscription_id": {"is": "sub"}, "limit": 1, "sort_by": {"asc": "usage_date"}})
    assert [row.usage.id for row in page.list] == ["e1"] and page.next_offset
    travelling = sdk.TimeMachine.travel_forward("delorean", {"destination_time": START + MONTH + DAY})
    sdk.TimeMachine.wait_for_time_travel_completion(travelling.time_machine)
    draft = sdk.Invoice.list({"status": {"is": "pending"}}).list[0].invoice
    assert draft.id.startswith("draft_inv_")
    # 100 at 10, 50.5 at 5, and New York's tax
    assert (draft.status, draft.total, draft.line_items[0].quantity) == ("pending", 1_364, 150)
    sdk.Usage.create("sub", {**use, "id": "late", "quantity": "9.5", "usage_date": START + 3 * DAY})
    assert sdk.Invoice.sync_usages(draft.id).invoice.sub_total == 1_300
    closed = sdk.Invoice.close(draft.id, {}).invoice
    assert (closed.id, closed.sub_total, closed.line_items[0].metered) == ("US-000002", 1_300, True)
    assert closed.line_items[0].date_to == START + MONTH - 1
    told = sdk.Usage.retrieve("sub", {"id": "late"}).usage
    assert (told.invoice_id, told.line_item_id) == (closed.id, closed.line_items[0].id)
    assert by_sdk(sdk.Usage, "delete", "sub", {"id": "late"}) == "invalid_state_for_request None"
    assert by_sdk(sdk.Invoice, "sync_usages", closed.id) == "invalid_state_for_request None"
    types = [row.event.event_type for row in sdk.Event.list({"limit": 100}).list]
    assert types.count("pending_invoice_created") == types.count("pending_invoice_updated") == 1
    assert types.count("invoice_generated") == 2


async def metered(site: Site, *items: str) -> None:
    await site.customer()
    plan = [{"item_price_id": "platform-USD-yearly", "quantity": 1}]
    made = await site.do("/customers/acme/subscription_for_items", {
        "id": "sub", "subscription_items": plan + [{"item_price_id": one} for one in items], "billing_cycles": 2,
        "contract_term": {"action_at_term_end": "renew"},
    })  # fmt: skip
    assert made.status == 200, made.json


async def use(site: Site, key: str, quantity: str, day: float, item: str = "calls") -> int:
    reply = await site.do("/subscriptions/sub/usages", {
        "id": key, "item_price_id": item, "quantity": quantity, "usage_date": int(START + day * DAY)})  # fmt: skip
    return reply.status


async def bills(site: Site) -> list[Any]:
    found = (await site.get("/invoices", {"limit": 100, "sort_by[asc]": "date"}))["list"]
    return [row["invoice"] for row in found if row["invoice"]["line_items"][0]["metered"]]


def test_a_bill_waits_its_days_for_late_usage_and_closes_by_itself() -> None:
    async def story(site: Site) -> None:
        await metered(site, "calls", "storage", "seats")
        for day, held in ((1, "5"), (2, "8.5"), (3, "2")):
            await use(site, f"s{day}", held, day, "storage")
            await use(site, f"u{day}", held, day, "seats")
        await site.travel(32)
        assert [bill["status"] for bill in await bills(site)] == ["pending"]
        assert await use(site, "in-time", "10", 20) == 200
        await site.travel(2)
        (bill,) = await bills(site)
        assert bill["id"] == "US-000002"
        lines = {line["entity_id"]: line for line in bill["line_items"]}
        assert {name: line["amount"] for name, line in lines.items()} == {
            "calls": 100,
            "storage": 1_700,
            "seats": 1_000,
        }
        assert lines["storage"]["quantity_in_decimal"] == "8.5"
        assert await use(site, "too-late", "10", 21) == 200, "a date that is billed already is kept"
        await site.travel(31)
        assert len(await bills(site)) == 1, "and never billed; a month without usage has no bill"
        assert "invoice_id" not in (await site.get("/subscriptions/sub/usages", {"id": "too-late"}))["usage"]
        contract = (await site.get("/subscriptions/sub"))["subscription"]["contract_term"]
        assert contract["total_contract_value_before_tax"] == 2_400_000, "usage is no part of what was agreed"

    site = play(story, seed=seed(usage_close_days=2))
    assert site.post.types().count("pending_invoice_created") == 1


def test_closed_at_once_where_the_site_says_so() -> None:
    async def story(site: Site) -> None:
        await metered(site, "calls")
        await use(site, "e1", "10", 30.9)
        await use(site, "next", "20", 31)
        await site.travel(31)
        assert [(bill["status"], bill["sub_total"]) for bill in await bills(site)] == [("payment_due", 100)]
        await site.travel(28)
        assert [bill["sub_total"] for bill in await bills(site)] == [100, 200]

    site = play(story, seed=seed(usage_close_days=0))
    assert "pending_invoice_created" not in site.post.types()


def test_what_was_used_until_the_end_is_billed_when_the_subscription_is_cancelled() -> None:
    async def story(site: Site) -> None:
        await metered(site, "calls")
        await use(site, "e1", "10", 1)
        await site.travel(10)
        await site.do("/subscriptions/sub/cancel_for_items", {"contract_term_cancel_option": "terminate_immediately"})
        (draft,) = await bills(site)
        await site.do("/subscriptions/sub/delete_usage", {"id": "e1"})
        closed = await site.do(f"/invoices/{draft['id']}/close")
        assert closed["invoice"]["deleted"], "nothing is left to be billed"
        await site.travel(40)
        assert await bills(site) == []

    play(story, seed=seed())


def test_a_void_bill_gives_its_usage_back_to_the_next_one() -> None:
    async def story(site: Site) -> None:
        await metered(site, "calls")
        await use(site, "e1", "10", 1)
        await use(site, "e2", "1", 35)
        await site.travel(31)
        assert (await site.do("/invoices/US-000002/void"))["invoice"]["status"] == "voided"
        assert "invoice_id" not in (await site.get("/subscriptions/sub/usages", {"id": "e1"}))["usage"]
        await site.travel(28)
        assert [bill["sub_total"] for bill in await bills(site)] == [100, 110]
        assert (await site.get("/subscriptions/sub/usages", {"id": "e1"}))["usage"]["invoice_id"] == "US-000003"

    play(story, seed=seed(usage_close_days=0))


def test_what_a_metered_item_does_not_take() -> None:
    async def story(site: Site) -> None:
        await site.customer()
        plan = {"item_price_id": "platform-USD-yearly", "quantity": 1}
        for extra, param in (({"quantity": 3}, "quantity"), ({"unit_price": 3}, "unit_price")):
            reply = await site.do("/customers/acme/subscription_for_items", {
                "subscription_items": [plan, {"item_price_id": "calls", **extra}]})  # fmt: skip
            assert reply.code() == (400, "param_wrong_value", f"subscription_items[{param}][1]")
        longer = price("yearly", item_id="calls", period=2, period_unit="year", price=1)
        assert (await site.do("/item_prices", longer)).status == 200
        reply = await site.do("/customers/acme/subscription_for_items", {
            "subscription_items": [plan, {"item_price_id": "yearly"}]})  # fmt: skip
        assert reply.code()[:2] == (400, "param_wrong_value"), "longer than the plan's period"

    play(story, seed=seed())


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4_000), st.decimals(0, 500, places=2)), max_size=12))
def test_every_usage_stands_in_one_line_of_its_own_month(used: list[tuple[int, Decimal]]) -> None:
    """Whatever is recorded when, in which order: each usage in exactly one line, lines add up, money is as priced."""

    async def story(site: Site) -> None:
        await metered(site, "calls")
        dated = {100 + hour * 60: quantity for hour, quantity in used}
        for offset, quantity in dated.items():
            await use(site, f"e{offset}", str(quantity), offset / DAY)
        await site.travel(100)
        lines = {line["id"]: line for bill in await bills(site) for line in bill["line_items"]}
        sums: dict[str, Decimal] = dict.fromkeys(lines, Decimal(0))
        for row in (await site.get("/usages", {"limit": 100}))["list"]:
            if "line_item_id" in row["usage"]:
                sums[row["usage"]["line_item_id"]] += Decimal(row["usage"]["quantity"])
        assert sum(sums.values()) == sum(dated.values())
        for key, line in lines.items():
            assert Decimal(str(line.get("quantity_in_decimal", line["quantity"]))) == sums[key]
            assert line["amount"] == rate(CATALOG["item_prices"][0], sums[key]).amount

    play(story, seed=seed(usage_close_days=0))


def test_quantities_add_up_as_the_item_says() -> None:
    used = [(1, Decimal("2")), (3, Decimal("0.5")), (2, Decimal("4.25"))]
    found = [str(metered_quantity(how, used)) for how in ("sum_of_usages", "last_usage", "max_usage")]
    assert found == ["6.75", "0.5", "4.25"]
    assert metered_quantity("max_usage", []) == 0


VOLUME = [{"starting_unit": 1, "ending_unit": 100, "price": 10}, {"starting_unit": 101, "price": 5}]
PACKS = [{"starting_unit": 1, "price": 300, "pricing_type": "package", "package_size": 1_000}]


@pytest.mark.parametrize(("model", "more", "quantity", "amount"), [
    ("tiered", {"tiers": VOLUME}, "150", 1_250), ("volume", {"tiers": VOLUME}, "150", 750),
    ("volume", {"tiers": VOLUME}, "100.5", 503), ("tiered", {"tiers": PACKS}, "1000.1", 600),
    ("per_unit", {"price": 3, "free_quantity": 10}, "10.5", 2), ("per_unit", {"price": 3}, "0", 0),
])  # fmt: skip
def test_fractions_are_priced_to_the_minor_unit(model: str, more: dict[str, Any], quantity: str, amount: int) -> None:
    assert rate({"pricing_model": model, **more}, Decimal(quantity)).amount == amount


def test_five_thousand_usages_a_term_are_enough() -> None:
    async def story(site: Site) -> None:
        await metered(site, "calls")
        template = {"subscription_id": "sub", "item_price_id": "calls", "quantity": "1", "object": "usage"}
        with site.system.store.transaction():
            for number in range(5_000):
                row = {**template, "id": f"u{number}", "usage_date": START + number, "_slot": f"sub/calls/{number}"}
                site.system.store.put("usage", row)
        assert await use(site, "more", "1", 1) == 400
        await asyncio.sleep(0)

    play(story, seed=seed())


def test_a_metered_item_that_comes_and_goes_in_mid_term() -> None:
    async def story(site: Site) -> None:
        await metered(site)
        await site.travel(10)
        plan = {"item_price_id": "platform-USD-yearly", "quantity": 1}
        change = {"subscription_items": [plan, {"item_price_id": "calls"}]}
        assert (await site.do("/subscriptions/sub/update_for_items", change)).status == 200
        await use(site, "e1", "10", 20)
        await site.travel(31)
        assert [bill["sub_total"] for bill in await bills(site)] == [100], "its term began with the change"
        await use(site, "e2", "2", 41.1)
        gone = {"subscription_items": [plan], "replace_items_list": True}
        assert (await site.do("/subscriptions/sub/update_for_items", gone)).status == 200
        assert [bill["sub_total"] for bill in await bills(site)] == [100, 20]
        assert await use(site, "e3", "2", 41.2) == 400

    play(story, seed=seed(usage_close_days=0))
