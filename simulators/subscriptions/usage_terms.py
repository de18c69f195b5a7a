"""The terms of metered items: each has its own, as long as its price's period, and is billed when it is over."""

from simulators.kit.store import Doc
from simulators.subscriptions.work import Work


def metered_items(subscription: Doc) -> list[Doc]:
    """The subscription's metered items: only they have a metered quantity."""
    return [item for item in subscription["subscription_items"] if "metered_quantity" in item]


def begin(work: Work, subscription: Doc, start: int) -> None:
    """The first term of every metered item begins."""
    for item in metered_items(subscription):
        move(work, subscription, item, start)
    watch(work, subscription)


def move(work: Work, subscription: Doc, item: Doc, start: int) -> None:
    """Move one metered item into its term that begins at `start`."""
    following = _end(work, subscription, item, start)
    item["current_term_start"], item["next_billing_at"] = start, following
    item["current_term_end"] = work.calendar.last_second(following)
    item["metered_quantity"] = "0"


def _end(work: Work, subscription: Doc, item: Doc, start: int) -> int:
    """Where the term ends: by the item's period on the subscription's day, and with the billing term at the latest."""
    unit, anchor = item["billing_period_unit"], subscription["_anchor_day"]
    end = work.calendar.add(start, 0, unit, anchor) if unit == "month" else start
    if end <= start:  # else a term of less than its period leads to a day that has moved (calendar billing)
        end = work.calendar.add(start, item["billing_period"], unit, anchor)
    term_end: int = subscription["_next_term"]
    return min(end, term_end) if term_end > start else end


def watch(work: Work, subscription: Doc) -> None:
    """A job for the next term of a metered item that ends."""
    due = min((item["next_billing_at"] for item in metered_items(subscription)), default=None)
    if due is not None:
        work.jobs.schedule(due, "usage_term", {"id": subscription["id"]}, key=f"usage/{subscription['id']}")


def join(work: Work, subscription: Doc) -> None:
    """Metered items that have come in mid-term begin now."""
    for item in metered_items(subscription):
        if "next_billing_at" not in item:
            move(work, subscription, item, work.calendar.term_start(work.at))
    watch(work, subscription)


def end(work: Work, subscription: Doc) -> None:
    """No term follows any more."""
    work.jobs.cancel(f"usage/{subscription['id']}")
    for item in metered_items(subscription):
        item.pop("next_billing_at", None)
