"""What the core expects of the subscription platform: each operation of its adapter, and the refusals it acts upon."""

from datetime import date
from typing import Any

from synccore.domain.bills import Receipt
from synccore.domain.books import Names
from synccore.ports.outcomes import Later
from synccore.ports.systems import Rejected
from synccore.systems.credentials import SubscriptionsAccess
from synccore.systems.subscriptions import EVENTS, OPEN, SubscriptionsAdapter
from tests.contracts.exchange import Case, Exchange, SignedIn, each, injected, like, shaped
from tests.contracts.platform_shapes import (
    A_CUSTOMER,
    API,
    AT,
    CURRENCY,
    CUSTOMER,
    KEY,
    NUMBER,
    bill_path,
    get,
    post,
    rows,
)
from tests.contracts.platform_usages import USAGES
from tests.synccore.worlds import HandClock

CHANGED = '["subscription_changed", "subscription_changed_with_backdating", "subscription_renewed"]'
TAXED = {"id": like("li_1"), "entity_type": like("charge_item_price"), "entity_id": like("onboarding-USD"),
         "description": like("Onboarding"), "quantity": like(1), "unit_amount": like(500000), "amount": like(500000),
         "tax_amount": like(44375), "tax_rate": like(8.875), "date_from": AT, "date_to": AT}  # fmt: skip
BILL = {
    "id": NUMBER, "customer_id": CUSTOMER, "status": shaped("payment_due", "^(paid|posted|payment_due|not_paid)$"),
    "date": AT, "due_date": AT, "currency_code": CURRENCY, "price_type": like("tax_exclusive"), "tax": like(44375),
    "total": like(544375), "amount_due": like(544375), "po_number": like("PO-1"), "resource_version": like(7),
    "line_items": each(TAXED, min=1),
}  # fmt: skip
TRANSACTION = {
    "id": like("txn_1"), "customer_id": CUSTOMER, "status": like("success"), "type": like("payment"),
    "currency_code": CURRENCY, "amount": like(544375), "date": AT, "payment_method": like("card"),
    "linked_invoices": each({"invoice_id": NUMBER, "applied_amount": like(544375)}, min=1),
}  # fmt: skip
RECORDED = {"id": like("txn_1"), "reference_number": "NS-7", "status": like("success"), "amount": like(1000)}
EVENT = {"id": like("ev_1"), "event_type": "invoice_generated", "occurred_at": AT,
         "content": {"invoice": {"id": NUMBER, "customer_id": CUSTOMER, "status": like("payment_due"),
                                 "total": like(544375), "tax": like(44375), "currency_code": CURRENCY, "due_date": AT,
                                 "resource_version": like(7)}}}  # fmt: skip
COMPANY = {"company": "Hudson Analytics", "vat_number": None,
           "billing_address": {"company": "Hudson Analytics", "line1": "1 Broadway", "city": "New York",
                               "state": "NY", "state_code": "NY", "zip": "10004", "country": "US"}}  # fmt: skip
NEW = {"id": CUSTOMER, "company": "Hudson Analytics", "auto_collection": "off", "net_term_days": 30,
       "preferred_currency_code": "USD", "cf_sf_account": "001000000000001AAA", "business_entity_id": "US"}  # fmt: skip
ADDRESS_FORM = [(f"billing_address[{name}]", str(value)) for name, value in COMPANY["billing_address"].items()]  # type: ignore[union-attr]


def adapter(url: str, transport: SignedIn) -> SubscriptionsAdapter:
    return SubscriptionsAdapter(SubscriptionsAccess(url, "key"), transport, HandClock(), 5, 5.0)


def refused(code: str) -> dict[str, Any]:
    return {"api_error_code": code, "message": like("why")}


def pairs(fields: dict[str, Any]) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in fields.items()]


