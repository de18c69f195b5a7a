"""Estimates over the API: what a creation, change, renewal, cancellation, pause or invoice would come to."""

from typing import Any

from simulators.kit.store import Doc
from simulators.subscriptions import (
    advances,
    cancellation,
    changes,
    customers,
    invoices,
    pauses,
    regeneration,
    schedules,
    subscriptions,
    term_ends,
    unbilled_charges,
)
from simulators.subscriptions.answers import live
from simulators.subscriptions.errors import bad_state
from simulators.subscriptions.params import Params
from simulators.subscriptions.rehearsals import Played, Stage, estimate, invoice, play
from simulators.subscriptions.work import Work

Result = dict[str, Any]

_OWN = ("subscription", "use_existing_balances", "include_delayed_charges", "customer", "billing_address")
FIRST_BILL = ("start", "trial_end")


def flat(params: Params, *own: str) -> Params:
    """The parameters of the operation that is estimated: `subscription[...]` belongs beside the rest."""
    inner = params.group("subscription")
    inner.read_all()
    params.read_all()
    sent = {name: value for name, value in params.sent().items() if name not in (*_OWN, *own)}
    return Params({**sent, **inner.sent()})


def _balances(params: Params) -> bool:
    return params.boolean("use_existing_balances") is not False


def create(work: Work, params: Params) -> Result:
    """POST /estimates/create_subscription_for_items: for a customer that need not exist."""
    balances, plain = _balances(params), flat(params)
    person = {name: value for name, value in params.sent().get("customer", {}).items() if name != "id"}
    if "billing_address" in params:
        person["billing_address"] = params.sent()["billing_address"]

    def act(stage: Stage) -> str:
        vat = {name: person.pop(name) for name in ("vat_number", "vat_number_prefix") if name in person}
        customer = customers.create(stage.work, Params({**person, "auto_collection": "off"}))["customer"]
        customer |= vat
        return created(stage, plain, customer["id"])

    return estimate(work, play(work, act, balances))


def create_for_customer(work: Work, params: Params, key: str) -> Result:
    """POST /customers/{id}/create_subscription_for_items_estimate."""
    balances, plain = _balances(params), flat(params)
    return estimate(work, play(work, lambda stage: created(stage, plain, key), balances))


def created(stage: Stage, params: Params, customer_id: str) -> str:
    """A creation played, up to its first bill."""
    result = subscriptions.create_with_items(stage.work, params, customer_id)
    params.refuse_unread()
    subscription: Doc = result["subscription"]
    key = str(subscription["id"])
    if subscription["status"] in ("future", "in_trial"):
        begin = max(subscription.get("start_date", 0), (subscription["_terms"]["trial_end"] or 0))
        stage.until(subscription, begin, FIRST_BILL)
    return key


def update(work: Work, params: Params) -> Result:
    """POST /estimates/update_subscription_for_items: now, or when the change is scheduled for."""
    balances = _balances(params)
    key = params.group("subscription").need("id")
    params.boolean("include_delayed_charges")
    plain = flat(params)
    plain.text("id")

    return estimate(work, play(work, lambda stage: changed(stage, plain, key), balances))


def changed(stage: Stage, params: Params, key: str) -> str:
    """A change played: now, or up to when it is scheduled for."""
    result = changes.update_for_items(stage.work, params, key)
    params.refuse_unread()
    subscription = result["subscription"]
    if "_scheduled" in subscription:
        due = subscription["changes_scheduled_at"]
        stage.until(subscription, due, ("scheduled_change", "term_end"))
    elif subscription["status"] in ("future", "in_trial"):
        stage.until(subscription, subscription["next_billing_at"], FIRST_BILL)
    return key


def renewal(work: Work, params: Params, key: str) -> Result:
    """GET /subscriptions/{id}/renewal_estimate: the next invoice of the subscription, as it will be."""
    subscription = live(work, key)
    flags = {name: params.boolean(name) for name in (
        "include_delayed_charges", "ignore_scheduled_cancellation", "ignore_scheduled_changes"
    )}  # fmt: skip
    params.choice("exclude_tax_type", ("exclusive", "none"))
    if subscription["status"] in ("cancelled", "paused") or (
        subscription["status"] == "non_renewing" and not flags["ignore_scheduled_cancellation"]
    ):
        raise bad_state(f"a subscription that is {subscription['status']} is not renewed")
    played = _renewed(work, key, flags, _balances(params))
    shown = estimate(work, played)
    following = shown["estimate"].pop("next_invoice_estimate", None)
    if following is not None:
        shown["estimate"]["invoice_estimate"] = following
    return shown


def _renewed(work: Work, key: str, flags: dict[str, bool | None], balances: bool) -> Played:
    def act(stage: Stage) -> str:
        subscription = live(stage.work, key)
        if flags.get("ignore_scheduled_cancellation"):
            cancellation.remove_scheduled_cancellation(stage.work, Params({}), key)
        if flags.get("ignore_scheduled_changes"):
            schedules.forget(stage.work, subscription)
        if flags.get("include_delayed_charges") is False:
            subscription.pop("_unbilled", None)
        stage.work.save("subscription", subscription)
        due = subscription["next_billing_at"]
        kinds = ("term_end", *FIRST_BILL)
        stage.until(subscription, due, kinds)
        stage.played.later = [
            one for one in stage.played.later if one[0] != "invoice" or one[1].get("subscription_id") in (key, None)
        ]
        return key

    return play(work, act, balances)


