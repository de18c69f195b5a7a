"""Subscriptions brought in from another system as they stand there: no bill is made for what was billed there."""

from typing import Any

from simulators.kit.fidelity import absent, approximate
from simulators.kit.store import Doc
from simulators.subscriptions import (
    activation,
    billing,
    charging,
    contracts,
    customers,
    discounts,
    subscriptions,
    terms,
    unbilled,
    usage_terms,
)
from simulators.subscriptions.answers import answer, live
from simulators.subscriptions.errors import bad_state, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.unbilled_charges import period
from simulators.subscriptions.work import Work

approximate(
    "imported subscriptions",
    "state, term and contract as given, no bill unless `create_current_term_invoice`; a change in the running term "
    "credits nothing that was billed elsewhere",
    source="ours",
)
absent("import_subscription and import_for_customer (product catalog 1.0)")

Result = dict[str, Any]

STATUSES = ("future", "in_trial", "active", "non_renewing", "paused", "cancelled")


def import_for_items(work: Work, params: Params, key: str) -> Result:
    """POST /customers/{id}/import_for_items: a subscription in the state and term in which it is elsewhere."""
    customer = customers.live(work, key)
    subscription = subscriptions.new(work, params, customer)
    subscriptions.attributes(work, subscription, params)
    status = params.choice("status", STATUSES, required=True)
    held = discounts.read(work, params, subscription["subscription_items"], subscription["currency_code"])
    for row in params.rows("charged_items"):
        subscription.setdefault("charged_items", []).append({
            "item_price_id": row.need("item_price_id"), "last_charged_at": row.integer("last_charged_at") or work.at,
            "object": "charged_item",
        })  # fmt: skip
    cycles = params.integer("billing_cycles", least=0, most=1_000)
    wish = _contract(params)
    bill_now = bool(params.boolean("create_current_term_invoice"))
    discounts.hold(work, subscription, held, work.at)
    work.save("subscription", subscription)
    if status == "future":
        _future(work, params, subscription, cycles)
    elif status == "in_trial":
        _trial(work, params, subscription, cycles)
    else:
        _running(work, params, subscription, str(status), cycles)
    invoice = None
    if status in ("active", "non_renewing"):
        invoice = _in_force(work, customer, subscription, wish, bill_now)
    work.save("subscription", subscription)
    billing.refresh_dues(work, subscription["id"])
    work.emit("subscription_created", **answer(work, subscription, invoice=invoice))
    charging.finish(work, customer, subscription, invoice)
    return answer(work, subscription, invoice=invoice)


def _contract(params: Params) -> Doc | None:
    group = params.group("contract_term")
    on_renewal = params.integer("contract_term_billing_cycle_on_renewal", least=1, most=100)
    if not group:
        return None
    cycles = group.number("billing_cycle", least=1, most=1_000)
    wish: Doc = {
        "action_at_term_end": group.choice("action_at_term_end", contracts.ACTIONS) or "renew",
        "billing_cycle": cycles, "on_renewal": on_renewal or cycles,
        "raised": [group.integer("total_amount_raised_before_tax") or 0, group.integer("total_amount_raised") or 0],
    }  # fmt: skip
    for name in ("contract_start", "created_at", "cancellation_cutoff_period"):
        value = group.integer(name)
        if value is not None:
            wish[name] = value
    key = group.text("id", longest=50)
    return wish if key is None else {**wish, "id": key}


def _begin(cycles: int | None, trial_end: int | None) -> Doc:
    return {"contract": None, "cycles": cycles or None, "invoice_date": None, "pending": False, "immediately": True,
            "ahead": 1, "alignment": "immediate", "trial_end": trial_end, "trial_end_action": None}  # fmt: skip


def _future(work: Work, params: Params, subscription: Doc, cycles: int | None) -> None:
    start = params.number("start_date")
    if start <= work.at:
        raise wrong("start_date", "should lie in the future")
    subscription |= {"status": "future", "start_date": start, "next_billing_at": start}
    subscription["_terms"] = _begin(cycles, params.integer("trial_end"))
    work.jobs.schedule(start, "start", {"id": subscription["id"]}, key=f"start/{subscription['id']}")


