"""Subscriptions: create with items, at once, in the past or on a date to come, with or without a trial."""

from typing import Any

from simulators.kit.store import Doc
from simulators.subscriptions import activation, attached, charging, customers, discounts, items
from simulators.subscriptions.answers import answer
from simulators.subscriptions.errors import duplicate, not_found, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.rules_terms import DAY_S
from simulators.subscriptions.work import Work

Result = dict[str, Any]

_CHOICES = {"auto_collection": ("on", "off"), "offline_payment_method": customers.OFFLINE_METHODS}


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
    paying_source(work, subscription, params)
    if "meta_data" in params:
        _set(subscription, "meta_data", params.mapping("meta_data"))
    if "shipping_address" in params:
        address = customers.address_of(params.group("shipping_address"), "shipping_address")
        _set(subscription, "shipping_address", address)
    for name in ("override_relationship", "auto_close_invoices", "create_pending_invoices"):
        flag = params.boolean(name)
        if flag is not None:
            subscription[name] = flag
    for name, value in params.custom_fields().items():
        _set(subscription, name, value)


def paying_source(work: Work, subscription: Doc, params: Params) -> None:
    """`payment_source_id`: which of the customer's payment sources pays for this subscription."""
    source = params.text("payment_source_id")
    if source is not None:
        held = work.need("payment_source", source, "payment_source_id")
        if held["customer_id"] != subscription["customer_id"] or held["deleted"]:
            raise not_found("payment_source_id", source)
        subscription["payment_source_id"] = source


def _set(doc: Doc, name: str, value: Any) -> None:
    if value is None:
        doc.pop(name, None)
    else:
        doc[name] = value


def create_with_items(work: Work, params: Params, key: str) -> Result:
    """POST /customers/{id}/subscription_for_items."""
    customer = customers.live(work, key)
    subscription = new(work, params, customer)
    attributes(work, subscription, params)
    wish = activation.read(work, params)
    start = params.integer("start_date")
    if start is not None and start < work.at - work.site["backdating_days"] * DAY_S:
        raise wrong("start_date", "lies before the site's backdating window")
    began = work.at if start is None else start
    wish["trial_end"] = _trial_end(work, subscription, wish["trial_end"], began)
    held = discounts.read(work, params, subscription["subscription_items"], subscription["currency_code"])
    discounts.hold(work, subscription, held, max(began, wish["trial_end"] or 0))
    work.save("subscription", subscription)
    if began > work.at:
        return _in_future(work, subscription, wish, began)
    if wish["trial_end"]:
        charged = activation.trial(work, customer, subscription, wish, "subscription_created")
    else:
        backdated = work.calendar.day_start(began) < work.calendar.day_start(work.at)
        event = "subscription_created_with_backdating" if backdated else "subscription_created"
        charged, _ = activation.activate(work, customer, subscription, wish, began, event)
        charging.finish(work, customer, subscription, charged.invoice)
    return answer(work, subscription, invoice=charged.invoice, unbilled_charges=charged.unbilled)


def _in_future(work: Work, subscription: Doc, wish: Doc, start: int) -> Result:
    subscription["status"], subscription["start_date"] = "future", start
    subscription["next_billing_at"] = start
    subscription["_terms"] = wish
    charging.revenue(work, subscription)
    del subscription["mrr"]
    work.save("subscription", subscription)
    work.jobs.schedule(start, "start", {"id": subscription["id"]}, key=f"start/{subscription['id']}")
    work.emit("subscription_created", **answer(work, subscription))
    return answer(work, subscription)


def _trial_end(work: Work, subscription: Doc, asked: int | None, began: int) -> int | None:
    """Until when the trial runs: as asked (0: none), else by the plan's trial period; None without a trial."""
    if asked is not None:
        if asked and asked <= began:
            raise wrong("trial_end", "should lie after the start")
        return asked or None
    item = next(one for one in subscription["subscription_items"] if one["item_type"] == "plan")
    if item.get("trial_end"):
        if item["trial_end"] <= began:
            raise wrong("subscription_items[trial_end][0]", "should lie after the start")
        return int(item["trial_end"])
    plan = work.need("item_price", subscription["_plan"])
    if began < work.at or not plan.get("trial_period"):
        return None
    return work.calendar.add(began, plan["trial_period"], plan["trial_period_unit"], work.calendar.anchor_day(began))


def new(work: Work, params: Params, customer: Doc) -> Doc:
    """A subscription that has not begun, from its items; the caller keeps it."""
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
    items.beside(work, rows, held, plan)
    held += attached.mandatory(work, plan, held, params.strings("mandatory_items_to_remove"))
    subscription: Doc = {
        "id": key or work.token("subscription", 16), "customer_id": customer["id"], "created_at": work.at,
        "currency_code": plan["currency_code"], "billing_period": plan["period"],
        "billing_period_unit": plan["period_unit"], "subscription_items": held, "due_invoices_count": 0,
        "has_scheduled_changes": False, "has_scheduled_advance_invoices": False, "override_relationship": False,
        "deleted": False, "channel": "web", "create_pending_invoices": False, "object": "subscription",
        "base_currency_code": work.site["currency_code"], "status": "future", "_plan": plan["id"],
    }  # fmt: skip
    items.keep_tiers(subscription, items.own_tiers(work, params, held))
    if "business_entity_id" in customer:
        subscription["business_entity_id"] = customer["business_entity_id"]
    return subscription
