"""Each judge holds on books that agree and turns red on one edit: a check that cannot fail is a defect."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from harness.canon import (
    Account,
    Canon,
    Contract,
    Customer,
    Deal,
    Document,
    LedgerLine,
    MeteredLine,
    Milestone,
    Receipt,
    RecordedUsage,
    UsageEvent,
)
from harness.checkers import Case, Outage, Replay, judge, overall
from harness.tax_lines import TaxLine
from harness.tieout import Excuses, tie_out


def bill(system: str, number: str, **facts: object) -> Document:
    base = Document(
        system, f"{system}-{number}", number, "invoice", "001A", "US", "USD", 1000, 90, 1090, 0, "2026-01-05",
        "2026-02-04", "Paid" if system == "salesforce" else "paid", "" if system == "erp_cloud" else "006A", 2,
        po="PO-1", items=(("SUB", 1000),), posted_as=f"erp_cloud-{number}",
    )  # fmt: skip
    return replace(base, **facts)  # type: ignore[arg-type]


# books alone hold neither a replay, a disturbance nor the law
SEEN = dict.fromkeys(
    ("I6", "I9", "I10", "I12", "I15", "I16", "I18", "I19", "I25", "I27", "I29", "I30", "I32"), "not applicable"
)


def agreeing_books() -> Canon:
    """One customer, one deal, one paid bill: the smallest world in which everything is said twice."""
    receipt = Receipt("subscriptions", "txn1", "CB:txn1", "001A", "US", "USD", 1090, "2026-01-05", (("US-1", 1090),))
    return Canon(
        accounts={"001A": Account("001A", "Acme", "US")},
        customers=[
            Customer("subscriptions", "c1", "001A", "US", "Acme"),
            Customer("erp_cloud", "7", "001A", "US", "Acme"),
        ],
        deals=[Deal("006A", "Acme 2026", "001A", "US", "USD", 1000, "2026-01-05", 2)],
        contracts=[
            Contract("subscriptions", "sub-1", "sub-1", "006A", "001A", "USD", "2026-01-05", "2027-01-05", "active"),
            Contract("salesforce", "800A", "sub-1", "006A", "001A", "USD", "2026-01-05", "2027-01-05", "Activated"),
        ],
        documents=[bill("subscriptions", "US-1"), bill("erp_cloud", "US-1"), bill("salesforce", "US-1")],
        receipts=[
            receipt,
            replace(receipt, system="erp_cloud", id="9"),
            replace(receipt, system="salesforce", id="a01"),
        ],
        ledger=[
            LedgerLine("erp_cloud", "US", "USD", "d1", "1100", True, 1090, "2026-01"),
            LedgerLine("erp_cloud", "US", "USD", "d1", "4000", False, -1000, "2026-01"),
            LedgerLine("erp_cloud", "US", "USD", "d1", "2200", False, -90, "2026-01"),
            LedgerLine("erp_cloud", "US", "USD", "d2", "1000", False, 1090, "2026-01"),
            LedgerLine("erp_cloud", "US", "USD", "d2", "1100", True, -1090, "2026-01"),
        ],
        declared=[TaxLine("US", "2026-01-05", "erp_cloud", "USD", "US-9", "9", "d1", "US-1", "invoice", 1000, 90)],
    )


def outcomes(case: Case) -> dict[str, str]:
    return {verdict.invariant: verdict.outcome for verdict in judge(case)}


def test_agreeing_books_hold() -> None:
    verdicts = judge(Case(agreeing_books()))
    for verdict in verdicts:
        assert verdict.outcome == SEEN.get(verdict.invariant, "holds"), verdict
    assert overall(verdicts) == "holds"
    assert overall([verdict for verdict in verdicts if verdict.invariant in SEEN]) == "unknown"


def second(rows: list, number: int, **facts: object) -> None:
    rows.append(replace(rows[number], **facts))


EDITS: list[tuple[str, str, Callable[[Canon], object]]] = [
    ("I1", "a bill posted twice", lambda c: second(c.documents, 1, id="99")),
    ("I1", "a customer twice", lambda c: second(c.customers, 1, id="8")),
    ("I1", "lines appended", lambda c: c.documents.__setitem__(1, replace(c.documents[1], lines=4))),
    ("I1", "two contracts for a deal", lambda c: second(c.contracts, 0, id="sub-2", key="sub-2")),
    ("I1", "a deal billed twice", lambda c: second(c.documents, 0, id="US-2", key="US-2")),
    ("I2", "a deal forgotten", lambda c: second(c.deals, 0, id="006B")),
    ("I2", "a bill not posted", lambda c: c.documents.pop(1)),
    ("I2", "a receipt not carried over", lambda c: c.receipts.pop(1)),
    ("I4", "tax differs", lambda c: c.documents.__setitem__(1, replace(c.documents[1], tax=91, net=999))),
    ("I4", "another due date in the ledger", lambda c: c.documents.__setitem__(
        1, replace(c.documents[1], due="2026-01-05"))),
    ("I4", "no contract in Salesforce", lambda c: c.contracts.pop(1)),
    ("I4", "stale balance in Salesforce", lambda c: c.documents.__setitem__(2, replace(c.documents[2], open=1090))),
    ("I4", "stale status in Salesforce", lambda c: c.documents.__setitem__(2, replace(c.documents[2], status="Due"))),
    ("I4", "no due date in Salesforce", lambda c: c.documents.__setitem__(2, replace(c.documents[2], due=""))),
    ("I4", "an old name", lambda c: c.customers.__setitem__(1, replace(c.customers[1], name="Acne"))),
    ("I4", "no document named", lambda c: c.documents.__setitem__(2, replace(c.documents[2], posted_as=""))),
    ("I4", "no purchase order", lambda c: c.documents.__setitem__(1, replace(c.documents[1], po=""))),
    ("I4", "another item", lambda c: c.documents.__setitem__(1, replace(c.documents[1], items=(("SVC", 1000),)))),
    ("I4", "a payment of another day", lambda c: c.receipts.__setitem__(1, replace(c.receipts[1], date="2026-01-15"))),
    ("I5", "a cent in the ledger", lambda c: c.documents.__setitem__(1, replace(c.documents[1], gross=1091))),
    ("I5", "a deal won higher than billed", lambda c: c.deals.__setitem__(0, replace(c.deals[0], net=1001))),
    ("I5", "a running contract never billed", lambda c: (
        second(c.deals, 0, id="006B"), second(c.contracts, 0, id="sub-2", key="sub-2", deal="006B", value=1000))),
    ("I5", "two breaks that cancel", lambda c: (
        c.documents.__setitem__(1, replace(c.documents[1], key="US-9")))),
    ("I28", "a lost ledger line", lambda c: c.ledger.pop()),
    ("I28", "local amounts that do not balance", lambda c: c.ledger.__setitem__(0, replace(c.ledger[0], local=1))),
    ("I28", "an item control does not know", lambda c: c.documents.__setitem__(1, replace(c.documents[1], open=5))),
    ("I28", "another month without a word", lambda c: c.documents.__setitem__(
        1, replace(c.documents[1], booked_in="2026-02-01", memo="US-1"))),
    ("I30", "a bill declared twice", lambda c: second(c.declared, 0, document="d9")),
    ("I30", "tax declared of nothing that holds", lambda c: c.declared.append(
        replace(c.declared[0], number="US-2"))),
    ("I30", "a posted bill not declared", lambda c: c.declared.pop()),
    ("I30", "declared in another month", lambda c: c.declared.__setitem__(0, replace(c.declared[0], on="2026-02-01"))),
    ("I31", "own payment posted back", lambda c: c.receipts.__setitem__(0, replace(c.receipts[0], key="NS-9"))),
    ("I31", "more applied than the bill is worth", lambda c: second(c.receipts, 1, id="10", key="NS-10")),
]  # fmt: skip


def with_milestones() -> Canon:
    """A deal of two parts, one of them accepted and billed."""
    canon = agreeing_books()
    canon.deals = [replace(canon.deals[0], net=1700)]
    canon.contracts = []
    canon.documents[0] = replace(canon.documents[0], milestone="a04A")
    canon.milestones = [
        Milestone("a04A", "design", "006A", 1000, True), Milestone("a04B", "build", "006A", 700, False),
    ]  # fmt: skip
    return canon


MILESTONE_EDITS: list[tuple[str, Callable[[Canon], object]]] = [
    ("accepted, and not billed", lambda c: c.milestones.__setitem__(1, replace(c.milestones[1], accepted=True))),
    ("billed, and not accepted", lambda c: c.milestones.__setitem__(0, replace(c.milestones[0], accepted=False))),
    ("both at once, of one amount", lambda c: c.milestones.__setitem__(
        slice(None), [replace(one, amount=850, accepted=not one.accepted) for one in c.milestones])),
    ("billed twice", lambda c: second(c.documents, 0, id="US-2", key="US-2")),
    ("billed for less", lambda c: c.documents.__setitem__(0, replace(c.documents[0], net=999))),
    ("parts that do not come to the order", lambda c: c.milestones.pop()),
    ("a bill of no milestone", lambda c: c.documents.__setitem__(0, replace(c.documents[0], milestone="a04Z"))),
]  # fmt: skip


def test_milestones_that_are_not_accepted_are_named() -> None:
    (line,) = [one for one in tie_out(with_milestones(), Excuses()) if one.name == "won = contracted"]
    assert line.holds
    assert [(item.kind, item.document, item.amount) for item in line.items] == [("waiting for window", "a04B", 700)]


@pytest.mark.parametrize(("what", "edit"), MILESTONE_EDITS, ids=[what for what, _ in MILESTONE_EDITS])
def test_one_edit_of_milestones_turns_the_tie_out_red(what: str, edit: Callable[[Canon], object]) -> None:
    canon = with_milestones()
    edit(canon)
    assert outcomes(Case(canon))["I5"] == "broken"


def with_usage() -> Canon:
    """Two events of a month in one rated line, one of them corrected; a third waits for its term to end."""
    canon = agreeing_books()
    used = UsageEvent("e1", "sub-1", "calls", Decimal(10), 100, "e1", False)
    recorded = RecordedUsage("e2", "e2", "sub-1", "calls-USD", Decimal(7), 100, "US-2", "li1", False)
    canon.usage = [
        used,
        replace(used, id="e2", quantity=Decimal(7), holds=True),
        replace(used, id="e3", root="e3", holds=True, quantity=Decimal("2.5")),
        replace(used, id="e4", root="e4", holds=True),
    ]
    canon.recorded = [
        recorded,
        replace(recorded, id="e3", event="e3", quantity=Decimal("2.5")),
        replace(recorded, id="e4", event="e4", quantity=Decimal(10), bill="", line="", waits=True),
    ]
    canon.metered = [MeteredLine("li1", "US-2", "sub-1", "calls-USD", Decimal("9.5"), 19)]
    return canon


USAGE_EDITS: list[tuple[str, Callable[[Canon], object]]] = [
    ("an event that nobody recorded", lambda c: c.recorded.pop(2)),
    ("an event in a term that was billed without it", lambda c: c.recorded.__setitem__(
        2, replace(c.recorded[2], waits=False))),
    ("an event recorded twice", lambda c: second(c.recorded, 2, id="e4-again")),
    ("a corrected event that still counts", lambda c: second(c.recorded, 2, id="e1", event="e1")),
    ("another quantity", lambda c: c.recorded.__setitem__(2, replace(c.recorded[2], quantity=Decimal(9)))),
    ("a usage that is no event", lambda c: second(c.recorded, 2, id="x", event="x")),
    ("a line of more than its usages", lambda c: c.metered.__setitem__(0, replace(c.metered[0], quantity=Decimal(10)))),
]  # fmt: skip


def test_usage_that_agrees_holds_and_what_waits_is_named() -> None:
    (line,) = [one for one in tie_out(with_usage(), Excuses()) if one.name == "used = rated"]
    assert line.holds
    assert (line.a, line.b, [(item.kind, item.document) for item in line.items]) == (
        3, 2, [("waiting for window", "e4")])  # fmt: skip


@pytest.mark.parametrize(("what", "edit"), USAGE_EDITS, ids=[what for what, _ in USAGE_EDITS])
def test_one_edit_of_usage_turns_the_tie_out_red(what: str, edit: Callable[[Canon], object]) -> None:
    canon = with_usage()
    edit(canon)
    assert outcomes(Case(canon))["I5"] == "broken"
    assert outcomes(Case(with_usage()))["I5"] == "holds"


def test_a_parked_event_is_excused_and_a_parked_correction_excuses_what_was_billed() -> None:
    canon = with_usage()
    canon.recorded.pop(2)
    canon.recorded[0] = replace(canon.recorded[0], id="e1", event="e1", quantity=Decimal(10))
    canon.metered[0] = replace(canon.metered[0], quantity=Decimal("12.5"), amount=25)
    reasons = dict.fromkeys(("e2", "e4"), ("x00000001", "too late"))
    (line,) = [one for one in tie_out(canon, Excuses(parked=reasons)) if one.name == "used = rated"]
    assert line.holds
    assert [item.document for item in line.items] == ["e2", "e4"]


def test_a_correction_to_the_quantity_that_was_billed_has_nothing_to_be_credited() -> None:
    canon = with_usage()
    canon.recorded[0] = replace(canon.recorded[0], id="e1", event="e1")  # of 7, as the correction says
    assert outcomes(Case(canon))["I5"] == "holds"


@pytest.mark.parametrize(("invariant", "what", "edit"), EDITS, ids=[f"{name}-{what}" for name, what, _ in EDITS])
def test_one_edit_turns_its_judge_red(invariant: str, what: str, edit: Callable[[Canon], object]) -> None:
    canon = agreeing_books()
    edit(canon)
    assert outcomes(Case(canon))[invariant] == "broken"


def test_replay_that_changes_something_is_broken() -> None:
    after = agreeing_books()
    second(after.documents, 1, id="99")
    assert outcomes(Case(agreeing_books(), replays=[Replay(agreeing_books(), after)]))["I9"] == "broken"
    assert outcomes(Case(agreeing_books(), replays=[Replay(agreeing_books(), agreeing_books())]))["I9"] == "holds"


def test_a_disturbance_never_hit_is_broken() -> None:
    assert outcomes(Case(agreeing_books(), probes={"lost-answer": 0}))["I27"] == "broken"
    assert outcomes(Case(agreeing_books(), probes={"lost-answer": 2}))["I27"] == "holds"


def test_empty_books_prove_nothing() -> None:
    verdicts = judge(Case(Canon()))
    assert overall(verdicts) == "unknown"
    assert "holds" not in {
        verdict.outcome for verdict in verdicts if verdict.invariant not in ("I9", "I10", "I12", "I27", "I30", "I32")
    }


def unpaid_books() -> Canon:
    """The same deal, billed, posted and shown, and nobody has paid yet."""
    canon = agreeing_books()
    canon.receipts.clear()
    due = {"paid": "payment_due", "Paid": "Due"}
    canon.documents[:] = [replace(one, open=one.gross, status=due[one.status]) for one in canon.documents]
    del canon.ledger[3:]
    return canon


def test_where_nothing_was_paid_nothing_can_echo() -> None:
    verdicts = judge(Case(unpaid_books()))
    echo = next(verdict for verdict in verdicts if verdict.invariant == "I31")
    assert (echo.outcome, echo.checked) == ("not applicable", 0)
    assert "nothing was paid" in echo.findings[0]
    assert overall(verdicts) == "holds"


MISSED: list[tuple[str, Callable[[Canon], object]]] = [
    ("a bill is paid and no book shows by what", lambda c: c.documents.__setitem__(0, replace(c.documents[0], open=0))),
    ("an open item was reduced", lambda c: c.documents.__setitem__(1, replace(c.documents[1], open=1089))),
    ("Salesforce shows less than is open", lambda c: c.documents.__setitem__(2, replace(c.documents[2], open=90))),
    ("Salesforce alone knows a payment", lambda c: c.receipts.append(agreeing_books().receipts[2])),
    ("no bill could be read either", lambda c: c.documents.clear()),
]


@pytest.mark.parametrize(("what", "edit"), MISSED, ids=[what for what, _ in MISSED])
def test_a_judge_of_echoes_that_missed_a_payment_is_unknown(what: str, edit: Callable[[Canon], object]) -> None:
    canon = unpaid_books()
    edit(canon)
    assert outcomes(Case(canon))["I31"] == "unknown"


def test_a_credit_that_settles_a_bill_is_no_payment() -> None:
    canon = unpaid_books()
    for number, one in enumerate(list(canon.documents)):
        canon.documents[number] = replace(one, open=one.gross - 100)
        if one.system != "salesforce":
            canon.documents.append(replace(one, id=f"cn-{number}", key="CN-1", kind="credit", gross=100, open=0))
    assert outcomes(Case(canon))["I31"] == "not applicable"


NOON, HOUR = 1_767_614_400.0, 3_600.0


def put_off(**facts: object) -> dict[str, object]:
    """A piece of work that failed once ten minutes ago and is tried again in five."""
    row = {"process": "invoice-publication", "subject": "US-1", "state": "due", "attempt": 2, "cause": "no answer",
           "first_at": NOON - 600, "due_at": NOON + 300}  # fmt: skip
    return {**row, **facts}


PUT_OFF: list[tuple[str, dict[str, object], dict[str, object], str]] = [
    ("within the bound", put_off(), {}, "holds"),
    ("in a week", put_off(due_at=NOON + 168 * HOUR), {}, "broken"),
    ("again and again for an hour", put_off(first_at=NOON - HOUR, attempt=30), {}, "broken"),
    ("not tried yet: it has its day", put_off(attempt=1, due_at=NOON + 168 * HOUR), {}, "holds"),
    ("waits for somebody", put_off(state="parked", first_at=0.0), {}, "holds"),
    ("a person had it for a day", put_off(first_at=NOON - 24 * HOUR), {"hindered": frozenset(["US-1"])}, "holds"),
    ("the ledger was away until now", put_off(first_at=NOON - 2 * HOUR), {
        "outages": (Outage("erp_cloud", NOON - 3 * HOUR, NOON, 9),)}, "holds"),
    ("the ledger is back for hours", put_off(first_at=NOON - HOUR), {
        "outages": (Outage("erp_cloud", NOON - 4 * HOUR, NOON - 2 * HOUR, 9),)}, "broken"),
    ("the storm goes on", put_off(due_at=NOON + 168 * HOUR), {"going_on": ("no-end",)}, "not applicable"),
    ("another core, which says nothing", put_off(), {"core_known": False}, "not applicable"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "item", "facts", "expected"), PUT_OFF, ids=[what for what, *_ in PUT_OFF])
def test_work_is_brought_to_its_end_within_its_bound(
    what: str, item: dict[str, object], facts: dict[str, object], expected: str
) -> None:
    assert outcomes(Case(agreeing_books(), at=NOON, open_work=(item,), **facts))["I11"] == expected


def test_a_world_that_does_not_rest_is_broken() -> None:
    assert outcomes(Case(agreeing_books(), not_quiet="deadlock"))["I11"] == "broken"


def test_a_failing_judge_is_unknown() -> None:
    canon = agreeing_books()
    canon.ledger = None  # type: ignore[assignment]
    assert outcomes(Case(canon))["I28"] == "unknown"


def test_unreadable_rows_and_lost_history_forbid_green() -> None:
    canon = agreeing_books()
    canon.unread.append("erp_cloud document 12: no currency")
    assert set(outcomes(Case(canon)).values()) == {"unknown"}
    assert set(outcomes(Case(agreeing_books(), lost_history=True)).values()) == {"unknown"}


def test_a_contract_that_has_not_begun_is_not_billed_yet() -> None:
    canon = agreeing_books()
    second(canon.deals, 0, id="006B")
    second(canon.contracts, 0, id="sub-2", key="sub-2", deal="006B", value=1000, status="future", start="2026-03-01")
    won = tie_out(canon, Excuses())[0]
    assert won.holds
    assert [(item.kind, item.document) for item in won.items] == [("waiting for window", "006B")]


def test_a_parked_deal_is_a_named_item_and_nothing_unexplained() -> None:
    canon = agreeing_books()
    canon.deals.append(replace(canon.deals[0], id="006B", name="Bravo", net=500))
    excuses = Excuses(parked={"006B": ("ex-1", "item GTXPro is not mapped")})
    won = tie_out(canon, excuses)[0]
    assert (won.a, won.b, won.unexplained, won.holds) == (1500, 1000, 0, True)
    assert [(item.kind, item.document, item.amount) for item in won.items] == [("parked", "006B", 500)]
    assert outcomes(Case(canon, excuses=excuses))["I5"] == "holds"


def refunded(credited: int = 200, paid_out: int = 200) -> Canon:
    """A part of the paid bill is credited and paid out: in the platform, in the ledger."""
    canon = agreeing_books()
    for one in canon.documents[:2]:
        canon.documents.append(
            replace(one, id=f"{one.id}-cn", key="CN-1", kind="credit", gross=credited, net=credited, tax=0, open=0,
                    of="US-1", deal="")
        )  # fmt: skip
    for one in canon.receipts[:2]:
        canon.receipts.append(
            replace(one, id=f"{one.id}-r", key="CB:txn2", amount=-200, applied=(("CN-1", -paid_out),))
        )
    return canon


def test_what_was_credited_and_paid_out_is_no_effect_too_many() -> None:
    assert judge(Case(refunded()), only=("I1", "I31"))[0].outcome == "holds"


@pytest.mark.parametrize(
    ("canon", "says"),
    [
        (refunded(credited=1200), "platform: 1200 minor units credited of US-1, worth 1090"),
        (refunded(paid_out=300), "erp_cloud: 300 minor units paid out for CN-1, worth 200"),
    ],
)
def test_no_more_goes_back_than_was_billed_or_credited(canon: Canon, says: str) -> None:
    verdict = judge(Case(canon), only=("I1",))[0]
    assert verdict.outcome == "broken" and says in verdict.findings