def _trial(work: Work, params: Params, subscription: Doc, cycles: int | None) -> None:
    end = params.number("trial_end")
    if end <= work.at:
        raise wrong("trial_end", "should lie in the future")
    began = params.integer("trial_start") or work.at
    subscription |= {"status": "in_trial", "trial_start": began, "trial_end": end, "next_billing_at": end,
                     "started_at": params.integer("started_at") or began}  # fmt: skip
    subscription["_terms"] = _begin(cycles, end)
    subscription["_anchor_day"] = work.calendar.anchor_day(began)
    charging.revenue(work, subscription)
    activation.watch_trial(work, subscription)


def _running(work: Work, params: Params, subscription: Doc, status: str, cycles: int | None) -> None:
    """Its term as it runs elsewhere; one that ended keeps no term."""
    started = params.integer("started_at") or params.integer("activated_at") or work.at
    subscription |= {"status": status, "started_at": started, "activated_at": params.integer("activated_at") or started}
    if status == "cancelled":
        at = params.integer("cancelled_at") or work.at
        if not started <= at <= work.at:
            raise wrong("cancelled_at", "should lie between the start and now")
        subscription["cancelled_at"] = at
        reason = params.text("cancel_reason_code", longest=100)
        if reason is not None:
            subscription["cancel_reason_code"] = reason
        return
    end = params.number("current_term_end")
    start = params.integer("current_term_start")
    if end <= work.at:
        raise wrong("current_term_end", "should lie in the future")
    if start is not None and start > work.at:
        raise wrong("current_term_start", "should not lie in the future")
    boundary = work.calendar.day_start(end + 1) if work.calendar.whole_days else end
    subscription["_anchor_day"] = work.calendar.anchor_day(boundary)
    if start is None:
        start = work.calendar.add(
            boundary, -subscription["billing_period"], subscription["billing_period_unit"], subscription["_anchor_day"]
        )
    remaining = 0 if status == "non_renewing" else cycles
    terms.set_term(
        work, subscription, work.calendar.term_start(start), remaining, (boundary, subscription["_anchor_day"])
    )
    if status == "paused":
        subscription["status"], subscription["pause_date"] = "paused", params.integer("pause_date") or work.at
        subscription.pop("next_billing_at", None)
        resume = params.integer("resume_date")
        if resume is not None:
            if resume <= work.at:
                raise wrong("resume_date", "should lie in the future")
            subscription["resume_date"] = resume
            work.jobs.schedule(resume, "resume", {"id": subscription["id"]}, key=f"resume/{subscription['id']}")


def _in_force(work: Work, customer: Doc, subscription: Doc, wish: Doc | None, bill_now: bool) -> Doc | None:
    """The next term's job, metered items, contract, and the running term's invoice when it is asked for."""
    usage_terms.begin(work, subscription, work.calendar.term_start(work.at))
    invoice = None
    if bill_now:
        lines = charging.discounted(work, subscription, terms.lines(work, subscription), work.at)
        invoice = charging.charge(work, customer, subscription, lines).invoice
    if wish is not None:
        _begin_contract(work, customer, subscription, wish, invoice)
    charging.revenue(work, subscription)
    terms.schedule_renewal(work, subscription)
    return invoice


def _begin_contract(work: Work, customer: Doc, subscription: Doc, wish: Doc, invoice: Doc | None) -> Doc:
    raised = wish["raised"]
    if invoice is not None:
        raised = [raised[0] + invoice["sub_total"], raised[1] + invoice["total"]]
    term = contracts.begin(
        work, customer, subscription, wish, subscription["current_term_start"], (raised[0], raised[1])
    )
    work.emit("contract_term_created", contract_term=term, subscription=subscription, customer=customer)
    return term


