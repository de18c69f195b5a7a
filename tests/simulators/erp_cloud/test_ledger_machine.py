"""A ledger with months that are locked, closed and opened between postings: it balances, and what is shut stays."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.simulators.erp_cloud.test_ledger_properties import (
    AMOUNTS,
    GENESIS,
    START,
    STEPS,
    WORLD,
    check,
    documents,
    take,
)
from tests.simulators.erp_cloud.world import Reply

MONTHS = ("Dec 2025", "Jan 2026", "Feb 2026")
DAYS = {"Dec 2025": "2025-12-20", "Jan 2026": "2026-01-04", "Feb 2026": "2026-02-03"}
KINDS = st.sampled_from(("invoice", "creditMemo", "customerPayment"))
CURRENCIES = {"1": "1", "4": "1.1", "5": "0.0069"}  # of the United States' ledger -> rate
DEBITS = st.lists(st.tuples(st.sampled_from(("10", "11", "14", "18")), st.integers(1, 900)), min_size=1, max_size=3)


def posted_in(month: str) -> list[dict[str, Any]]:
    return [row for row in WORLD.system.books()["ledger"] if row["postingPeriod"] == month]


class Ledger(RuleBasedStateMachine):
    """Business in three months, and a controller who shuts and opens them."""

    def __init__(self) -> None:
        super().__init__()
        WORLD.system.reset(GENESIS)
        WORLD.token = ""
        self.shut: dict[str, list[dict[str, Any]]] = {}  # a closed month -> what stood in it then
        vars(WORLD)["call"] = self.call
        for step in START:
            take(step)

    def teardown(self) -> None:
        vars(WORLD).pop("call")

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """As the world's own, but a refusal must have changed nothing in any book."""
        before = WORLD.system.books()
        reply = type(WORLD).call(WORLD, method, path, body, **headers)
        assert reply.status < 400 or WORLD.system.books() == before, (path, reply.body)
        return reply

    @rule(step=STEPS)
    def business(self, step: tuple[Any, ...]) -> None:
        take(step)

    @rule(kind=KINDS, month=st.sampled_from(MONTHS), amount=AMOUNTS)
    def dated(self, kind: str, month: str, amount: float) -> None:
        """A document of a month; in a closed one none can be born, whoever asks."""
        party = {"customer": "1", "payment": amount} if kind == "customerPayment" else {
            "entity": "1", "item": {"items": [{"item": "21", "amount": amount}]}}  # fmt: skip
        reply = self.call("POST", f"/record/v1/{kind}", party | {"tranDate": DAYS[month]})
        assert reply.status == (204 if self.open(month) else 400), (month, reply.body)

    @rule(number=st.integers(0, 9), month=st.sampled_from(MONTHS))
    def redate(self, number: int, month: str) -> None:
        """A document goes to another day: neither month may be shut, unless nothing moves."""
        rows = [row for row in documents("invoice") if row["status"] != "V"]
        if rows:
            row = rows[number % len(rows)]
            reply = self.call("PATCH", f"/record/v1/invoice/{row['id']}", {"tranDate": DAYS[month]})
            shut = row["posting"] and not (self.open(month) and self.open(row["postingPeriod"]))
            if shut and row["tranDate"] != DAYS[month]:
                assert reply.status == 400, (row, month)

    @rule(debits=DEBITS, off=st.sampled_from((0, 0, 0, 1)), currency=st.sampled_from(sorted(CURRENCIES)),
          month=st.sampled_from(MONTHS), back=st.sampled_from(("", "", *MONTHS)), approved=st.booleans())  # fmt: skip
    def journal(self, debits: list[tuple[str, int]], off: int, currency: str, month: str, back: str,
                approved: bool) -> None:  # fmt: skip
        """Entered by hand, perhaps not whole, perhaps taken back on a day; waiting for approval it posts nothing."""
        lines = [{"account": account, "debit": amount} | ({"entity": "1"} if account == "10" else {})
                 for account, amount in debits]  # fmt: skip
        lines.append({"account": "13", "credit": sum(amount for _, amount in debits) + off})
        body = {"subsidiary": "1", "currency": currency, "exchangeRate": CURRENCIES[currency], "approved": approved,
                "tranDate": DAYS[month], "line": {"items": lines}}  # fmt: skip
        body |= {"reversalDate": DAYS[back]} if back else {}
        reply = self.call("POST", "/record/v1/journalEntry", body)
        fits = not off and (not approved or (self.open(month, True) and (not back or self.open(back, True))))
        late = not (approved and back) or DAYS[back] > DAYS[month]
        assert reply.status == (204 if fits and late else 400), reply.body

    @rule(number=st.integers(0, 9), how=st.sampled_from(("approve", "lines", "delete")), amount=AMOUNTS)
    def change_journal(self, number: int, how: str, amount: float) -> None:
        """Approved at last, entered otherwise, or deleted: in a shut month only what does not stand in the ledger."""
        rows = documents("journalEntry")
        if rows:
            row = rows[number % len(rows)]
            lines = {"line": {"items": [{"account": "18", "debit": amount}, {"account": "11", "credit": amount}]}}
            method, query, body = {
                "approve": ("PATCH", "", {"approved": True}), "lines": ("PATCH", "?replace=line", lines),
                "delete": ("DELETE", "", None),
            }[how]  # fmt: skip
            reply = self.call(method, f"/record/v1/journalEntry/{row['id']}{query}", body)
            if how != "approve" and row["posting"] and not self.open(row["postingPeriod"], True):
                assert reply.status == 400, row
            assert reply.status in (204, 400), reply.body

    @rule(month=st.sampled_from(MONTHS), what=st.sampled_from(("lock_period", "unlock_period")))
    def lock(self, month: str, what: str) -> None:
        self.turn(what, month)

    @rule(month=st.sampled_from(MONTHS))
    def close(self, month: str) -> None:
        if self.turn("close_period", month, lock=True):
            self.shut.setdefault(month, posted_in(month))

    @precondition(lambda self: self.shut)
    @rule(month=st.sampled_from(MONTHS))
    def reopen(self, month: str) -> None:
        if self.turn("open_period", month):
            self.shut.pop(month, None)

    def turn(self, act: str, month: str, **more: Any) -> bool:
        try:
            WORLD.act(act, period=month, **more)
        except ValueError:
            return False  # out of order: the months before it, or a month that is closed
        return True

    def open(self, month: str, journals: bool = False) -> bool:
        kept = next(one for one in WORLD.system.state.months() if one["periodName"] == month)
        return not (kept["closed"] or (kept["arLocked"] and not journals) or kept["allLocked"])

    @invariant()
    def balanced(self) -> None:
        check()

    @invariant()
    def nothing_in_a_closed_month(self) -> None:
        for month, before in self.shut.items():
            assert posted_in(month) == before, month


