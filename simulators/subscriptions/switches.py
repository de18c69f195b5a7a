"""What a change does when its time has come: items, contract, proration, a new term, bills and notes."""

from typing import Any

from simulators.kit.store import Doc
from simulators.subscriptions import (
    billing,
    charging,
    contracts,
    discounts,
    items,
    proration,
    schedules,
    terms,
    usage_rating,
    usage_terms,
)
from simulators.subscriptions.answers import answer
from simulators.subscriptions.work import Work

Result = dict[str, Any]


def plan_of(held: list[Doc]) -> str:
    """The item price of the plan among items."""
    key: str = next(item["item_price_id"] for item in held if item["item_type"] == "plan")
    return key


def before_the_first_bill(work: Work, subscription: Doc, wish: Doc, tell: bool = True) -> None:
    """A change of what has not been billed yet (future or in trial): nothing is prorated."""
    hold(work, subscription, wish)
    discounts.hold(work, subscription, wish["discounts"], subscription["next_billing_at"])
    begin = subscription["_terms"]
    if wish["contract"] is not None:
        cycles = wish["contract"].get("billing_cycle") or begin["cycles"] or 1
        begin["contract"] = {"action_at_term_end": "renew", "on_renewal": cycles, "billing_cycle": cycles,
                             **(begin["contract"] or {}), **wish["contract"]}  # fmt: skip
        begin["cycles"] = begin["contract"]["billing_cycle"]
    future = subscription["status"] == "future"
    charging.revenue(work, subscription)
    if future:
        del subscription["mrr"]
    work.save("subscription", subscription)
    if tell:
        work.emit("subscription_changed", **answer(work, subscription))


def hold(work: Work, subscription: Doc, wish: Doc) -> None:
    """Put the items, and the plan's period, on a subscription whose first term has not begun."""
    _hold(work, subscription, wish, running=False)
    _period(work, subscription)


def now(work: Work, subscription: Doc, wish: Doc, at: int | None) -> Result:
    """Items and contract as they shall be from `at` on (now, or earlier: a backdated change); bills and notes today."""
    at = work.at if at is None else at
    customer = work.need("customer", subscription["customer_id"])
    begun = contracts.adjust(work, subscription, wish["contract"])
    discounts.hold(work, subscription, wish["discounts"], at)
    before = subscription["subscription_items"]
    credited, charged = proration.Credited(), charging.Charged()
    plan = work.need("item_price", plan_of(wish["items"] or before))
    period = plan["period"], plan["period_unit"]
    anew = wish["reset"] or period != (subscription["billing_period"], subscription["billing_period_unit"])
    if anew:
        credited, charged = _begin_anew(work, customer, subscription, wish, at)
    elif wish["items"] is not None:
        _hold(work, subscription, wish)
        effect = proration.of_change(work, subscription, before, wish["prorate"], at)
        credited = proration.credit(work, customer, subscription, effect.credits)
        fresh = charging.discounted(
            work, subscription, items.charge_lines(work, subscription, "subscription_creation"), work.at
        )
        charged = _charge(work, customer, subscription, wish, [*effect.charges, *fresh], credited)
    if wish["items"] is not None:
        subscription["_changed_at"] = at
    charging.revenue(work, subscription)
    work.save("subscription", subscription)
    billing.refresh_dues(work, subscription["id"])
    event = "subscription_changed_with_backdating" if at < work.at else "subscription_changed"
    told = {"invoice": charged.invoice, "credit_notes": credited.notes, "unbilled_charges": charged.unbilled}
    work.emit(event, **answer(work, subscription, **told))
    if begun is not None:
        work.emit("contract_term_created", contract_term=begun, subscription=subscription, customer=customer)
    tell_notes(work, customer, subscription, credited.notes)
    charging.finish(work, customer, subscription, charged.invoice)
    return answer(work, subscription, **told)


def _charge(
    work: Work, customer: Doc, subscription: Doc, wish: Doc, lines: list[Doc], credited: proration.Credited,
    cycles: int = 0,
) -> charging.Charged:  # fmt: skip
    """Bill the lines of a change, or keep them unbilled; the contract's value follows."""
    sums = charging.worth(work, customer, subscription, lines)
    charged = charging.charge(
        work, customer, subscription, lines, immediately=wish["immediately"], date=wish["invoice_date"]
    )
    sums = sums[0] - credited.unbilled, sums[1] - credited.unbilled
    contracts.counted(work, customer, subscription, sums, credited.notes, cycles)
    return charged


