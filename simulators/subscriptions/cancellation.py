"""Cancelling: now with or without credit, at the term's end, or at the contract's end; and taking it back."""

from typing import Any

from simulators.kit.fidelity import approximate
from simulators.kit.store import Doc
from simulators.subscriptions import billing, contracts, credit_notes, items, settlement, subscriptions
from simulators.subscriptions.errors import bad_state, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.renewals import cancelled
from simulators.subscriptions.rules_proration import Share, rest_of_term
from simulators.subscriptions.subscriptions import answer, collection, live
from simulators.subscriptions.work import Work

approximate(
    "cancel with credit on a partly paid invoice",
    "one adjustment note, refused when more than is due",
    source="ours",
)

Result = dict[str, Any]

CREDITS = ("none", "prorate", "full")


def cancel_for_items(work: Work, params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/cancel_for_items."""
    subscription = live(work, key)
    if subscription["status"] not in ("active", "non_renewing", "future"):
        raise bad_state(f"cannot cancel a subscription that is {subscription['status']}")
    contract = contracts.active(work, subscription)
    option = params.choice("cancel_option", ("immediately", "end_of_term"))
    if option is None:
        option = "end_of_term" if params.boolean("end_of_term") else "immediately"
    by_contract = params.choice("contract_term_cancel_option", ("terminate_immediately", "end_of_contract_term"))
    if by_contract is not None and contract is None:
        raise wrong("contract_term_cancel_option", "the subscription has no contract term in force")
    credit = params.choice("credit_option_for_current_term_charges", CREDITS) or "none"
    for name, only in (("account_receivables_handling", "no_action"), ("refundable_credits_handling", "no_action")):
        params.choice(name, (only,))
    params.choice("unbilled_charges_option", ("invoice", "delete"))
    reason = params.text("cancel_reason_code", longest=100)
    if reason is not None:
        subscription["cancel_reason_code"] = reason
    if by_contract == "end_of_contract_term":
        assert contract is not None
        return _at_contract_end(work, subscription, contract)
    if option == "end_of_term" and by_contract is None and subscription["status"] != "future":
        return _at_term_end(work, subscription)
    return _now(work, subscription, contract, credit)


def _at_contract_end(work: Work, subscription: Doc, contract: Doc) -> Result:
    contract["action_at_term_end"] = "cancel"
    subscription["cancel_schedule_created_at"] = work.at
    contracts.changed(work, subscription, contract)
    work.save("subscription", subscription)
    work.emit("subscription_cancellation_scheduled", **answer(work, subscription))
    return answer(work, subscription)


def _at_term_end(work: Work, subscription: Doc) -> Result:
    subscription["status"] = "non_renewing"
    subscription["cancelled_at"] = subscription["current_term_end"]
    subscription["cancel_schedule_created_at"] = work.at
    subscription.pop("next_billing_at", None)
    work.save("subscription", subscription)
    work.emit("subscription_cancellation_scheduled", **answer(work, subscription))
    return answer(work, subscription)


def _now(work: Work, subscription: Doc, contract: Doc | None, credit: str) -> Result:
    customer = work.need("customer", subscription["customer_id"])
    began = subscription["status"] != "future"
    notes = _credit(work, subscription, credit) if began else []
    fees = items.charge_lines(work, subscription, "contract_termination") if contract else []
    invoice = subscriptions.bill(work, customer, subscription, fees, work.at, recurring=False) if fees else None
    work.jobs.cancel(f"start/{subscription['id']}")
    cancelled(work, subscription, None)
    for note in notes:
        work.emit("credit_note_created", credit_note=note, customer=customer, subscription=subscription)
    if invoice is not None:
        billing.announce(work, invoice, customer, subscription)
        settlement.settle(work, invoice, customer, subscription, collection(customer, subscription))
    billing.refresh_dues(work, subscription["id"])
    return answer(work, subscription, invoice=invoice, credit_notes=notes)


def _credit(work: Work, subscription: Doc, option: str) -> list[Doc]:
    """Credit the rest (or all) of the current term's recurring charges, at the rates they were billed."""
    if option == "none":
        return []
    term = subscription["current_term_start"], subscription["_next_term"]
    share = rest_of_term(work.calendar, *term, work.at) if option == "prorate" else Share(1, 1)
    notes = []
    for invoice in work.find("invoice", subscription_id=subscription["id"]):
        if invoice["status"] in ("voided", "pending") or invoice["deleted"]:
            continue
        lines = [
            (line["id"], amount) for line in invoice["line_items"]
            if line["date_from"] == term[0] and line["entity_type"] in ("plan_item_price", "addon_item_price")
            and (amount := share.of(line["amount"]))
        ]  # fmt: skip
        if lines:
            kind = "refundable" if invoice["status"] == "paid" else "adjustment"
            wish = credit_notes.Wish(lines=lines)
            notes.append(credit_notes.against(work, invoice, kind, "subscription_cancellation", wish))
            billing.rebalanced(work, invoice)
    customer = work.need("customer", subscription["customer_id"])
    contracts.billed(work, customer, subscription, None, notes)
    return notes


def remove_scheduled_cancellation(work: Work, _params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/remove_scheduled_cancellation."""
    subscription = live(work, key)
    contract = contracts.active(work, subscription)
    if subscription["status"] == "non_renewing" and subscription.get("remaining_billing_cycles") != 0:
        subscription["status"] = "active"
        subscription["next_billing_at"] = subscription["_next_term"]
    elif contract is not None and contract["action_at_term_end"] == "cancel":
        contract["action_at_term_end"] = "renew"
        contracts.changed(work, subscription, contract)
    else:
        raise bad_state("no cancellation is scheduled")
    for name in ("cancelled_at", "cancel_schedule_created_at", "cancel_reason_code"):
        subscription.pop(name, None)
    work.save("subscription", subscription)
    work.emit("subscription_scheduled_cancellation_removed", **answer(work, subscription))
    return answer(work, subscription)


def reactivate(work: Work, params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/reactivate: a new first term from now on."""
    subscription = live(work, key)
    if subscription["status"] != "cancelled":
        raise bad_state(f"cannot reactivate a subscription that is {subscription['status']}")
    customer = work.need("customer", subscription["customer_id"])
    cycles = params.integer("billing_cycles", least=1, most=1_000)
    terms = {"contract": contracts.read(params, cycles), "cycles": cycles, "invoice_date": None, "pending": False}
    for name in ("cancelled_at", "cancel_reason", "cancel_reason_code", "cancel_schedule_created_at"):
        subscription.pop(name, None)
    invoice = subscriptions.activate(work, customer, subscription, terms, work.at, "subscription_reactivated")
    return answer(work, subscription, invoice=invoice)


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
