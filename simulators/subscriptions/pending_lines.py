"""Lines of a pending invoice: charges added to it and lines taken off before it is closed."""

from typing import Any

from simulators.kit.store import Doc
from simulators.subscriptions import billing, invoices
from simulators.subscriptions.errors import bad_state, not_found, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.work import Work

Result = dict[str, Any]


def _draft(work: Work, key: str) -> Doc:
    draft = invoices.live(work, key)
    if draft["status"] != "pending":
        raise bad_state(f"lines of an invoice that is {draft['status']} cannot be changed")
    return draft


def _subscription_of(draft: Doc, params: Params) -> str | None:
    asked = params.text("subscription_id")
    own: str | None = draft.get("subscription_id")
    if asked is not None and asked != own:
        raise wrong("subscription_id", "is not a subscription of the invoice")
    return own


def add_charge(work: Work, params: Params, key: str) -> Result:
    """POST /invoices/{id}/add_charge: an amount that no item stands behind."""
    draft = _draft(work, key)
    span = params.group("line_item")
    members = {"date_from": span.integer("date_from"), "date_to": span.integer("date_to")}
    line = billing.adhoc_line(
        work.at, params.number("amount", least=1), params.need("description"), True,
        subscription_id=_subscription_of(draft, params), **members,
    )  # fmt: skip
    return _with(work, draft, [*draft["line_items"], line])


def add_charge_item(work: Work, params: Params, key: str) -> Result:
    """POST /invoices/{id}/add_charge_item."""
    draft = _draft(work, key)
    subscription_id = _subscription_of(draft, params)
    line, _ = invoices.item_charge(work, params.group("item_price"), draft["currency_code"], subscription_id)
    return _with(work, draft, [*draft["line_items"], line])


def delete_lines(work: Work, params: Params, key: str) -> Result:
    """POST /invoices/{id}/delete_line_items: one line at least stays, and metered ones are what usages make them."""
    draft = _draft(work, key)
    gone = set()
    for row in params.rows("line_items"):
        wanted = row.need("id")
        line = next((one for one in draft["line_items"] if one["id"] == wanted), None)
        if line is None:
            raise not_found(row.name("id"), wanted)
        if line["metered"]:
            raise row.wrong("id", "is a metered line: its usages say what it is")
        gone.add(wanted)
    if not gone:
        raise wrong("line_items[id][0]", "cannot be blank")
    kept = [line for line in draft["line_items"] if line["id"] not in gone]
    if not kept:
        raise bad_state("an invoice needs at least one line; delete the invoice instead")
    draft["line_item_tiers"] = [tier for tier in draft["line_item_tiers"] if tier["line_item_id"] not in gone]
    return _with(work, draft, kept)


def _with(work: Work, draft: Doc, lines: list[Doc]) -> Result:
    customer = work.need("customer", draft["customer_id"])
    for line in lines:
        if not line["id"]:
            line["id"], line["customer_id"] = f"li_{work.token('line_item')}", customer["id"]
            tiers = [{**tier, "line_item_id": line["id"]} for tier in line.pop("_tiers", ())]
            draft["line_item_tiers"] = [*draft["line_item_tiers"], *tiers]
    billing.retaxed(work, draft, customer, lines, draft["date"])
    subscription = work.get("subscription", draft.get("subscription_id"))
    work.emit("pending_invoice_updated", invoice=draft, customer=customer, subscription=subscription)
    return {"invoice": draft}
