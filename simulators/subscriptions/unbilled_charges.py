"""Unbilled charges over the API: added, deleted, billed now, estimated."""

from typing import Any

from simulators.kit.store import Doc
from simulators.subscriptions import billing, catalog, charging, contracts, customers, unbilled
from simulators.subscriptions.answers import live
from simulators.subscriptions.errors import bad_state, wrong
from simulators.subscriptions.params import INTEGER_MAX, Params
from simulators.subscriptions.work import Work

Result = dict[str, Any]


def create(work: Work, params: Params) -> Result:
    """POST /unbilled_charges: one-off charges of a subscription for its next invoice."""
    subscription = live(work, params.need("subscription_id"), "subscription_id")
    if subscription["status"] == "cancelled":
        raise bad_state("the subscription is cancelled", "subscription_id")
    customer = work.need("customer", subscription["customer_id"])
    lines = lines_of(work, params, subscription)
    return {"unbilled_charges": _kept(work, customer, subscription, lines)}


def _kept(work: Work, customer: Doc, subscription: Doc, lines: list[Doc]) -> list[Doc]:
    charging.discounted(work, subscription, lines, work.at)
    sums = charging.worth(work, customer, subscription, lines)
    made = unbilled.add(work, customer, subscription, lines)
    contracts.counted(work, customer, subscription, sums)
    work.save("subscription", subscription)
    return made


def lines_of(work: Work, params: Params, subscription: Doc) -> list[Doc]:
    """The lines of `item_prices[...]` (charges of the catalog) and `charges[...]` (amounts) of a subscription."""
    currency = params.currency("currency_code")
    if currency is not None and currency.upper() != subscription["currency_code"]:
        raise wrong("currency_code", f"the subscription is in {subscription['currency_code']}")
    lines: list[Doc] = []
    for row in params.rows("item_prices"):
        key = row.need("item_price_id", longest=100)
        price = catalog.live(work, "item_price", key, row.name("item_price_id"))
        if price["item_type"] != "charge":
            raise row.wrong("item_price_id", f"{key} is not a charge")
        if price["currency_code"] != subscription["currency_code"]:
            why = f"{key} is in {price['currency_code']}, the subscription in {subscription['currency_code']}"
            raise row.wrong("item_price_id", why)
        quantity = row.integer("quantity", most=10**9)
        lines.append(billing.item_line(
            work.at, price, 1 if quantity is None else quantity, row.integer("unit_price"),
            subscription_id=subscription["id"], **period(row),
        ))  # fmt: skip
        if lines[-1]["amount"] > INTEGER_MAX:
            raise row.wrong("quantity", f"makes an amount of more than {INTEGER_MAX}")
    for row in params.rows("charges"):
        taxable = row.boolean("taxable")
        lines.append(billing.adhoc_line(
            work.at, row.number("amount", least=1), row.text("description") or "Charge", taxable is not False,
            subscription_id=subscription["id"], **period(row),
        ))  # fmt: skip
    if not lines:
        raise wrong("item_prices[item_price_id][0]", "cannot be blank: give item prices or charges")
    return lines


def period(row: Params) -> dict[str, int | None]:
    """`date_from` and `date_to` of a row."""
    begin, end = row.integer("date_from"), row.integer("date_to")
    if begin is not None and end is not None and end < begin:
        raise row.wrong("date_to", "lies before date_from")
    return {"date_from": begin, "date_to": end}


def delete(work: Work, _params: Params, key: str) -> Result:
    """POST /unbilled_charges/{id}/delete."""
    charge = work.need("unbilled_charge", key)
    subscription = work.need("subscription", charge["subscription_id"])
    if charge["deleted"] or charge["is_voided"]:
        raise bad_state("the charge was invoiced, voided or deleted already")
    customer = work.need("customer", charge["customer_id"])
    sums = charging.worth(work, customer, subscription, [charge["_line"]])
    unbilled.drop(work, customer, subscription, charge)
    contracts.counted(work, customer, subscription, (-sums[0], -sums[1]))
    return {"unbilled_charge": charge}


def invoice_now(work: Work, params: Params) -> Result:
    """POST /unbilled_charges/invoice_unbilled_charges: one invoice for each subscription concerned."""
    made = []
    for customer, subscription in _whose(work, params):
        lines = unbilled.sweep(work, customer, subscription)
        invoice = charging.charge(work, customer, subscription, lines, recurring=False).invoice
        work.save("subscription", subscription)
        if invoice is not None:
            billing.refresh_dues(work, subscription["id"])
            charging.finish(work, customer, subscription, invoice)
            made.append(invoice)
    if not made:
        raise bad_state("there are no unbilled charges")
    return {"invoices": made}


def _whose(work: Work, params: Params) -> list[tuple[Doc, Doc]]:
    subscription_id, customer_id = params.text("subscription_id"), params.text("customer_id")
    if (subscription_id is None) == (customer_id is None):
        raise wrong("subscription_id", "give either subscription_id or customer_id")
    if subscription_id is not None:
        subscription = live(work, subscription_id, "subscription_id")
        return [(work.need("customer", subscription["customer_id"]), subscription)]
    assert customer_id is not None
    customer = customers.live(work, customer_id, "customer_id")
    return [(customer, one) for one in work.find("subscription", customer_id=customer_id) if one.get("_unbilled")]


def add_charge_at_term_end(work: Work, params: Params, key: str) -> Doc:
    """POST /subscriptions/{id}/add_charge_at_term_end: an amount for the next invoice; answers with its estimate."""
    subscription = live(work, key)
    if subscription["status"] not in ("active", "in_trial", "paused"):
        raise bad_state(f"the subscription is {subscription['status']}: no term follows")
    customer = work.need("customer", subscription["customer_id"])
    line = billing.adhoc_line(
        work.at, params.number("amount", least=1), params.need("description"), True, subscription_id=key,
        **period(params),
    )  # fmt: skip
    _kept(work, customer, subscription, [line])
    return subscription


def charge_addon_at_term_end(work: Work, params: Params, key: str) -> Doc:
    """POST /subscriptions/{id}/charge_addon_at_term_end: once, an addon or charge, on the next invoice."""
    subscription = live(work, key)
    if subscription["status"] not in ("active", "in_trial", "paused"):
        raise bad_state(f"the subscription is {subscription['status']}: no term follows")
    price_id = params.need("addon_id", longest=100)
    price = catalog.live(work, "item_price", price_id, "addon_id")
    if price["item_type"] == "plan" or price["currency_code"] != subscription["currency_code"]:
        raise wrong("addon_id", f"{price_id} is a plan, or not in {subscription['currency_code']}")
    quantity, unit_price = params.integer("addon_quantity", most=10**9), params.integer("addon_unit_price")
    line = billing.item_line(
        work.at, price, 1 if quantity is None else quantity, unit_price, subscription_id=key, **period(params)
    )
    if line["amount"] > INTEGER_MAX:
        raise wrong("addon_quantity", f"makes an amount of more than {INTEGER_MAX}")
    _kept(work, work.need("customer", subscription["customer_id"]), subscription, [line])
    return subscription
