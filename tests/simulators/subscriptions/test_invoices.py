"""Invoices: charges, payments, credits, refunds, void and write-off; their amounts stay in balance."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulators.subscriptions.site import DAY, GENESIS, NEW_YORK, Site, play

ALBANY = {**NEW_YORK, "city": "Albany"}


async def charged(site: Site, *amounts: int, customer: str = "acme", **fields: Any) -> Any:
    charges = [{"amount": amount, "description": f"Item {index}"} for index, amount in enumerate(amounts)]
    return await site.do(
        "/invoices/create_for_charge_items_and_charges", {"customer_id": customer, "charges": charges, **fields}
    )


async def pay(site: Site, invoice: str, amount: int | None = None, **fields: Any) -> Any:
    transaction = {"payment_method": "bank_transfer", **fields} | ({"amount": amount} if amount else {})
    return await site.do(f"/invoices/{invoice}/record_payment", {"transaction": transaction})


def test_charges_and_item_prices_make_one_invoice() -> None:
    async def story(site: Site) -> None:
        await site.customer()
        reply = await site.do("/invoices/create_for_charge_items_and_charges", {
            "customer_id": "acme", "po_number": "SFDC-006X", "net_term_days": 14, "invoice_note": "Thank you",
            "item_prices": [{"item_price_id": "onboarding-USD", "quantity": 2, "unit_price": 1_055}],
            "charges": [{"amount": 100, "description": "Travel", "taxable": False,
                         "date_from": int(GENESIS), "date_to": int(GENESIS) + DAY}],
        })  # fmt: skip
        invoice = reply["invoice"]
        assert [line["amount"] for line in invoice["line_items"]] == [2_110, 100]
        assert invoice["line_items"][1]["tax_exempt_reason"] == "product_exempt"
        assert (invoice["sub_total"], invoice["tax"], invoice["total"]) == (2_210, 187, 2_397)
        assert invoice["status"] == "posted" and invoice["po_number"] == "SFDC-006X" and not invoice["recurring"]
        plan = [{"item_price_id": "platform-USD-yearly"}]
        for bad in (
            {},
            {"charges": [{"description": "free"}]},
            {"item_prices": plan},
            {"invoice_date": int(GENESIS) + 9},
        ):
            fields = {"customer_id": "acme", **bad}
            assert (await site.do("/invoices/create_for_charge_items_and_charges", fields)).status == 400
        assert (await charged(site, 100))["invoice"]["id"] == "US-000002"

    play(story)


def test_a_payment_settles_an_invoice_and_the_rest_waits() -> None:
    async def story(site: Site) -> None:
        await site.customer(billing_address=ALBANY)
        await charged(site, 1_000)
        part = await pay(site, "US-000001", 400, reference_number="W1", date=int(GENESIS) + 3 * 3_600)
        assert part["invoice"]["status"] == "payment_due" and part["invoice"]["amount_due"] == 600
        full = await pay(site, "US-000001", 700, reference_number="W1")
        assert full["invoice"]["status"] == "paid" and full["transaction"]["amount_unused"] == 100
        assert (await site.get("/customers/acme"))["customer"]["excess_payments"] == 100
        assert (await pay(site, "US-000001", 1)).code()[1] == "invalid_state_for_request"
        payments = await site.get("/invoices/US-000001/payments")
        assert [row["transaction"]["amount"] for row in payments["list"]] == [400, 700]
        found = await site.get("/transactions?reference_number[is]=W1&customer_id[is]=acme")
        assert len(found["list"]) == 2
        key = full["transaction"]["id"]
        taken = await site.do("/invoices/US-000001/remove_payment", {"transaction": {"id": key}})
        assert taken["invoice"]["status"] == "payment_due" and taken["transaction"]["amount_unused"] == 700
        again = await site.do("/invoices/US-000001/apply_payments", {"transactions": [{"id": key}]})
        assert again["invoice"]["status"] == "paid"
        assert (await site.get("/customers/acme"))["customer"]["excess_payments"] == 100
        await site.travel(0)
        told = [event for event in site.post.received if event["event_type"] == "payment_succeeded"]
        assert [event["content"]["transaction"]["amount"] for event in told] == [400, 700]
        assert told[1]["content"]["invoice"]["status"] == "paid"

    play(story)


def test_bad_payments_are_refused() -> None:
    async def story(site: Site) -> None:
        await site.customer(billing_address=ALBANY)
        await charged(site, 1_000)
        assert (await pay(site, "US-000001", -5)).code()[2] == "transaction[amount]"
        assert (await pay(site, "US-000001", payment_method="barter")).code()[2] == "transaction[payment_method]"
        assert (await pay(site, "US-000001", date=int(GENESIS) + 2 * DAY)).code()[2] == "transaction[date]"
        assert (await site.do("/invoices/US-000001/record_payment", {})).code()[2] == "transaction[payment_method]"
        assert (await pay(site, "US-9")).status == 404
        failed = await pay(site, "US-000001", 1_000, status="failure")
        assert failed["invoice"]["amount_due"] == 1_000 and failed["transaction"]["status"] == "failure"

    play(story)


@pytest.mark.parametrize("reason", ["because", "", "WAIVER"])
def test_a_reason_that_nobody_knows_is_refused_by_name_and_credits_nothing(reason: str) -> None:
    async def story(site: Site) -> None:
        await site.customer()
        await charged(site, 1_000)
        refused = await site.do("/credit_notes", {
            "reference_invoice_id": "US-000001", "type": "adjustment", "reason_code": reason, "total": 500,
        })  # fmt: skip
        assert refused.code()[2] == "reason_code"
        assert (await site.get("/credit_notes"))["list"] == []
        assert (await site.get("/invoices/US-000001"))["invoice"]["amount_due"] == 1_089

    play(story)


def test_credit_notes_stay_within_what_was_billed_at_the_bills_own_rate() -> None:
    async def story(site: Site) -> None:
        await site.customer()
        invoice = (await charged(site, 1_000, 333))["invoice"]  # tax 89 + 30
        lines = [line["id"] for line in invoice["line_items"]]
        too_much = await site.do("/credit_notes", {
            "reference_invoice_id": "US-000001", "type": "adjustment", "reason_code": "waiver", "total": 1_453,
        })  # fmt: skip
        assert too_much.code()[2] == "total"
        site.system.store.db.execute("DELETE FROM tax_rule")  # rates have changed since
        adjusted = await site.do("/credit_notes", {
            "reference_invoice_id": "US-000001", "type": "adjustment", "reason_code": "order_change",
            "line_items": [{"reference_line_item_id": lines[1], "amount": 333}],
        })  # fmt: skip
        assert adjusted["credit_note"]["total"] == 363 and adjusted["credit_note"]["status"] == "adjusted"
        assert adjusted["invoice"]["amount_adjusted"] == 363 and adjusted["invoice"]["amount_due"] == 1_089
        early = await site.do("/credit_notes", {
            "reference_invoice_id": "US-000001", "type": "refundable", "reason_code": "waiver", "total": 1,
        })  # fmt: skip
        assert early.code()[2] == "total"
        await pay(site, "US-000001")
        back = await site.do("/credit_notes", {
            "reference_invoice_id": "US-000001", "type": "refundable", "reason_code": "waiver", "total": 500,
        })  # fmt: skip
        note = back["credit_note"]
        assert note["sub_total"] + note["tax"] + note["round_off_amount"] == note["total"] == 500
        assert (note["status"], note["amount_available"]) == ("refund_due", 500)
        assert (await site.get("/customers/acme"))["customer"]["refundable_credits"] == 500
        assert (await site.get("/credit_notes?reference_invoice_id[is]=US-000001&type[is]=refundable"))["list"][0][
            "credit_note"]["id"] == note["id"]  # fmt: skip

    play(story)


def test_refundable_credit_pays_the_next_invoice_and_can_be_taken_off() -> None:
    async def story(site: Site) -> None:
        await site.customer(billing_address=ALBANY)
        await charged(site, 1_000)
        await pay(site, "US-000001")
        note = (await site.do("/credit_notes", {
            "reference_invoice_id": "US-000001", "type": "refundable", "reason_code": "waiver", "total": 300,
        }))["credit_note"]["id"]  # fmt: skip
        second = await charged(site, 1_000)
        assert second["invoice"]["credits_applied"] == 300 and second["invoice"]["amount_due"] == 700
        assert (await site.get(f"/credit_notes/{note}"))["credit_note"]["amount_available"] == 0
        off = await site.do("/invoices/US-000002/remove_credit_note", {"credit_note": {"id": note}})
        assert off["invoice"]["amount_due"] == 1_000 and off["credit_note"]["status"] == "refund_due"
        on = await site.do("/invoices/US-000002/apply_credits", {"credit_notes": [{"id": note}]})
        assert on["invoice"]["amount_due"] == 700
        assert (await site.do(f"/credit_notes/{note}/void")).code()[1] == "invalid_state_for_request"

    play(story)


def test_refunds_go_through_a_credit_note() -> None:
    async def story(site: Site) -> None:
        card = {"number": "4111111111111111", "expiry_month": 1, "expiry_year": 2031}
        await site.customer(billing_address=ALBANY, auto_collection="on", card=card)
        paid = (await charged(site, 1_000))["invoice"]
        assert paid["status"] == "paid" and paid["linked_payments"][0]["txn_amount"] == 1_000
        refund = await site.do("/invoices/US-000001/refund", {
            "refund_amount": 400, "credit_note": {"reason_code": "product_unsatisfactory"},
        })  # fmt: skip
        assert refund["transaction"]["type"] == "refund" and refund["credit_note"]["status"] == "refunded"
        assert refund["transaction"]["refunded_txn_id"] == paid["linked_payments"][0]["txn_id"]
        too_much = await site.do("/invoices/US-000001/refund", {"refund_amount": 601})
        assert too_much.code()[2] == "refund_amount"
        note = (await site.do("/credit_notes", {
            "reference_invoice_id": "US-000001", "type": "refundable", "reason_code": "waiver", "total": 600,
        }))["credit_note"]["id"]  # fmt: skip
        half = await site.do(f"/credit_notes/{note}/record_refund", {
            "transaction": {"amount": 250, "payment_method": "check", "reference_number": "R1"},
        })  # fmt: skip
        assert half["credit_note"]["amount_available"] == 350 and half["credit_note"]["status"] == "refund_due"
        rest = await site.do(f"/credit_notes/{note}/refund", {})
        assert rest["credit_note"]["status"] == "refunded" and rest["transaction"]["amount"] == 350
        assert (await site.get("/customers/acme"))["customer"]["refundable_credits"] == 0
        await site.travel(0)
        assert site.post.types().count("payment_refunded") == 3

    play(story)


def test_only_an_untouched_open_invoice_is_voided() -> None:
    async def story(site: Site) -> None:
        await site.customer(billing_address=ALBANY)
        await charged(site, 1_000)
        part = await pay(site, "US-000001", 10)
        assert (await site.do("/invoices/US-000001/void")).code()[1] == "invalid_state_for_request"
        await site.do("/invoices/US-000001/remove_payment", {"transaction": {"id": part["transaction"]["id"]}})
        void = await site.do("/invoices/US-000001/void", {"void_reason_code": "Duplicate", "comment": "twice"})
        assert (void["invoice"]["status"], void["invoice"]["amount_due"]) == ("voided", 0)
        assert (await site.do("/invoices/US-000001/void")).status == 400
        assert (await charged(site, 5))["invoice"]["id"] == "US-000002"

    play(story)


def test_a_write_off_is_an_adjustment_and_a_pending_invoice_has_no_number_yet() -> None:
    async def story(site: Site) -> None:
        await site.customer(billing_address=ALBANY)
        draft = (await charged(site, 1_000, create_pending_invoice=True))["invoice"]
        assert draft["status"] == "pending" and draft["id"].startswith("draft_inv_")
        assert (await pay(site, draft["id"])).code()[1] == "invalid_state_for_request"
        closed = await site.do(f"/invoices/{draft['id']}/close")
        assert closed["invoice"]["id"] == "US-000001" and closed["invoice"]["status"] == "payment_due"
        assert (await site.get(f"/invoices/{draft['id']}")).status == 404
        await pay(site, "US-000001", 400)
        gone = await site.do("/invoices/US-000001/write_off", {"comment": "bankrupt"})
        assert gone["invoice"]["status"] == "paid" and gone["invoice"]["write_off_amount"] == 600
        assert gone["credit_note"]["reason_code"] == "write_off" and gone["credit_note"]["type"] == "adjustment"
        await site.travel(0)
        assert [kind for kind in site.post.types() if "invoice" in kind] == [
            "pending_invoice_created", "invoice_generated", "invoice_updated", "invoice_updated",
        ]  # fmt: skip

    play(story)


def test_details_without_money_change_and_a_deleted_invoice_leaves_a_tombstone() -> None:
    async def story(site: Site) -> None:
        await site.customer(billing_address=ALBANY)
        await charged(site, 1_000)
        changed = await site.do("/invoices/US-000001/update_details", {"po_number": "PO-2"})
        assert changed["invoice"]["po_number"] == "PO-2"
        assert (await site.do("/invoices/US-000001/delete"))["invoice"]["deleted"]
        assert (await site.get("/invoices/US-000001")).status == 404
        assert (await charged(site, 5))["invoice"]["id"] == "US-000002"
        free = await charged(site, 0)
        assert free["invoice"]["status"] == "paid" and free["invoice"]["total"] == 0

    play(story)


def _in_balance(site: Site) -> None:
    books = site.system.books()
    invoices = [row for row in books["document"] if row["object"] == "invoice"]
    notes = [row for row in books["document"] if row["object"] == "credit_note"]
    payments = {row["id"]: row for row in books["document"] if row["object"] == "transaction"}
    for invoice in invoices:
        lines = [line for line in books["line"] if line.get("invoice_id") == invoice["id"]]
        assert invoice["sub_total"] == sum(line["amount"] for line in lines)
        assert (
            invoice["tax"]
            == sum(line["tax_amount"] for line in lines)
            == sum(tax["amount"] for tax in invoice["taxes"])
        )
        assert invoice["total"] == invoice["sub_total"] + invoice["tax"] + invoice["round_off_amount"]
        settled = [each["applied_amount"] for each in books["allocation"] if each["invoice_id"] == invoice["id"]]
        if invoice["status"] != "voided":
            assert invoice["amount_due"] == invoice["total"] - sum(settled) >= 0
        credited = sum(note["total"] for note in notes
                       if note["reference_invoice_id"] == invoice["id"] and note["status"] != "voided")  # fmt: skip
        assert credited <= invoice["total"]
    for note in notes:
        if note["status"] != "voided":
            assert note["amount_allocated"] + note["amount_refunded"] + note["amount_available"] == note["total"]
    for customer in books["party"]:
        mine = [row for row in payments.values() if row["customer_id"] == customer["id"]]
        unused = sum(row["amount_unused"] for row in mine if row["type"] == "payment")
        assert customer["excess_payments"] == unused >= 0
        available = sum(note["amount_available"] for note in notes if note["customer_id"] == customer["id"])
        assert customer["refundable_credits"] == available


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["charge", "pay", "over", "adjust", "credit", "remove", "void", "write_off", "refund",
                         "apply"]),
        st.integers(0, 3), st.integers(1, 5_000),
    ),
    min_size=1, max_size=14,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(ACTS, st.sampled_from(["per_line", "per_invoice"]))
def test_whatever_is_done_the_books_stay_in_balance(acts: list[tuple[str, int, int]], rounding: str) -> None:
    async def story(site: Site) -> None:
        with site.system.store.transaction():
            site.system.seed({"site": {"tax_rounding": rounding}})
        await site.customer()
        await charged(site, 1_111, 333, 777)
        for act, which, amount in acts:
            key = f"US-{which + 1:06d}"
            if act == "charge":
                await charged(site, amount, 17)
            elif act == "pay":
                await pay(site, key, amount)
            elif act == "over":
                await pay(site, key, amount + 5_000)
            elif act in ("adjust", "credit"):
                kind = "adjustment" if act == "adjust" else "refundable"
                await site.do("/credit_notes", {
                    "reference_invoice_id": key, "type": kind, "reason_code": "waiver", "total": amount,
                })  # fmt: skip
            elif act == "remove":
                linked = (await site.get(f"/invoices/{key}")).json.get("invoice", {}).get("linked_payments", [])
                for each in linked[:1]:
                    await site.do(f"/invoices/{key}/remove_payment", {"transaction": {"id": each["txn_id"]}})
            elif act == "refund":
                await site.do(f"/invoices/{key}/record_refund", {
                    "transaction": {"amount": amount, "payment_method": "cash"},
                    "credit_note": {"reason_code": "waiver"},
                })  # fmt: skip
            elif act == "apply":
                await site.do(f"/invoices/{key}/apply_payments")
            else:
                await site.do(f"/invoices/{key}/{act}")
            _in_balance(site)

    play(story)