SUBSCRIPTION = {
    "id": "sub-006A", "subscription_items": [{"item_price_id": "platform-USD-yearly", "quantity": 10}],
    "billing_cycles": 1, "contract_term": {"action_at_term_end": "renew"}, "auto_collection": "off",
    "cf_sf_opportunity": "006A",
}  # fmt: skip
SUBSCRIPTION_FORM = [
    ("id", "sub-006A"), ("subscription_items[item_price_id][0]", "platform-USD-yearly"),
    ("subscription_items[quantity][0]", "10"), ("billing_cycles", "1"), ("contract_term[action_at_term_end]", "renew"),
    ("auto_collection", "off"), ("cf_sf_opportunity", "006A"),
]  # fmt: skip
ONE_OFF = {"customer_id": CUSTOMER, "currency_code": "USD", "po_number": "SF-006A", "auto_collection": "off",
           "item_prices": [{"item_price_id": "onboarding-USD", "quantity": 1, "unit_price": 500000}]}  # fmt: skip
ONE_OFF_FORM = [
    ("customer_id", CUSTOMER), ("currency_code", "USD"), ("po_number", "SF-006A"), ("auto_collection", "off"),
    ("item_prices[item_price_id][0]", "onboarding-USD"), ("item_prices[quantity][0]", "1"),
    ("item_prices[unit_price][0]", "500000"),
]  # fmt: skip
ONCE = {"chargebee-idempotency-key": "once-1"}
RECEIPT = Receipt(key="NS-7", received_on=date(2026, 1, 5))
RECEIVED = Receipt(key="NS-7", received_on=date(2026, 1, 5), currency="USD")
MOVED = [("transaction[amount]", "1000"), ("transaction[payment_method]", "bank_transfer"),
         ("transaction[reference_number]", "NS-7"), ("transaction[date]", "1767614400")]  # fmt: skip
ON_ACCOUNT = ("a payment on account beside a bill", {"customer": CUSTOMER, "reference": "NS-7"})
A_BILL = ("a bill without a subscription", {"customer": CUSTOMER, "po_number": "SF-006A"})

CONTRACTED = {"id": "sub-006A", "contract_term": {"contract_start": AT}}


def listed(says: str, path: str, *given: Any, deleted: bool = True, **member: Any) -> Exchange:
    query = {"limit": "100"} | ({"include_deleted": "true"} if deleted else {})
    return get(says, path, *given, query=query, answers=rows(**member))


STATUS, UPDATED = like("active"), {"updated_at": AT}
BOOK = (
    listed("all customers", "/customers", A_CUSTOMER, deleted=False,
           customer={"id": CUSTOMER, "company": like("Hudson"), "business_entity_id": "US"}),
    listed("all subscriptions", "/subscriptions",
           ("a subscription", {"customer": CUSTOMER, "subscription": "sub-006A"}), deleted=False, subscription={
               "id": "sub-006A", "cf_sf_opportunity": "006A", "currency_code": CURRENCY, "status": STATUS, **UPDATED,
               "contract_term": {"contract_start": AT, "contract_end": AT,
                                 "total_contract_value_before_tax": like(12000000)}}),
    listed("all bills", "/invoices", A_BILL, invoice={
        "id": NUMBER, "customer_id": CUSTOMER, "po_number": "SF-006A", "currency_code": CURRENCY, "date": AT,
        "due_date": AT, "status": STATUS, "total": like(544375), "tax": like(44375), "amount_due": like(544375),
        **UPDATED}),
    listed("all credit notes", "/credit_notes", ("a credited bill", {"customer": CUSTOMER}), credit_note={
        "id": like("US-CN-000001"), "customer_id": CUSTOMER, "currency_code": CURRENCY, "date": AT, "status": STATUS,
        "total": like(1000), "amount_available": like(0), **UPDATED}),
    listed("all transactions", "/transactions", ("a bill paid by card", {"customer": CUSTOMER}),
           transaction={**TRANSACTION, **UPDATED}),
)  # fmt: skip

