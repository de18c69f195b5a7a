"""Self-heal: which breaks are copies that may be written anew, and how. Pure; facts are never touched.

A copy in sales and a missing master record are levels: the process that writes them reads the truth again and brings
the copy to it. A posting, a bill or a payment is a fact: only people correct it, by business transactions.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from synccore.domain.keys import Keys
from synccore.ports.reports import Break
from synccore.ports.stores import Unit
from synccore.reconciliation.matching import LEDGERS, Books

_DIFFERS = ("amount_differs", "field_differs", "status_stale", "edited")
_LACKS = ("missing", "deleted")


@dataclass(frozen=True)
class Healing:
    """One copy to be written anew: the break it heals, the effect that is no longer believed, and the work."""

    of: Break
    effect: str
    process: str
    partition: str
    argument: dict[str, Any]


def healings(keys: Keys, books: Books, breaks: Iterable[Break]) -> list[Healing]:
    """What may be healed, in the order of the breaks; what is a fact, or whose customer is not known, is left out."""
    accounts = _Accounts(books)
    found = []
    for one in breaks:
        rule = _RULES.get((one.system, one.kind))
        if rule is None or one.code not in rule.codes:
            continue
        account = rule.account(accounts, one.document)
        if account:
            effect = keys.effect(one.system, rule.effect, rule.effect_key(keys, one.document))
            subject = account if rule.argument == "account" else one.document
            found.append(Healing(one, effect, rule.process, account, {rule.argument: subject}))
    return found


def heal(unit: Unit, planned: Iterable[Healing], report_id: str, by: str, at: float) -> None:
    """In one transaction: the effects are doubted, the work is due, and the audit trail says why."""
    for one in planned:
        unit.effects.doubt(one.effect)
        subject = next(iter(one.argument.values()))
        unit.work.add(one.process, one.partition, subject, one.argument, at, f"reconciliation {report_id}")
        about = {"report": report_id, "system": one.of.system, "kind": one.of.kind, "code": one.of.code}
        unit.audit.add(by, "heal", one.of.document, about, at)


class _Accounts:
    """The sales account behind a document, from the books alone."""

    def __init__(self, books: Books) -> None:
        self._bills = {one.number: one.account or "" for one in books.platform.documents}
        self._deals = {one.id: one.account for one in books.salesforce.deals}
        self._contracts = {one.key: one.deal for one in books.platform.contracts}
        self._customers = {one.key: one.account for one in books.platform.customers}
        self._receipts: dict[str, str] = {}
        for book in (*books.ledgers.values(), books.platform):
            for receipt in book.receipts:
                for bill in (number for number, _ in receipt.applied if number):
                    self._receipts[receipt.key] = bill

    def of_bill(self, number: str) -> str:
        return self._bills.get(number, "")

    def of_receipt(self, key: str) -> str:
        return self._bills.get(self._receipts.get(key, ""), "")

    def of_contract(self, subscription: str) -> str:
        return self._deals.get(self._contracts.get(subscription, ""), "")

    def of_customer(self, key: str) -> str:
        return self._customers.get(key, "")


@dataclass(frozen=True)
class _Rule:
    codes: tuple[str, ...]
    process: str
    argument: str
    effect: str
    account: Callable[[_Accounts, str], str]
    effect_key: Callable[[Keys, str], str] = lambda _keys, document: document


def _external(keys: Keys, customer: str) -> str:
    return keys.erp_customer(customer)


_BILL = _Rule((*_LACKS, *_DIFFERS), "invoice-publication", "invoice", "bill", _Accounts.of_bill)
_SHARE = _Rule((*_LACKS, *_DIFFERS), "invoice-publication", "invoice", "bill-shares", _Accounts.of_bill)
_CREDIT = _Rule((*_LACKS, *_DIFFERS), "credit-publication", "credit", "credit", _Accounts.of_bill)
_CREDIT_SHARE = _Rule((*_LACKS, *_DIFFERS), "credit-publication", "credit", "credit-shares", _Accounts.of_bill)
_RECEIPT = _Rule((*_LACKS, *_DIFFERS), "payment-status", "receipt", "receipt", _Accounts.of_receipt)
_CONTRACT = _Rule(_DIFFERS, "contract-status", "subscription", "contract", _Accounts.of_contract)
_CUSTOMER = _Rule(("customer_missing",), "customer-sync", "account", "customer", _Accounts.of_customer, _external)
_RULES: dict[tuple[str, str], _Rule] = {
    ("salesforce", "invoice"): _BILL,
    ("salesforce", "credit"): _CREDIT,
    ("salesforce", "share"): _SHARE,
    ("salesforce", "credit-share"): _CREDIT_SHARE,
    ("salesforce", "receipt"): _RECEIPT,
    ("salesforce", "contract"): _CONTRACT,
    (LEDGERS[0], "customer"): _CUSTOMER,
}
