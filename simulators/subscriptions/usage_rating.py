"""Metered items billed in arrears: usage rated at the end of an item's term, pending until it is closed."""

from decimal import Decimal
from typing import Any

import orjson

from simulators.kit.fidelity import absent, approximate, exact
from simulators.kit.jobs import Job
from simulators.kit.store import Doc
from simulators.subscriptions import billing, invoices, items, settlement, usage_terms
from simulators.subscriptions.answers import answer
from simulators.subscriptions.charging import bill, collection
from simulators.subscriptions.errors import bad_state
from simulators.subscriptions.params import Params
from simulators.subscriptions.rules_terms import DAY_S
from simulators.subscriptions.rules_usage import metered_quantity, plain
from simulators.subscriptions.work import Work

exact(
    "metered items: no quantity at sale, billed in arrears when the item's own term is over (a monthly "
    "add-on beside a yearly plan has monthly terms), by sum, last or maximum of its usages; nothing "
    "used, no line",
    source="documented",
    held_by="test_usage",
)
exact(
    "usage bills are `pending` under a draft id (pending_invoice_created) until their days are over or "
    "`close` gives number, date and invoice_generated; `sync_usages` reads the usages anew; a void bill "
    "gives its usages back to the next one",
    source="documented",
    held_by="test_usage",
)
approximate(
    "usage bills",
    "a bill of their own, also when the plan renews on the same day (the vendor puts both on one); the "
    "days of waiting are the site setting `usage_close_days`; `close` reads the usages for the last "
    "time; a bill of which no usage is left is deleted at its close; `metered_quantity` is not kept up "
    "within a term; on cancellation what was used so far is billed",
    source="ours",
)
approximate(
    "fractions of metered quantities",
    "`quantity_in_decimal` beside the whole `quantity`; a fraction above a tier's end belongs to the next tier",
    source="ours",
)

absent("discounts and coupons on usage: metered lines are billed at their full price")

Result = dict[str, Any]


def term_over(work: Work, job: Job) -> None:
    """The term of one or more metered items is over: bill them, and begin the next."""
    subscription = work.get("subscription", job.payload["id"])
    if subscription is None or subscription["deleted"] or subscription["status"] not in ("active", "non_renewing"):
        return
    over = [item for item in usage_terms.metered_items(subscription) if item["next_billing_at"] <= work.at]
    periods = [_period(subscription, item, item["next_billing_at"]) for item in over]
    for item in over:
        usage_terms.move(work, subscription, item, item["next_billing_at"])
    usage_terms.watch(work, subscription)
    work.save("subscription", subscription)
    if subscription["_next_term"] > work.at:  # else the plan's own term ends too, and subscription_renewed says so
        work.emit("subscription_items_renewed", **answer(work, subscription))
    _bill(work, subscription, periods)


def before_term(work: Work, job: Job) -> None:
    """Months of usage that end with a billing term are billed before the next term is."""
    subscription = work.need("subscription", job.payload["id"])
    if any(item["next_billing_at"] <= work.at for item in usage_terms.metered_items(subscription)):
        term_over(work, job)


def over(work: Work, subscription: Doc) -> None:
    """The subscription ends now."""
    bill_rest(work, subscription, usage_terms.metered_items(subscription))
    usage_terms.end(work, subscription)


def bill_rest(work: Work, subscription: Doc, items: list[Doc]) -> None:
    """Bill what was used so far of the terms of items that go."""
    begun = [item for item in items if item.get("next_billing_at") and item["current_term_start"] < work.at]
    _bill(work, subscription, [_period(subscription, item, work.at) for item in begun])


def _period(subscription: Doc, item: Doc, end: int) -> Doc:
    return {"item_price_id": item["item_price_id"], "unit_price": item.get("unit_price"),
            "from": item["current_term_start"], "to": end,
            "tiers": subscription.get("item_tiers", [])}  # fmt: skip


