"""Changes of a subscription: its items now (prorated), at the term's end or on a date; its contract; its attributes."""

from typing import Any

from simulators.kit.fidelity import approximate, exact
from simulators.kit.jobs import Job
from simulators.kit.store import Doc
from simulators.subscriptions import (
    billing,
    contracts,
    items,
    proration,
    settlement,
    subscriptions,
    usage_rating,
    usage_terms,
)
from simulators.subscriptions.errors import bad_state, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.subscriptions import answer, attributes, collection, live
from simulators.subscriptions.work import Work, copied

exact(
    "changes at the term's end: `has_scheduled_changes`, retrieve_with_scheduled_changes, "
    "remove_scheduled_changes; a new change replaces the scheduled one",
    source="documented",
    held_by="test_changes",
)
approximate(
    "a change now while another is scheduled",
    "replaces it too",
    source="ours",
)

Result = dict[str, Any]

OPTIONS = ("immediately", "end_of_term", "specific_date")


def update_for_items(work: Work, params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/update_for_items. A change of items replaces one that is scheduled already."""
    subscription = live(work, key)
    if subscription["status"] == "cancelled":
        raise bad_state("cannot change a subscription that is cancelled")
    option, at = _when(work, params)
    held = _items(work, params, subscription)
    contract, cycles = params.group("contract_term"), params.integer("billing_cycles", least=1, most=1_000)
    wish = contracts.wish(params, contract, cycles)
    prorate = params.boolean("prorate") is not False
    for name, only in (("force_term_reset", False), ("invoice_immediately", True), ("replace_coupon_list", False)):
        if params.boolean(name) not in (None, only):
            raise wrong(name, f"can only be {str(only).lower()} in this sandbox")
    params.integer("invoice_date", most=work.at)
    attributes(work, subscription, params)
    if option != "immediately":
        if held is None and wish is None:
            raise wrong("subscription_items[item_price_id][0]", "cannot be blank: there is nothing to schedule")
        return _schedule(work, subscription, {"items": held, "contract": wish, "prorate": prorate}, option, at)
    if held is not None:
        forget(work, subscription)
    return _apply(work, subscription, held, wish, prorate)


def _when(work: Work, params: Params) -> tuple[str, int]:
    option = params.choice("change_option", OPTIONS)
    if params.boolean("end_of_term"):
        if option not in (None, "end_of_term"):
            raise wrong("change_option", "differs from end_of_term")
        option = "end_of_term"
    at = params.integer("changes_scheduled_at", required=option == "specific_date")
    if option == "specific_date" and at is not None and at <= work.at:
        raise wrong("changes_scheduled_at", "lies in the past: this sandbox does not backdate changes yet")
    return option or "immediately", at or 0


def _items(work: Work, params: Params, subscription: Doc) -> list[Doc] | None:
    """The items as they shall be, None when the call names none."""
    rows, removed = params.rows("subscription_items"), params.strings("mandatory_items_to_remove")
    whole = bool(params.boolean("replace_items_list"))
    if not rows and not removed:
        return None
    before = {item["item_price_id"]: item for item in subscription["subscription_items"]}
    for index, key in enumerate(removed):
        if key not in before:
            raise wrong(f"mandatory_items_to_remove[{index}]", f"{key} is not an item of the subscription")
    given = items.read(work, rows, before)
    named = {item["item_price_id"]: item for item in given}
    kept = [named.get(key, item) for key, item in before.items() if key in named or not (whole or key in removed)]
    held = [*kept, *(item for key, item in named.items() if key not in before)]
    if any(item["item_type"] == "plan" for item in given):  # a new plan takes the place of the old one
        plans = {item["item_price_id"] for item in given if item["item_type"] == "plan"}
        held = [item for item in held if item["item_type"] != "plan" or item["item_price_id"] in plans]
    plan = items.check(work, held)
    if plan["currency_code"] != subscription["currency_code"]:
        raise wrong("subscription_items[item_price_id][0]", f"the subscription is in {subscription['currency_code']}")
    same = plan["period"], plan["period_unit"]
    if same != (subscription["billing_period"], subscription["billing_period_unit"]):
        why = "the plan's period differs, which would reset the term: not supported by this sandbox yet"
        raise wrong("subscription_items[item_price_id][0]", why)
    return held


# -- later ------------------------------------------------------------------------------------


def _schedule(work: Work, subscription: Doc, wish: Doc, option: str, at: int) -> Result:
    if subscription["status"] != "active":
        raise bad_state(f"cannot schedule changes of a subscription that is {subscription['status']}")
    forget(work, subscription)
    due = subscription["_next_term"] if option == "end_of_term" else at
    subscription["_scheduled"] = wish
    subscription["has_scheduled_changes"], subscription["changes_scheduled_at"] = True, due
    if option == "specific_date":
        work.jobs.schedule(due, "scheduled_change", {"id": subscription["id"]}, key=f"change/{subscription['id']}")
        subscription["_scheduled"]["dated"] = True
    work.save("subscription", subscription)
    work.emit("subscription_changes_scheduled", **answer(work, subscription))
    return answer(work, subscription)


def forget(work: Work, subscription: Doc) -> Doc | None:
    """Take the scheduled change off the subscription; returns it."""
    subscription["has_scheduled_changes"] = False
    subscription.pop("changes_scheduled_at", None)
    work.jobs.cancel(f"change/{subscription['id']}")
    scheduled: Doc | None = subscription.pop("_scheduled", None)
    return scheduled


def at_term_end(work: Work, subscription: Doc) -> bool:
    """The term is over: what was scheduled for its end holds from now on, without proration; False: nothing was."""
    if subscription.get("_scheduled", {"dated": True}).get("dated"):
        return False
    wish = forget(work, subscription)
    assert wish is not None
    contracts.adjust(work, subscription, wish["contract"])
    if wish["items"] is not None:
        _hold(work, subscription, wish["items"])
    work.save("subscription", subscription)
    work.emit("subscription_changed", **answer(work, subscription))
    return True


def on_date(work: Work, job: Job) -> None:
    """The day of a change that was scheduled for a date."""
    subscription = work.get("subscription", job.payload["id"])
    if subscription is None or subscription["deleted"] or subscription["status"] == "cancelled":
        return
    wish = forget(work, subscription)
    if wish is not None:
        _apply(work, subscription, wish["items"], wish["contract"], wish["prorate"])


def retrieve_with_scheduled_changes(work: Work, _params: Params, key: str) -> Result:
    """GET /subscriptions/{id}/retrieve_with_scheduled_changes: the subscription as it will be."""
    subscription = live(work, key)
    wish = subscription.get("_scheduled")
    if wish is None:
        raise bad_state("no changes are scheduled")
    future = copied(subscription)
    if wish["items"] is not None:
        future["subscription_items"] = copied({"items": wish["items"]})["items"]
        future["mrr"] = items.monthly_recurring(future)
    if wish["contract"] is not None:
        on_renewal = wish["contract"].get("on_renewal")
        if on_renewal is not None:
            future["contract_term_billing_cycle_on_renewal"] = on_renewal
    return answer(work, future)


def remove_scheduled_changes(work: Work, _params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/remove_scheduled_changes."""
    subscription = live(work, key)
    if forget(work, subscription) is None:
        raise bad_state("no changes are scheduled")
    work.save("subscription", subscription)
    work.emit("subscription_scheduled_changes_removed", **answer(work, subscription))
    return answer(work, subscription)


# -- now --------------------------------------------------------------------------------------


def _apply(work: Work, subscription: Doc, held: list[Doc] | None, wish: Doc | None, prorate: bool) -> Result:
    """Items and contract as they shall be from now on: credit notes for what is taken away, an invoice for the rest."""
    customer = work.need("customer", subscription["customer_id"])
    begun = contracts.adjust(work, subscription, wish)
    running = held is not None and subscription["status"] != "future"
    before = subscription["subscription_items"]
    if held is not None:
        _hold(work, subscription, held)
    notes: list[Doc] = []
    invoice = None
    if running:
        effect = proration.of_change(work, subscription, before, prorate)
        notes = proration.credit(work, subscription, effect.credits)
        lines = [*effect.charges, *items.charge_lines(work, subscription, "subscription_creation")]
        if lines:
            invoice = subscriptions.bill(work, customer, subscription, lines, work.at)
        contracts.billed(work, customer, subscription, invoice, notes)
    work.save("subscription", subscription)
    billing.refresh_dues(work, subscription["id"])
    work.emit("subscription_changed", **answer(work, subscription, invoice=invoice, credit_notes=notes))
    if begun is not None:
        work.emit("contract_term_created", contract_term=begun, subscription=subscription, customer=customer)
    for note in notes:
        reference = work.need("invoice", note["reference_invoice_id"])
        work.emit("credit_note_created", credit_note=note, customer=customer, subscription=subscription)
        work.emit("invoice_updated", invoice=reference, customer=customer, subscription=subscription)
    if invoice is not None:
        billing.announce(work, invoice, customer, subscription)
        settlement.settle(work, invoice, customer, subscription, collection(customer, subscription))
    return answer(work, subscription, invoice=invoice, credit_notes=notes)


def _hold(work: Work, subscription: Doc, held: list[Doc]) -> None:
    kept = {item["item_price_id"] for item in held}
    gone = [one for one in usage_terms.metered_items(subscription) if one["item_price_id"] not in kept]
    subscription["subscription_items"] = held
    subscription["_plan"] = next(item["item_price_id"] for item in held if item["item_type"] == "plan")
    subscription["mrr"] = items.monthly_recurring(subscription)
    if subscription["status"] == "future":
        return
    for item in held:
        if item["item_type"] != "charge" and "metered_quantity" not in item:
            item["current_term_start"] = subscription["current_term_start"]
            item["current_term_end"] = subscription["current_term_end"]
            item["next_billing_at"] = subscription["_next_term"]
    usage_rating.bill_rest(work, subscription, gone)
    usage_terms.join(work, subscription)