def upcoming(work: Work, _params: Params, key: str) -> Result:
    """GET /customers/{id}/upcoming_invoices_estimate: the next invoice of each subscription that goes on."""
    customers.live(work, key)
    found = []
    for subscription in work.find("subscription", customer_id=key):
        if subscription["status"] in ("active", "future", "in_trial") and not subscription["deleted"]:
            found += [invoice(doc) for doc in _renewed(work, subscription["id"], {}, True).of("invoice", True)[:1]]
    shown: Doc = {"created_at": work.at, "object": "estimate"}
    if found:
        shown |= {"invoice_estimate": found[0], "invoice_estimates": found}
    return {"estimate": shown}


def cancel(work: Work, params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/cancel_subscription_for_items_estimate."""
    params.read_all()
    sent = Params(params.sent())

    def act(stage: Stage) -> str:
        subscription = cancellation.cancel_for_items(stage.work, sent, key)["subscription"]
        sent.refuse_unread()
        if subscription["status"] != "cancelled" and "cancelled_at" in subscription:
            due = max(subscription["cancelled_at"], subscription.get("_next_term", 0))
            due = subscription.get("_cancel", {}).get("at", due)
            stage.until(subscription, due, ("cancel", "term_end"))
        return key

    return estimate(work, play(work, act))


def pause(work: Work, params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/pause_subscription_estimate."""
    plain = flat(params)

    def act(stage: Stage) -> str:
        subscription = pauses.pause(stage.work, plain, key)["subscription"]
        plain.refuse_unread()
        if subscription["status"] != "paused":
            due = max(subscription["pause_date"], subscription["_next_term"] if "_pause_at_end" in subscription else 0)
            stage.until(subscription, due, ("pause", "term_end"))
        return key

    return estimate(work, play(work, act))


def resume(work: Work, params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/resume_subscription_estimate."""
    plain = flat(params)

    def act(stage: Stage) -> str:
        subscription = pauses.resume(stage.work, plain, key)["subscription"]
        plain.refuse_unread()
        if subscription["status"] == "paused":
            stage.until(subscription, subscription["resume_date"], ("resume",))
        return key

    return estimate(work, play(work, act))


def _plain(operation: Any) -> Any:
    """The estimate of an operation that takes the same parameters and acts at once."""

    def estimated(work: Work, params: Params, key: str) -> Result:
        params.read_all()
        sent = Params(params.sent())

        def act(stage: Stage) -> str:
            operation(stage.work, sent, key)
            sent.refuse_unread()
            return key

        return estimate(work, play(work, act))

    return estimated


change_term_end = _plain(term_ends.change_term_end)
regenerate_invoice = _plain(regeneration.regenerate_invoice)


def advance_invoice(work: Work, params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/advance_invoice_estimate: of scheduled ones, all invoices that they will make."""
    params.read_all()
    sent = Params(params.sent())

    def act(stage: Stage) -> str:
        subscription = advances.charge_future_renewals(stage.work, sent, key)["subscription"]
        sent.refuse_unread()
        held = subscription.get("_advances", ())
        stage.work.flush()
        jobs = stage.work.jobs.keyed([f"advance/{one}" for one in held])
        if jobs and sent.sent().get("schedule_type", "immediate") != "immediate":
            stage.until(subscription, int(jobs[-1].due), ("advance",))
        return key

    played = play(work, act)
    shown = estimate(work, played)
    following = [invoice(doc) for doc in played.of("invoice", later=True)]
    if following:
        shown["estimate"] |= {"invoice_estimate": following[0], "invoice_estimates": following}
    return shown


def create_invoice(work: Work, params: Params) -> Result:
    """POST /estimates/create_invoice_for_items."""
    inner = params.group("invoice")
    inner.read_all()
    params.read_all()
    names = ("invoice", "billing_address", "payment_source_id", "auto_collection")
    sent = {name: value for name, value in params.sent().items() if name not in names}
    merged = Params({**sent, **inner.sent(), "auto_collection": "off"})

    def act(stage: Stage) -> None:
        invoices.create(stage.work, merged)
        merged.refuse_unread()

    return estimate(work, play(work, act))


def invoice_now(work: Work, params: Params) -> Result:
    """POST /unbilled_charges/invoice_now_estimate."""
    params.read_all()
    sent = Params(params.sent())

    def act(stage: Stage) -> None:
        unbilled_charges.invoice_now(stage.work, sent)
        sent.refuse_unread()

    played = play(work, act)
    shown = estimate(work, played)
    shown["estimate"]["invoice_estimates"] = [invoice(doc) for doc in played.of("invoice")]
    return shown


def add_charge_at_term_end(work: Work, params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/add_charge_at_term_end: kept; answered with the next invoice's estimate."""
    unbilled_charges.add_charge_at_term_end(work, params, key)
    return renewal(work, Params({}), key)


def charge_addon_at_term_end(work: Work, params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/charge_addon_at_term_end: as `add_charge_at_term_end`, by item price."""
    unbilled_charges.charge_addon_at_term_end(work, params, key)
    return renewal(work, Params({}), key)
