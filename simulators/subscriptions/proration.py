"""What a change in mid-term costs: credits against the bills of the term, charges for what is left of it."""

from dataclasses import dataclass, field
from decimal import Decimal

from simulators.kit.fidelity import approximate, exact
from simulators.kit.store import Doc
from simulators.subscriptions import billing, credit_notes, items, rules_proration
from simulators.subscriptions.rules_credit import spread
from simulators.subscriptions.rules_price import minor
from simulators.subscriptions.work import Work

exact(
    "changes of items now: credit for the old price's rest and charge for the new one's, by whole days "
    "or to the second, each rounded half-up by itself; unpaid bill: adjustment note, paid: refundable; "
    "never a negative invoice",
    source="documented",
    held_by="test_changes, test_rules",
)
approximate(
    "an upgrade in mid-term",
    "a credit note for the old price and an invoice for the new one, which the credit is applied to; a "
    "downgrade makes one note of the difference",
    source="documented, ours",
)
approximate(
    "a bill paid in part",
    "adjustment up to what is due, the rest refundable",
    source="ours",
)


@dataclass
class Effect:
    """Net credits by the item price that was billed, and the lines of an invoice."""

    credits: dict[str, int] = field(default_factory=dict)
    charges: list[Doc] = field(default_factory=list)


def of_change(work: Work, subscription: Doc, before: list[Doc], prorate: bool) -> Effect:
    """Old items against the subscription's present ones, item by item; a plan's successor counts as the same item.

    Dearer than before: credit for the old price's rest and a charge for the new one's. Cheaper: the difference as a
    credit, never a negative invoice.
    """
    share = rules_proration.rest_of_term(
        work.calendar, subscription["current_term_start"], subscription["_next_term"], work.at
    )
    effect = Effect()
    for old, new in _pairs(before, subscription["subscription_items"]):
        was, will = _per_term(work, subscription, old), _per_term(work, subscription, new)
        if was == will and _key(old) == _key(new):
            continue
        change = rules_proration.change(share, was, will, prorate)
        owed = change.credit if change.net >= 0 else -change.net
        if old is not None and owed:
            effect.credits[old["item_price_id"]] = owed
        if new is not None and change.net >= 0 and change.charge:
            effect.charges.append(_line(work, subscription, new, change.charge))
    return effect


def _pairs(before: list[Doc], after: list[Doc]) -> list[tuple[Doc | None, Doc | None]]:
    """Recurring items by what they succeed; metered ones are billed in arrears, so there is nothing to prorate."""
    old, new = (
        {_key(item): item for item in held if item["item_type"] != "charge" and "metered_quantity" not in item}
        for held in (before, after)
    )
    return [(old.get(key), new.get(key)) for key in dict.fromkeys((*old, *new))]


def _key(item: Doc | None) -> str:
    return "" if item is None else "plan" if item["item_type"] == "plan" else item["item_price_id"]


def _per_term(work: Work, subscription: Doc, item: Doc | None) -> int:
    if item is None:
        return 0
    plan = work.need("item_price", subscription["_plan"])
    price = work.need("item_price", item["item_price_id"])
    amount: int = item["amount"] * items.per_term(price, plan)
    return amount


def _line(work: Work, subscription: Doc, item: Doc, amount: int) -> Doc:
    price = work.need("item_price", item["item_price_id"])
    line = billing.item_line(
        work.at, price, item["quantity"], item.get("unit_price"), subscription_id=subscription["id"],
        date_from=work.calendar.term_start(work.at), date_to=subscription["current_term_end"],
    )  # fmt: skip
    line.pop("_tiers", None)
    line["amount"] = amount
    line["unit_amount"] = minor(Decimal(amount) / item["quantity"]) if item["quantity"] else 0
    line["description"] = f"{line['description']} - Prorated Charges"
    return line


def credit(work: Work, subscription: Doc, credits: dict[str, int]) -> list[Doc]:
    """Credit notes for so much of each item, against the youngest bills of the term that hold it.

    Not more than was billed and is not yet credited: a voided bill gives no credit.
    """
    wanted: dict[str, list[tuple[str, int]]] = {}
    bills = _bills(work, subscription)
    for key, amount in credits.items():
        left = amount
        for invoice in bills:
            for line in invoice["line_items"]:
                if line["entity_id"] != key or not left:
                    continue
                take = min(left, line["amount"] - _credited(work, invoice, line["id"]))
                if take > 0:
                    wanted.setdefault(invoice["id"], []).append((line["id"], take))
                    left -= take
    notes = []
    for number, lines in wanted.items():
        notes += _notes(work, work.need("invoice", number), lines)
    return notes


def _bills(work: Work, subscription: Doc) -> list[Doc]:
    start, end = subscription["current_term_start"], subscription["current_term_end"]
    found = [
        invoice for invoice in work.find("invoice", subscription_id=subscription["id"])
        if invoice["status"] not in ("voided", "pending") and not invoice["deleted"] and any(
            line["date_from"] >= start and line["date_to"] == end for line in invoice["line_items"]
        )
    ]  # fmt: skip
    return found[::-1]


def _credited(work: Work, invoice: Doc, line_id: str) -> int:
    notes = work.find("credit_note", reference_invoice_id=invoice["id"])
    return sum(
        line["amount"] for note in notes if note["status"] != "voided" and not note["deleted"]
        for line in note["line_items"] if line["reference_line_item_id"] == line_id
    )  # fmt: skip


def _notes(work: Work, invoice: Doc, lines: list[tuple[str, int]]) -> list[Doc]:
    """Unpaid: an adjustment. Paid: refundable. Paid in part: an adjustment of what is due, refundable the rest."""
    by_id = {line["id"]: line for line in invoice["line_items"]}
    gross = [
        amount + minor(Decimal(amount) * Decimal(str(by_id[key]["tax_rate"])) / 100) for key, amount in lines
    ]  # fmt: skip
    due = invoice["amount_due"]
    if due >= sum(gross):
        parts = [("adjustment", credit_notes.Wish(lines=lines))]
    elif not due:
        parts = [("refundable", credit_notes.Wish(lines=lines))]
    else:
        first = spread(due, gross)
        rest = [whole - part for whole, part in zip(gross, first, strict=True)]
        keys = [key for key, _ in lines]
        parts = [
            ("adjustment", credit_notes.Wish(gross=list(zip(keys, first, strict=True)))),
            ("refundable", credit_notes.Wish(gross=list(zip(keys, rest, strict=True)))),
        ]
    notes = []
    for kind, wish in parts:
        notes.append(credit_notes.against(work, invoice, kind, "subscription_change", wish))
        billing.rebalanced(work, invoice)
    return notes