HELD = ("a subscription", {"customer": CUSTOMER, "subscription": "sub-006A"})
AMENDED = ("an amended subscription", {"customer": CUSTOMER, "subscription": "sub-006A", "deal": "006B"})
SEATS = {"item_price_id": "platform-USD-yearly", "item_type": "plan", "quantity": like(12), "unit_price": like(1200000)}
AGREED = {
    "id": "sub-006A", "customer_id": CUSTOMER, "status": "active", "currency_code": CURRENCY, "billing_period": 1,
    "billing_period_unit": "year", "next_billing_at": AT, "has_scheduled_changes": True, "cf_sf_change": "006B",
    "contract_term_billing_cycle_on_renewal": like(1), "resource_version": like(7),
    "subscription_items": each(SEATS, min=1), "contract_term": {
        "id": like("ct_1"), "contract_start": AT, "contract_end": AT, "billing_cycle": like(1),
        "action_at_term_end": like("renew"), "total_contract_value_before_tax": like(12000000)},
}  # fmt: skip
MORE = {"subscription_items": [{"item_price_id": "platform-USD-yearly", "quantity": 12}]}
CHANGE = MORE | {"end_of_term": True}
CREDIT_NOTE = {
    "id": like("US-CN-000001"), "customer_id": CUSTOMER, "reference_invoice_id": NUMBER, "type": like("adjustment"),
    "status": like("adjusted"), "reason_code": like("waiver"), "date": AT, "currency_code": CURRENCY,
    "total": like(1000), "amount_available": like(0), "round_off_amount": like(0), "resource_version": like(7),
    "line_items": each({**TAXED, "amount": like(920), "tax_amount": like(80)}, min=1),
    "allocations": each({"invoice_id": NUMBER, "allocated_amount": like(1000)}, min=1),
}  # fmt: skip
OWED_NOTE = {name: CREDIT_NOTE[name] for name in CREDIT_NOTE if name != "allocations"} | {
    "type": like("refundable"), "status": like("refund_due"), "amount_available": like(1000),
}  # fmt: skip
MANY = ("more bills than a page holds", {"customer": CUSTOMER, "po_number": "SF-006A"})
CASES = (
    *USAGES,
    Case("item_prices", lambda site: site.item_prices(["onboarding-USD", "nothing"]), (
        get("prices by id, one of which does not exist", "/item_prices",
            query={"id[in]": '["onboarding-USD", "nothing"]', "limit": "100"},
            answers=rows(item_price={"id": "onboarding-USD", "status": like("active"), "currency_code": CURRENCY,
                                     "item_type": like("charge")})),
    ), lambda prices: list(prices) == ["onboarding-USD"]),
    Case("customer", lambda site: site.customer(CUSTOMER), (
        get("a customer by id", f"/customers/{CUSTOMER}", A_CUSTOMER, answers={"customer": {"id": CUSTOMER}}),
    ), lambda found: found["id"] == CUSTOMER),
    Case("customer that is not there", lambda site: site.customer("nobody"), (
        get("a customer that does not exist", "/customers/nobody", status=404, answers=refused("resource_not_found")),
    ), lambda found: found is None),
    Case("create_customer", lambda site: site.create_customer(NEW), (
        post("a new customer under an id of ours", "/customers", pairs(NEW), ("no customer", {}),
             answers={"customer": {"id": CUSTOMER}}),
    ), lambda found: found == CUSTOMER),
    Case("create_customer twice", lambda site: site.create_customer(NEW), (
        post("a customer that exists already", "/customers", pairs(NEW), A_CUSTOMER, status=400,
             answers=refused("duplicate_entry")),
    ), lambda refusal: refusal.duplicate, raises=Rejected),
    Case("update_customer", lambda site: site.update_customer(CUSTOMER, COMPANY), (
        post("a customer's new name", f"/customers/{CUSTOMER}", [("company", "Hudson Analytics"), ("vat_number", "")],
             A_CUSTOMER, answers={"customer": {"id": CUSTOMER}}),
        post("a customer's new address", f"/customers/{CUSTOMER}/update_billing_info",
             [*ADDRESS_FORM, ("vat_number", "")], A_CUSTOMER, answers={"customer": {"id": CUSTOMER}}),
    )),
    Case("subscription", lambda site: site.subscription("sub-006A"), (
        get("a subscription by id", "/subscriptions/sub-006A",
            ("a subscription", {"customer": CUSTOMER, "subscription": "sub-006A"}),
            answers={"subscription": CONTRACTED}),
    ), lambda found: found == {"id": "sub-006A", "starts_at": 1767603600}),
    Case("create_subscription", lambda site: site.create_subscription(CUSTOMER, SUBSCRIPTION), (
        post("a subscription with a contract term under an id of ours", f"/customers/{CUSTOMER}/subscription_for_items",
             SUBSCRIPTION_FORM, A_CUSTOMER, answers={"subscription": CONTRACTED}),
    ), lambda found: found == {"id": "sub-006A", "starts_at": 1767603600}),
    Case("agreement", lambda site: site.agreement("sub-006A"), (
        get("a subscription with its contract term and items", "/subscriptions/sub-006A", AMENDED,
            answers={"subscription": AGREED}),
        get("the subscription as it is scheduled to be", "/subscriptions/sub-006A/retrieve_with_scheduled_changes",
            AMENDED, answers={"subscription": {"subscription_items": each(SEATS, min=1)}}),
    ), lambda found: (found.seats, found.months, found.term.cycles, found.scheduled[0].quantity) == (12, 12, 1, 12)),
    Case("change_subscription", lambda site: site.change_subscription("sub-006A", CHANGE, "once-1"), (
        post("seats for the end of the term under an idempotency key", "/subscriptions/sub-006A/update_for_items", [
            ("subscription_items[item_price_id][0]", "platform-USD-yearly"), ("subscription_items[quantity][0]", "12"),
            ("end_of_term", "true"),
        ], HELD, headers=ONCE, answers={"subscription": {"id": "sub-006A", "resource_version": like(7)}}),
    ), lambda version: version == 7),
    Case("estimated_change", lambda site: site.estimated_change("sub-006A", MORE), (
        post("what seats now would be billed and credited", "/estimates/update_subscription_for_items", [
            ("subscription[id]", "sub-006A"),
            ("subscription_items[item_price_id][0]", "platform-USD-yearly"), ("subscription_items[quantity][0]", "12"),
        ], HELD, answers={"estimate": {
            "invoice_estimate": {"sub_total": like(1_800_000)},
            "credit_note_estimates": each({"sub_total": like(1_500_000)}),
        }}),
    ), lambda net: net == 300_000),
    Case("end_subscription", lambda site: site.end_subscription("sub-006A", "once-1"), (
        post("an end of subscription and contract with a full credit", "/subscriptions/sub-006A/cancel_for_items", [
            ("contract_term_cancel_option", "terminate_immediately"),
            ("credit_option_for_current_term_charges", "full"),
        ], HELD, headers=ONCE, answers={"subscription": {"id": "sub-006A", "resource_version": like(7)}}),
    ), lambda version: version == 7),
    Case("unschedule", lambda site: site.unschedule("sub-006A", "once-1"), (
        post("nothing scheduled any more", "/subscriptions/sub-006A/remove_scheduled_changes", [], AMENDED,
             headers=ONCE, answers={"subscription": {"id": "sub-006A", "resource_version": like(7)}}),
    ), lambda version: version == 7),
    Case("changes", lambda site: site.changes("sub-006A"), (
        get("the changes of subscriptions, oldest first", "/events", AMENDED, query={
            "event_type[in]": CHANGED, "sort_by[asc]": "occurred_at", "limit": "100",
        }, answers=rows(event={"event_type": like("subscription_changed"), "content": {"subscription": {
            "id": "sub-006A", "cf_sf_change": "006B", "resource_version": like(7),
            "subscription_items": each(SEATS, min=1)}}})),
    ), lambda found: [(one.number, one.marker, one.parts[0].plan) for one in found] == [(7, "006B", True)]),
    Case("changes after an instant", lambda site: site.changes("sub-006A", 1), (
        get("the changes of subscriptions after an instant, oldest first", "/events", AMENDED, query={
            "event_type[in]": CHANGED, "sort_by[asc]": "occurred_at", "limit": "100",
            "occurred_at[after]": "1",
        }, answers=rows(event={"event_type": like("subscription_changed"),
                               "content": {"subscription": {"id": "sub-006A", "resource_version": like(7)}}})),
    ), lambda found: [one.number for one in found] == [7]),
    Case("credit", lambda site: site.credit("US-CN-000001"), (
        get("a credit note with lines and what it settles",
            injected(f"{API}/credit_notes/US-CN-000001", f"{API}/credit_notes/${{credit_note}}"),
            ("a credited bill", {"customer": CUSTOMER}), answers={"credit_note": CREDIT_NOTE}),
    ), lambda note: (note.gross, note.tax, note.bill, note.allocations) == (
        1000, 80, "US-000001", {"US-000001": 1000})),
    Case("book", lambda site: site.book(Names({})), BOOK,
         lambda book: (len(book.customers), book.contracts[0].value, book.documents[0].gross, book.documents[1].kind,
                       book.receipts[0].amount, book.unread) == (1, 12_000_000, 544375, "credit", 544375, [])),
    Case("bill_by_reference", lambda site: site.bill_by_reference(CUSTOMER, "SF-006A"), (
        get("the bills of a customer", f"/customers/{CUSTOMER}/invoices", A_BILL, query={"limit": "100"},
            answers=rows(invoice={"id": NUMBER, "po_number": "SF-006A"})),
    ), lambda found: found == "US-000001"),
    Case("bill_by_reference on the second page", lambda site: site.bill_by_reference(CUSTOMER, "SF-006A"), (
        get("the first page of a customer's many bills", f"/customers/{CUSTOMER}/invoices", MANY,
            query={"limit": "100"}, answers={**rows(invoice={"id": NUMBER}), "next_offset": like("[100]")}),
        get("the second page of a customer's many bills", f"/customers/{CUSTOMER}/invoices", MANY,
            query={"limit": "100", "offset": injected("[100]", "${offset}")},
            answers=rows(invoice={"id": NUMBER, "po_number": "SF-006A"})),
    ), lambda found: found == "US-000001"),
    Case("create_bill", lambda site: site.create_bill(ONE_OFF, "once-1"), (
        post("a one-off bill under an idempotency key", "/invoices/create_for_charge_items_and_charges", ONE_OFF_FORM,
             A_CUSTOMER, headers=ONCE, answers={"invoice": {"id": NUMBER}}),
    ), lambda found: found == "US-000001"),
    Case("bill", lambda site: site.bill("US-000001"), (
        get("a bill with lines and taxes", bill_path(), A_BILL, answers={"invoice": BILL}),
    ), lambda bill: (bill.gross, bill.tax, bill.due, bill.lines[0].tax) == (544375, 44375, 544375, 44375)),
    Case("bills_of_subscription", lambda site: site.bills_of_subscription("sub-006A"), (
        get("whose a subscription is", "/subscriptions/sub-006A", HELD,
            answers={"subscription": {"id": "sub-006A", "customer_id": CUSTOMER}}),
        get("a customer's bills with lines of a subscription", f"/customers/{CUSTOMER}/invoices", HELD,
            query={"limit": "100"}, answers=rows(invoice={
                **BILL, "line_items": each({**TAXED, "subscription_id": "sub-006A"}, min=1),
            })),
    ), lambda bills: (bills[0].due, bills[0].subscriptions) == (544375, ("sub-006A",))),
    Case("write_off", lambda site: site.write_off("US-000001", "once-1"), (
        post("a write-off of what is due", bill_path("/write_off"), [], A_BILL, headers=ONCE,
             answers={"credit_note": {"id": like("US-CN-000001")}}),
    ), lambda note: note == "US-CN-000001"),
    Case("create_credit", lambda site: site.create_credit("US-000001", 1000, "once-1"), (
        post("a credit of what is due", "/credit_notes", [
            ("reference_invoice_id", "US-000001"), ("type", "adjustment"), ("total", "1000"),
            ("reason_code", "order_cancellation"),
        ], A_BILL, headers=ONCE, form_injected={"$.reference_invoice_id[0]": "${invoice}"},
             answers={"credit_note": {"id": like("US-CN-000001")}}),
    ), lambda note: note == "US-CN-000001"),
    Case("open_bills", lambda site: site.open_bills(CUSTOMER), (
        get("a customer's open bills", "/invoices", A_BILL, query={
            "customer_id[is]": CUSTOMER, "status[in]": str(list(OPEN)).replace("'", '"'), "limit": "100",
        }, answers=rows(invoice=BILL)),
    ), lambda bills: bills[0].due == 544375),
    Case("open_credits", lambda site: site.open_credits(CUSTOMER), (
        get("a customer's credit notes of which something is left", "/credit_notes",
            ("a credit note that is owed", {"customer": CUSTOMER}),
            query={"customer_id[is]": CUSTOMER, "status[is]": "refund_due", "limit": "100"},
            answers=rows(credit_note=OWED_NOTE)),
    ), lambda notes: (notes[0].available, notes[0].kind) == (1000, "refundable")),
    Case("payment", lambda site: site.payment("txn_1"), (
        get("a card payment with what it is applied to",
            injected(f"{API}/transactions/txn_1", f"{API}/transactions/${{transaction}}"),
            ("a bill paid by card", {"customer": CUSTOMER}), answers={"transaction": TRANSACTION}),
    ), lambda payment: payment.applied[0].amount == 544375),
    Case("recorded", lambda site: site.recorded("US-000001", "NS-7"), (
        get("the payments of a bill", bill_path("/payments"),
            ("a bill paid by transfer", {"customer": CUSTOMER, "reference": "NS-7"}), query={"limit": "100"},
            answers=rows(transaction=RECORDED)),
    ), lambda found: found.amount == 1000),
    Case("record_payment", lambda site: site.record_payment("US-000001", RECEIPT, 1000, "once-1"), (
        post("a transfer that a ledger received", bill_path("/record_payment"), [
            ("transaction[amount]", "1000"), ("transaction[payment_method]", "bank_transfer"),
            ("transaction[reference_number]", "NS-7"), ("transaction[date]", "1767614400"),
            ("comment", "received in the ERP as NS-7"),
        ], A_BILL, headers=ONCE, answers={"transaction": {"id": like("txn_1")}}),
    ), lambda found: found == "txn_1"),
    Case("payments_by_reference", lambda site: site.payments_by_reference("NS-7"), (
        get("the transactions of a reference", "/transactions",
            ("a bill paid by transfer", {"customer": CUSTOMER, "reference": "NS-7"}),
            query={"reference_number[is]": "NS-7", "limit": "100"},
            answers=rows(transaction={**TRANSACTION, "reference_number": "NS-7", "amount_unused": like(0)})),
    ), lambda found: (found[0].reference, found[0].unused) == ("NS-7", 0)),
    Case("record_excess", lambda site: site.record_excess(CUSTOMER, RECEIVED, 1000, "once-1"), (
        post("money for no bill", f"/customers/{CUSTOMER}/record_excess_payment", [
            *MOVED, ("transaction[currency_code]", "USD"), ("comment", "on account in the ERP as NS-7"),
        ], A_CUSTOMER, headers=ONCE, answers={"transaction": {"id": like("txn_1")}}),
    ), lambda found: found == "txn_1"),
    Case("remove_payment", lambda site: site.remove_payment("US-000001", "txn_1", "once-1"), (
        post("a payment taken off a bill", bill_path("/remove_payment"), [("transaction[id]", "txn_1")],
             ("a bill paid by transfer", {"customer": CUSTOMER, "reference": "NS-7"}), headers=ONCE,
             form_injected={"$['transaction[id]'][0]": "${transaction}"},
             answers={"transaction": {"id": like("txn_1")}}),
    ), lambda found: found == "txn_1"),
    Case("apply_payment", lambda site: site.apply_payment("US-000001", "txn_1", 1000, "once-1"), (
        post("money on account set against a bill", bill_path("/apply_payments"), [
            ("transactions[id][0]", "txn_1"), ("transactions[amount][0]", "1000"),
        ], ON_ACCOUNT, headers=ONCE, form_injected={"$['transactions[id][0]'][0]": "${transaction}"},
            answers={"invoice": {"id": NUMBER}}),
    ), lambda found: found == "txn_1"),
    Case("delete_payment", lambda site: site.delete_payment("txn_1", "once-1"), (
        post("money on account that never was", injected(
            f"{API}/transactions/txn_1/delete_offline_transaction",
            f"{API}/transactions/${{transaction}}/delete_offline_transaction"), [], ON_ACCOUNT, headers=ONCE,
             answers={"transaction": {"id": like("txn_1")}}),
    ), lambda found: found == "txn_1"),
    Case("record_refund", lambda site: site.record_refund("txn_1", RECEIVED, 1000, "once-1"), (
        post("money on account given back", injected(f"{API}/transactions/txn_1/record_refund",
                                                     f"{API}/transactions/${{transaction}}/record_refund"), [
            ("amount", "1000"), ("payment_method", "bank_transfer"), ("reference_number", "NS-7"),
            ("date", "1767614400"), ("comment", "given back in the ERP as NS-7"),
        ], ON_ACCOUNT, headers=ONCE, answers={"transaction": {"id": like("txn_2")}}),
    ), lambda found: found == "txn_2"),
    Case("record_credit_refund", lambda site: site.record_credit_refund("US-CN-000001", RECEIVED, 1000, "once-1"), (
        post("a credit note paid out", injected(f"{API}/credit_notes/US-CN-000001/record_refund",
                                                f"{API}/credit_notes/${{credit_note}}/record_refund"),
             [*MOVED, ("comment", "paid out in the ERP as NS-7")],
             ("a credit note that is owed", {"customer": CUSTOMER}), headers=ONCE,
             answers={"transaction": {"id": like("txn_2")}}),
    ), lambda found: found == "txn_2"),
    Case("events", lambda site: site.events(1767600000), (
        get("events since a moment, oldest first", "/events", A_BILL, query={
            "event_type[in]": str(list(EVENTS)).replace("'", '"'), "occurred_at[after]": "1767600000",
            "sort_by[asc]": "occurred_at", "limit": "100",
        }, answers=rows(event=EVENT)),
    ), lambda page: page.rows[0]["content"]["invoice"]["total"] == 544375),
    Case("a key that is refused", lambda site: site.bill("US-000001"), (
        Exchange("a call with a key that is refused", (("the client's key is refused", {}),), "GET",
                 f"{API}/invoices/US-000001", status=401, answers=refused("api_authentication_failed"),
                 authorized=KEY),
    ), raises=Later),
    Case("too many requests", lambda site: site.bill("US-000001"), (
        get("a call beyond the limit", "/invoices/US-000001",
            ("the limit of requests is reached", {"retry_after_s": 7}), status=429,
            answers=refused("api_request_limit_exceeded"), answer_headers={"Retry-After": "7"}),
    ), lambda later: later.delay_s == 7.0 and not later.counts, raises=Later),
)  # fmt: skip
