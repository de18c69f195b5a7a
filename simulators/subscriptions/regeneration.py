"""The running term billed once more, because its invoice was voided or deleted."""

from typing import Any

from simulators.kit.store import Doc
from simulators.subscriptions import billing, charging, items, proration, rules_proration, terms
from simulators.subscriptions.answers import live
from simulators.subscriptions.errors import bad_state, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.rules_proration import WHOLE, Share
from simulators.subscriptions.work import Work

Result = dict[str, Any]


def regenerate_invoice(work: Work, params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/regenerate_invoice: only when no invoice or unbilled charge holds the running term."""
    subscription = live(work, key)
    if subscription["status"] not in ("active", "non_renewing"):
        raise bad_state(f"cannot bill the term of a subscription that is {subscription['status']}")
    customer = work.need("customer", subscription["customer_id"])
    start, end = subscription["current_term_start"], subscription["current_term_end"]
    since, until = params.integer("date_from"), params.integer("date_to")
    if since is not None and not start <= since <= end:
        raise wrong("date_from", "should lie in the running term")
    if until is not None and not (since or start) < until <= end:
        raise wrong("date_to", "should lie in the running term, after date_from")
    if _is_billed(work, subscription):
        raise bad_state("the running term is billed: void or delete its invoice first")
    prorate = params.boolean("prorate") is not False
    begin, boundary = since or start, subscription["_next_term"] if until is None else until
    share = _share(work, subscription, begin, boundary) if prorate else WHOLE
    lines = items.term_lines(work, subscription, begin, end if until is None else until)
    if share is not WHOLE:
        for line in lines:
            proration.prorated(line, share.of(line["amount"]))
    charging.discounted(work, subscription, lines, work.at, share)
    immediately = params.boolean("invoice_immediately") is not False
    charged = charging.charge(work, customer, subscription, lines, immediately=immediately)
    work.save("subscription", subscription)
    billing.refresh_dues(work, key)
    charging.finish(work, customer, subscription, charged.invoice)
    made = {"invoice": charged.invoice, "unbilled_charges": charged.unbilled}
    return {name: value for name, value in made.items() if value}


def _share(work: Work, subscription: Doc, begin: int, boundary: int) -> Share:
    running = terms.running_share(work, subscription)
    if (begin, boundary) == (subscription["current_term_start"], subscription["_next_term"]):
        return running
    start, following = subscription["current_term_start"], subscription["_next_term"]
    whole = subscription.get("_whole") or rules_proration.length(work.calendar, start, following)
    return Share(rules_proration.length(work.calendar, begin, boundary), whole)


def _is_billed(work: Work, subscription: Doc) -> bool:
    start, end = subscription["current_term_start"], subscription["current_term_end"]
    held = [
        line for invoice in billing.of(work, subscription)
        if invoice["status"] != "voided" and not invoice["deleted"] for line in invoice["line_items"]
        if not line["metered"]
    ]  # fmt: skip
    held += [work.need("unbilled_charge", key)["_line"] for key in subscription.get("_unbilled", ())]
    return any(
        line["entity_type"] in ("plan_item_price", "addon_item_price") and start <= line["date_from"] <= end
        for line in held
    )
