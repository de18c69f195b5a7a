"""Quotes: what a new subscription, a change or a one-off bill would come to, offered until a day, and then done.

A quote keeps the request itself; its amounts are those of a rehearsal, and converting it runs the very operation.
https://apidocs.chargebee.com/docs/api/quotes.
"""

from collections.abc import Callable
from typing import Any

from simulators.kit.fidelity import absent, approximate
from simulators.kit.store import Doc
from simulators.subscriptions import changes, customers, estimates, invoices, subscriptions
from simulators.subscriptions.answers import live
from simulators.subscriptions.errors import bad_state, not_found, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.quote_documents import kept, members
from simulators.subscriptions.rehearsals import Played, Stage, play
from simulators.subscriptions.work import Work, shown

approximate(
    "quotes",
    "for creations, changes and one-off bills by items; 30 days of life unless said otherwise; open ones are edited "
    "(a version each), accepted, declined or converted, accepted ones converted; one that has expired opens again when "
    "it is extended; the unit prices of what starts or changes now are those of the quote, also when the catalog has "
    "changed since; amounts are those of the first bill",
    source="documented, ours",
)
absent("quotes: PDF, signatures, approvals, ramps, entitlements; those of product catalog 1.0")

Result = dict[str, Any]

CREATE, CHANGE, ONCE = "create_subscription_for_customer", "change_subscription", "onetime_invoice"
LIFE_S = 30 * 86_400
_OWN = ("name", "notes", "expires_at")
_AMOUNTS = ("sub_total", "total", "credits_applied", "amount_paid", "amount_due")
_LINES = ("line_items", "line_item_tiers", "line_item_discounts", "line_item_taxes", "discounts", "taxes")
_QUOTED = ("id", "billing_period", "billing_period_unit", "start_date", "trial_end", "po_number", "auto_collection",
           "changes_scheduled_at", "contract_term_billing_cycle_on_renewal", "subscription_items")  # fmt: skip
_TERM = ("contract_start", "contract_end", "billing_cycle", "action_at_term_end", "total_contract_value")
_EVENTS = {CREATE: "subscription_creation", CHANGE: "subscription_change", ONCE: "immediate"}
_STEPS = {"accepted": ("open",), "declined": ("open", "accepted")}


def _wish(params: Params, *own: str) -> dict[str, Any]:
    """The parameters of the operation that is quoted: `subscription[...]` belongs beside the rest."""
    inner = params.group("subscription")
    inner.read_all()
    params.read_all()
    sent = {name: value for name, value in params.sent().items() if name not in (*_OWN, *own, "subscription")}
    return {**sent, **inner.sent()}


def create_subscription(work: Work, params: Params, key: str) -> Result:
    """POST /customers/{id}/create_subscription_quote_for_items."""
    customer = customers.live(work, key)
    wish = {"id": work.token("subscription", 16), **_wish(params)}
    return _new(work, params, CREATE, customer, wish, str(wish["id"]))


def change_subscription(work: Work, params: Params) -> Result:
    """POST /quotes/update_subscription_quote_for_items."""
    subscription = live(work, params.group("subscription").need("id"), "subscription[id]")
    wish = _wish(params)
    del wish["id"]
    return _new(work, params, CHANGE, work.need("customer", subscription["customer_id"]), wish, subscription["id"])


def create_charges(work: Work, params: Params) -> Result:
    """POST /quotes/create_for_charge_items_and_charges."""
    customer = customers.live(work, params.need("customer_id"), "customer_id")
    return _new(work, params, ONCE, customer, _wish(params), None)


def _new(work: Work, params: Params, kind: str, customer: Doc, wish: Doc, subscription: str | None) -> Result:
    doc: Doc = {
        "id": f"qt_{work.token('quote')}", "customer_id": customer["id"], "operation_type": kind, "status": "open",
        "date": work.at, "version": 0, "deleted": False, "object": "quote", "_subscription": subscription,
        "vat_number": customer.get("vat_number"), "billing_address": customer.get("billing_address"),
        "name": params.text("name", longest=100), "business_entity_id": customer.get("business_entity_id"),
        "valid_till": work.at + LIFE_S,
    }  # fmt: skip
    if kind == CHANGE:
        doc["subscription_id"] = subscription
    return _quoted(work, {name: value for name, value in doc.items() if value is not None}, params, wish, "created")


