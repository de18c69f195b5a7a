"""Subscriptions: first bill, contract terms, renewal by the clock, future starts, cancellation."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.simulators.subscriptions.site import DAY, GENESIS, SINGAPORE, Site, play

YEARLY = {"billing_cycles": 1, "contract_term": {"action_at_term_end": "renew"}}


def day(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()


def types(site: Site) -> list[str]:
    return site.post.types()


def test_a_deal_becomes_a_subscription_a_contract_and_a_bill() -> None:
    async def story(site: Site) -> None:
        await site.customer()
        items = [
            {"item_price_id": "platform-USD-yearly", "quantity": 10},
            {"item_price_id": "onboarding-USD", "quantity": 1},
        ]
        made = await site.do("/customers/acme/subscription_for_items", {
            "id": "sub-1", "subscription_items": items, **YEARLY, "po_number": "PO-7", "cf_sf_opportunity": "006A",
            "net_term_days": 30,
        })  # fmt: skip
        subscription, invoice = made["subscription"], made["invoice"]
        term = subscription["contract_term"]
        assert subscription["status"] == "active" and subscription["mrr"] == 1_000_000
        assert (day(term["contract_start"]), day(term["contract_end"])) == ("2026-01-05", "2027-01-04")
        assert term["total_contract_value_before_tax"] == 12_500_000
        assert term["total_contract_value"] == invoice["total"] == 12_500_000 + 1_065_000 + 44_375
        assert invoice["id"] == "US-000001" and invoice["po_number"] == "PO-7" and invoice["first_invoice"]
        assert invoice["status"] == "posted" and invoice["due_date"] == int(GENESIS) + 30 * DAY
        assert [line["entity_type"] for line in invoice["line_items"]] == ["plan_item_price", "charge_item_price"]
        assert (day(invoice["line_items"][0]["date_from"]), day(invoice["line_items"][0]["date_to"])) == (
            "2026-01-05", "2027-01-04",
        )  # fmt: skip
        assert subscription["charged_items"][0]["item_price_id"] == "onboarding-USD"
        await site.travel(0)
        assert types(site) == [
            "customer_created", "subscription_created", "mrr_updated", "contract_term_created", "invoice_generated",
        ]  # fmt: skip
        await site.travel(30)
        due = await site.get("/subscriptions/sub-1")
        assert due["subscription"]["due_invoices_count"] == 1
        assert due["subscription"]["total_dues"] == invoice["total"]
        assert (await site.get("/invoices/US-000001"))["invoice"]["status"] == "payment_due"

    play(story)


def test_singapore_taxes_at_home_and_not_abroad() -> None:
    async def story(site: Site) -> None:
        await site.customer("sg", "SG")
        await site.customer("jp", "SG", billing_address={**SINGAPORE, "country": "JP", "city": "Tokyo"})
        home, abroad = await site.subscribe("sg", "SGD", 1), await site.subscribe("jp", "SGD", 1)
        assert (home["invoice"]["id"], home["invoice"]["tax"]) == ("SG-000001", 144_000)
        assert home["invoice"]["taxes"][0]["description"] == "GST @ 9%"
        assert (abroad["invoice"]["id"], abroad["invoice"]["tax"]) == ("SG-000002", 0)
        assert abroad["invoice"]["line_items"][0]["tax_exempt_reason"] == "zero_rated"

    play(story)


def test_a_year_later_the_contract_is_renewed_with_a_bill_at_the_terms_start() -> None:
    async def story(site: Site) -> None:
        await site.customer()
        await site.subscribe(id="sub-1", **YEARLY)
        await site.travel(1)
        before = len(types(site))
        await site.travel(365)
        assert types(site)[before:] == [
            "contract_term_completed", "contract_term_renewed", "subscription_renewed", "invoice_generated",
        ]  # fmt: skip
        renewed = site.post.received[-1]
        assert renewed["source"] == "scheduled_job" and day(renewed["occurred_at"]) == "2027-01-05"
        invoice = renewed["content"]["invoice"]
        assert day(invoice["date"]) == "2027-01-05" and invoice["id"] == "US-000002"
        terms = (await site.get("/subscriptions/sub-1/contract_terms?sort_by[asc]=created_at"))["list"]
        assert [(each["contract_term"]["status"], day(each["contract_term"]["contract_end"])) for each in terms] == [
            ("completed", "2027-01-04"), ("active", "2028-01-04"),
        ]  # fmt: skip

    play(story)


@pytest.mark.parametrize(
    ("action", "status", "ended"),
    [("cancel", "cancelled", "subscription_cancelled"), ("evergreen", "active", "subscription_renewed")],
)
def test_a_contract_may_end_otherwise(action: str, status: str, ended: str) -> None:
    async def story(site: Site) -> None:
        await site.customer()
        await site.subscribe(id="s", billing_cycles=1, contract_term={"action_at_term_end": action})
        await site.travel(366)
        subscription = (await site.get("/subscriptions/s"))["subscription"]
        assert subscription["status"] == status and "contract_term" not in subscription
        assert ended in types(site) and "contract_term_completed" in types(site)

    play(story)


async def _monthly(site: Site) -> None:
    await site.do("/item_prices", {
        "id": "monthly", "name": "Monthly", "item_id": "platform", "pricing_model": "flat_fee", "price": 1_000,
        "currency_code": "USD", "period": 1, "period_unit": "month",
    })  # fmt: skip
    await site.customer()


def test_terms_that_began_on_the_31st_follow_month_ends() -> None:
    async def story(site: Site) -> None:
        await _monthly(site)
        await site.travel(26)  # to 2026-01-31
        await site.do("/customers/acme/subscription_for_items", {
            "subscription_items": [{"item_price_id": "monthly"}], "billing_cycles": 4,
        })  # fmt: skip
        await site.travel(200)
        invoices = (await site.get("/invoices?sort_by[asc]=date"))["list"]
        assert [day(row["invoice"]["date"]) for row in invoices] == [
            "2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30",
        ]  # fmt: skip
        subscription = (await site.get("/subscriptions"))["list"][0]["subscription"]
        assert subscription["status"] == "cancelled" and day(subscription["cancelled_at"]) == "2026-05-31"

    play(story)


def test_many_steps_of_time_make_the_same_books_as_one() -> None:
    def after(steps: list[float]) -> dict[str, Any]:
        async def story(site: Site) -> None:
            await _monthly(site)
            await site.do("/customers/acme/subscription_for_items", {
                "subscription_items": [{"item_price_id": "monthly"}], "net_term_days": 10,
            })  # fmt: skip
            for step in steps:
                await site.travel(step)

        books = play(story).system.books()
        return {table: rows for table, rows in books.items() if table != "ledger"}

    assert after([400]) == after([0.5, 99.5, 31, 169, 100])


def test_a_monthly_renewal_is_no_contract_renewal() -> None:
    async def story(site: Site) -> None:
        await _monthly(site)
        await site.do("/customers/acme/subscription_for_items", {
            "subscription_items": [{"item_price_id": "monthly"}], "billing_cycles": 3,
            "contract_term": {"action_at_term_end": "renew"}, "contract_term_billing_cycle_on_renewal": 12,
        })  # fmt: skip
        await site.travel(62)
        assert types(site).count("subscription_renewed") == 2 and "contract_term_renewed" not in types(site)
        held = (await site.get("/subscriptions"))["list"][0]["subscription"]["contract_term"]
        assert held["remaining_billing_cycles"] == 0 and held["total_contract_value"] == 3 * 1_089
        await site.travel(31)
        held = (await site.get("/subscriptions"))["list"][0]["subscription"]["contract_term"]
        assert (held["billing_cycle"], held["remaining_billing_cycles"]) == (12, 11)

    play(story)


def test_a_future_start_waits_for_its_day() -> None:
    async def story(site: Site) -> None:
        await site.customer()
        start = int(GENESIS) + 20 * DAY
        made = await site.subscribe(id="s", start_date=start, **YEARLY)
        assert made["subscription"]["status"] == "future" and "invoice" not in made.json
        await site.travel(21)
        begun = (await site.get("/subscriptions/s"))["subscription"]
        assert begun["status"] == "active" and begun["started_at"] == start
        told = ["subscription_started", "mrr_updated", "contract_term_created", "invoice_generated"]
        assert types(site)[-4:] == told

    play(story)


def test_a_start_in_the_past_is_backdated() -> None:
    async def story(site: Site) -> None:
        await site.customer()
        made = await site.subscribe(start_date=int(GENESIS) - 4 * DAY)
        assert day(made["subscription"]["current_term_start"]) == "2026-01-01"
        assert made["invoice"]["date"] == int(GENESIS)
        await site.travel(0)
        assert "subscription_created_with_backdating" in types(site)
        too_old = await site.subscribe(start_date=int(GENESIS) - 400 * DAY)
        assert too_old.code()[2] == "start_date"

    play(story)


def test_what_does_not_fit_is_refused_and_leaves_no_trace() -> None:
    async def story(site: Site) -> None:
        await site.customer()
        path = "/customers/acme/subscription_for_items"
        name = "subscription_items[item_price_id][0]"
        assert (await site.do(path, {})).code()[2] == name
        unknown = await site.do(path, {"subscription_items": [{"item_price_id": "nope"}]})
        assert unknown.code() == (404, "resource_not_found", name)
        assert unknown.json["message"] == f"{name} : nope not found"
        mixed = [{"item_price_id": "platform-USD-yearly"}, {"item_price_id": "onboarding-SGD"}]
        assert (await site.do(path, {"subscription_items": mixed})).code()[2] == "subscription_items[item_price_id][1]"
        only = [{"item_price_id": "onboarding-USD"}]
        assert (await site.do(path, {"subscription_items": only})).status == 400
        for seats in (-1, 10**12, "many", "1.5"):
            assert (await site.subscribe(seats=seats)).code()[2] == "subscription_items[quantity][0]"  # type: ignore[arg-type]
        items = [{"item_price_id": "platform-USD-yearly", "quantity": 10**9, "unit_price": 10**12}]
        huge = await site.do(path, {"subscription_items": items})
        assert huge.code()[2] == "subscription_items[quantity][0]"
        assert (await site.subscribe(contract_term={"action_at_term_end": "renew"})).code()[2] == "billing_cycles"
        assert (await site.subscribe(coupon_ids=["c"])).code() == (404, "resource_not_found", "coupon_ids[0]")
        assert (await site.subscribe("nobody")).status == 404
        await site.subscribe(id="s")
        assert (await site.subscribe(id="s")).code() == (400, "duplicate_entry", "id")
        invoices = (await site.get("/invoices"))["list"]
        assert [row["invoice"]["id"] for row in invoices] == ["US-000001"]
        assert (await site.subscribe())["invoice"]["id"] == "US-000002"

    play(story)


def test_subscriptions_are_found_by_custom_field_customer_status_price_and_change() -> None:
    async def story(site: Site) -> None:
        await site.customer()
        await site.subscribe(id="a", cf_sf_opportunity="006A")
        site.system.clock.jump(GENESIS + 60)
        await site.subscribe(id="b", cf_sf_opportunity="006B")

        async def ids(query: str) -> list[str]:
            return [row["subscription"]["id"] for row in (await site.get(f"/subscriptions?{query}"))["list"]]

        assert await ids("cf_sf_opportunity[is]=006A") == ["a"]
        assert await ids("customer_id[is]=acme&status[in]=['active', 'non_renewing']") == ["b", "a"]
        assert await ids(f"updated_at[after]={int(GENESIS)}") == ["b"]
        assert await ids("item_price_id[is]=platform-USD-yearly&sort_by[asc]=created_at") == ["a", "b"]
        assert await ids("item_id[in]=['onboarding']") == []
        assert await ids("has_scheduled_changes[is]=false&limit=1") == ["b"]

    play(story)


def test_a_change_without_money_is_told_and_a_refused_one_leaves_nothing() -> None:
    async def story(site: Site) -> None:
        await site.customer()
        await site.subscribe(id="s", po_number="PO-1", cf_stage="new")
        changed = await site.do("/subscriptions/s/update_for_items", {"po_number": "PO-2", "cf_stage": None})
        assert changed["subscription"]["po_number"] == "PO-2" and "cf_stage" not in changed["subscription"]
        assert "invoice" not in changed.json and "credit_notes" not in changed.json
        refused = await site.do("/subscriptions/s/update_for_items", {"trial_end": 1, "po_number": "PO-3"})
        assert refused.code() == (400, "param_wrong_value", "trial_end")
        assert (await site.get("/subscriptions/s"))["subscription"]["po_number"] == "PO-2"

    play(story)


def test_cancelling_now_credits_the_rest_of_the_term() -> None:
    async def story(site: Site) -> None:
        await site.customer()
        made = await site.subscribe(id="s", **YEARLY)
        await site.do("/invoices/US-000001/record_payment", {"transaction": {"payment_method": "check"}})
        await site.travel(73)
        gone = await site.do("/subscriptions/s/cancel_for_items", {
            "contract_term_cancel_option": "terminate_immediately", "credit_option_for_current_term_charges": "prorate",
        })  # fmt: skip
        note = gone["credit_notes"][0]
        net = 12_000_000 * 292 // 365
        assert (note["type"], note["status"], note["sub_total"]) == ("refundable", "refund_due", net)
        assert note["tax"] == net * 8875 // 100_000 and note["id"] == "US-CN-000001"
        assert gone["subscription"]["status"] == "cancelled" and gone["customer"]["refundable_credits"] == note["total"]
        await site.travel(400)
        assert len((await site.get("/invoices"))["list"]) == 1
        assert "contract_term_terminated" in types(site)
        again = await site.do("/subscriptions/s/cancel_for_items", {})
        assert again.code()[1] == "invalid_state_for_request"
        assert made["invoice"]["id"] == note["reference_invoice_id"]

    play(story)


def test_cancelling_at_the_end_can_be_taken_back_and_a_cancelled_one_revived() -> None:
    async def story(site: Site) -> None:
        await site.customer()
        await site.subscribe(id="s")
        ending = await site.do("/subscriptions/s/cancel_for_items", {"end_of_term": True})
        assert ending["subscription"]["status"] == "non_renewing" and "next_billing_at" not in ending["subscription"]
        back = await site.do("/subscriptions/s/remove_scheduled_cancellation")
        assert back["subscription"]["status"] == "active"
        await site.do("/subscriptions/s/cancel_for_items", {"cancel_option": "end_of_term"})
        await site.travel(366)
        assert (await site.get("/subscriptions/s"))["subscription"]["status"] == "cancelled"
        alive = await site.do("/subscriptions/s/reactivate")
        assert alive["subscription"]["status"] == "active" and alive["invoice"]["id"] == "US-000002"
        ends = await site.subscribe(id="c", **YEARLY)
        assert ends["subscription"]["contract_term"]["action_at_term_end"] == "renew"
        at_end = await site.do("/subscriptions/c/cancel_for_items", {
            "contract_term_cancel_option": "end_of_contract_term",
        })  # fmt: skip
        assert at_end["subscription"]["status"] == "active"
        assert at_end["subscription"]["contract_term"]["action_at_term_end"] == "cancel"

    play(story)
