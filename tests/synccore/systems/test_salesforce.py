"""Salesforce's adapter: sign-in, quota, composite answers that say 200 and mean no, and what a query brings."""

import asyncio
import json
from datetime import date
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest

from synccore.domain.deals import Account, Deal
from synccore.ports.outcomes import Away, Later
from synccore.ports.systems import Rejected, Unknown
from synccore.ports.transport import NoAnswer, NotSent
from synccore.systems import soql
from synccore.systems.credentials import SalesforceAccess
from synccore.systems.salesforce import SalesforceAdapter
from tests.synccore.systems.wires import Script, reply
from tests.synccore.worlds import HandClock

ROW = {
    "Id": "006A", "Name": "Deal", "AccountId": "001A", "IsWon": True, "Amount": 125000.0, "CurrencyIsoCode": "USD",
    "CloseDate": "2026-01-05", "Contract_Start_Date__c": None, "Contract_Term_Months__c": 12.0,
    "Payment_Method__c": "Card", "PO_Number__c": None, "Subscription_Id__c": None, "Sync_Status__c": None,
    "Sync_Error__c": None, "SystemModstamp": "2026-01-05T09:00:00.000+0000",
    "Account": {"Id": "001A", "Name": "Acme", "Selling_Entity__c": "US", "BillingCountry": "US", "BillingState": "NY"},
    "OpportunityLineItems": {"totalSize": 1, "done": True, "records": [
        {"Id": "00kA", "Quantity": 10.0, "UnitPrice": 12000.5, "TotalPrice": 120005.0,
         "Product2": {"ProductCode": "PLAT", "Name": "Platform"}},
    ]},
}  # fmt: skip
DEAL = Deal(
    id="006A", name="d", account=Account(id="001A", name="Acme"), won=True, currency="USD", amount=1,
    closed_on=date(2026, 1, 5),
)  # fmt: skip


def adapter(script: Script, clock: HandClock | None = None) -> SalesforceAdapter:
    access = SalesforceAccess("http://org", "client", "secret")
    return SalesforceAdapter(access, script, clock or HandClock(), 5, 30.0)


def test_a_deal_is_read_with_account_and_lines_in_one_query() -> None:
    script = Script(reply(200, {"totalSize": 1, "done": True, "records": [ROW]}))
    deal = asyncio.run(adapter(script).deal("006A'x"))
    assert deal is not None
    assert (deal.amount, deal.term_months, deal.payment_method) == (12_500_000, 12, "card")
    assert (deal.lines[0].sku, deal.lines[0].quantity, deal.lines[0].unit_price) == ("PLAT", Decimal(10), 1_200_050)
    (asked,) = parse_qs(urlsplit(script.requests[0].url).query)["q"]
    assert asked.endswith(f"WHERE Id = {soql.quote(chr(48) + '06A' + chr(39) + 'x')}")
    assert script.header(0, "authorization") == "Bearer token-1"


def test_a_long_answer_is_read_to_its_end() -> None:
    first = {"done": False, "nextRecordsUrl": "/services/data/v60.0/query/01g-2000", "records": [ROW]}
    script = Script(reply(200, first), reply(200, {"done": True, "records": [ROW]}))
    assert len(asyncio.run(adapter(script).changed_deals("2026-01-05T08:00:00Z"))) == 2
    assert script.requests[1].url == "http://org/services/data/v60.0/query/01g-2000"


def test_an_expired_session_is_renewed_once_and_the_call_sent_again() -> None:
    expired = reply(401, [{"errorCode": "INVALID_SESSION_ID", "message": "expired"}])
    script = Script(expired, reply(204))
    asyncio.run(adapter(script).write_deal_status("006A", {"Sync_Status__c": "Synced"}))
    assert [script.header(n, "authorization") for n in (0, 1)] == ["Bearer token-1", "Bearer token-2"]


