"""A won deal of the US entity becomes a subscription, a posted bill and a payment, in every book once."""

from typing import Any

import pytest

from synccore.domain.deals import Account, Address
from tests.synccore.processes.flight import Flight, account, fly

LINES = [("PLAT-ANNUAL", 10, 1_200_000), ("ONBOARD", 1, 500_000)]
GROSS = 12_500_000 + 1_065_000 + 44_375  # New York City: 8.875 % of each line


async def paid_by_card(flight: Flight) -> None:
    flight.salesforce.win(account(), "006000000000001AAA", LINES)
    await flight.settle()
    for number, bill in list(flight.platform.bills.items()):
        flight.platform.settle(number, bill.due)
    await flight.settle()


async def paid_by_transfer(flight: Flight) -> None:
    flight.salesforce.win(account(), "006000000000001AAA", LINES, payment_method="transfer")
    await flight.settle()
    for number, bill in list(flight.platform.bills.items()):
        flight.cloud.transfer(number, bill.due)
    await flight.settle()


def books(flight: Flight) -> dict[str, object]:
    """What must be the same however stormy it was."""
    sales, platform, cloud = flight.salesforce, flight.platform, flight.cloud
    return {
        "customers": sorted(platform.customers),
        "subscriptions": sorted(platform.subscriptions),
        "bills": [(b.id, b.gross, b.due, b.status) for b in platform.bills.values()],
        "payments": [(p.amount, p.reference[:3], p.applied) for p in platform.payments.values()],
        "erp customers": sorted(cloud.customers),
        "postings": [(p.number, p.gross, len(p.lines)) for p in cloud.invoices.values()],
        "erp payments": [(p["amount"], p["applied"]) for p in cloud.payments.values()],
        "contracts": sorted((k, str(v["Value__c"]), v["Status"]) for k, v in sales.contracts.items()),
        "copies": sorted((k, str(v["Balance__c"]), v["Status__c"], v["Posting_Status__c"], v["ERP_Document__c"])
                         for k, v in sales.bills.items()),
        "receipts": sorted((k, str(v["Amount__c"]), v["invoice"]) for k, v in sales.receipts.items()),
    }  # fmt: skip


async def at_rest(flight: Flight) -> tuple[int, int, int]:
    return len(await flight.open_work()), len(await flight.exceptions()), len(await flight.letters())


def test_a_card_payment_is_posted_to_the_ledger_and_shown_to_sales() -> None:
    flight = fly(paid_by_card)
    found = books(flight)
    assert found["bills"] == [("US-000001", GROSS, 0, "paid")]
    assert found["postings"] == [("US-000001", GROSS, 2)]
    assert found["erp payments"] == [(GROSS, {"100": GROSS})]
    assert found["contracts"] == [("sub-006000000000001AAA", "125000.00", "Activated")]
    assert found["copies"] == [("US-000001", "0.00", "Paid", "Posted", "100")]
    assert found["receipts"] == [("CB:txn_001", "136093.75", "US-000001")]
    assert flight.salesforce.status["006000000000001AAA"]["Sync_Status__c"] == "Synced"


def test_a_transfer_is_recorded_in_the_platform_and_not_posted_back() -> None:
    flight = fly(paid_by_transfer)
    found = books(flight)
    assert found["payments"][0][0] == GROSS  # type: ignore[index]
    assert [p.reference for p in flight.platform.payments.values()] == ["NS-900"]
    assert len(flight.cloud.payments) == 1
    assert found["receipts"] == [("NS-900", "136093.75", "US-000001")]
    assert found["copies"] == [("US-000001", "0.00", "Paid", "Posted", "100")]


@pytest.mark.parametrize("story", [paid_by_card, paid_by_transfer])
def test_every_effect_happens_once_and_with_few_calls(story: object) -> None:
    flight = fly(story)  # type: ignore[arg-type]
    writes = flight.wire.writes
    assert len(writes) == len(set(writes)) + (1 if "salesforce.write_bill" not in writes else 0)
    business = [call for call in flight.wire.calls if not call.startswith(("salesforce.changed", "platform.events"))]
    business = [call for call in business if call != "cloud.changed_payments"]
    assert len(business) <= 20, business


def test_the_timeline_tells_the_story_in_order() -> None:
    told: list[str] = []

    async def story(flight: Flight) -> None:
        await paid_by_card(flight)
        events = await flight.database.run(lambda unit: unit.events.of_partition(account().id))
        told.extend(event.type for event in events)
        assert all(event.causation for event in events)

    fly(story)
    assert told == [
        "order-received", "customer-created", "customer-created", "contract-activated", "invoice-issued",
        "invoice-posted", "payment-received", "payment-posted",
    ]  # fmt: skip