def edit(kind: str) -> Any:
    """POST /quotes/{id}/edit_...: the whole wish anew, under the next version."""

    def edited(work: Work, params: Params, key: str) -> Result:
        doc = _live(work, key)
        if doc["operation_type"] != kind:
            raise bad_state(f"quote {key} is a {doc['operation_type']}")
        if doc["status"] != "open":
            raise bad_state(f"quote {key} is {doc['status']} and cannot be edited")
        wish = _wish(params)
        if kind == CREATE:
            wish["id"] = doc["_subscription"]
        if kind == ONCE:
            wish["customer_id"] = doc["customer_id"]
        return _quoted(work, doc, params, wish, "updated")

    return edited


def _quoted(work: Work, doc: Doc, params: Params, wish: Doc, event: str) -> Result:
    notes, until = params.text("notes", longest=2_000), params.integer("expires_at")
    if until is not None:
        if until <= work.at:
            raise wrong("expires_at", "should lie in the future")
        doc["valid_till"] = until
    if notes is not None:
        doc["notes"] = [{"note": notes, "object": "note"}]
    played = play(work, lambda stage: _act(stage, doc, Params(wish)))
    doc["_wish"] = _frozen(wish, played)
    doc["version"] += 1
    for name in ("po_number",):
        if name in wish:
            doc[name] = wish[name]
    _amounts(doc, played)
    work.jobs.schedule(doc["valid_till"], "quote_expires", {"id": doc["id"]}, key=f"quote/{doc['id']}")
    return kept(work, doc, event)


def _act(stage: Stage, doc: Doc, wish: Params) -> str | None:
    kind = doc["operation_type"]
    if kind == CREATE:
        return estimates.created(stage, wish, doc["customer_id"])
    if kind == CHANGE:
        return estimates.changed(stage, wish, doc["_subscription"])
    invoices.create(stage.work, wish)
    wish.refuse_unread()
    return None


def _frozen(wish: Doc, played: Played) -> Doc:
    """The wish with the unit prices by which it was played."""
    frozen = dict(wish)
    held = played.subscription["subscription_items"] if played.subscription is not None else ()
    prices = {item["item_price_id"]: item.get("unit_price") for item in held}
    if played.subscription is None:
        lines = [line for bill in played.of("invoice") for line in bill["line_items"]]
        prices = {
            line.get("entity_id"): line["unit_amount"] for line in lines
            if line.get("pricing_model") in ("flat_fee", "per_unit")
        }  # fmt: skip
    for name in ("subscription_items", "item_prices"):
        if name in wish:
            rows = [row.sent() for row in Params(wish).rows(name)]
            for row in rows:
                price = prices.get(row.get("item_price_id"))
                if "unit_price" not in row and price is not None:
                    row["unit_price"] = str(price)
            frozen[name] = rows
    return frozen


def _amounts(doc: Doc, played: Played) -> None:
    now, later = played.of("invoice"), played.of("invoice", later=True)
    bill: Doc = next(iter((*now, *later)), {})
    doc |= {name: bill.get(name, 0) for name in _AMOUNTS}
    doc |= {name: shown(bill.get(name, [])) for name in _LINES}
    doc["price_type"] = bill.get("price_type", "tax_exclusive")
    charges = sum(one["amount"] for one in played.of("unbilled_charge") if not one["deleted"])
    doc["total_payable"] = doc["amount_due"] if bill else charges
    doc["charge_on_acceptance"] = sum(one["amount_due"] for one in now)
    subscription = played.subscription
    doc["currency_code"] = bill.get("currency_code") or (subscription or {}).get("currency_code")
    if subscription is None:
        rows = [
            {"item_price_id": line["entity_id"], "quantity": line.get("quantity", 1), "unit_price": line["unit_amount"],
             "object": "invoice_item"}
            for line in doc["line_items"] if line["entity_type"] == "charge_item_price"
        ]  # fmt: skip
        loose = [
            {"amount": line["amount"], "description": line.get("description"), "object": "charge"}
            for line in doc["line_items"] if line["entity_type"] == "adhoc"
        ]  # fmt: skip
        doc["_charge"] = {"invoice_items": rows, "charges": loose, "object": "quoted_charge"}
        return
    quoted = {name: subscription[name] for name in _QUOTED if name in subscription}
    term = subscription.get("contract_term")
    if term is not None:
        quoted["quoted_contract_term"] = {name: term[name] for name in _TERM if name in term}
        doc |= {"contract_term_start": term["contract_start"], "contract_term_end": term["contract_end"],
                "total_contract_value": term["total_contract_value"]}  # fmt: skip
    doc["_quoted"] = shown({**quoted, "object": "quoted_subscription"})


