"""Cancelling, in every option: now, in the past, at a term's or contract's end, on a date; and taking it back."""

from typing import Any

from simulators.kit.fidelity import absent, approximate, exact
from simulators.kit.jobs import Job
from simulators.kit.store import Doc
from simulators.subscriptions import (
    activation,
    billing,
    charging,
    contracts,
    endings,
    items,
    leftovers,
    proration,
    switches,
)
from simulators.subscriptions.answers import answer, live
from simulators.subscriptions.errors import bad_state, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.rules_proration import WHOLE
from simulators.subscriptions.rules_terms import DAY_S
from simulators.subscriptions.work import Work

exact(
    "cancel now, at the term's or contract's end, on a date, in the past; credits none, prorate, full; "
    "unbilled charges, "
    "open invoices and refundable credits as asked; fees as charge items; taking it back; reactivation, also backdated",
    source="observed, documented",
    held_by="test_sdk_lives, test_subscriptions",
)
approximate(
    "cancellation without `unbilled_charges_option`",
    "unbilled charges are invoiced; terms billed ahead are credited whatever the credit option says",
    source="ours",
)
absent("`consumption_based` credits, `decommissioned`, `include_cancellation_day_in_billing`")

Result = dict[str, Any]

CREDITS = ("none", "prorate", "full")
_OPTIONS = ("immediately", "end_of_term", "specific_date", "end_of_billing_term")
_BY_CONTRACT = {
    # contract_term_cancel_option: the cancel_option that it amounts to
    "terminate_immediately": "immediately",
    "specific_date": "specific_date",
    "end_of_subscription_billing_term": "end_of_term",
    "end_of_contract_term": "end_of_contract_term",
}
CANCELLABLE = ("active", "non_renewing", "future", "in_trial", "paused")