def tell_notes(work: Work, customer: Doc, subscription: Doc, notes: list[Doc]) -> None:
    """The events of credit notes and of the invoices that they credit."""
    for note in notes:
        reference = work.need("invoice", note["reference_invoice_id"])
        work.emit("credit_note_created", credit_note=note, customer=customer, subscription=subscription)
        work.emit("invoice_updated", invoice=reference, customer=customer, subscription=subscription)


def _begin_anew(
    work: Work, customer: Doc, subscription: Doc, wish: Doc, at: int
) -> tuple[proration.Credited, charging.Charged]:
    """The term is reset: what is left of the old one is credited, a new one begins and is charged in full.

    A contract in force is cancelled by it (the vendor's page on contract terms).
    """
    effect = proration.of_end(work, subscription, at) if wish["prorate"] else proration.Effect()
    credited = proration.credit(work, customer, subscription, effect.credits)
    contracts.counted(work, customer, subscription, (-credited.unbilled, -credited.unbilled), credited.notes)
    contract = contracts.active(work, subscription)
    if contract is not None:
        contracts.end(work, subscription, contract, "cancelled")
    usage_rating.over(work, subscription)
    subscription.pop("_billed_until", None)
    start = work.calendar.term_start(at)
    subscription["_anchor_day"] = work.calendar.anchor_day(start)
    if subscription["status"] == "non_renewing" and subscription.get("remaining_billing_cycles") != 0:
        subscription["status"] = "active"
        subscription.pop("cancelled_at", None)
    _hold(work, subscription, wish, running=False)
    _period(work, subscription)
    terms.set_term(work, subscription, start, None, terms.aligned(work, customer, subscription, start))
    usage_terms.begin(work, subscription, start)
    share = terms.running_share(work, subscription)
    lines = [*terms.lines(work, subscription), *items.charge_lines(work, subscription, "subscription_creation")]
    charging.discounted(work, subscription, lines, work.at, share)
    charged = charging.charge(
        work, customer, subscription, lines, immediately=wish["immediately"], date=wish["invoice_date"]
    )
    terms.schedule_renewal(work, subscription)
    return credited, charged


def _period(work: Work, subscription: Doc) -> None:
    """The subscription's period is its plan's."""
    plan = work.need("item_price", subscription["_plan"])
    subscription["billing_period"], subscription["billing_period_unit"] = plan["period"], plan["period_unit"]


def at_term_end(work: Work, subscription: Doc) -> bool:
    """The term is over: what was scheduled for its end holds from now on, without proration; False: nothing was."""
    if subscription.get("_scheduled", {"dated": True}).get("dated"):
        return False
    wish = schedules.forget(work, subscription)
    assert wish is not None
    contracts.adjust(work, subscription, wish["contract"])
    discounts.hold(work, subscription, wish["discounts"], subscription["_next_term"])
    if wish["items"] is not None:
        _hold(work, subscription, wish)
        before = subscription["billing_period"], subscription["billing_period_unit"]
        _period(work, subscription)
        if before != (subscription["billing_period"], subscription["billing_period_unit"]):
            subscription["_anchor_day"] = work.calendar.anchor_day(subscription["_next_term"])
    charging.revenue(work, subscription)
    work.save("subscription", subscription)
    work.emit("subscription_changed", **answer(work, subscription))
    return True


def _hold(work: Work, subscription: Doc, wish: Doc, running: bool = True) -> None:
    """Put the items on the subscription; metered ones that go are billed, those that come begin their terms."""
    held = wish["items"]
    if held is None:
        return
    kept = {item["item_price_id"] for item in held}
    gone = [one for one in usage_terms.metered_items(subscription) if one["item_price_id"] not in kept]
    subscription["subscription_items"] = held
    subscription["_plan"] = plan_of(held)
    tiers = wish.get("tiers")
    tiers = subscription.get("item_tiers", ()) if tiers is None else tiers
    if subscription["status"] in ("future", "in_trial") or not running:
        items.keep_tiers(subscription, tiers)
        return
    terms.show_term(subscription)
    usage_rating.bill_rest(work, subscription, gone)
    items.keep_tiers(subscription, tiers)
    usage_terms.join(work, subscription)
