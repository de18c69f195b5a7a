"""Subscriptions: create with items, start at once or on a date, first invoice, read."""

from typing import Any

from simulators.kit.fidelity import absent
from simulators.kit.jobs import Job
from simulators.kit.store import Doc
from simulators.subscriptions import billing, cards, contracts, customers, items, settlement, usage_terms
from simulators.subscriptions.errors import duplicate, not_found, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.work import Work

absent(
    "coupons, discounts, trials, pause and resume, ramps, advance invoices, change_term_end, unbilled "
    "charges, estimates, imports of subscriptions",
)

Result = dict[str, Any]

BACKDATING_S = 366 * 86_400  # how far in the past a start may lie
_CHOICES = {"auto_collection": ("on", "off"), "offline_payment_method": customers.OFFLINE_METHODS}


def live(work: Work, key: str) -> Doc:
    """A subscription that is not deleted, or 404."""
    subscription = work.need("subscription", key)
    hidden = work.entity is not None and subscription.get("business_entity_id") != work.entity
    if subscription["deleted"] or hidden:
        raise not_found(None, key)
    return subscription


def answer(work: Work, subscription: Doc, **members: Any) -> Result:
    """The usual answer: subscription and customer, and what else there is."""
    customer = work.need("customer", subscription["customer_id"])
    card = cards.card_of(work, customer)
    rest = {name: value for name, value in {**members, "card": card}.items() if value}
    return {"subscription": subscription, "customer": customer, **rest}


def attributes(work: Work, subscription: Doc, params: Params) -> None:
    """What a caller may set on a subscription beside its items and dates."""
    for name, allowed in _CHOICES.items():
        value = params.choice(name, allowed)
        if value is not None:
            subscription[name] = value
    for name in ("po_number", "invoice_notes"):
        if name in params:
            _set(subscription, name, params.text(name, longest=100 if name == "po_number" else 2_000))
    days = params.integer("net_term_days", most=180)
    if days is not None:
        subscription["net_term_days"] = days
    source = params.text("payment_source_id")
    if source is not None:
        held = work.need("payment_source", source, "payment_source_id")
        if held["customer_id"] != subscription["customer_id"] or held["deleted"]:
            raise not_found("payment_source_id", source)
        subscription["payment_source_id"] = source
    if "meta_data" in params:
        _set(subscription, "meta_data", params.mapping("meta_data"))
    if "shipping_address" in params:
        address = customers.address_of(params.group("shipping_address"), "shipping_address")
        _set(subscription, "shipping_address", address)
    for name in ("override_relationship", "auto_close_invoices"):
        flag = params.boolean(name)
        if flag is not None:
            subscription[name] = flag
    for name, value in params.custom_fields().items():
        _set(subscription, name, value)


def _set(doc: Doc, name: str, value: Any) -> None:
    if value is None:
        doc.pop(name, None)
    else:
        doc[name] = value


def create_with_items(work: Work, params: Params, key: str) -> Result:
    """POST /customers/{id}/subscription_for_items."""
    customer = customers.live(work, key)
    subscription = _new(work, params, customer)
    attributes(work, subscription, params)
    params.choice("billing_alignment_mode", ("immediate", "delayed"))
    immediately = params.boolean("invoice_immediately")
    if immediately is False:
        raise wrong("invoice_immediately", "unbilled charges are not supported by this sandbox yet")
    cycles = params.integer("billing_cycles", least=1, most=1_000)
    wish = contracts.read(params, cycles)
    terms = {
        "contract": wish, "cycles": cycles, "invoice_date": _invoice_date(work, params),
        "pending": bool(params.boolean("first_invoice_pending")),
    }  # fmt: skip
    start = params.integer("start_date")
    work.save("subscription", subscription)
    if start is not None and start > work.at:
        subscription["status"], subscription["start_date"] = "future", start
        subscription["next_billing_at"] = start
        subscription["_terms"] = terms
        work.save("subscription", subscription)
        work.jobs.schedule(start, "start", {"id": subscription["id"]}, key=f"start/{subscription['id']}")
        work.emit("subscription_created", **answer(work, subscription))
        return answer(work, subscription)
    if start is not None and start < work.at - BACKDATING_S:
        raise wrong("start_date", "lies before the site's backdating window")
    began = work.at if start is None else start
    backdated = work.calendar.day_start(began) < work.calendar.day_start(work.at)
    event = "subscription_created_with_backdating" if backdated else "subscription_created"
    invoice = activate(work, customer, subscription, terms, began, event)
    return answer(work, subscription, invoice=invoice)