def cancel_for_items(work: Work, params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/cancel_for_items."""
    subscription = live(work, key)
    if subscription["status"] not in CANCELLABLE:
        raise bad_state(f"cannot cancel a subscription that is {subscription['status']}")
    contract = contracts.active(work, subscription)
    option, at = _when(work, params, subscription, contract)
    wish = _wish(work, params, subscription)
    reason = params.text("cancel_reason_code", longest=100)
    if reason is not None:
        subscription["cancel_reason_code"] = reason
    if option == "end_of_contract_term":
        assert contract is not None
        return _at_contract_end(work, subscription, contract)
    if option == "end_of_term" and subscription["status"] == "in_trial":
        option, at = "specific_date", subscription["trial_end"]
    if option == "end_of_term" and subscription["status"] in ("active", "non_renewing"):
        return _at_term_end(work, subscription)
    if option == "specific_date" and at is not None and at > work.at:
        return _on_date(work, subscription, wish, at)
    return _now(work, subscription, wish, at or work.at)


def _when(work: Work, params: Params, subscription: Doc, contract: Doc | None) -> tuple[str, int | None]:
    option = params.choice("cancel_option", _OPTIONS)
    if params.boolean("end_of_term"):
        if option not in (None, "end_of_term"):
            raise wrong("cancel_option", "differs from end_of_term")
        option = "end_of_term"
    by_contract = params.choice("contract_term_cancel_option", tuple(_BY_CONTRACT))
    if by_contract is not None:
        if contract is None:
            raise wrong("contract_term_cancel_option", "the subscription has no contract term in force")
        option = _BY_CONTRACT[by_contract]
    if option == "end_of_billing_term":
        option = "end_of_term"
    at = params.integer("cancel_at", required=option == "specific_date")
    if at is None or option not in (None, "specific_date"):
        return option or "immediately", None
    if at < work.at:
        _may_be_backdated(work, subscription, at)
    return "specific_date", at


def _may_be_backdated(work: Work, subscription: Doc, at: int) -> None:
    """In the past only within the term, after the last change, and one plan period back at most."""
    if subscription["status"] not in ("active", "non_renewing"):
        raise bad_state(f"cannot backdate the cancellation of a subscription that is {subscription['status']}")
    period = proration.next_boundary(work, subscription, work.at) - work.at
    earliest = max(
        subscription["current_term_start"], subscription.get("_changed_at", 0), work.at - period,
        work.at - work.site["backdating_days"] * DAY_S,
    )  # fmt: skip
    if at < earliest:
        raise wrong("cancel_at", f"lies before {earliest}: the term's start, the last change, or one period back")


def _wish(work: Work, params: Params, subscription: Doc) -> Doc:
    rows = params.rows("subscription_items")
    fees = items.read(work, rows) if rows else None
    for row, item in zip(rows, fees or (), strict=True):
        if item["item_type"] != "charge":
            raise row.wrong("item_price_id", "a fee of the cancellation is a charge")
        price = work.need("item_price", item["item_price_id"])
        if price["currency_code"] != subscription["currency_code"]:
            raise row.wrong("item_price_id", f"the subscription is in {subscription['currency_code']}")
        item["charge_on_event"] = "contract_termination"
    date = params.integer("invoice_date")
    if date is not None and not work.at - 31 * DAY_S <= date <= work.at:
        raise wrong("invoice_date", "should lie in the last month")
    return {
        "credit": params.choice("credit_option_for_current_term_charges", CREDITS) or "none",
        "unbilled": params.choice("unbilled_charges_option", ("invoice", "delete")) or "invoice",
        "open": params.choice(
            "account_receivables_handling", ("no_action", "schedule_payment_collection", "write_off")
        ) or "no_action",
        "refund": params.choice("refundable_credits_handling", ("no_action", "schedule_refund")) or "no_action",
        "fees": fees, "invoice_date": date,
    }  # fmt: skip


# -- later ------------------------------------------------------------------------------------


def _scheduled(work: Work, subscription: Doc) -> Result:
    subscription["cancel_schedule_created_at"] = work.at
    charging.revenue(work, subscription)
    work.save("subscription", subscription)
    work.emit("subscription_cancellation_scheduled", **answer(work, subscription))
    return answer(work, subscription)


def _at_contract_end(work: Work, subscription: Doc, contract: Doc) -> Result:
    contract["action_at_term_end"] = "cancel"
    contracts.changed(work, subscription, contract)
    return _scheduled(work, subscription)


def _at_term_end(work: Work, subscription: Doc) -> Result:
    subscription["status"] = "non_renewing"
    subscription["cancelled_at"] = subscription["current_term_end"]
    subscription.pop("next_billing_at", None)
    return _scheduled(work, subscription)


def _on_date(work: Work, subscription: Doc, wish: Doc, at: int) -> Result:
    """On a date to come; the terms until then are renewed and billed as ever."""
    subscription["_cancel"] = {**wish, "at": at, "invoice_date": None}
    subscription["cancelled_at"] = at
    if subscription["status"] == "active" and at <= subscription["_next_term"]:
        subscription["status"] = "non_renewing"
        subscription.pop("next_billing_at", None)
    work.jobs.schedule(at, "cancel", {"id": subscription["id"]}, key=f"cancel/{subscription['id']}")
    return _scheduled(work, subscription)


def on_date(work: Work, job: Job) -> None:
    """The date of a scheduled cancellation."""
    subscription = work.get("subscription", job.payload["id"])
    if subscription is None or subscription["deleted"] or subscription["status"] == "cancelled":
        return
    wish = subscription.pop("_cancel", None)
    if wish is not None:
        _now(work, subscription, wish, work.at)


# -- now --------------------------------------------------------------------------------------


def _now(work: Work, subscription: Doc, wish: Doc, at: int) -> Result:
    """End it: credits of the term, fees, what is unbilled, what is open, what can be paid back."""
    customer = work.need("customer", subscription["customer_id"])
    contract = contracts.active(work, subscription)
    credited = proration.Credited()
    if subscription["status"] in ("active", "non_renewing", "paused"):
        credited = _credit(work, customer, subscription, wish["credit"], at)
    if wish["fees"]:
        subscription["subscription_items"] += wish["fees"]
    fees = items.charge_lines(work, subscription, "contract_termination") if contract or wish["fees"] else []
    charging.discounted(work, subscription, fees, work.at)
    contracts.counted(work, customer, subscription, (-credited.unbilled, -credited.unbilled), credited.notes)
    lines = [*fees, *leftovers.unbilled_lines(work, customer, subscription, wish["unbilled"])]
    charged = charging.charge(work, customer, subscription, lines, date=wish["invoice_date"], recurring=False)
    told = {"invoice": charged.invoice, "credit_notes": credited.notes}
    endings.cancelled(work, subscription, None, at, **told)
    switches.tell_notes(work, customer, subscription, credited.notes)
    charging.finish(work, customer, subscription, charged.invoice)
    leftovers.settle(work, customer, subscription, wish["open"], wish["refund"])
    billing.refresh_dues(work, subscription["id"])
    return answer(work, subscription, **told)


def _credit(work: Work, customer: Doc, subscription: Doc, option: str, at: int) -> proration.Credited:
    """Credit the rest (or all) of the current term's recurring charges; terms billed ahead are always credited."""
    effect = proration.of_end(work, subscription, at, WHOLE if option == "full" else None)
    running = subscription["current_term_start"]
    owed = [one for one in effect.credits if option != "none" or one[1].start != running]
    return proration.credit(work, customer, subscription, owed, "subscription_cancellation")


def remove_scheduled_cancellation(work: Work, params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/remove_scheduled_cancellation; `billing_cycles`: how many terms follow."""
    subscription = live(work, key)
    contract = contracts.active(work, subscription)
    cycles = params.integer("billing_cycles", least=1, most=1_000)
    if subscription["status"] == "cancelled" or "cancelled_at" not in subscription:
        if contract is None or contract["action_at_term_end"] != "cancel":
            raise bad_state("no cancellation is scheduled")
        contract["action_at_term_end"] = "renew"
        contracts.changed(work, subscription, contract)
    if subscription["status"] == "non_renewing":
        if subscription.get("remaining_billing_cycles") == 0 or cycles is not None:
            subscription.pop("remaining_billing_cycles", None)
            if cycles is not None:
                subscription["remaining_billing_cycles"] = cycles
        subscription["status"] = "active"
        subscription["next_billing_at"] = subscription["_next_term"]
    work.jobs.cancel(f"cancel/{key}")
    for name in ("cancelled_at", "cancel_schedule_created_at", "cancel_reason_code", "_cancel"):
        subscription.pop(name, None)
    charging.revenue(work, subscription)
    if subscription["status"] == "future":
        del subscription["mrr"]
    work.save("subscription", subscription)
    work.emit("subscription_scheduled_cancellation_removed", **answer(work, subscription))
    return answer(work, subscription)


def reactivate(work: Work, params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/reactivate: a new first term, or a trial, from now or from a date in the past on."""
    subscription = live(work, key)
    if subscription["status"] != "cancelled":
        raise bad_state(f"cannot reactivate a subscription that is {subscription['status']}")
    wish = activation.read(work, params)
    began = params.integer("reactivate_from") or work.at
    if not max(subscription["cancelled_at"], work.at - work.site["backdating_days"] * DAY_S) <= began <= work.at:
        raise wrong("reactivate_from", "should lie between the cancellation and now")
    return activation.again(work, subscription, wish, began)


def delete(work: Work, _params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/delete: only a cancelled one; the record stays with `deleted`."""
    subscription = live(work, key)
    if subscription["status"] not in ("cancelled", "future"):
        raise bad_state("only cancelled and future subscriptions can be deleted")
    work.jobs.cancel(f"start/{key}")
    subscription["deleted"] = True
    work.save("subscription", subscription)
    work.emit("subscription_deleted", **answer(work, subscription))
    return answer(work, subscription)
