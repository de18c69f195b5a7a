"""The life of a subscription up to its first bill: a start in the future, a trial, activation."""

from typing import Any

from simulators.kit.fidelity import approximate, exact
from simulators.kit.jobs import Job
from simulators.kit.store import Doc
from simulators.subscriptions import billing, charging, contracts, endings, items, terms, unbilled, usage_terms
from simulators.subscriptions.answers import answer
from simulators.subscriptions.charging import Charged
from simulators.subscriptions.errors import wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.work import Work

exact(
    "trials (by `trial_end` or the plan's), starts to come and in the past, activation by the clock, "
    "`trial_end_action`",
    source="observed, documented",
    held_by="test_sdk_lives",
)
approximate(
    "in a trial",
    "no term is shown; one-off charges of the creation are billed at once; one that is cancelled for its end "
    "is in_trial",
    source="ours",
)

approximate(
    "free_period, the trial_end of an item",
    "the first term is longer by the free period and charged as one of the usual length, calendar billing or not; "
    "a plan's trial_end is the subscription's, that of an addon is refused",
    source="documented, ours",
)

AHEAD_MAX = 60  # terms that one call may bill in advance

Wish = Doc
"""How a subscription shall begin: contract, cycles, invoice_date, pending, immediately, ahead, alignment, trial_end,
trial_end_action."""


def read(work: Work, params: Params) -> Wish:
    """The parameters of a beginning that creation, reactivation and estimates share."""
    cycles = params.integer("billing_cycles", least=1, most=1_000)
    wish: Wish = {
        "contract": contracts.read(params, cycles), "cycles": cycles, "invoice_date": invoice_date(work, params),
        "pending": bool(params.boolean("first_invoice_pending")),
        "immediately": params.boolean("invoice_immediately") is not False,
        "ahead": params.integer("terms_to_charge", least=1, most=AHEAD_MAX) or 1,
        "alignment": params.choice("billing_alignment_mode", ("immediate", "delayed")) or "immediate",
        "trial_end": params.integer("trial_end"), "free": _free(params),
        "trial_end_action": params.choice(
            "trial_end_action", ("site_default", "plan_default", "activate_subscription", "cancel_subscription")
        ),
    }  # fmt: skip
    if cycles is not None and wish["ahead"] > cycles:
        raise wrong("terms_to_charge", f"is more than the {cycles} billing cycles")
    return wish


def _free(params: Params) -> list[Any] | None:
    """`free_period` and its unit: by so much the first term is longer than what is charged for it."""
    count = params.integer("free_period", least=1, most=365)
    unit = params.choice("free_period_unit", ("day", "week", "month", "year"), required=count is not None)
    return None if count is None else [count, unit]


def invoice_date(work: Work, params: Params) -> int | None:
    """`invoice_date`, which may lie in the past."""
    date = params.integer("invoice_date")
    if date is not None and date > work.at:
        raise wrong("invoice_date", "cannot lie in the future")
    return date


def start_due(work: Work, job: Job) -> None:
    """The start date of a future subscription has come."""
    subscription = work.get("subscription", job.payload["id"])
    if subscription is None or subscription["status"] != "future" or subscription["deleted"]:
        return
    customer = work.need("customer", subscription["customer_id"])
    wish = subscription.pop("_terms")
    if wish["trial_end"] and wish["trial_end"] > work.at:
        subscription["started_at"] = work.at
        trial(work, customer, subscription, wish, "subscription_started")
    else:
        charged, _ = activate(work, customer, subscription, wish, work.at, "subscription_started")
        charging.finish(work, customer, subscription, charged.invoice)


def trial(work: Work, customer: Doc, subscription: Doc, wish: Wish, event: str) -> Charged:
    """The trial begins now; one-off charges of the creation are billed at once, the rest waits for its end."""
    subscription |= {
        "status": "in_trial", "trial_start": work.at, "trial_end": wish["trial_end"],
        "next_billing_at": wish["trial_end"], "_terms": wish, "_anchor_day": work.calendar.anchor_day(work.at),
    }  # fmt: skip
    subscription.setdefault("started_at", work.at)
    if wish["trial_end_action"]:
        subscription["trial_end_action"] = wish["trial_end_action"]
    lines = charging.discounted(work, subscription, items.charge_lines(work, subscription, *items.AT_CREATION), work.at)
    charged = charging.charge(
        work, customer, subscription, lines, immediately=wish["immediately"], first=True, recurring=False
    )
    charging.revenue(work, subscription)
    watch_trial(work, subscription)
    work.save("subscription", subscription)
    billing.refresh_dues(work, subscription["id"])
    work.emit(event, **answer(work, subscription, invoice=charged.invoice))
    charging.finish(work, customer, subscription, charged.invoice)
    return charged


