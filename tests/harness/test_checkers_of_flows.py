"""The judges of tax, outages and drift: each holds where it should and turns red on what it is there for."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from harness.canon import Canon, Cleared, LedgerLine, Place
from harness.checkers import Case, Closing, Cutover, Drift, Outage, Replay
from harness.events import RunEvent
from harness.tax_law import Law
from harness.tieout import Excuses, tie_out
from tests.harness.test_checkers import agreeing_books, outcomes

LAW = Law.of({"US": [
    {"name": "reverse charge", "country": "EU", "registered": True, "rate": 0, "codes": ["RC"]},
    {"name": "old rate", "country": "US", "rate": 8, "valid_to": "2025-12-31"},
    {"name": "sales tax", "country": "US", "rate": 9, "codes": ["US-9"]},
]})  # fmt: skip


@pytest.mark.parametrize(("place", "facts", "expected"), [
    (Place("US"), {}, "holds"),
    (Place("US"), {"codes": ("US-9",)}, "holds"),
    (Place("US"), {"codes": ("RC",)}, "broken"),
    (Place("US"), {"tax": 80, "net": 1000}, "broken"),  # last year's rate
    (Place("US"), {"date": "2025-12-31"}, "broken"),  # this year's rate on last year's bill
    (Place("FR", tax_id="FR83404833048"), {}, "broken"),
    (Place("FR", tax_id="FR83404833048"), {"tax": 0, "gross": 1000}, "holds"),
    (Place("FR", tax_id="DE811234567"), {"tax": 0, "gross": 1000}, "unknown"),  # no law for that
    (Place("United States"), {"tax": 0}, "unknown"),
])  # fmt: skip
def test_tax_is_judged_by_the_law_of_the_entity(place: Place, facts: dict[str, object], expected: str) -> None:
    canon = agreeing_books()
    canon.accounts["001A"] = replace(canon.accounts["001A"], place=place)
    canon.documents[:2] = [replace(document, **facts) for document in canon.documents[:2]]  # type: ignore[arg-type]
    declare(canon)
    assert outcomes(Case(canon, law=LAW))["I30"] == expected


def declare(canon: Canon) -> None:
    """The tax report says of each posting what it says itself."""
    (one,) = canon.declared
    canon.declared = [
        replace(one, on=document.date, number=document.key, tax=document.tax) for document in canon.postings()
    ]  # fmt: skip


def test_a_credit_note_is_taxed_as_its_bill_was() -> None:
    canon = agreeing_books()
    canon.accounts["001A"] = replace(canon.accounts["001A"], place=Place("US"))
    bill = replace(canon.documents[0], date="2025-12-31", tax=80)
    note = replace(bill, kind="credit", key="CN-1", id="CN-1", of="US-1", date="2026-01-05")
    canon.documents = [bill, note]
    canon.declared = []
    assert outcomes(Case(canon, law=LAW))["I30"] == "holds"
    canon.documents = [bill, replace(note, tax=90)]  # the rate of its own day
    assert outcomes(Case(canon, law=LAW))["I30"] == "broken"


def test_a_customer_that_has_moved_is_judged_by_its_bill() -> None:
    canon = agreeing_books()
    canon.accounts["001A"] = replace(canon.accounts["001A"], place=Place("FR", tax_id="FR83404833048"))
    canon.documents[0] = replace(canon.documents[0], place=Place("US"))
    assert outcomes(Case(canon, law=LAW))["I30"] == "broken"
    assert outcomes(Case(canon, law=LAW, moved=frozenset(["001A"])))["I30"] == "holds"


AWAY = Outage("erp_cloud", 1000.0, 1000.0 + 86400.0, 40)
BACK = AWAY.end + 60.0


@pytest.mark.parametrize(("facts", "expected"), [
    ({"at": BACK}, "holds"),
    ({"at": BACK + 3600.0}, "broken"),  # an hour after it came back
    ({"system": "erp_legacy", "at": 2000.0}, "holds"),
    ({"system": "erp_legacy", "at": BACK}, "broken"),  # another ledger, and it waited all the same
])  # fmt: skip
def test_an_outage_delays_only_what_needs_the_system(facts: dict[str, object], expected: str) -> None:
    canon = agreeing_books()
    canon.documents[0] = replace(canon.documents[0], at=1500.0)
    canon.documents[1] = replace(canon.documents[1], **facts)  # type: ignore[arg-type]
    ledgers = {"US": str(facts.get("system", "erp_cloud"))}
    windows = ((5000.0, 6000.0), (50000.0, 51000.0))
    case = Case(canon, outages=(AWAY,), ledgers=ledgers, windows=windows, at=BACK + 86400.0)
    assert outcomes(case)["I12"] == expected


def test_a_deal_won_in_an_outage_is_billed_as_soon_as_it_can_be() -> None:
    canon = agreeing_books()
    canon.contracts.clear()
    canon.deals[0] = replace(canon.deals[0], won_at=1200.0)
    canon.documents[0] = replace(canon.documents[0], at=BACK + 3600.0)
    case = Case(canon, outages=(AWAY,), ledgers={"US": "erp_cloud"}, at=BACK + 86400.0)
    assert outcomes(case)["I12"] == "broken"
    canon.documents[0] = replace(canon.documents[0], at=BACK)
    assert outcomes(case)["I12"] == "holds"
    canon.documents[0] = replace(canon.documents[0], at=AWAY.end + 1300.0)  # refused calls move the bound
    for system, fault, after, expected in (
        ("salesforce", "w1:refuse", 600.0, "holds"), ("salesforce", "w1:refuse", 300.0, "broken"),  # 900 are the bound
        ("metering", "w1:refuse", 600.0, "broken"), ("salesforce", "w1:refuse", 1000.0, "broken"),
        ("salesforce", "w1:repeat", 600.0, "broken"), ("salesforce", None, 600.0, "broken"),
    ):  # fmt: skip
        calls = (RunEvent(1, AWAY.end + after, "call", {"system": system, "fault": fault}),)
        assert outcomes(replace(case, calls=calls))["I12"] == expected, (system, fault, after)


DRIFT = Drift("salesforce", "Opportunity", "Payment_Method__c", 1000.0, 90000.0)
TOLD = {"kind": "schema_drift", "subject": "006A", "opened_at": 1260.0, "details": {
    "target": "salesforce", "object": "Opportunity", "field": "Payment_Method__c"}}  # fmt: skip


@pytest.mark.parametrize(("won_at", "billed_at", "told", "expected"), [
    (1200.0, 90001.0, TOLD, "holds"),
    (1200.0, 90001.0, None, "broken"),  # nobody noticed
    (1200.0, 90001.0, {**TOLD, "opened_at": 9000.0}, "broken"),  # not with the first record
    (1200.0, 1260.0, TOLD, "broken"),  # written although it did not fit
    (1200.0, 90001.0, {**TOLD, "details": {**TOLD["details"], "field": "PO_Number__c"}}, "broken"),  # in wrong words
    (500.0, 600.0, TOLD, "broken"),  # set aside although it was won before
    (500.0, 600.0, None, "unknown"),  # nobody met it
])  # fmt: skip
def test_only_what_no_longer_fits_waits(
    won_at: float, billed_at: float, told: dict[str, object] | None, expected: str
) -> None:
    canon = agreeing_books()
    canon.deals[0] = replace(canon.deals[0], won_at=won_at)
    canon.documents[:2] = [replace(one, at=billed_at) for one in canon.documents[:2]]
    rows = () if told is None else (told,)
    case = Case(canon, drifts=(DRIFT,), exceptions=rows, ledgers={"US": "erp_cloud"}, at=99999.0)
    assert outcomes(case)["I16"] == expected


def test_what_fits_is_not_blocked_by_a_drift_of_something_else() -> None:
    canon = agreeing_books()
    demanded = replace(DRIFT, system="erp_cloud", record="invoice", field="custbody_channel")
    canon.documents[0] = replace(canon.documents[0], at=2000.0)
    canon.documents[1] = replace(canon.documents[1], system="erp_legacy", at=90001.0)
    windows = ((5000.0, 6000.0), (50000.0, 51000.0))
    case = Case(canon, drifts=(demanded,), ledgers={"US": "erp_legacy"}, windows=windows, at=99999.0)
    assert outcomes(case)["I16"] == "broken"
    canon.documents[1] = replace(canon.documents[1], at=7000.0)
    assert outcomes(case)["I16"] == "holds"


def test_a_replay_that_only_moves_a_stamp_is_an_effect() -> None:
    books = agreeing_books()
    assert outcomes(Case(books, replays=[Replay(books, books, ("salesforce document",))]))["I9"] == "broken"


def test_an_outage_in_which_nothing_happened_delays_nothing() -> None:
    assert outcomes(Case(agreeing_books(), outages=(AWAY,)))["I12"] == "not applicable"


def test_a_system_that_is_away_is_not_hammered() -> None:
    assert outcomes(Case(agreeing_books(), outages=(AWAY,)))["I10"] == "holds"
    assert outcomes(Case(agreeing_books(), outages=(replace(AWAY, calls=2000),)))["I10"] == "broken"


def test_a_renewal_that_is_won_in_an_outage_is_billed_with_its_term() -> None:
    canon = agreeing_books()
    bill, posting = canon.documents[:2]
    canon.documents[:2] = [replace(bill, at=1500.0), replace(posting, at=AWAY.end + 60.0)]
    canon.deals.append(replace(canon.deals[0], id="006B", name="Acme 2027", kind="renewal", won_at=2000.0))
    case = Case(canon, outages=(AWAY,), ledgers={"US": "erp_cloud"}, at=AWAY.end + 7200.0)
    assert outcomes(case)["I12"] == "holds"
    canon.deals[-1] = replace(canon.deals[-1], kind="new")
    assert outcomes(case)["I12"] == "broken"


def test_only_a_changed_contract_in_an_outage_is_nothing_to_delay() -> None:
    canon = agreeing_books()  # swarm seed 30163: the judge had nothing to see, and said that it did not know
    canon.deals.append(replace(canon.deals[0], id="006B", name="More seats", kind="amendment", won_at=2000.0))
    assert outcomes(Case(canon, outages=(AWAY,), ledgers={"US": "erp_cloud"}))["I12"] == "not applicable"
    canon.deals[-1] = replace(canon.deals[-1], kind="new")
    assert outcomes(Case(canon, outages=(AWAY,), ledgers={"US": "erp_cloud"}))["I12"] != "not applicable"
    hindered = Case(canon, outages=(AWAY,), ledgers={"US": "erp_cloud"}, hindered=frozenset(("006B",)))
    assert outcomes(hindered)["I12"] == "not applicable"


def test_an_outage_upon_an_outage_and_a_new_day_move_the_bound() -> None:
    again = replace(AWAY, begin=AWAY.end + 300.0, end=AWAY.end + 3900.0)
    canon = agreeing_books()
    canon.documents[0] = replace(canon.documents[0], at=1500.0)
    canon.documents[1] = replace(canon.documents[1], at=again.end + 60.0)
    ledgers, at = {"US": "erp_cloud"}, again.end + 7200.0
    assert outcomes(Case(canon, outages=(AWAY, again), ledgers=ledgers, at=at))["I12"] == "holds"
    late = replace(again, begin=AWAY.end + 3600.0, end=AWAY.end + 3900.0)
    assert outcomes(Case(canon, outages=(AWAY, late), ledgers=ledgers, at=at))["I12"] == "broken", "it had an hour"
    noon = Outage("salesforce", 43200.0, 72000.0, 9)  # its end is 04:00 in Singapore, and the site's day is the old one
    canon.documents[:2] = [replace(canon.documents[0], at=86400.0), replace(canon.documents[1], at=86460.0)]
    canon.deals[0] = replace(canon.deals[0], won_at=50000.0)
    zones = {"US": "Asia/Singapore"}
    assert outcomes(Case(canon, outages=(noon,), ledgers=ledgers, zones=zones, at=at))["I12"] == "holds"
    assert outcomes(Case(canon, outages=(noon,), ledgers=ledgers, at=at))["I12"] == "broken"


HOMES = {"US": "erp_legacy"}
DAY = 1767614400.0  # 2026-01-05T12:00Z


def moved_case(on: date, until: date | None = None, **posting: object) -> Case:
    """The bill of 5 January is posted in the cloud; its entity moves there on a day."""
    canon = agreeing_books()
    canon.documents[0] = replace(canon.documents[0], at=DAY)
    canon.documents[1] = replace(canon.documents[1], **posting)  # type: ignore[arg-type]
    canon.receipts[1] = replace(canon.receipts[1], system=canon.documents[1].system)
    return Case(canon, ledgers=HOMES, cutovers=(Cutover("US", "erp_cloud", on, until),))


@pytest.mark.parametrize(("case", "expected"), [
    (moved_case(date(2026, 1, 5)), "holds"),
    (moved_case(date(2026, 1, 6)), "broken"),  # the day before the move
    (moved_case(date(2026, 1, 1), date(2026, 1, 5)), "broken"),  # the move is taken back
    (moved_case(date(2026, 1, 6), system="erp_legacy"), "holds"),
    (moved_case(date(2026, 1, 5), system="erp_legacy"), "broken"),
])  # fmt: skip
def test_each_document_has_the_ledger_of_its_day(case: Case, expected: str) -> None:
    assert outcomes(case)["I8"] == expected


def test_a_document_in_two_ledgers_has_no_ledger_of_record() -> None:
    canon = agreeing_books()
    canon.documents.append(replace(canon.documents[1], system="erp_legacy", id="SG01-2026-1"))
    assert outcomes(Case(canon))["I8"] == "broken"


def dual_case(**change: object) -> Case:
    """The bill of 5 January is posted in the legacy ledger, and in the cloud ledger for comparison."""
    canon = agreeing_books()
    canon.documents[0] = replace(canon.documents[0], at=DAY)
    canon.documents[1] = replace(canon.documents[1], system="erp_legacy")
    canon.receipts[1] = replace(canon.receipts[1], system="erp_legacy")
    twin = replace(canon.documents[1], system="erp_cloud", id="77", **change)  # type: ignore[arg-type]
    canon.shadow = Canon(documents=[twin])
    dual = Cutover("US", "erp_cloud", date(2026, 2, 1), None, date(2026, 1, 5))
    return Case(canon, ledgers=HOMES, cutovers=(dual,))


def test_a_dual_run_has_each_document_once_as_the_ledger_of_record_has_it() -> None:
    assert outcomes(dual_case())["I8"] == "holds"
    assert outcomes(dual_case(tax=1))["I8"] == "broken"
    assert outcomes(dual_case(date="2026-01-06"))["I8"] == "broken"
    assert outcomes(dual_case(key="US-9"))["I8"] == "broken", "one lacks, and one is a stranger"
    twice, early = dual_case(), dual_case()
    twice.canon.shadow.documents *= 2  # type: ignore[union-attr]
    assert outcomes(twice)["I8"] == "broken"
    assert outcomes(replace(early, cutovers=()))["I8"] == "broken", "no dual run on that day"
    waits = replace(dual_case(), excuses=Excuses(in_transit={"US-1/shadow"}))
    waits.canon.shadow = None
    assert outcomes(waits)["I8"] == "holds"


def test_money_follows_its_bill_into_the_ledger_that_holds_it() -> None:
    canon = agreeing_books()
    canon.receipts[1] = replace(canon.receipts[1], system="erp_legacy")
    assert outcomes(Case(canon))["I8"] == "broken"


def test_a_credit_note_follows_its_bill_and_not_its_own_day() -> None:
    case = moved_case(date(2026, 1, 6), system="erp_legacy")
    late = DAY + 5 * 86400
    case.canon.documents += [
        replace(case.canon.documents[0], kind="credit", key="CN-1", id="CN-1", of="US-1", at=late),
        replace(case.canon.documents[1], kind="credit", key="CN-1", id="9-CN", of="US-1", at=late),
    ]
    assert outcomes(case)["I8"] == "holds"
    case.canon.documents[-1] = replace(case.canon.documents[-1], system="erp_cloud")
    assert outcomes(case)["I8"] == "broken"


def carried_case() -> Case:
    """US-1 was posted in the legacy ledger on 5 January; its open item moved to the cloud ledger a day later."""
    canon = agreeing_books()
    bill = canon.documents[0] = replace(canon.documents[0], at=DAY)
    canon.documents[1] = replace(canon.documents[1], system="erp_legacy")
    canon.moved = [replace(bill, system="erp_cloud", id="m", net=1090, tax=0, at=DAY + 86400.0)]
    canon.cleared = [Cleared("erp_legacy", "c", "US-1", "US", "USD", 1090, DAY + 90000.0)]
    canon.ledger += [
        LedgerLine("erp_legacy", "US", "USD", "c", "0000199000", False, 1090, "2026-01"),
        LedgerLine("erp_cloud", "US", "USD", "m", "1990", False, -1090, "2026-01"),
    ]
    move = Cutover("US", "erp_cloud", date(2026, 1, 6), moves=True)
    return Case(canon, ledgers=HOMES, cutovers=(move,), at=DAY + 3 * 86400.0)


@pytest.mark.parametrize(("edit", "expected"), [
    (lambda _canon: None, "holds"),
    (lambda canon: canon.moved.append(canon.moved[0]), "broken"),
    (lambda canon: change(canon.moved, tax=90), "broken"),
    (lambda canon: change(canon.moved, key="US-7"), "broken"),
    (lambda canon: change(canon.ledger, -1, account="4000"), "broken"),  # revenue a second time
    (lambda canon: canon.ledger.pop(), "broken"),  # cleared, and never carried
    (lambda canon: change(canon.documents, 1, open=1090), "broken"),  # left behind
    (lambda canon: change(canon.cleared, at=DAY + 80000.0), "broken"),  # before anybody else carried it
])  # fmt: skip
def test_an_open_item_moves_once_through_the_migration_accounts(edit: Callable[[Canon], object], expected: str) -> None:
    case = carried_case()
    edit(case.canon)
    assert outcomes(case)["I8"] == expected


def cash_case() -> Case:
    """2,000 that a customer had paid without a bill went with it."""
    case, key = carried_case(), "L-SG01-2026-14"
    receipt = replace(case.canon.receipts[0], system="erp_legacy", key=key, amount=2000, applied=(("MC/14-26", 2000),),
                      date="2026-01-05", entity="US", currency="USD")  # fmt: skip
    item = replace(case.canon.moved[0], id="n", key=key, kind="credit", net=2000, gross=2000, open=2000)
    case.canon.receipts = [receipt, replace(receipt, system="subscriptions", applied=())]
    case.canon.moved.append(item)
    case.canon.cleared.append(Cleared("erp_legacy", "d", key, "US", "USD", -2000, DAY + 90000.0))
    case.canon.ledger += [
        LedgerLine("erp_legacy", "US", "USD", "d", "0000199000", False, -2000, "2026-01"),
        LedgerLine("erp_cloud", "US", "USD", "n", "1990", False, 2000, "2026-01"),
    ]
    return case


@pytest.mark.parametrize(("edit", "expected"), [
    (lambda _canon: None, "holds"),
    (lambda canon: canon.moved.append(canon.moved[-1]), "broken"),
    (lambda canon: change(canon.moved, -1, key="L-SG01-2026-77"), "broken"),  # nobody received that
    (lambda canon: change(canon.receipts, applied=()), "broken"),  # left behind
    (lambda canon: change(canon.receipts, applied=(), date="2026-01-06"), "holds"),  # received after the move
    (lambda canon: change(canon.cleared, -1, at=DAY + 80000.0), "broken"),
])  # fmt: skip
def test_cash_on_account_moves_once_as_open_items_do(edit: Callable[[Canon], object], expected: str) -> None:
    case = cash_case()
    edit(case.canon)
    assert outcomes(case)["I8"] == expected


def test_what_moved_out_is_what_moved_in() -> None:
    def holds(canon: Canon, excuses: Excuses) -> list[bool]:
        return [one.holds for one in tie_out(canon, excuses) if one.name == "moved out = moved in"]

    canon = carried_case().canon
    assert holds(canon, Excuses()) == [True]
    canon.moved.clear()
    assert holds(canon, Excuses()) == [False] and holds(canon, Excuses(waiting={"US-1"})) == [True]


def change(rows: list[Any], index: int = 0, **facts: object) -> None:
    rows[index] = replace(rows[index], **facts)


JANUARY = 1_767_225_600.0  # 2026


@pytest.mark.parametrize(("facts", "closing", "expected"), [
    ({"date": "2026-01-20", "at": JANUARY + 500}, Closing("2026-01", True, JANUARY), "broken"),
    ({"date": "2025-11-20", "at": JANUARY + 500}, Closing("2026-01", True, JANUARY), "broken"),  # an earlier month
    ({"date": "2025-11-20", "at": JANUARY + 500}, Closing("2026-01", False, JANUARY), "holds"),  # which is not locked
    ({"date": "2026-01-20", "at": JANUARY - 500}, Closing("2026-01", True, JANUARY), "not applicable"),  # before
    ({"date": "2026-01-20", "at": JANUARY + 500}, Closing("2026-01", True, JANUARY, JANUARY + 9), "not applicable"),
    ({"date": "2026-01-20", "booked_in": "2026-02-01", "at": JANUARY + 5}, Closing("2026-01", True, JANUARY), "holds"),
])  # fmt: skip
def test_nothing_is_posted_into_a_closed_month(facts: dict[str, object], closing: Closing, expected: str) -> None:
    canon = agreeing_books()
    canon.documents = [
        replace(one, **facts) if one.system == "erp_cloud" else one
        for one in canon.documents  # type: ignore[arg-type]
    ]
    assert outcomes(Case(canon, closings=(closing,)))["I29"] == expected


DAY_S = 86_400.0


def told(cloud: dict[str, Any] | None = None, now: float = DAY_S) -> dict[str, Any]:
    """What a core says of one bill that was posted in time; `cloud`: what it says otherwise."""
    same = {"says": "", "target_percent": 99, "window_s": 28 * DAY_S, "waiting": 0, "late": [], "alerts": []}
    soon = {"objective": "bill-in-cloud-ledger", "bound_s": 900.0, "kept": 1, **same, **(cloud or {})}
    return {"at": now, "levels": [
        soon, {"objective": "bill-in-legacy-ledger", "bound_s": 5 * DAY_S, "kept": 0, **same}
    ]}  # fmt: skip


def test_service_levels_are_judged_by_the_books() -> None:
    late = {"kept": 0, "late": ["US-1"], "alerts": [{"since": 2_500.0, "until": None}]}

    def outcome(posted_at: float, said: dict[str, Any] | None, **more: Any) -> str:
        canon = agreeing_books()
        canon.documents[0] = replace(canon.documents[0], final_at=1_600.0)
        canon.documents[1] = replace(canon.documents[1], at=posted_at)
        return outcomes(Case(canon, levels=told(said), **more))["I18"]

    assert outcome(1_700.0, None) == "holds" and outcome(1_700.0, late) == "broken"
    assert outcome(9_000.0, late) == "holds" and outcome(9_000.0, None) == "broken"
    assert outcome(2_490.0, None) == "holds" and outcome(2_490.0, late) == "holds"  # the answer took its time
    assert outcome(9_000.0, {**late, "alerts": []}) == "broken"
    assert outcome(9_000.0, {**late, "alerts": [{"since": 6_100.0, "until": None}]}) == "broken"
    assert outcome(9_000.0, {**late, "alerts": [{"since": 2_500.0, "until": 9_000.0}]}) == "broken"
    assert outcome(1_700.0, {"kept": 2}) == "broken" and outcome(1_700.0, {"kept": 0, "waiting": 1}) == "broken"
    assert outcome(1_700.0, {"bound_s": 9_000.0}) == "broken"
    assert outcome(9_000.0, None, hindered=frozenset(["US-1"])) == "not applicable"
    assert outcome(9_000.0, None, going_on=("away",)) == "not applicable"