def _bill(work: Work, subscription: Doc, periods: list[Doc]) -> None:
    lines = [line for period in periods if (line := line_of(work, subscription, period))]
    if not lines:
        return  # nothing was used: no metered line, and no bill of nothing
    customer = work.need("customer", subscription["customer_id"])
    days = work.site["usage_close_days"]
    draft = bill(work, customer, subscription, lines, work.at, pending=days != 0)
    draft["_periods"] = periods
    work.save("invoice", draft)
    if days == 0:
        _link(work, draft)
        billing.refresh_dues(work, subscription["id"])
    elif days is not None and subscription.get("auto_close_invoices", True):
        close_at = work.at + days * DAY_S
        work.jobs.schedule(close_at, "usage_close", {"id": draft["id"]}, key=f"close/{draft['id']}")
        work.jobs.schedule(close_at - DAY_S, "usage_reminder", {"id": draft["id"]}, key=f"remind/{draft['id']}")
    billing.announce(work, draft, customer, subscription)
    if days == 0:
        settlement.settle(work, draft, customer, subscription, collection(customer, subscription))


# The unary plus keeps SQLite from looking up an item price that half of all usages are of.
_DATED = {"usage": "usage_date", "usage_event": "_date"}
_COUNTED = """SELECT kind, doc FROM (
    SELECT 'usage' AS kind, doc, usage_date AS at, rowid AS place, invoice_id FROM usage
    WHERE subscription_id = :subscription AND +item_price_id = :price
    UNION ALL
    SELECT 'usage_event', doc, date, rowid, invoice_id FROM usage_event
    WHERE subscription_id = :subscription AND +price = :price)
WHERE (:billed OR invoice_id IS NULL) AND (at >= :from OR json_extract(doc, '$._delinked')) AND at < :to
ORDER BY at, kind, place"""


def _usages(work: Work, subscription: Doc, period: Doc, billed: bool = False) -> list[tuple[str, Doc]]:
    """Usages and usage events that are dated in the period, and what lost its bill because that was voided."""
    work.flush()
    rows = work.store.rows(_COUNTED, {
        "subscription": subscription["id"], "price": period["item_price_id"], "from": period["from"],
        "to": period["to"], "billed": billed,
    })  # fmt: skip
    return [(row[0], orjson.loads(row[1])) for row in rows]


def counted(work: Work, subscription: Doc, period: Doc, billed: bool = False) -> list[tuple[int, Decimal, str]]:
    """(date, quantity, id) of each usage that counts in the period; `billed`: also what a bill has counted already."""
    return [
        (doc[_DATED[kind]], Decimal(doc.get("quantity") or doc["_quantity"]), doc["id"])
        for kind, doc in _usages(work, subscription, period, billed)
    ]


def total_of(work: Work, subscription: Doc, period: Doc) -> Decimal:
    """The period's quantity by the item's `usage_calculation`."""
    price = work.need("item_price", period["item_price_id"])
    calculation = work.need("item", price["item_id"])["usage_calculation"]
    return metered_quantity(calculation, [(at, used) for at, used, _ in counted(work, subscription, period)])


def line_of(work: Work, subscription: Doc, period: Doc) -> Doc | None:
    """The rated line of one item and term; None when nothing was used."""
    price = items.priced(work.need("item_price", period["item_price_id"]), period.get("tiers", ()))
    quantity = total_of(work, subscription, period)
    if not quantity:
        return None
    line = billing.item_line(
        work.at, price, quantity, period["unit_price"], subscription_id=subscription["id"], date_from=period["from"],
        date_to=work.calendar.last_second(period["to"]),
    )  # fmt: skip
    line["metered"], line["quantity"] = True, int(quantity)
    if quantity != int(quantity):
        line["quantity_in_decimal"] = plain(quantity)
    return line


