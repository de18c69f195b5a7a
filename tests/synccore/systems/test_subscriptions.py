"""The platform's adapter: its forms, its bills and payments in values, keys and refusals."""

import asyncio
from datetime import date
from decimal import Decimal
from urllib.parse import parse_qsl

import pytest

from synccore.domain.bills import Receipt
from synccore.ports.outcomes import Later
from synccore.ports.systems import Rejected, Unknown
from synccore.systems.credentials import SubscriptionsAccess
from synccore.systems.forms import flatten
from synccore.systems.subscriptions import SubscriptionsAdapter
from tests.synccore.systems.wires import Script, reply
from tests.synccore.worlds import HandClock

INVOICE = {
    "id": "US-000001", "customer_id": "c-US", "subscription_id": "sub-1", "status": "payment_due", "date": 1767603600,
    "due_date": 1770195600, "currency_code": "USD", "sub_total": 1000, "tax": 89, "total": 1089, "amount_due": 1089,
    "resource_version": 7, "billing_address": {"city": "New York", "state_code": "NY", "country": "US"},
    "line_items": [{"id": "li_1", "entity_type": "plan_item_price", "entity_id": "p", "quantity": 2,
                    "unit_amount": 600, "amount": 1200, "discount_amount": 200, "tax_rate": 8.875, "tax_amount": 89},
                   {"id": "li_2", "entity_type": "adhoc", "description": "GTXPro", "amount": 0}],
}  # fmt: skip

PAYMENTS = [("NS-1", "success"), ("NS-7", "failure"), ("NS-7", "success")]


def adapter(*replies: object, clock: HandClock | None = None) -> tuple[SubscriptionsAdapter, Script]:
    script = Script(*replies)  # type: ignore[arg-type]
    access = SubscriptionsAccess("http://site", "key")
    return SubscriptionsAdapter(access, script, clock or HandClock(), 5, 30.0), script


def test_arrays_of_objects_are_transposed() -> None:
    fields = {"id": "s", "none": None, "on": True, "rate": Decimal("8.50"), "term": {"action": "renew"},
              "items": [{"price": "a", "quantity": 1}, {"price": "b"}], "coupons": ["x"]}  # fmt: skip
    assert flatten(fields) == [
        ("id", "s"), ("none", ""), ("on", "true"), ("rate", "8.50"), ("term[action]", "renew"),
        ("items[price][0]", "a"), ("items[quantity][0]", "1"), ("items[price][1]", "b"), ("coupons[0]", "x"),
    ]  # fmt: skip


def test_a_bill_is_read_to_the_minor_unit() -> None:
    platform, _ = adapter(reply(200, {"invoice": INVOICE}))
    bill = asyncio.run(platform.bill("US-000001"))
    assert bill is not None
    assert (bill.gross, bill.tax, bill.net, bill.due, bill.version) == (1089, 89, 1000, 1089, 7)
    assert (bill.lines[0].net, bill.lines[0].tax_rate) == (1000, Decimal("8.875"))
    assert (bill.lines[1].item_price, bill.lines[1].description) == ("", "GTXPro")
    assert (bill.address.state, bill.address.code) == ("NY", "US")


def test_a_recorded_payment_carries_reference_date_and_key() -> None:
    answer = {"invoice": INVOICE, "transaction": {"id": "txn_1"}}
    platform, script = adapter(reply(200, answer))
    receipt = Receipt(key="NS-7", received_on=date(2026, 1, 6))
    assert asyncio.run(platform.record_payment("US-000001", receipt, 1089, "k#0")) == "txn_1"
    sent = dict(parse_qsl(script.requests[0].body.decode()))
    assert sent["transaction[reference_number]"] == "NS-7"
    assert sent["transaction[amount]"] == "1089"
    assert sent["transaction[date]"] == "1767700800"
    assert script.header(0, "chargebee-idempotency-key") == "k#0"


def test_a_look_up_finds_a_payment_by_its_reference_alone() -> None:
    rows = [{"transaction": {"id": f"t{n}", "reference_number": ref, "status": state, "amount": 5}}
            for n, (ref, state) in enumerate(PAYMENTS)]  # fmt: skip
    platform, _ = adapter(reply(200, {"list": rows[:1], "next_offset": "[2]"}), reply(200, {"list": rows[1:]}))
    found = asyncio.run(platform.recorded("US-000001", "NS-7"))
    assert found is not None
    assert found.reference == "t2"


@pytest.mark.parametrize(("answer", "raised", "said"), [
    (reply(400, {"api_error_code": "duplicate_entry", "message": "taken", "param": "id"}), Rejected, "duplicate_entry"),
    (reply(429, {"api_error_code": "api_request_limit_exceeded"}, retry_after="30"), Later, "limit"),
    (reply(409, {"api_error_code": "invalid_request"}), Later, "invalid_request"),
    (reply(200, {"invoice": {}}), Unknown, "customer"), (reply(200, b'{"customer": {"id'), Unknown, "unreadable"),
    (reply(200, {"customer": {}}), Unknown, "no id"), (reply(500, b""), Unknown, "500"),
])  # fmt: skip
def test_what_an_answer_to_a_write_means(answer: object, raised: type[Exception], said: str) -> None:
    platform, _ = adapter(answer)
    with pytest.raises(raised, match=said) as caught:
        asyncio.run(platform.create_customer({"id": "c-US"}))
    if isinstance(caught.value, Rejected):
        assert caught.value.duplicate
    if isinstance(caught.value, Later) and "limit" in said:
        assert (caught.value.delay_s, caught.value.counts) == (30.0, False)


def test_nothing_is_sent_before_retry_after_has_passed() -> None:
    async def story() -> None:
        clock = HandClock()
        platform, script = adapter(reply(429, {}, retry_after="30"), reply(404, {}), clock=clock)
        for _ in range(3):
            with pytest.raises(Later):
                await platform.bill("US-1")
        assert len(script.requests) == 1
        clock.at += 30.0
        assert await platform.bill("US-1") is None

    asyncio.run(story())