def again(work: Work, subscription: Doc, wish: Wish, began: int) -> dict[str, Any]:
    """A cancelled subscription has a new first term, or a trial, from `began` on (now, or a date in the past)."""
    customer = work.need("customer", subscription["customer_id"])
    for name in ("cancelled_at", "cancel_reason", "cancel_reason_code", "cancel_schedule_created_at", "_changed_at",
                 "trial_start", "trial_end"):  # fmt: skip
        subscription.pop(name, None)
    if wish["trial_end"]:
        if wish["trial_end"] <= work.at:
            raise wrong("trial_end", "should lie in the future")
        charged = trial(work, customer, subscription, wish, "subscription_reactivated")
    else:
        backdated = work.calendar.day_start(began) < work.calendar.day_start(work.at)
        event = "subscription_reactivated_with_backdating" if backdated else "subscription_reactivated"
        charged, _ = activate(work, customer, subscription, wish, began, event)
        charging.finish(work, customer, subscription, charged.invoice)
    return answer(work, subscription, invoice=charged.invoice, unbilled_charges=charged.unbilled)


def watch_trial(work: Work, subscription: Doc) -> None:
    """A job for the end of the trial."""
    work.jobs.schedule(
        subscription["trial_end"], "trial_end", {"id": subscription["id"]}, key=f"trial/{subscription['id']}"
    )


def trial_over(work: Work, job: Job) -> None:
    """The trial is over: the first paid term begins, or the subscription ends."""
    subscription = work.get("subscription", job.payload["id"])
    if subscription is None or subscription["deleted"] or subscription["status"] != "in_trial":
        return
    end_trial(work, subscription)


def end_trial(work: Work, subscription: Doc) -> Charged:
    """End the trial now."""
    work.jobs.cancel(f"trial/{subscription['id']}")
    wish = subscription.pop("_terms")
    if "cancelled_at" in subscription or subscription.get("trial_end_action") == "cancel_subscription":
        endings.cancelled(work, subscription, None)
        return Charged()
    customer = work.need("customer", subscription["customer_id"])
    charged, _ = activate(work, customer, subscription, wish, work.at, "subscription_activated")
    charging.finish(work, customer, subscription, charged.invoice)
    return charged


def activate(
    work: Work, customer: Doc, subscription: Doc, wish: Wish, began: int, event: str
) -> tuple[Charged, Doc | None]:
    """Begin the first term: dates, first bill (recurring lines, then one-off charges), contract, events.

    Returns the bill, which the caller collects with `charging.finish`, and the contract term that has begun.
    """
    start = work.calendar.term_start(began)
    subscription["_anchor_day"] = work.calendar.anchor_day(start)
    subscription |= {"status": "active", "activated_at": began}
    subscription.setdefault("started_at", began)
    remaining = None if wish["cycles"] is None or wish["contract"] else wish["cycles"] - 1
    boundary = None
    if wish["alignment"] == "immediate":
        boundary = terms.aligned(work, customer, subscription, start)
    elif terms.billing_day(work, customer, subscription):
        subscription["_align"] = True
    free = wish.get("free")
    if free:
        subscription["free_period"], subscription["free_period_unit"] = free
        boundary = terms.after_free(work, subscription, start, free)
    terms.set_term(work, subscription, start, remaining, boundary)
    if free:
        subscription.pop("_whole", None)  # the longer term is charged as one of the usual length
    usage_terms.begin(work, subscription, start)
    sums, charged = _first_bill(work, customer, subscription, wish)
    term = None
    if wish["contract"] is not None:
        term = contracts.begin(work, customer, subscription, wish["contract"], start, sums, wish["ahead"] - 1)
    charging.revenue(work, subscription)
    terms.schedule_renewal(work, subscription)
    work.save("subscription", subscription)
    billing.refresh_dues(work, subscription["id"])
    work.emit(event, **answer(work, subscription, invoice=charged.invoice, unbilled_charges=charged.unbilled))
    if term is not None:
        work.emit("contract_term_created", contract_term=term, subscription=subscription, customer=customer)
    return charged, term


def _first_bill(work: Work, customer: Doc, subscription: Doc, wish: Wish) -> tuple[tuple[int, int], Charged]:
    """The first term's bill with its worth; terms that are billed ahead are on it too."""
    share = terms.running_share(work, subscription)
    lines = terms.lines(work, subscription)
    lines += items.charge_lines(work, subscription, *items.AT_CREATION, *items.AT_ACTIVATION)
    charging.discounted(work, subscription, lines, work.at, share)
    if wish["ahead"] > 1:
        lines += bill_ahead(work, subscription, wish["ahead"] - 1)
    sums = charging.worth(work, customer, subscription, lines)
    lines = [*unbilled.sweep(work, customer, subscription), *lines] if wish["immediately"] else lines
    charged = charging.charge(
        work, customer, subscription, lines, immediately=wish["immediately"], date=wish["invoice_date"], first=True,
        pending=wish["pending"], advance=wish["ahead"] > 1,
    )  # fmt: skip
    return sums, charged


def bill_ahead(work: Work, subscription: Doc, count: int) -> list[Doc]:
    """The discounted lines of the next terms that are not billed yet; they count as billed from now on."""
    found = []
    for start, boundary in terms.ahead(work, subscription, count):
        found += charging.discounted(work, subscription, terms.lines(work, subscription, start, boundary), start)
        subscription["_billed_until"] = boundary
    return found