Ledger.TestCase.settings = settings(
    max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestLedger = Ledger.TestCase


# -- a machine that cannot fail proves nothing ------------------------------------------------

JOURNAL = {"subsidiary": "1", "tranDate": DAYS["Jan 2026"], "line": {"items": [
    {"account": "18", "debit": 7}, {"account": "11", "credit": 7}]}}  # fmt: skip


def only(wanted: Callable[[str, dict[str, Any]], bool]) -> Callable[..., Any]:
    """Period control that is asked of some documents and months alone."""
    return lambda real, period, impact, role, doc: real(period, impact, role, doc) if wanted(period, doc) else None


BREAKS: dict[str, tuple[str, Callable[..., Any], Callable[[Ledger], Any]]] = {  # what is broken, and a deed then
    "deletes from a closed month": (
        "may_delete", lambda real, doc, role: None, lambda ledger: ledger.business(("delete", 0))),
    "looks at the month alone into which a document moves": (
        "_touch", only(lambda period, doc: doc["postingPeriod"] == period),
        lambda ledger: ledger.call("PATCH", f"/record/v1/invoice/{documents('invoice')[0]['id']}",
                                   {"tranDate": DAYS["Feb 2026"]})),
    "leaves months open to journals": (
        "_touch", only(lambda period, doc: doc["type"] != "Journal"),
        lambda ledger: ledger.call("POST", "/record/v1/journalEntry", JOURNAL)),
}  # fmt: skip


@pytest.mark.parametrize("broken", BREAKS)
def test_the_invariant_of_closed_months_turns_red(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One deed in a closed month: refused by the ledger as it is, seen by the invariant where its control is broken."""
    name, change, deed = BREAKS[broken]
    ledger = Ledger()
    try:
        ledger.close("Dec 2025")
        ledger.close("Jan 2026")
        assert ledger.shut["Jan 2026"], "something stands in the closed month"
        deed(ledger)
        ledger.nothing_in_a_closed_month()
        posting = WORLD.system.records._revenue.posting
        monkeypatch.setattr(posting, name, partial(change, getattr(posting, name)))
        deed(ledger)
        ledger.balanced()
        with pytest.raises(AssertionError, match="Jan 2026"):
            ledger.nothing_in_a_closed_month()
    finally:
        ledger.teardown()


def test_the_machine_finds_a_ledger_whose_months_are_open_to_journals(monkeypatch: pytest.MonkeyPatch) -> None:
    name, change, _ = BREAKS["leaves months open to journals"]
    posting = WORLD.system.records._revenue.posting
    monkeypatch.setattr(posting, name, partial(change, getattr(posting, name)))
    few = settings(Ledger.TestCase.settings, max_examples=60, phases=(Phase.generate,), derandomize=True, database=None)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Ledger, settings=few)