def _link(work: Work, invoice: Doc) -> None:
    """The usages of a bill that is final know their line."""
    subscription = work.need("subscription", invoice["subscription_id"])
    for period in invoice["_periods"]:
        line = next((one for one in invoice["line_items"] if _of(one, period)), None)
        for kind, usage in _usages(work, subscription, period) if line else ():
            usage.pop("_delinked", None)
            assert line is not None
            usage["invoice_id"], usage["line_item_id"] = invoice["id"], line["id"]
            work.save(kind, usage)


def _of(line: Doc, period: Doc) -> bool:
    return bool(
        line["metered"] and line["entity_id"] == period["item_price_id"] and line["date_from"] == period["from"]
    )


def _rate_again(work: Work, draft: Doc, date: int) -> None:
    """Read the usages of a pending invoice's terms anew, and bring lines, taxes and totals in step with them."""
    subscription = work.need("subscription", draft["subscription_id"])
    customer = work.need("customer", draft["customer_id"])
    lines: list[Doc] = [line for line in draft["line_items"] if not line["metered"]]
    kept = {line["id"] for line in lines}
    tiers = [tier for tier in draft["line_item_tiers"] if tier["line_item_id"] in kept]
    for period in draft["_periods"]:
        line = line_of(work, subscription, period)
        if line is not None:
            before = next((one["id"] for one in draft["line_items"] if _of(one, period)), None)
            line["id"], line["customer_id"] = before or f"li_{work.token('line_item')}", customer["id"]
            tiers += [{**tier, "line_item_id": line["id"]} for tier in line.pop("_tiers", ())]
            lines.append(line)
    draft["line_item_tiers"] = tiers
    billing.retaxed(work, draft, customer, lines, date)


def sync(work: Work, _params: Params, key: str) -> Result:
    """POST /invoices/{id}/sync_usages: a pending invoice is rated anew."""
    draft = invoices.live(work, key)
    if draft["status"] != "pending" or "_periods" not in draft:
        raise bad_state("only the usages of a pending invoice with metered items can be synchronised")
    _rate_again(work, draft, draft["date"])
    customer = work.need("customer", draft["customer_id"])
    work.emit("pending_invoice_updated", invoice=draft, customer=customer)
    return {"invoice": draft}


def close(work: Work, params: Params, key: str) -> Result:
    """POST /invoices/{id}/close: usages are read for the last time and linked; a bill of nothing goes away."""
    draft = invoices.live(work, key)
    if draft["status"] == "pending" and "_periods" in draft:
        for job in ("close", "remind"):
            work.jobs.cancel(f"{job}/{key}")
        _rate_again(work, draft, params.integer("invoice_date") or work.at)
        if not draft["line_items"]:
            return invoices.delete(work, params, key)
    closed = invoices.close(work, params, key)
    if "_periods" in draft:
        _link(work, closed["invoice"])
    return closed


def remind(work: Work, job: Job) -> None:
    """A pending invoice is closed in a day: the last call for usage."""
    draft = work.get("invoice", job.payload["id"])
    if draft is not None and draft["status"] == "pending" and not draft["deleted"]:
        customer = work.need("customer", draft["customer_id"])
        subscription = work.get("subscription", draft.get("subscription_id"))
        work.emit("add_usages_reminder", invoice=draft, customer=customer, subscription=subscription)


def close_due(work: Work, job: Job) -> None:
    """The days in which a pending invoice waits for late usage are over."""
    draft = work.get("invoice", job.payload["id"])
    if draft is not None and draft["status"] == "pending" and not draft["deleted"]:
        close(work, Params({}), draft["id"])


def void(work: Work, params: Params, key: str) -> Result:
    """POST /invoices/{id}/void: its usages are billed again with the item's next term."""
    voided = invoices.void(work, params, key)
    for kind in _DATED:
        for usage in work.find(kind, invoice_id=key):
            for name in ("invoice_id", "line_item_id"):
                usage.pop(name, None)
            work.save(kind, {**usage, "_delinked": True})
    return voided