def _new(work: Work, params: Params, customer: Doc) -> Doc:
    key = params.text("id", longest=50)
    if key is not None and work.get("subscription", key) is not None:
        raise duplicate("id", key)
    entity = params.text("business_entity_id")
    if entity is not None and entity != customer.get("business_entity_id"):
        raise wrong("business_entity_id", "differs from the customer's")
    rows = params.rows("subscription_items")
    if not rows:
        raise wrong("subscription_items[item_price_id][0]", "cannot be blank")
    held = items.read(work, rows)
    plan = items.check(work, held)
    subscription: Doc = {
        "id": key or work.token("subscription", 16), "customer_id": customer["id"], "created_at": work.at,
        "currency_code": plan["currency_code"], "billing_period": plan["period"],
        "billing_period_unit": plan["period_unit"], "subscription_items": held, "due_invoices_count": 0,
        "has_scheduled_changes": False, "has_scheduled_advance_invoices": False, "override_relationship": False,
        "deleted": False, "channel": "web", "create_pending_invoices": False, "object": "subscription",
        "_plan": plan["id"],
    }  # fmt: skip
    if "business_entity_id" in customer:
        subscription["business_entity_id"] = customer["business_entity_id"]
    return subscription


def _invoice_date(work: Work, params: Params) -> int | None:
    date = params.integer("invoice_date")
    if date is not None and date > work.at:
        raise wrong("invoice_date", "cannot lie in the future")
    return date


def start_due(work: Work, job: Job) -> None:
    """The start date of a future subscription has come."""
    subscription = work.get("subscription", job.payload["id"])
    if subscription is None or subscription["status"] != "future" or subscription["deleted"]:
        return
    customer = work.need("customer", subscription["customer_id"])
    activate(work, customer, subscription, subscription.pop("_terms"), work.at, "subscription_started")


def activate(work: Work, customer: Doc, subscription: Doc, terms: Doc, began: int, event: str) -> Doc | None:
    """Begin the first term: dates, first invoice (recurring lines, then one-off charges), contract, events, payment."""
    start = work.calendar.term_start(began)
    subscription["_anchor_day"] = work.calendar.anchor_day(start)
    subscription |= {"status": "active", "started_at": began, "activated_at": began}
    remaining = None if terms["cycles"] is None or terms["contract"] else terms["cycles"] - 1
    set_term(work, subscription, start, remaining)
    usage_terms.begin(work, subscription, start)
    subscription["mrr"] = items.monthly_recurring(subscription)
    lines = items.term_lines(work, subscription, start, subscription["current_term_end"])
    lines += items.charge_lines(work, subscription, "subscription_creation")
    date = terms["invoice_date"] or work.at
    invoice = bill(work, customer, subscription, lines, date, first=True, pending=terms["pending"])
    wish, term = terms["contract"], None
    if wish is not None:
        first = (invoice["sub_total"], invoice["total"])
        term = contracts.begin(work, customer, subscription, wish, start, first)
    schedule_renewal(work, subscription)
    work.save("subscription", subscription)
    billing.refresh_dues(work, subscription["id"])
    work.emit(event, **answer(work, subscription, invoice=invoice))
    if term is not None:
        work.emit("contract_term_created", contract_term=term, subscription=subscription, customer=customer)
    billing.announce(work, invoice, customer, subscription)
    settlement.settle(work, invoice, customer, subscription, collection(customer, subscription))
    return invoice


def collection(customer: Doc, subscription: Doc) -> str:
    """Whether invoices of the subscription are collected automatically."""
    mode: str = subscription.get("auto_collection") or customer["auto_collection"]
    return mode


def set_term(work: Work, subscription: Doc, start: int, remaining: int | None) -> None:
    """Move the subscription into the billing term that begins at `start`."""
    following = work.calendar.add(
        start, subscription["billing_period"], subscription["billing_period_unit"], subscription["_anchor_day"]
    )
    subscription["current_term_start"], subscription["_next_term"] = start, following
    subscription["current_term_end"] = work.calendar.last_second(following)
    subscription["next_billing_at"] = following
    if remaining is not None:
        subscription["remaining_billing_cycles"] = remaining
        if remaining == 0:
            subscription["status"] = "non_renewing"
            subscription.pop("next_billing_at")
    for item in subscription["subscription_items"]:
        if item["item_type"] != "charge" and "metered_quantity" not in item:
            item["current_term_start"], item["current_term_end"] = start, subscription["current_term_end"]
            item["next_billing_at"] = following


def schedule_renewal(work: Work, subscription: Doc) -> None:
    """The next term begins, or the subscription ends, by a job at the term's end."""
    work.jobs.schedule(
        subscription["_next_term"], "term_end", {"id": subscription["id"]}, key=f"term/{subscription['id']}"
    )


def bill(
    work: Work, customer: Doc, subscription: Doc, lines: list[Doc], date: int, *, first: bool = False,
    pending: bool = False, recurring: bool = True,
) -> Doc:  # fmt: skip
    """An invoice of the subscription with its terms of payment, PO number and address."""
    own: int | None = subscription.get("net_term_days")
    days: int = customer["net_term_days"] if own is None else own
    draft = billing.Draft(
        customer, lines, date, subscription["currency_code"], subscription, recurring, first, pending, days,
        {name: subscription.get(name) for name in ("po_number", "shipping_address")},
    )  # fmt: skip
    return billing.issue(work, draft)


def retrieve(work: Work, _params: Params, key: str) -> Result:
    """GET /subscriptions/{id}."""
    return answer(work, live(work, key))


def row(work: Work, subscription: Doc) -> Result:
    """A row of the list: its clients insist on subscription and customer."""
    return answer(work, subscription)
