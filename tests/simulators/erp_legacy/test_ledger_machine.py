"""Nights, a cash desk, a clerk and a controller in any order: the legacy ledger balances and what is shut stays."""

import asyncio
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from simulators.erp_legacy.rules import OpenPeriods

from .partner import Bill, customer, payment
from .test_property import KUNNRS, bills, idocs, others, payments
from .world import World, signed

MONTHS = ("2026-01", "2026-02")
DAYS = {"2026-01": "2026-01-20", "2026-02": "2026-02-10"}
NUMBERS = st.integers(0, 9)
WORLD = World()
WORLD.erp.remember()
Row = dict[str, Any]


class Ledger(RuleBasedStateMachine):
    """Acts of everybody; a refusal changes no book."""

    def __init__(self) -> None:
        super().__init__()
        WORLD.erp.reset()
        self.world, self.night = WORLD, 0
        self.sent: list[Bill] = []  # what the ledger has posted of what came in files
        self.shut: dict[str, list[Row]] = {}  # a closed month -> what stood in it then
        self.run(self.world.send("CUST", 1, customer("1", KUNNRS[0]), customer("2", KUNNRS[1])))

    def run(self, what: Any) -> Any:
        return asyncio.run(what)

    def act(self, verb: str, **arguments: Any) -> Row | None:
        """None: refused, and no book has moved."""
        before = self.world.erp.books()
        try:
            done: Row = self.run(self.world.act(verb, **arguments))
        except ValueError:
            assert self.world.erp.books() == before, verb
            return None
        return done

    @initialize(documents=st.lists(bills(), min_size=2, max_size=6))
    def begin(self, documents: list[Bill]) -> None:
        self.files(documents, [])

    # -- the partner ------------------------------------------------------------------------

    @rule(
        documents=st.lists(st.one_of(bills(), bills(), others()), max_size=5), receipts=st.lists(payments(), max_size=4)
    )
    def files(self, documents: list[Bill], receipts: list[Bill]) -> None:
        """A night: what is posted has its own number, the rest stands in the queue."""
        self.night += 1
        posted = len(self.world.documents())
        answers = []
        for iface, sent in (("BILL", documents), ("PAY", receipts)):
            base = self.run(self.world.send(iface, self.night, *idocs(sent, self.night)))
            answers.append((base, sent))
        self.run(self.world.run())
        done = 0
        for base, sent in answers:
            _, lines = self.run(self.world.answers(base))
            for bill, line in zip(sent, lines, strict=True):
                assert line[51:53] in ("51", "53"), line
                done += line[51:53] == "53" and bill.action != "X"
                if line[51:53] == "53":
                    self.sent.append(bill)
        assert len(self.world.documents()) >= posted + done

    @precondition(lambda self: any(bill.action == "C" for bill in self.sent))
    @rule(number=NUMBERS)
    def again(self, number: int) -> None:
        """A document that stands comes once more: refused, wherever it is dated."""
        sent = [bill for bill in self.sent if bill.action == "C"]
        bill = sent[number % len(sent)]
        standing = [row for row in self.world.documents(bill.blart)
                    if (row["XBLNR"], row["KUNNR"], row["STBLG"]) == (bill.xblnr, bill.kunnr, "")]  # fmt: skip
        before = len(self.world.documents())
        if bill.blart != "DZ" and standing:
            self.files([bill], [])
            assert len(self.world.documents()) == before, bill

    # -- the clerk --------------------------------------------------------------------------

    def queued(self, number: int) -> Row | None:
        rows = self.run(self.world.act("queue_list"))["documents"]
        return rows[number % len(rows)] if rows else None

    @rule(number=NUMBERS)
    def correct(self, number: int) -> None:
        """The customer is put right and the document processed again: at most one document comes of it."""
        if (doc := self.queued(number)) is None:
            return
        right = KUNNRS[int(doc["XBLNR"][-6:]) % 2] if doc["XBLNR"].startswith("SG-") else KUNNRS[number % 2]
        before = len(self.world.documents())
        edited = self.act("queue_edit", DOCNUM=doc["DOCNUM"], SEGNUM=1, SEGFLD="KUNNR", value=right)
        assert edited is not None and edited["STATUS"] == "69"
        kept = self.world.erp.store.get("idoc", edited["original"])
        assert kept is not None and kept["segments"][0]["fields"]["KUNNR"] == doc["segments"][0]["fields"]["KUNNR"]
        assert len(self.world.documents()) == before
        done = self.act("queue_retry", DOCNUM=doc["DOCNUM"])
        assert done is not None and (done["STATUS"] == "53") == bool(done["BELNR"])
        if done["STATUS"] == "53":
            assert self.act("queue_retry", DOCNUM=doc["DOCNUM"]) is None, "once is enough"
        else:
            assert len(self.world.documents()) == before

    @rule(number=NUMBERS)
    def discard(self, number: int) -> None:
        if (doc := self.queued(number)) is not None:
            before = self.world.ledger()
            self.act("queue_discard", DOCNUM=doc["DOCNUM"], reason="not ours")
            assert self.act("queue_retry", DOCNUM=doc["DOCNUM"]) is None
            assert self.world.ledger() == before

    @rule(number=NUMBERS, month=st.sampled_from(MONTHS))
    def reverse(self, number: int, month: str) -> None:
        """The mirror takes every line back, in document and local currency, and happens once."""
        rows = [row for row in self.world.documents() if row["BLART"] in ("DR", "DG")]
        if rows:
            row = rows[number % len(rows)]
            place = {name: row[name] for name in ("BUKRS", "BELNR", "GJAHR")}
            done = self.act("reverse_document", **place, date=DAYS[month])
            if done is not None:
                assert row["STBLG"] == "" and self.of(done) == sorted((a, -w, -d) for a, w, d in self.of(place))
                assert self.act("reverse_document", **place, date=DAYS[month]) is None

    def of(self, place: Row) -> list[tuple[Any, ...]]:
        return sorted(
            (row["HKONT"], signed(row, "WRBTR"), signed(row, "DMBTR")) for row in self.world.ledger()
            if all(row[name] == place[name] for name in ("BUKRS", "BELNR", "GJAHR"))
        )  # fmt: skip

    # -- the cash desk ----------------------------------------------------------------------

    @rule(number=NUMBERS, month=st.sampled_from(MONTHS), share=st.sampled_from((1, 1, 2, 3)))
    def pay(self, number: int, month: str, share: int) -> None:
        rows = self.world.documents("DR")
        if rows:
            row = rows[number % len(rows)]
            whole, _, decimals = row["WRBTR"].partition(".")
            amount = f"{int(whole) // share + 1}" + (f".{decimals}" if decimals else "")
            self.act("bank_receipt", BUKRS="SG01", XBLNR=row["XBLNR"], KUNNR=row["KUNNR"], WRBTR=amount,
                     WAERS=row["WAERS"], date=DAYS[month])  # fmt: skip

    @rule(number=NUMBERS, month=st.sampled_from(MONTHS), verb=st.sampled_from(("bank_return", "reset_clearing")))
    def back(self, number: int, month: str, verb: str) -> None:
        rows = self.world.documents("DZ")
        if rows:
            row = rows[number % len(rows)]
            self.act(verb, BUKRS="SG01", BELNR=row["BELNR"], GJAHR=row["GJAHR"], date=DAYS[month])

    # -- the controller ---------------------------------------------------------------------

    def standing(self, month: str) -> list[Row]:
        """What the general ledger has in a month; what is open of an item may be paid later."""
        free = ("RESTBT", "RESTLC", "AUGBL", "AUGDT", "ZFBDT", "ZTERM", "REBZG")
        rows = [row for row in self.world.ledger() if row["BUDAT"].startswith(month.replace("-", ""))]
        return [{name: value for name, value in row.items() if name not in free} for row in rows]

    @rule(month=st.sampled_from(MONTHS))
    def close(self, month: str) -> None:
        self.act("lock_period", BUKRS="SG01", period=month)
        for one in MONTHS:
            if one <= month:
                self.shut.setdefault(one, self.standing(one))
            else:
                self.shut.pop(one, None)

    @precondition(lambda self: self.shut)
    @rule(month=st.sampled_from(MONTHS))
    def open(self, month: str) -> None:
        self.act("lock_period", BUKRS="SG01", period=month, open=True)
        for one in MONTHS:
            if one >= month:
                self.shut.pop(one, None)
            else:
                self.shut.setdefault(one, self.standing(one))

    # -- what must hold ---------------------------------------------------------------------

    @invariant()
    def balanced(self) -> None:
        self.world.check_books()

    @invariant()
    def nothing_in_a_closed_month(self) -> None:
        for month, before in self.shut.items():
            assert self.standing(month) == before, month

    @invariant()
    def nothing_stands_twice(self) -> None:
        standing = Counter((row["BLART"], row["XBLNR"], row["KUNNR"]) for row in self.world.documents()
                           if row["BLART"] in ("DR", "DG") and not row["STBLG"] and not row["ZREVERSAL"])  # fmt: skip
        assert not [key for key, count in standing.items() if count > 1], standing


