"""What the core expects of the platform's usages: recorded, looked up, taken back, credited once that is too late."""

from decimal import Decimal

from synccore.domain.usage import RatedLine
from synccore.ports.usage import UsageEntry
from tests.contracts.exchange import Case, each, injected, like, shaped
from tests.contracts.platform_shapes import AT, CURRENCY, CUSTOMER, NUMBER, bill_path, get, post, rows

ONCE = {"chargebee-idempotency-key": "once-1"}
USE = {"customer": CUSTOMER, "subscription": "sub-006A", "usage": "ev-1"}
USED, UNCLOSED = ("a subscription with usage", USE), ("a bill of usage that is not closed", USE)
USAGE = {"id": "ev-1", "quantity": shaped("120", r"^[0-9]+(\.[0-9]+)?$")}
SAID = "metering:ev-2 corrects ev-1 from 120 to 100"
CLOSED = ("a closed bill of usage", {**USE, "note": SAID})
RATED_LINE = RatedLine("li_1", "api-calls-USD-monthly", "USD", Decimal(120), 240, due=240)
ENTRY = UsageEntry("ev-2", "api-calls-USD-monthly", Decimal("7.5"), 1767604200, "event ev-2")
ENTRY_FORM = [("id", "ev-2"), ("item_price_id", "api-calls-USD-monthly"), ("quantity", "7.5"),
              ("usage_date", "1767604200"), ("note", "event ev-2")]  # fmt: skip
USAGES = (
    Case("metered", lambda site: site.usages.metered("sub-006A"), (
        get("a subscription with a metered item", "/subscriptions/sub-006A", USED, answers={"subscription": {
            "id": "sub-006A", "currency_code": CURRENCY, "status": like("active"), "subscription_items": [
                {"item_price_id": "platform-USD-yearly"},
                {"item_price_id": "api-calls-USD-monthly", "metered_quantity": like("120"),
                 "current_term_start": AT, "current_term_end": AT}]}}),
    ), lambda found: [item.item_price for item in found.items] == ["api-calls-USD-monthly"]),
    Case("pending", lambda site: site.usages.pending("sub-006A"), (
        get("the bills of a subscription that are not closed", "/invoices", UNCLOSED, query={
            "subscription_id[is]": "sub-006A", "status[in]": '["pending"]', "limit": "100",
        }, answers=rows(invoice={"id": like("draft"), "line_items": each({
            "entity_id": "api-calls-USD-monthly", "metered": True, "date_from": AT, "date_to": AT}, min=1)})),
    ), lambda found: found[0].item_price == "api-calls-USD-monthly"),
    Case("find", lambda site: site.usages.find("sub-006A", "ev-1"), (
        get("a usage by its id", "/subscriptions/sub-006A/usages", USED, query={"id": "ev-1"},
            answers={"usage": USAGE}),
    ), lambda found: found.quantity == 120),
    Case("record", lambda site: site.usages.record("sub-006A", ENTRY), (
        post("a usage under its event's id", "/subscriptions/sub-006A/usages", ENTRY_FORM, USED,
             answers={"usage": {"id": "ev-2"}}),
    ), lambda found: found == "ev-2"),
    Case("take_back", lambda site: site.usages.take_back("sub-006A", "ev-1"), (
        post("a usage taken back", "/subscriptions/sub-006A/delete_usage", [("id", "ev-1")], USED,
             answers={"usage": {"id": "ev-1"}}),
    )),
    Case("rated", lambda site: site.usages.rated("US-000001", "li_1"), (
        get("a closed bill of usage", bill_path(), CLOSED, answers={"invoice": {
            "id": NUMBER, "currency_code": CURRENCY, "amount_due": like(200), "line_items": each({
                "id": like("li_1"), "metered": True, "entity_id": "api-calls-USD-monthly", "quantity": like(120),
                "amount": like(240), "pricing_model": "tiered", "tax_rate": like(0)}, min=1),
            "line_item_tiers": each({"line_item_id": like("li_1"), "starting_unit": like(1), "quantity_used": like(120),
                                     "unit_amount": like(2)}, min=1)}}),
        get("the credit notes of a bill", "/credit_notes", CLOSED, query={
            "reference_invoice_id[is]": injected("US-000001", "${invoice}"), "limit": "100",
        }, answers=rows(credit_note={"status": like("adjusted"), "customer_notes": SAID, "line_items": each(
            {"reference_line_item_id": like("li_1")}, min=1)})),
        get("the item behind a price", "/item_prices", query={"id[is]": "api-calls-USD-monthly", "limit": "100"},
            answers=rows(item_price={"id": "api-calls-USD-monthly", "item_id": "api-calls"})),
        get("how an item's usage counts", "/items/api-calls", answers={
            "item": {"id": "api-calls", "usage_calculation": "sum_of_usages"}}),
    ), lambda found: (found.worth(Decimal(100)), found.lowered()) == (200, 20)),
    Case("credit of a line of usage", lambda site: site.usages.credit("US-000001", RATED_LINE, 40, SAID, "once-1"), (
        post("a credit of a line of usage", "/credit_notes", [
            ("reference_invoice_id", "US-000001"), ("type", "adjustment"), ("reason_code", "other"),
            ("customer_notes", SAID), ("line_items[reference_line_item_id][0]", "li_1"),
            ("line_items[amount][0]", "40"),
        ], CLOSED, headers=ONCE, form_injected={
            "$.reference_invoice_id[0]": "${invoice}", "$['line_items[reference_line_item_id][0]'][0]": "${line}",
        }, answers={"credit_note": {"id": like("US-CN-000001")}}),
    ), lambda note: note == "US-CN-000001"),
    Case("synchronise", lambda site: site.usages.synchronise("US-000001"), (
        post("a bill that is not closed rated anew", bill_path("/sync_usages"), [], UNCLOSED,
             answers={"invoice": {"id": like("draft")}}),
    )),
)  # fmt: skip
