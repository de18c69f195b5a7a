"""Pausing and resuming: nothing is billed meanwhile, nothing is credited; a late resumption begins a term anew."""

from typing import Any

from simulators.kit.fidelity import approximate, exact
from simulators.kit.jobs import Job
from simulators.kit.store import Doc
from simulators.subscriptions import (
    billing,
    charging,
    contracts,
    items,
    settlement,
    terms,
    unbilled,
    usage_rating,
    usage_terms,
)
from simulators.subscriptions.answers import answer, live
from simulators.subscriptions.errors import bad_state, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.rules_invoice import OPEN
from simulators.subscriptions.work import Work

exact(
    "pause now, at the term's end, on a date or for billing cycles, without credits; only active ones; "
    "resumption within "
    "the term charges nothing, after it a new term begins that day; scheduled ones can be removed",
    source="documented",
    held_by="test_sdk_lives",
)
approximate(
    "a pause under contract",
    "the contract's end moves when a late resumption begins a new term; what was used of metered items is billed then",
    source="ours",
)

Result = dict[str, Any]


def pause(work: Work, params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/pause: only an active subscription, now, at its term's end, or on a date.

    No credit is given for the rest of the term (the vendor's page on pausing).
    """
    subscription = live(work, key)
    if subscription["status"] != "active":
        raise bad_state(f"cannot pause a subscription that is {subscription['status']}")
    option = params.choice("pause_option", ("immediately", "end_of_term", "specific_date", "billing_cycles"))
    option = option or "immediately"
    at = params.integer("pause_date", required=option == "specific_date")
    skipped = params.integer("skip_billing_cycles", least=1, most=100, required=option == "billing_cycles")
    resume = params.integer("resume_date")
    wish = {
        "unbilled": params.choice("unbilled_charges_handling", ("no_action", "invoice")) or "no_action",
        "dunning": params.choice("invoice_dunning_handling", ("continue", "stop")) or "continue",
    }  # fmt: skip
    begin_at = {"immediately": work.at, "specific_date": at}.get(option) or subscription["_next_term"]
    if begin_at < work.at:
        raise wrong("pause_date", "lies in the past")
    if skipped is not None:
        resume = terms.ahead(work, {**subscription, "_billed_until": 0}, skipped)[-1][1]
    if resume is not None and resume <= begin_at:
        raise wrong("resume_date", "should lie after the pause begins")
    if resume is not None:
        subscription["resume_date"] = resume
    subscription["_pausing"] = wish
    if begin_at == work.at:
        charged = begin(work, work.need("customer", subscription["customer_id"]), subscription)
        return answer(work, subscription, invoice=charged.invoice)
    subscription["pause_date"] = begin_at if option == "specific_date" else subscription["current_term_end"]
    if option == "specific_date":
        work.jobs.schedule(begin_at, "pause", {"id": key}, key=f"pause/{key}")
    else:
        subscription["_pause_at_end"] = True
    work.save("subscription", subscription)
    work.emit("subscription_pause_scheduled", **answer(work, subscription))
    return answer(work, subscription)


def pause_due(work: Work, job: Job) -> None:
    """The date of a scheduled pause."""
    subscription = work.get("subscription", job.payload["id"])
    if subscription is not None and subscription["status"] == "active" and not subscription["deleted"]:
        begin(work, work.need("customer", subscription["customer_id"]), subscription)


def begin(work: Work, customer: Doc, subscription: Doc) -> charging.Charged:
    """The pause begins now."""
    wish = subscription.pop("_pausing")
    subscription.pop("_pause_at_end", None)
    subscription["status"], subscription["pause_date"] = "paused", work.at
    subscription.pop("next_billing_at", None)
    lines = unbilled.sweep(work, customer, subscription) if wish["unbilled"] == "invoice" else []
    charged = charging.charge(work, customer, subscription, lines, recurring=False)
    if wish["dunning"] == "stop":
        _stop_dunning(work, subscription)
    if "resume_date" in subscription:
        _watch(work, subscription)
    work.save("subscription", subscription)
    work.emit("subscription_paused", **answer(work, subscription, invoice=charged.invoice))
    charging.finish(work, customer, subscription, charged.invoice)
    return charged


def _watch(work: Work, subscription: Doc) -> None:
    work.jobs.schedule(
        subscription["resume_date"], "resume", {"id": subscription["id"]}, key=f"resume/{subscription['id']}"
    )


def _stop_dunning(work: Work, subscription: Doc) -> None:
    for invoice in work.find("invoice", subscription_id=subscription["id"]):
        if invoice.get("dunning_status") == "in_progress":
            invoice["dunning_status"] = "stopped"
            invoice.pop("next_retry_at", None)
            work.jobs.cancel(f"dunning/{invoice['id']}")
            work.save("invoice", invoice)


def resume(work: Work, params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/resume: now, or on a date."""
    subscription = live(work, key)
    if subscription["status"] != "paused":
        raise bad_state(f"cannot resume a subscription that is {subscription['status']}")
    option = params.choice("resume_option", ("immediately", "specific_date")) or "immediately"
    at = params.integer("resume_date", required=option == "specific_date")
    handling = params.choice("charges_handling", ("invoice_immediately", "add_to_unbilled_charges"))
    collecting = params.choice("unpaid_invoices_handling", ("no_action", "schedule_payment_collection"))
    subscription["_resuming"] = {"immediately": handling != "add_to_unbilled_charges",
                                 "collect": collecting == "schedule_payment_collection"}  # fmt: skip
    if option == "specific_date":
        if at is None or at <= work.at:
            raise wrong("resume_date", "should lie in the future")
        subscription["resume_date"] = at
        _watch(work, subscription)
        work.save("subscription", subscription)
        work.emit("subscription_resumption_scheduled", **answer(work, subscription))
        return answer(work, subscription)
    charged = _begin_again(work, subscription)
    return answer(work, subscription, invoice=charged.invoice, unbilled_charges=charged.unbilled)


def resume_due(work: Work, job: Job) -> None:
    """The date of a scheduled resumption."""
    subscription = work.get("subscription", job.payload["id"])
    if subscription is not None and subscription["status"] == "paused" and not subscription["deleted"]:
        _begin_again(work, subscription)


def _begin_again(work: Work, subscription: Doc) -> charging.Charged:
    """Resume now: within the term nothing is charged; after it a new term begins today and is."""
    customer = work.need("customer", subscription["customer_id"])
    wish = subscription.pop("_resuming", {"immediately": True, "collect": False})
    for name in ("pause_date", "resume_date"):
        subscription.pop(name, None)
    work.jobs.cancel(f"resume/{subscription['id']}")
    subscription["status"] = "active"
    charged = charging.Charged()
    if work.at < subscription["_next_term"]:
        subscription["next_billing_at"] = subscription["_next_term"]
        terms.schedule_renewal(work, subscription)
        _usage_goes_on(work, subscription)
    else:
        charged = _new_term(work, customer, subscription, wish["immediately"])
    work.save("subscription", subscription)
    billing.refresh_dues(work, subscription["id"])
    told = {"invoice": charged.invoice, "unbilled_charges": charged.unbilled}
    work.emit("subscription_resumed", **answer(work, subscription, **told))
    charging.finish(work, customer, subscription, charged.invoice)
    if wish["collect"]:
        collect_open(work, customer, subscription)
    return charged


def _new_term(work: Work, customer: Doc, subscription: Doc, immediately: bool) -> charging.Charged:
    _usage_goes_on(work, subscription, ended=True)
    start = work.calendar.term_start(work.at)
    subscription["_anchor_day"] = work.calendar.anchor_day(start)
    remaining = subscription.get("remaining_billing_cycles")
    subscription.pop("_billed_until", None)
    boundary = terms.aligned(work, customer, subscription, start)
    terms.set_term(work, subscription, start, None if remaining is None else max(0, remaining - 1), boundary)
    usage_terms.begin(work, subscription, start)
    contract = contracts.active(work, subscription)
    if contract is not None and contract["remaining_billing_cycles"] > 0:
        contract["remaining_billing_cycles"] -= 1
    contracts.moved(work, subscription)
    lines = [*terms.lines(work, subscription), *items.charge_lines(work, subscription, "subscription_creation")]
    charging.discounted(work, subscription, lines, work.at, terms.running_share(work, subscription))
    sums = charging.worth(work, customer, subscription, lines)
    if immediately:
        lines += unbilled.sweep(work, customer, subscription)
    charged = charging.charge(work, customer, subscription, lines, immediately=immediately)
    contracts.counted(work, customer, subscription, sums, cycles=1)
    charging.revenue(work, subscription)
    terms.schedule_renewal(work, subscription)
    return charged


def _usage_goes_on(work: Work, subscription: Doc, ended: bool = False) -> None:
    """Terms of metered items that ended during the pause are billed now, and new ones begin."""
    over = [item for item in usage_terms.metered_items(subscription) if ended or item["next_billing_at"] <= work.at]
    if over:
        usage_rating.bill_rest(work, subscription, over)
        for item in over:
            usage_terms.move(work, subscription, item, work.calendar.term_start(work.at))
    usage_terms.watch(work, subscription)


def collect_open(work: Work, customer: Doc, subscription: Doc) -> None:
    """Charge the card for what is open of the subscription."""
    source = settlement.source_for(work, customer, subscription)
    if source is None:
        return
    for invoice in work.find("invoice", subscription_id=subscription["id"]):
        if invoice["status"] in OPEN and not invoice["deleted"] and invoice["amount_to_collect"]:
            settlement.collect(work, invoice, customer, source, invoice["amount_to_collect"])


def remove_scheduled_pause(work: Work, _params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/remove_scheduled_pause."""
    subscription = live(work, key)
    if "pause_date" not in subscription or subscription["status"] == "paused":
        raise bad_state("no pause is scheduled")
    work.jobs.cancel(f"pause/{key}")
    for name in ("pause_date", "resume_date", "_pause_at_end", "_pausing"):
        subscription.pop(name, None)
    work.save("subscription", subscription)
    work.emit("subscription_scheduled_pause_removed", **answer(work, subscription))
    return answer(work, subscription)


def remove_scheduled_resumption(work: Work, _params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/remove_scheduled_resumption."""
    subscription = live(work, key)
    if "resume_date" not in subscription or subscription["status"] != "paused":
        raise bad_state("no resumption is scheduled")
    work.jobs.cancel(f"resume/{key}")
    for name in ("resume_date", "_resuming"):
        subscription.pop(name, None)
    work.save("subscription", subscription)
    work.emit("subscription_scheduled_resumption_removed", **answer(work, subscription))
    return answer(work, subscription)
