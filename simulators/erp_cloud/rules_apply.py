"""Applying payments and credits to open invoices: who may be paid with what, and how much stays unapplied."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from simulators.erp_cloud.errors import Problem, invalid_value, user_error
from simulators.erp_cloud.rules_money import ZERO, amount, rounded

Doc = dict[str, Any]


@dataclass(frozen=True)
class Application:
    """One invoice settled in part or whole: `amount` in document currency, `base` at the invoice's own rate."""

    doc: str
    amount: Decimal
    base: Decimal


@dataclass(frozen=True)
class Payer:
    """The document that pays: its customer, currency, receivables account and what it has to give."""

    id: str
    entity: str
    currency: str
    account: str
    available: Decimal
    digits: int
    base_digits: int


@dataclass(frozen=True)
class OpenItem:
    """An invoice as the rules see it, with what it would still owe if this payer had given nothing yet."""

    id: str
    entity: str
    currency: str
    account: str
    remaining: Decimal
    base_remaining: Decimal
    posting: bool
    due: str
    number: str = ""
    total: str = ""


def plan(wanted: Sequence[Doc], payer: Payer, items: Mapping[str, OpenItem]) -> list[Application] | Problem:
    """The applications that an apply list asks for; each at most what is open, all at most what there is."""
    given: dict[str, Decimal] = {}
    left = payer.available
    for index, line in enumerate(wanted):
        path = f"apply.items[{index}]"
        item = items.get(line.get("doc") or "")
        if item is None:
            return invalid_value(f"{path}.doc")
        value = line.get("amount")
        if line.get("apply") is False or (value not in (None, "") and not Decimal(value)):
            continue
        if item.entity != payer.entity or item.currency != payer.currency or item.account != payer.account:
            return user_error(
                "The document to apply to must have the same customer, currency and A/R account.", f"{path}.doc"
            )
        if not item.posting:
            return user_error("A transaction that is not approved cannot be paid.", f"{path}.doc")
        taken = given.get(item.id, ZERO)
        wish = min(item.remaining - taken, left) if value in (None, "") else rounded(Decimal(value), payer.digits)
        if wish < 0 or wish + taken > item.remaining:
            return user_error(
                "The amount to apply can not be more than the amount remaining of the document.", f"{path}.amount"
            )
        if wish > left:
            return user_error("The total of applied amounts can not exceed the payment amount.", f"{path}.amount")
        left -= wish
        given[item.id] = taken + wish
    return [_application(items[doc], value, payer) for doc, value in given.items() if value]


def automatic(payer: Payer, items: Sequence[OpenItem]) -> list[Application]:
    """autoApply: the oldest open invoices first."""
    left, result = payer.available, []
    for item in sorted(items, key=lambda one: (one.due, int(one.id))):
        value = min(left, item.remaining)
        if value > 0 and item.posting:
            result.append(_application(item, value, payer))
            left -= value
    return result


def _application(item: OpenItem, value: Decimal, payer: Payer) -> Application:
    whole = value == item.remaining
    share = item.base_remaining if whole else rounded(item.base_remaining * value / item.remaining, payer.base_digits)
    return Application(item.id, value, share)


def unapplied_base(total: Decimal, total_base: Decimal, applied: Decimal, digits: int) -> Decimal:
    """The base value of what a payment or credit has left, at its own rate; nothing left is exactly zero."""
    left = total - applied
    if not left:
        return ZERO
    return total_base if left == total else rounded(total_base * left / total, digits)


def held(doc: Doc) -> dict[str, tuple[Decimal, Decimal]]:
    """What a stored payment or credit gives to each document now: amount and base by document id."""
    return {line["doc"]: (amount(line["amount"]), amount(line["base"])) for line in doc.get("apply") or ()}
