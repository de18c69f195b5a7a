"""Moving the end of the running term, so that subscriptions end together: extending charges, shortening credits."""

from typing import Any

from simulators.kit.fidelity import approximate, exact
from simulators.kit.store import Doc
from simulators.subscriptions import (
    billing,
    charging,
    contracts,
    items,
    proration,
    ramps,
    rules_proration,
    switches,
    terms,
)
from simulators.subscriptions.answers import answer, live
from simulators.subscriptions.errors import bad_state, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.proration import Credited, Segment
from simulators.subscriptions.rules_proration import Share
from simulators.subscriptions.work import Work

exact(
    "change_term_end: extending charges price / days of a period from now x days added, shortening credits "
    "price / days "
    "of the term x days removed; later renewals follow",
    source="documented",
    held_by="test_sdk_lives",
)
approximate(
    "change_term_end, further",
    "the contract's end moves with it; a later change in the moved term is prorated by a full term's length; refused "
    "while terms are billed ahead",
    source="ours",
)

Result = dict[str, Any]


def change_term_end(work: Work, params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/change_term_end: later renewals follow the new date, the contract's end moves with it.

    Extending charges price / length of a period that starts now x what is added; shortening credits price / length of
    the running term x what is removed (the vendor's page on the operation).
    """
    subscription = live(work, key)
    if subscription["status"] not in ("in_trial", "active", "non_renewing"):
        raise bad_state(f"cannot change the term of a subscription that is {subscription['status']}")
    asked = params.number("term_ends_at")
    prorate = params.boolean("prorate") is not False
    immediately = params.boolean("invoice_immediately") is not False
    if asked <= work.at:
        raise wrong("term_ends_at", "should lie in the future")
    if subscription["status"] == "in_trial":
        return _trial(work, subscription, asked)
    if subscription.get("_billed_until"):
        raise bad_state("terms to come were invoiced in advance")
    customer = work.need("customer", subscription["customer_id"])
    boundary = work.calendar.day_start(asked) if work.calendar.whole_days else asked
    if boundary == subscription["_next_term"]:
        raise wrong("term_ends_at", "the term ends then already")
    if boundary <= work.at:
        raise wrong("term_ends_at", "should lie after today")
    credited, lines = _difference(work, customer, subscription, boundary, prorate)
    _move(work, subscription, boundary)
    sums = charging.worth(work, customer, subscription, lines)
    charged = charging.charge(work, customer, subscription, lines, immediately=immediately)
    sums = sums[0] - credited.unbilled, sums[1] - credited.unbilled
    contracts.counted(work, customer, subscription, sums, credited.notes)
    ramps.base_changed(work, subscription)
    work.save("subscription", subscription)
    billing.refresh_dues(work, key)
    told = {"invoice": charged.invoice, "credit_notes": credited.notes, "unbilled_charges": charged.unbilled}
    work.emit("subscription_changed", **answer(work, subscription, **told))
    switches.tell_notes(work, customer, subscription, credited.notes)
    charging.finish(work, customer, subscription, charged.invoice)
    return answer(work, subscription, **told)


def _trial(work: Work, subscription: Doc, at: int) -> Result:
    subscription["trial_end"] = subscription["next_billing_at"] = subscription["_terms"]["trial_end"] = at
    work.jobs.schedule(at, "trial_end", {"id": subscription["id"]}, key=f"trial/{subscription['id']}")
    work.save("subscription", subscription)
    work.emit("subscription_changed", **answer(work, subscription))
    return answer(work, subscription)


def _difference(
    work: Work, customer: Doc, subscription: Doc, boundary: int, prorate: bool
) -> tuple[Credited, list[Doc]]:
    """What the moved end costs: credits for what is removed, or lines for what is added."""
    end, start = subscription["_next_term"], subscription["current_term_start"]
    if not prorate:
        return Credited(), []
    if boundary > end:
        full = proration.next_boundary(work, subscription, work.calendar.term_start(work.at))
        share = Share(
            rules_proration.length(work.calendar, end, boundary),
            rules_proration.length(work.calendar, work.calendar.term_start(work.at), full),
        )
        lines = items.term_lines(work, subscription, end, work.calendar.last_second(boundary))
        for line in lines:
            proration.prorated(line, share.of(line["amount"]))
        return Credited(), charging.discounted(work, subscription, lines, work.at, share)
    whole = subscription.get("_whole") or rules_proration.length(work.calendar, start, end)
    share = Share(rules_proration.length(work.calendar, boundary, end), whole)
    segment = Segment(start, subscription["current_term_end"], share, boundary)
    plan = work.need("item_price", subscription["_plan"])
    owed = [
        (item["item_price_id"], segment, share.of(
            item["amount"] * items.per_term(work.need("item_price", item["item_price_id"]), plan)
        ))
        for item in subscription["subscription_items"] if items.recurring(item)
    ]  # fmt: skip
    return proration.credit(work, customer, subscription, [one for one in owed if one[2]]), []


def _move(work: Work, subscription: Doc, boundary: int) -> None:
    start = subscription["current_term_start"]
    usual = proration.next_boundary(work, subscription, start)
    subscription["_whole"] = rules_proration.length(work.calendar, start, usual)
    subscription["_next_term"] = boundary
    subscription["current_term_end"] = work.calendar.last_second(boundary)
    if "next_billing_at" in subscription:
        subscription["next_billing_at"] = boundary
    if subscription["status"] == "non_renewing" and "_cancel" not in subscription:
        subscription["cancelled_at"] = subscription["current_term_end"]
    subscription["_anchor_day"] = work.calendar.anchor_day(boundary)
    if not subscription.get("_scheduled", {"dated": True})["dated"]:
        subscription["changes_scheduled_at"] = boundary
    terms.show_term(subscription)
    terms.schedule_renewal(work, subscription)
    contracts.moved(work, subscription)