def import_contract_term(work: Work, params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/import_contract_term: one in force, or one of the past for the history."""
    subscription = live(work, key)
    group = params.group("contract_term")
    status = group.choice("status", ("active", "completed", "cancelled", "terminated")) or "active"
    on_renewal = params.integer("contract_term_billing_cycle_on_renewal", least=1, most=100)
    cycles = group.number("billing_cycle", least=1, most=1_000)
    start, end = group.number("contract_start"), group.integer("contract_end")
    name = group.text("id", longest=50)
    if name is not None and work.get("contract_term", name) is not None:
        raise wrong(group.name("id"), f"the value {name} is already present")
    action = group.choice("action_at_term_end", contracts.ACTIONS) or "renew"
    values = [group.integer("total_contract_value_before_tax"), group.integer("total_contract_value")]
    raised = [group.integer("total_amount_raised_before_tax") or 0, group.integer("total_amount_raised") or 0]
    cutoff = group.integer("cancellation_cutoff_period", most=3_650)
    group.integer("created_at")
    customer = work.need("customer", subscription["customer_id"])
    if status == "active":
        if contracts.active(work, subscription) is not None or subscription["status"] != "active":
            raise bad_state("the subscription has a contract term in force, or is not active")
        wish: Doc = {"action_at_term_end": action, "billing_cycle": cycles, "on_renewal": on_renewal or cycles,
                     "contract_start": start, "raised": raised}  # fmt: skip
        wish |= {} if name is None else {"id": name}
        wish |= {} if cutoff is None else {"cancellation_cutoff_period": cutoff}
        return {"contract_term": _shown(_begin_contract(work, customer, subscription, wish, None), work, subscription)}
    if end is None or end <= start:
        raise group.wrong("contract_end", "should be given, after the start")
    term: Doc = {
        "id": name or f"ct_{work.token('contract_term', 16)}", "status": status, "contract_start": start,
        "contract_end": end, "billing_cycle": cycles, "action_at_term_end": action, "created_at": work.at,
        "subscription_id": key, "total_contract_value_before_tax": values[0] or raised[0],
        "total_contract_value": values[1] or raised[1], "deleted": False, "object": "contract_term", "_end": end,
        "_billed": raised, "_unbilled": 0,
    }  # fmt: skip
    work.save("contract_term", term)
    return {"contract_term": term}


def _shown(term: Doc, work: Work, subscription: Doc) -> Doc:
    work.save("subscription", subscription)
    return term


def import_unbilled_charges(work: Work, params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/import_unbilled_charges."""
    subscription = live(work, key)
    if subscription["status"] == "cancelled":
        raise bad_state("the subscription is cancelled")
    customer = work.need("customer", subscription["customer_id"])
    lines = []
    for row in params.rows("unbilled_charges"):
        kind = row.choice("entity_type", (
            "adhoc", "plan_item_price", "addon_item_price", "charge_item_price"
        ), required=True)  # fmt: skip
        entity, quantity = row.text("entity_id", longest=100), row.integer("quantity", least=1) or 1
        unit, amount = row.integer("unit_amount"), row.integer("amount")
        if amount is None:
            if unit is None:
                raise row.wrong("amount", "cannot be blank")
            amount = unit * quantity
        line = billing.adhoc_line(
            work.at, amount, row.text("description") or "Charge", True, subscription_id=key, **period(row)
        )
        line |= {"entity_type": kind, "quantity": quantity, "unit_amount": amount if unit is None else unit}
        if entity is not None:
            price = work.need("item_price", entity, row.name("entity_id"))
            line |= {"entity_id": entity, "_taxable": price["is_taxable"], "pricing_model": price["pricing_model"]}
        line["discount_amount"] = row.integer("discount_amount", most=amount) or 0
        row.boolean("use_for_proration")
        row.boolean("is_advance_charge")
        row.text("id", longest=50)
        lines.append(line)
    if not lines:
        raise wrong("unbilled_charges[amount][0]", "cannot be blank")
    made = unbilled.add(work, customer, subscription, lines)
    work.save("subscription", subscription)
    return {"unbilled_charges": made}


def override_billing_profile(work: Work, params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/override_billing_profile: how this subscription is paid; without a value, as usual."""
    subscription = live(work, key)
    mode = params.choice("auto_collection", ("on", "off"))
    if mode is not None:
        subscription["auto_collection"] = mode
    if params.text("payment_source_id") is None:
        subscription.pop("payment_source_id", None)
    else:
        subscriptions.paying_source(work, subscription, params)
    work.save("subscription", subscription)
    work.emit("subscription_changed", **answer(work, subscription))
    source = work.get("payment_source", subscription.get("payment_source_id"))
    return {"subscription": subscription, **({"payment_source": source} if source else {})}