def test_a_deal_without_a_plan_is_one_bill_found_again_by_its_reference() -> None:
    async def story(flight: Flight) -> None:
        flight.salesforce.win(account(), "006000000000009AAA", [("GTX Basic", 1, 55_000)])
        await flight.settle()

    item = {"kind": "charge", "prices": {}, "erp_item": "SVC-ONBOARD"}
    flight = Flight()
    flight.mappings = {**flight.mappings, "items": {"GTX Basic": item}}
    flight.core = flight._build()
    fly(story, flight)
    (bill,) = flight.platform.bills.values()
    assert (bill.po_number, bill.net, bill.lines[0].description) == ("SF-006000000000009AAA", 55_000, "GTX Basic")
    assert [p.number for p in flight.cloud.invoices.values()] == [bill.id]
    assert flight.salesforce.bills[bill.id]["Opportunity__c"] == "006000000000009AAA"


def test_two_lines_of_bad_master_data_park_together_and_complete_by_themselves() -> None:
    async def story(flight: Flight) -> None:
        flight.salesforce.win(
            account(bill_to=Address(city="New York", country="US")), "006000000000001AAA", [*LINES, ("NEW", 1, 100)]
        )
        await flight.settle()
        kinds = sorted(exception.kind for exception in await flight.exceptions())
        assert kinds == ["missing_tax_profile", "unmapped_item"]
        assert flight.platform.customers == {}
        assert flight.salesforce.status["006000000000001AAA"]["Sync_Status__c"] == "Blocked"
        await flight.put(
            "items", "NEW", {"kind": "charge", "prices": {"USD": "onboarding-USD"}, "erp_item": "SVC-ONBOARD"}
        )
        await flight.settle()
        assert [exception.kind for exception in await flight.exceptions()] == ["missing_tax_profile"]
        fixed: Account = account()
        flight.salesforce.accounts[fixed.id] = fixed
        flight.salesforce.touch(fixed.id)
        await flight.settle()
        assert await flight.exceptions() == []

    flight = fly(story)
    assert len(flight.cloud.invoices) == 1
    assert flight.salesforce.status["006000000000001AAA"]["Sync_Status__c"] == "Synced"


def test_a_closed_period_parks_the_bill_and_a_retry_posts_it() -> None:
    async def story(flight: Flight) -> None:
        flight.cloud.closed = True
        flight.salesforce.win(account(), "006000000000001AAA", LINES)
        await flight.settle()
        (exception,) = await flight.exceptions()
        assert (exception.kind, exception.owner_role) == ("closed_period", "finance")
        flight.cloud.closed = False
        await flight.database.run(lambda unit: unit.work.revive(exception.work_id, flight.clock.at, "retry"))
        await flight.settle()
        assert await at_rest(flight) == (0, 0, 0)

    assert len(fly(story).cloud.invoices) == 1


@pytest.mark.parametrize("story", [paid_by_card, paid_by_transfer])
def test_all_signals_told_again_twice_have_no_effect(story: object) -> None:
    async def again(flight: Flight) -> None:
        await story(flight)  # type: ignore[operator]
        before = (list(flight.wire.writes), books(flight))
        signals = await flight.database.run(lambda unit: unit.inbox.find("", "", 0.0, 1e12, 1000))
        assert len(signals) > 4
        for _ in range(2):
            await flight.core.replay(signals)
            await flight.settle()
        assert (flight.wire.writes, books(flight)) == before
        assert await at_rest(flight) == (0, 0, 0)

    fly(again)


def test_an_event_without_sense_is_refused_and_a_known_one_is_not_new() -> None:
    async def story(flight: Flight) -> None:
        await paid_by_card(flight)
        bodies: list[Any] = [[], {}, {"id": "ev", "event_type": 5}, {"id": "ev", "event_type": "x", "occurred_at": 1}]
        for body in bodies:
            with pytest.raises(ValueError, match=r"object|missing"):
                await flight.core.receive(body)
        assert await flight.core.receive(flight.platform.feed[0]) is False

    fly(story)


def test_a_pending_bill_is_no_work() -> None:
    async def story(flight: Flight) -> None:
        draft = {"id": "draft_inv_1", "status": "pending", "customer_id": f"{account().id}-US"}
        flight.platform.emit("invoice_generated", invoice=draft)
        await flight.settle()
        assert await flight.open_work() == []

    assert fly(story).wire.writes == []
