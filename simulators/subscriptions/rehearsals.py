"""Estimates by doing it: the operation itself runs in a savepoint that is rolled back, so they agree with it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulators.kit.fidelity import approximate, exact
from simulators.kit.store import Doc
from simulators.subscriptions import schedules, timetable
from simulators.subscriptions.errors import bad_state
from simulators.subscriptions.work import Rehearsal, Work, copied

exact(
    "estimates (create, update, renewal, cancel, pause, resume, advance, term end, unbilled, one-off, "
    "upcoming) equal what "
    "then happens: the operation itself runs and is rolled back",
    source="ours",
    held_by="test_lives",
)
approximate(
    "estimates of what lies ahead",
    "the jobs of the customer's subscriptions are played up to then (of the one alone, if that is more than three "
    "years away, and 300 of its jobs at most), and what lies behind more is refused; card payments in between are "
    "not played",
    source="ours",
)

Result = dict[str, Any]

HORIZON_S = 3 * 366 * 86_400  # the answer must not keep the site waiting
ALONE_MAX, JOBS_MAX = 300, 5_000  # jobs played beyond the horizon, and up to it


class _Over(Exception):
    """The rehearsal is over: the savepoint is rolled back."""


@dataclass
class Played:
    """What a rehearsal brought: documents made by the call itself, and by the jobs that followed it, in order."""

    made: list[tuple[str, Doc]] = field(default_factory=list)
    later: list[tuple[str, Doc]] = field(default_factory=list)
    subscription: Doc | None = None

    def of(self, kind: str, later: bool = False) -> list[Doc]:
        """The documents of a kind."""
        return [doc for held, doc in (self.later if later else self.made) if held == kind]


class Stage:
    """Where an estimate is played: the site as it is, in a transaction that will not be."""

    def __init__(self, work: Work, rehearsal: Rehearsal) -> None:
        self._outer, self._rehearsal = work, rehearsal
        self.played = Played()
        self.work = self._at(work.at)

    def _at(self, at: int) -> Work:
        outer = self._outer
        work = Work(outer.parts, at, outer.source, outer.entity, mute=True)
        work.silent, work.rehearsal = True, self._rehearsal
        return work

    def until(self, subscription: Doc, target: int, wanted: Sequence[str] = ()) -> None:
        """Play the jobs of all its customer's subscriptions that fall due up to `target`, each at its own time.

        What jobs of the kinds `wanted` make is kept as what came later. Refused when there are too many of them.
        """
        self.work.flush()
        alone = target > self._outer.at + HORIZON_S
        most = ALONE_MAX if alone else JOBS_MAX
        for _ in range(most):
            jobs = self._outer.jobs.keyed(self._keys(subscription, alone))
            if not jobs or jobs[0].due > target:
                return
            job = jobs[0]
            work = self._at(int(job.due))
            timetable.JOBS[job.kind](work, job)
            work.flush()
            self._outer.jobs.done(job)
            if job.kind in wanted:
                self.played.later += work.made
        raise bad_state(f"{most} things happen before: it lies too far ahead to be estimated")

    def _keys(self, own: Doc, alone: bool) -> list[str]:
        store, keys = self._outer.store, []
        held = [self.subscription(own["id"])] if alone else store.find("subscription", customer_id=own["customer_id"])
        for subscription in held:
            keys += [f"{name}/{subscription['id']}" for name in schedules.JOBS]
            keys += [f"advance/{key}" for key in subscription.get("_advances", ())]
            if subscription.get("_ramps"):
                keys += [f"ramp/{ramp['id']}" for ramp in store.find("ramp", subscription_id=subscription["id"])]
        return keys

    def subscription(self, key: str) -> Doc:
        """The subscription as it stands on the stage."""
        self.work.flush()
        held = self._outer.store.get("subscription", key)
        assert held is not None
        return held


def play(work: Work, act: Callable[[Stage], str | None], balances: bool = True) -> Played:
    """Play an act on a stage and undo it; the act returns the id of the subscription to be shown, if there is one.

    What the act refuses is refused.
    """
    work.flush()
    stage = Stage(work, Rehearsal(balances))
    try:
        with work.store.transaction():
            key = act(stage)
            stage.work.flush()
            played = stage.played
            played.made = _copies(stage.work.made)
            played.later = _copies(played.later)
            if key is not None:
                played.subscription = stage.subscription(key)
            raise _Over
    except _Over:
        return played


def _copies(made: list[tuple[str, Doc]]) -> list[tuple[str, Doc]]:
    return [(kind, copied(doc)) for kind, doc in made]


# -- what is shown of it ------------------------------------------------------------------------

_INVOICE = ("recurring", "date", "price_type", "currency_code", "sub_total", "total", "credits_applied", "amount_paid",
            "amount_due", "line_items", "line_item_tiers", "line_item_discounts", "line_item_taxes", "discounts",
            "taxes", "round_off_amount", "customer_id")  # fmt: skip
_NOTE = ("reference_invoice_id", "type", "price_type", "currency_code", "sub_total", "total", "amount_allocated",
         "amount_available", "line_items", "line_item_taxes", "line_item_discounts", "discounts", "taxes",
         "round_off_amount", "customer_id")  # fmt: skip
_SUBSCRIPTION = ("id", "currency_code", "status", "trial_end_action", "next_billing_at", "pause_date", "resume_date",
                 "shipping_address", "contract_term")  # fmt: skip


def _bare(doc: Doc, names: Sequence[str], kind: str) -> Doc:
    shown = {name: doc[name] for name in names if name in doc}
    for line in shown.get("line_items", ()):
        for name in [name for name in line if name[0] == "_"]:
            del line[name]
    return {**shown, "object": kind}


def invoice(doc: Doc) -> Doc:
    """An invoice as an estimate."""
    return _bare(doc, _INVOICE, "invoice_estimate")


def estimate(work: Work, played: Played) -> Result:
    """The vendor's estimate of what was played."""
    shown: Doc = {"created_at": work.at, "object": "estimate"}
    if played.subscription is not None:
        shown["subscription_estimate"] = _bare(played.subscription, _SUBSCRIPTION, "subscription_estimate")
    invoices = [invoice(doc) for doc in played.of("invoice")]
    if invoices:
        shown["invoice_estimate"] = invoices[0]
        if len(invoices) > 1:
            shown["invoice_estimates"] = invoices
    notes = [_bare(doc, _NOTE, "credit_note_estimate") for doc in played.of("credit_note")]
    if notes:
        shown["credit_note_estimates"] = notes
    charges = [doc for doc in played.of("unbilled_charge") if not doc["deleted"] and not doc["is_voided"]]
    if charges:
        shown["unbilled_charge_estimates"] = [
            {name: value for name, value in doc.items() if name[0] != "_"} for doc in charges
        ]
    following = played.of("invoice", later=True)
    if following:
        shown["next_invoice_estimate"] = invoice(following[0])
    return {"estimate": shown}