def _live(work: Work, key: str) -> Doc:
    doc = work.need("quote", key)
    if doc["deleted"]:
        raise not_found(None, key)
    return doc


def retrieve(work: Work, _params: Params, key: str) -> Result:
    """GET /quotes/{id}."""
    return members(work.need("quote", key))


def row(_work: Work, doc: Doc) -> Result:
    """A row of the list."""
    return {name: value for name, value in members(doc).items() if name != "quoted_charge"}


def line_groups(work: Work, params: Params, key: str) -> Result:
    """GET /quotes/{id}/quote_line_groups: the first bill."""
    doc = work.need("quote", key)
    group = {name: doc[name] for name in (*_AMOUNTS, *_LINES, "version")}
    group |= {"id": f"{key}_1", "charge_event": _EVENTS[doc["operation_type"]], "object": "quote_line_group"}
    return params.page([{"quote_line_group": {**group, "billing_cycle_number": 1}}])


def update_status(work: Work, params: Params, key: str) -> Result:
    """POST /quotes/{id}/update_status: accepted or declined."""
    doc, status = _live(work, key), params.choice("status", tuple(_STEPS), required=True)
    assert status is not None
    if doc["status"] not in _STEPS[status]:
        raise bad_state(f"quote {key} is {doc['status']} and cannot become {status}")
    doc["status"] = status
    return kept(work, doc, "updated")


def extend(work: Work, params: Params, key: str) -> Result:
    """POST /quotes/{id}/extend_expiry_date."""
    doc, until = _live(work, key), params.integer("valid_till", required=True)
    if doc["status"] not in ("open", "expired"):
        raise bad_state(f"quote {key} is {doc['status']}")
    if until is None or until <= work.at:
        raise wrong("valid_till", "should lie in the future")
    doc["valid_till"], doc["status"] = until, "open"
    work.jobs.schedule(until, "quote_expires", {"id": key}, key=f"quote/{key}")
    return kept(work, doc, "updated")


def delete(work: Work, _params: Params, key: str) -> Result:
    """POST /quotes/{id}/delete."""
    doc = _live(work, key)
    if doc["status"] == "invoiced":
        raise bad_state(f"quote {key} was converted")
    doc["deleted"] = True
    work.jobs.cancel(f"quote/{key}")
    return kept(work, doc, "deleted")


def convert(work: Work, params: Params, key: str) -> Result:
    """POST /quotes/{id}/convert: the operation itself, once."""
    doc = _live(work, key)
    if doc["status"] not in ("open", "accepted"):
        raise bad_state(f"quote {key} is {doc['status']} and cannot be converted")
    extra = _wish(params)
    kind: str = doc["operation_type"]
    if kind == CHANGE and extra.get("id") not in (None, doc["_subscription"]):
        raise wrong("subscription[id]", f"is not that of quote {key}")
    wish = Params({**doc["_wish"], **{name: value for name, value in extra.items() if kind == CREATE or name != "id"}})
    done = _DO[kind](work, wish, doc)
    wish.refuse_unread()
    doc["status"] = "invoiced"
    work.jobs.cancel(f"quote/{key}")
    if "subscription" in done:
        doc["subscription_id"] = done["subscription"]["id"]
    if done.get("invoice"):
        doc["invoice_id"] = done["invoice"]["id"]
    notes = done.pop("credit_notes", None)
    made = {name: done[name] for name in ("subscription", "invoice", "unbilled_charges") if done.get(name)}
    answer = {**kept(work, doc, "updated"), **made, "customer": work.need("customer", doc["customer_id"])}
    return {**answer, "credit_note": notes[0]} if notes else answer


_DO: dict[str, Callable[[Work, Params, Doc], Result]] = {
    CREATE: lambda work, wish, doc: subscriptions.create_with_items(work, wish, doc["customer_id"]),
    CHANGE: lambda work, wish, doc: changes.update_for_items(work, wish, doc["_subscription"]),
    ONCE: lambda work, wish, _doc: invoices.create(work, wish),
}