Ledger.TestCase.settings = settings(
    max_examples=12, stateful_step_count=14, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestLedger = Ledger.TestCase


# -- a machine that cannot fail proves nothing ------------------------------------------------

GOOD = Bill("SG-000001")
BREAKS: dict[str, tuple[str, str, Callable[..., Any], Callable[[Ledger], Any], str]] = {
    # what is broken -> whose member, what becomes of it, a deed then, and which invariant sees it
    "posts files into closed months": (
        "state", "periods", lambda real, bukrs: (OpenPeriods("+", ((0, 999912),)),),
        lambda ledger: ledger.files([Bill("SG-000003")], []),
        "nothing_in_a_closed_month"),
    "takes payments back in closed months": (
        "posting", "shut", lambda real, bukrs, day: None, lambda ledger: ledger.back(0, "2026-01", "bank_return"),
        "nothing_in_a_closed_month"),
    "posts a bill again": (
        "posting", "_duplicate", lambda real, document: None,
        lambda ledger: ledger.files([Bill("SG-000002", kunnr=KUNNRS[1], budat="20260205", monat="02")], []),
        "nothing_stands_twice"),
    "forgets what a payment settles": (
        "ledger", "apply", lambda real, debit, credit, day, at: real({**debit}, {**credit, "REST": 1}, day, at),
        lambda ledger: ledger.files([], [payment("txn_1", "5.00", "SG-000002", budat="20260205", monat="02",
                                                  kunnr=KUNNRS[1])]), "balanced"),
}  # fmt: skip


@pytest.mark.parametrize("broken", BREAKS)
def test_an_invariant_turns_red(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One deed: harmless in the ledger as it is, seen by its invariant where what should refuse it is broken."""
    part, name, change, deed, sees = BREAKS[broken]
    whole = {"state": WORLD.erp.state, "posting": WORLD.erp.posting, "ledger": WORLD.erp.posting.ledger}[part]
    for mutated in (False, True):
        ledger = Ledger()
        ledger.files([GOOD, Bill("SG-000002", kunnr=KUNNRS[1])], [])
        ledger.pay(0, "2026-01", 1)
        ledger.close("2026-01")
        assert ledger.shut["2026-01"], "something stands in the closed month"
        if mutated:
            monkeypatch.setattr(whole, name, partial(change, getattr(whole, name)))
        deed(ledger)
        broken_now = [one for one in ("balanced", "nothing_in_a_closed_month", "nothing_stands_twice")
                      if not holds(getattr(ledger, one))]  # fmt: skip
        assert broken_now == ([sees] if mutated else [])


def holds(invariant_: Callable[[], None]) -> bool:
    try:
        invariant_()
    except AssertionError:
        return False
    return True