def test_a_spent_quota_pauses_the_whole_target() -> None:
    async def story() -> None:
        clock = HandClock()
        script = Script(reply(403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests"}]), reply(204))
        sales = adapter(script, clock)
        with pytest.raises(Later) as first:
            await sales.write_deal_status("006A", {"Sync_Status__c": "Synced"})
        assert (first.value.delay_s, first.value.counts) == (60.0, False)
        with pytest.raises(Later, match="paused"):
            await sales.write_deal_status("006B", {"Sync_Status__c": "Synced"})
        assert len(script.requests) == 1
        clock.at += 60.0
        await sales.write_deal_status("006A", {"Sync_Status__c": "Synced"})

    asyncio.run(story())


CASES = [
    (NotSent("down"), Later), (NoAnswer("reset"), Unknown), (reply(500), Unknown), (reply(503), Unknown),
    (reply(400, [{"errorCode": "REQUIRED_FIELD_MISSING", "message": "x"}]), Rejected),
    (reply(400, [{"errorCode": "UNABLE_TO_LOCK_ROW", "message": "x"}]), Later),
    (reply(400, b"<html>"), Later), (reply(300, ["/a", "/b"]), Rejected), (reply(429, [], retry_after="9"), Later),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "raised"), CASES)
def test_what_an_answer_to_a_write_means(answer: object, raised: type[Exception]) -> None:
    with pytest.raises(raised):
        asyncio.run(adapter(Script(answer)).write_bill("US-1", {}))  # type: ignore[arg-type]


@pytest.mark.parametrize("answer", [NotSent("x"), NoAnswer("x"), reply(502), reply(200, b'{"rec'), reply(200, {})])
def test_a_read_that_brings_nothing_is_tried_later(answer: object) -> None:
    with pytest.raises(Later):
        asyncio.run(adapter(Script(answer)).deal("006A"))  # type: ignore[arg-type]


def _parts(*statuses: tuple[int, object]) -> dict[str, object]:
    return {"compositeResponse": [{"httpStatusCode": status, "body": body} for status, body in statuses]}


def test_a_contract_is_drafted_and_activated_with_deal_and_account_in_one_call() -> None:
    done = _parts((201, {"id": "800A", "success": True}), (204, None), (204, None), (204, None))
    script = Script(reply(200, {"done": True, "records": []}), reply(200, done))
    contract = {"Subscription_Id__c": "sub-1", "AccountId": "001A"}
    assert asyncio.run(adapter(script).write_activation(DEAL, contract, {"a": 1}, {"b": 2})) == "800A"
    sent = json.loads(script.requests[1].body)
    assert sent["allOrNone"] is True
    assert [part["body"] for part in sent["compositeRequest"]] == [
        {"AccountId": "001A"}, {"Status": "Activated"}, {"b": 2}, {"a": 1},
    ]  # fmt: skip


def test_an_active_contract_is_left_alone() -> None:
    known = {"done": True, "records": [{"Id": "800A", "Status": "Activated"}]}
    script = Script(reply(200, known), reply(200, _parts((204, None), (204, None))))
    found = asyncio.run(adapter(script).write_activation(DEAL, {"Subscription_Id__c": "sub-1"}, {}, {}))
    assert found == "800A"
    assert len(json.loads(script.requests[1].body)["compositeRequest"]) == 2


HALTED = (400, [{"errorCode": "PROCESSING_HALTED", "message": "rolled back"}])
COMPOSITES = [
    (_parts(HALTED, (400, [{"errorCode": "INVALID_FIELD", "message": "no"}])), Rejected, "INVALID_FIELD"),
    (_parts(HALTED, (400, [{"errorCode": "UNABLE_TO_LOCK_ROW", "message": "no"}])), Later, "UNABLE_TO_LOCK_ROW"),
    (_parts(HALTED, (500, [])), Unknown, "part answered 500"), (_parts((204, None)), Unknown, "other than"),
    ({"other": 1}, Unknown, "without"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "raised", "said"), COMPOSITES)
def test_a_composite_that_says_200_is_read_part_by_part(body: object, raised: type[Exception], said: str) -> None:
    with pytest.raises(raised, match=said):
        asyncio.run(adapter(Script(reply(200, body))).write_receipt("CB:1", {}, "US-1", {}))


def test_repeated_failures_open_the_breaker_and_an_answer_closes_it() -> None:
    async def story() -> None:
        clock = HandClock()
        script = Script(*[reply(500) for _ in range(3)], reply(204), reply(204))
        sales = adapter(script, clock)
        for _ in range(3):
            with pytest.raises(Unknown):
                await sales.write_bill("US-1", {})
        with pytest.raises(Away, match="status 500") as caught:
            await sales.write_bill("US-1", {})
        assert (caught.value.system, caught.value.delay_s) == ("salesforce", 8.0)
        clock.at += 8.0
        await sales.write_bill("US-1", {})
        await sales.write_bill("US-1", {})

    asyncio.run(story())


def test_one_call_at_a_time_looks_for_a_system_that_is_away_ever_more_seldom() -> None:
    async def story() -> None:
        clock = HandClock()
        script = Script(*[NotSent("refused") for _ in range(40)])
        sales = adapter(script, clock)
        delays = []
        while len(script.requests) < 20:
            with pytest.raises(Later) as caught:
                await sales.reachable()
            if isinstance(caught.value, Away):
                with pytest.raises(Away):
                    await sales.reachable()  # somebody else, meanwhile
            delays.append(caught.value.delay_s)
            clock.at += caught.value.delay_s
        assert delays == [2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, *[300.0] * 12]

    asyncio.run(story())
