"""Cards: charged with the bill, declined and dunned, failing late."""

from typing import Any

from tests.simulators.subscriptions.site import NEW_YORK, Site, play


def card(number: str) -> dict[str, Any]:
    return {"number": number, "expiry_month": 12, "expiry_year": 2031}


async def with_card(site: Site, number: str) -> None:
    await site.customer(auto_collection="on", billing_address={**NEW_YORK, "city": "Albany"}, card=card(number))


def test_a_good_card_pays_the_bill_at_once() -> None:
    async def story(site: Site) -> None:
        await with_card(site, "4111111111111111")
        made = await site.subscribe(seats=1)
        assert made["invoice"]["status"] == "paid" and made["subscription"]["due_invoices_count"] == 0
        txn = made["invoice"]["linked_payments"][0]
        found = (await site.get(f"/transactions/{txn['txn_id']}"))["transaction"]
        assert (found["gateway"], found["payment_method"], found["status"]) == ("chargebee", "card", "success")
        assert found["subscription_id"] == made["subscription"]["id"]
        await site.travel(0)
        assert site.post.types()[1:] == [
            "subscription_created", "mrr_updated", "invoice_generated", "transaction_created", "payment_succeeded",
            "invoice_updated",
        ]  # fmt: skip

    play(story)


def test_a_declined_card_is_dunned_until_it_is_given_up() -> None:
    async def story(site: Site) -> None:
        await with_card(site, "4000000000000002")
        made = await site.subscribe(id="s", seats=1)
        invoice = made["invoice"]
        assert invoice["status"] == "payment_due" and invoice["dunning_status"] == "in_progress"
        assert invoice["linked_payments"][0]["txn_status"] == "failure" and invoice["amount_paid"] == 0
        asked = await site.do("/invoices/US-000001/collect_payment")
        assert asked.code()[:2] == (400, "payment_processing_failed") and asked.json["type"] == "payment"
        await site.travel(30)
        over = (await site.get("/invoices/US-000001"))["invoice"]
        assert over["status"] == "not_paid" and over["dunning_status"] == "exhausted"
        assert site.post.types().count("payment_failed") == len(over["dunning_attempts"]) == 4
        assert (await site.get("/subscriptions/s"))["subscription"]["total_dues"] == 1_200_000
        await site.do("/payment_sources/create_card", {
            "customer_id": "acme", "card": card("4111111111111111"), "replace_primary_payment_source": True,
        })  # fmt: skip
        paid = await site.do("/invoices/US-000001/collect_payment")
        assert paid["invoice"]["status"] == "paid" and paid["transaction"]["status"] == "success"

    play(story)


def test_the_gateway_can_be_told_to_decline_next_and_dunning_then_succeeds() -> None:
    async def story(site: Site) -> None:
        await with_card(site, "4111111111111111")
        await site.system.acts["gateway"]({"outcome": "insufficient", "times": 2})
        assert (await site.subscribe(seats=1))["invoice"]["status"] == "payment_due"
        await site.travel(30)
        invoice = (await site.get("/invoices/US-000001"))["invoice"]
        assert invoice["status"] == "paid" and invoice["dunning_status"] == "success"
        assert [link["txn_status"] for link in invoice["linked_payments"]] == ["failure", "failure", "success"]
        settled = site.system.books()["allocation"]
        assert [row["applied_amount"] for row in settled] == [1_200_000]

    play(story)


def test_a_payment_that_fails_late_reopens_the_invoice_by_a_reversal() -> None:
    async def story(site: Site) -> None:
        await with_card(site, "4111111111111111")
        await site.system.acts["gateway"]({"outcome": "late_failure", "delay_s": 86_400})
        assert (await site.subscribe(seats=1))["invoice"]["status"] == "paid"
        await site.travel(1.5)
        invoice = (await site.get("/invoices/US-000001"))["invoice"]
        assert invoice["status"] == "payment_due" and invoice["amount_due"] == 1_200_000
        kinds = [row["transaction"]["type"] for row in (await site.get("/transactions?sort_by[asc]=date"))["list"]]
        assert kinds == ["payment", "payment_reversal"]
        await site.travel(3)
        assert (await site.get("/invoices/US-000001"))["invoice"]["status"] == "paid"

    play(story)


def test_without_a_card_the_invoice_waits() -> None:
    async def story(site: Site) -> None:
        await site.customer(auto_collection="on")
        assert (await site.subscribe())["invoice"]["status"] == "payment_due"
        assert (await site.do("/invoices/US-000001/collect_payment")).code()[1] == "payment_method_not_present"

    play(story)
