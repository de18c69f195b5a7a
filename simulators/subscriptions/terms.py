"""The billing term of a subscription: where it ends, what calendar billing makes of it, the lines it is billed by."""

import calendar as months
from typing import Any

from simulators.kit.fidelity import approximate
from simulators.kit.jobs import Job
from simulators.kit.store import Doc
from simulators.subscriptions import items, proration, rules_proration
from simulators.subscriptions.answers import answer
from simulators.subscriptions.rules_proration import WHOLE, Share
from simulators.subscriptions.rules_terms import DAY_S
from simulators.subscriptions.work import Work

approximate(
    "calendar billing",
    "site settings `billing_date` and `billing_month` or the customer's members of that name; the first term is "
    "shortened and prorated, or with `billing_alignment_mode: delayed` the second one",
    source="documented, ours",
)


Boundary = tuple[int, int]
"""Where a term ends that does not end by its period, and the day of the month that terms keep from then on."""


def set_term(
    work: Work, subscription: Doc, start: int, remaining: int | None, boundary: Boundary | None = None
) -> None:  # fmt: skip
    """Move the subscription into the billing term that begins at `start`; `boundary`: if it does not end by its period.

    `remaining`: how many terms follow this one, None where no end is set.
    """
    following = proration.next_boundary(work, subscription, start)
    subscription.pop("_whole", None)
    if boundary is not None:
        if boundary[0] != following:
            subscription["_whole"] = rules_proration.length(work.calendar, start, following)
        following, subscription["_anchor_day"] = boundary
    subscription["current_term_start"], subscription["_next_term"] = start, following
    subscription["current_term_end"] = work.calendar.last_second(following)
    subscription["next_billing_at"] = following
    if remaining is not None:
        subscription["remaining_billing_cycles"] = remaining
        if remaining == 0:
            subscription["status"] = "non_renewing"
            subscription["cancelled_at"] = subscription["current_term_end"]
            subscription.pop("next_billing_at")
    ends_at = subscription.get("_cancel", {}).get("at")
    if ends_at is not None and ends_at <= following:
        subscription["status"] = "non_renewing"
        subscription.pop("next_billing_at", None)
    show_term(subscription)


def show_term(subscription: Doc) -> None:
    """Bring the recurring items' terms in step with the subscription's."""
    for item in subscription["subscription_items"]:
        if items.recurring(item):
            item["current_term_start"] = subscription["current_term_start"]
            item["current_term_end"] = subscription["current_term_end"]
            item["next_billing_at"] = subscription["_next_term"]


def schedule_renewal(work: Work, subscription: Doc) -> None:
    """The next term begins, or the subscription ends, by a job at the term's end."""
    work.jobs.schedule(
        subscription["_next_term"], "term_end", {"id": subscription["id"]}, key=f"term/{subscription['id']}"
    )
    days = work.site["renewal_reminder_days"]
    if days is not None and subscription.get("next_billing_at", 0) > work.at + days * DAY_S:
        due = subscription["next_billing_at"] - days * DAY_S
        term = {"id": subscription["id"], "begins": subscription["next_billing_at"]}
        work.jobs.schedule(due, "renewal_reminder", term, key=f"renewal/{subscription['id']}")


def remind(work: Work, job: Job) -> None:
    """The next term begins in some days (site setting `renewal_reminder_days`)."""
    subscription = work.get("subscription", job.payload["id"])
    if subscription is None or subscription["deleted"] or subscription["status"] != "active":
        return
    if subscription["next_billing_at"] == job.payload["begins"]:
        work.emit("subscription_renewal_reminder", **answer(work, subscription))


def billing_day(work: Work, customer: Doc, subscription: Doc) -> tuple[int, int | None] | None:
    """Day and month of calendar billing for a subscription, by customer, else site; None: terms follow its start."""
    day = customer.get("billing_date") or work.site["billing_date"]
    month = customer.get("billing_month") or work.site["billing_month"]
    unit = subscription["billing_period_unit"]
    if day is None or unit not in ("month", "year") or (unit == "year" and month is None):
        return None
    return day, month if unit == "year" else None


def aligned(work: Work, customer: Doc, subscription: Doc, start: int) -> Boundary | None:
    """Where a term that begins at `start` must end so that the next one begins on the billing day; None: by period."""
    asked = billing_day(work, customer, subscription)
    if asked is None:
        return None
    day, month = asked
    local = work.calendar.local(start)
    year, number = local.year, month or local.month
    for _ in range(3):
        on = min(day, months.monthrange(year, number)[1])
        moved = work.calendar.midnight(year, number, on)
        if moved > start:
            return moved, day
        if on == local.day and number == local.month and moved == work.calendar.day_start(start):
            subscription["_anchor_day"] = day  # it begins on the billing day itself
            return None
        year, number = (year + 1, number) if month else (year + number // 12, number % 12 + 1)
    return None


def lines(work: Work, subscription: Doc, start: int | None = None, boundary: int | None = None) -> list[Doc]:
    """The recurring lines of a term, by default the running one, which may be shorter than its period."""
    if start is None or boundary is None:
        shown, end = subscription["current_term_start"], subscription["current_term_end"]
        found = items.term_lines(work, subscription, shown, end)
        share = running_share(work, subscription)
        if share is not WHOLE:
            for line in found:
                proration.prorated(line, share.of(line["amount"]))
        return found
    return items.term_lines(work, subscription, start, work.calendar.last_second(boundary))


def running_share(work: Work, subscription: Doc) -> Share:
    """How much of a full term the running one is."""
    whole = subscription.get("_whole")
    if whole is None:
        return WHOLE
    length = rules_proration.length(work.calendar, subscription["current_term_start"], subscription["_next_term"])
    return Share(length, whole)


def after_free(work: Work, subscription: Doc, start: int, free: list[Any]) -> Boundary:
    """The end of a first term that begins with a free period, and the day that terms keep from then on."""
    count, unit = free
    paid = work.calendar.add(start, count, unit, subscription["_anchor_day"])
    day = work.calendar.anchor_day(paid) if unit in ("day", "week") else subscription["_anchor_day"]
    end = work.calendar.add(paid, subscription["billing_period"], subscription["billing_period_unit"], day)
    return end, day


def ahead(work: Work, subscription: Doc, count: int) -> list[tuple[int, int]]:
    """The next `count` terms that are not billed yet, as (start, boundary)."""
    start = max(subscription["_next_term"], subscription.get("_billed_until", 0))
    found = []
    for _ in range(count):
        following = proration.next_boundary(work, subscription, start)
        found.append((start, following))
        start = following
    return found
