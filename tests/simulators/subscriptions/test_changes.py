"""Changes of items: credits and charges to the minor unit, placement, what is scheduled, contract and value."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulators.subscriptions.site import DAY, GENESIS, SEED, Site, play

YEARLY = {"billing_cycles": 1, "contract_term": {"action_at_term_end": "renew"}}
BOSTON = {"line1": "1 Main", "city": "Boston", "state_code": "MA", "country": "US"}


async def seats(site: Site, quantity: int, **more: Any) -> Any:
    items = [{"item_price_id": "platform-USD-yearly", "quantity": quantity}]
    return await site.do("/subscriptions/s/update_for_items", {"subscription_items": items, **more})


async def pay(site: Site, number: str, amount: int | None = None) -> None:
    transaction: dict[str, Any] = {"payment_method": "check"} | ({} if amount is None else {"amount": amount})
    assert (await site.do(f"/invoices/{number}/record_payment", {"transaction": transaction})).status == 200


async def held(site: Site) -> Any:
    return (await site.get("/subscriptions/s"))["subscription"]


def test_an_unpaid_bill_is_adjusted_at_its_own_rate() -> None:
    async def story(site: Site) -> None:
        await site.customer()
        await site.subscribe(id="s", **YEARLY)
        await site.travel(73)  # 292 of 365 days are left
        down = await seats(site, 5)
        (note,) = down["credit_notes"]
        assert (note["type"], note["status"], note["sub_total"]) == ("adjustment", "adjusted", 4_800_000)
        assert note["tax"] == 426_000 and note["line_items"][0]["tax_rate"] == 8.875
        bill = (await site.get("/invoices/US-000001"))["invoice"]
        assert bill["amount_due"] == bill["total"] - note["total"] and bill["status"] == "payment_due"
        assert "invoice" not in down.json
        assert (await held(site))["contract_term"]["total_contract_value_before_tax"] == 12_000_000 - 4_800_000
        await site.travel(0)
        told = ["subscription_changed", "mrr_updated", "credit_note_created", "invoice_updated"]
        assert site.post.types()[-4:] == told

    play(story)


def test_a_bill_paid_in_part_is_adjusted_first_and_the_rest_is_refundable() -> None:
    async def story(site: Site) -> None:
        await site.customer()
        await site.subscribe(id="s", **YEARLY)
        total = 12_000_000 + 1_065_000
        await pay(site, "US-000001", total - 1_000_001)
        await site.travel(73)
        notes = (await seats(site, 5))["credit_notes"]
        assert [(note["type"], note["total"]) for note in notes] == [
            ("adjustment", 1_000_001), ("refundable", 4_800_000 + 426_000 - 1_000_001),
        ]  # fmt: skip
        assert sum(note["sub_total"] for note in notes) == 4_800_000
        assert (await site.get("/invoices/US-000001"))["invoice"]["amount_due"] == 0
        assert (await site.get("/customers/acme"))["customer"]["refundable_credits"] == notes[1]["total"]

    play(story)


def test_a_new_change_replaces_the_scheduled_one_and_so_does_a_change_now() -> None:
    async def story(site: Site) -> None:
        await site.customer()
        await site.subscribe(id="s", **YEARLY)
        await seats(site, 12, end_of_term=True)
        await seats(site, 14, end_of_term=True)
        future = await site.get("/subscriptions/s/retrieve_with_scheduled_changes")
        assert future["subscription"]["subscription_items"][0]["quantity"] == 14
        renamed = await site.do("/subscriptions/s/update_for_items", {"po_number": "PO-2"})
        assert renamed["subscription"]["has_scheduled_changes"]
        await seats(site, 11)
        assert not (await held(site))["has_scheduled_changes"]
        await site.travel(366)
        assert (await held(site))["subscription_items"][0]["quantity"] == 11

    play(story)


def test_a_change_on_a_date_is_prorated_from_that_date() -> None:
    async def story(site: Site) -> None:
        await site.customer(billing_address=BOSTON)
        await site.subscribe(id="s", **YEARLY)
        on = int(GENESIS) + 73 * DAY
        late = await seats(site, 12, change_option="specific_date", changes_scheduled_at=int(GENESIS) - DAY)
        assert late.code()[2] == "changes_scheduled_at"
        await seats(site, 15, change_option="specific_date", changes_scheduled_at=on)
        await site.travel(80)
        bill = (await site.get("/invoices/US-000002"))["invoice"]
        assert (bill["date"], bill["total"]) == (on, 18_000_000 * 292 // 365)

    play(story)


def test_a_contract_is_told_what_to_do_at_its_end_without_a_new_bill() -> None:
    async def story(site: Site) -> None:
        await site.customer()
        await site.subscribe(id="s", billing_cycles=1, contract_term={"action_at_term_end": "cancel"})
        told = await site.do("/subscriptions/s/update_for_items", {
            "contract_term": {"action_at_term_end": "renew"}, "contract_term_billing_cycle_on_renewal": 3,
        })  # fmt: skip
        assert told["subscription"]["contract_term"]["action_at_term_end"] == "renew"
        await site.travel(366)
        term = (await held(site))["contract_term"]
        assert (term["billing_cycle"], term["remaining_billing_cycles"]) == (3, 2)
        assert term["total_contract_value_before_tax"] == 3 * 12_000_000
        bare = await site.do("/subscriptions/s/update_for_items", {"end_of_term": True})
        assert bare.code() == (400, "param_wrong_value", "subscription_items[item_price_id][0]")

    play(story)


def test_a_contract_can_begin_on_a_running_subscription() -> None:
    async def story(site: Site) -> None:
        await site.customer()
        await site.subscribe(id="s")
        nothing = await site.do("/subscriptions/s/update_for_items", {"contract_term": {"action_at_term_end": "renew"}})
        assert nothing.code()[2] == "billing_cycles"
        begun = await site.do("/subscriptions/s/update_for_items", {
            "contract_term": {"action_at_term_end": "evergreen"}, "billing_cycles": 2,
        })  # fmt: skip
        assert begun["subscription"]["contract_term"]["total_contract_value_before_tax"] == 24_000_000
        await site.travel(0)
        assert site.post.types()[-1] == "contract_term_created"
        await site.travel(731)
        assert "contract_term" not in await held(site)

    play(story)


@settings(max_examples=15, deadline=None)
@given(
    changes=st.lists(st.tuples(st.integers(1, 90), st.integers(1, 30)), min_size=1, max_size=4),
    paid=st.lists(st.booleans(), min_size=5, max_size=5), precision=st.sampled_from(["day", "millisecond"]),
)  # fmt: skip
def test_through_any_changes_value_bills_and_credits_stay_one_sum(
    changes: list[tuple[int, int]], paid: list[bool], precision: str
) -> None:
    """Contract value = billed - credited, no credit above its bill, and each document's identity holds."""

    async def story(site: Site) -> None:
        await site.do("/customers", {"id": "acme", "auto_collection": "off", "business_entity_id": "US",
                                     "billing_address": {"line1": "1", "city": "New York", "state_code": "NY",
                                                         "country": "US"}})  # fmt: skip
        await site.subscribe(id="s", **YEARLY)
        for (days, quantity), pays in zip(changes, paid, strict=False):
            if pays:
                for row in (await site.get("/invoices"))["list"]:
                    if row["invoice"]["amount_due"]:
                        await pay(site, row["invoice"]["id"])
            await site.travel(days + 0.3)
            await seats(site, quantity)
        bills = [row["invoice"] for row in (await site.get("/invoices", {"limit": 100}))["list"]]
        notes = [row["credit_note"] for row in (await site.get("/credit_notes", {"limit": 100}))["list"]]
        billed, credited = sum(one["sub_total"] for one in bills), sum(one["sub_total"] for one in notes)
        assert (await held(site))["contract_term"]["total_contract_value_before_tax"] == billed - credited
        for bill in bills:
            settled = bill["amount_paid"] + bill["credits_applied"] + bill["amount_adjusted"]
            assert bill["amount_due"] == bill["total"] - settled >= 0 and bill["total"] > 0
            against = [note["total"] for note in notes if note["reference_invoice_id"] == bill["id"]]
            assert sum(against) <= bill["total"]

    play(story, seed={**SEED, "site": {**SEED["site"], "proration": precision}, "webhook_endpoints": []})
