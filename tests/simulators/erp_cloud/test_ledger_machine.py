"""A ledger with months that are locked, closed and opened between postings: it balances, and what is shut stays."""

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.simulators.erp_cloud.test_ledger_properties import AMOUNTS, GENESIS, START, STEPS, WORLD, check, take
from tests.simulators.erp_cloud.world import Reply

MONTHS = ("Dec 2025", "Jan 2026", "Feb 2026")
DAYS = {"Dec 2025": "2025-12-20", "Jan 2026": "2026-01-04", "Feb 2026": "2026-02-03"}
KINDS = st.sampled_from(("invoice", "creditMemo", "customerPayment"))


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

    def open(self, month: str) -> bool:
        kept = next(one for one in WORLD.system.state.months() if one["periodName"] == month)
        return not (kept["closed"] or kept["arLocked"] or kept["allLocked"])

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
