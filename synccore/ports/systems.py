"""What the processes need of the systems, in business values, and the two ways in which a write can fail there.

Reads either answer or raise Later. Writes answer with the target's reference, or raise: Rejected (certainly not
applied, and why), Unknown (perhaps applied), Later (certainly not applied: a limit, an outage before sending).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from synccore.domain.agreements import Agreement, Contracted, Version
from synccore.domain.bills import Bill, Payment, Receipt
from synccore.domain.books import Book, DocumentKind, Names
from synccore.domain.credits import Credit
from synccore.domain.deals import Account, Deal
from synccore.domain.extracts import OutboundFile
from synccore.domain.legacy import HandedOver, LegacyFile
from synccore.ports.feeds import FeedPage
from synccore.ports.milestones import Milestones
from synccore.ports.postings import Booking, Period, Posting, Stranger
from synccore.ports.reach import Reachable
from synccore.ports.rows import Row
from synccore.ports.usage import Usages


class Rejected(Exception):
    """The target refused: `code` is its own, `duplicate` says that the key exists there already."""

    def __init__(self, target: str, operation: str, status: int, code: str, message: str, duplicate: bool = False):
        super().__init__(target, operation, status, code, message, duplicate)
        self.target, self.operation, self.status, self.code = target, operation, status, code
        self.message, self.duplicate = message, duplicate

    def __str__(self) -> str:
        return f"{self.target} refused {self.operation}: {self.status} {self.code} {self.message}"


class Drifted(Rejected):
    """A record no longer fits what was agreed with the system: a field is gone, newly demanded, or of another kind.

    Nothing was applied. It is the record's own affair: others go on.
    """

    def __init__(self, target: str, operation: str, record: str, field: str, expected: str, came: str) -> None:
        super().__init__(target, operation, 400, "SCHEMA_DRIFT", f"{record}.{field}: expected {expected}, came {came}")
        self.record, self.field, self.expected, self.came = record, field, expected, came
        self.args = (target, operation, record, field, expected, came)  # as given, so that an engine can store it

    def __str__(self) -> str:
        change = f"{self.field} was expected as {self.expected}, came {self.came}"
        return f"{self.target} {self.record} has changed: {change}"


class Unknown(Exception):
    """The write may or may not have been applied: it is looked up before anything is sent again."""

    def __init__(self, target: str, operation: str, cause: str) -> None:
        super().__init__(target, operation, cause)
        self.target, self.operation, self.cause = target, operation, cause

    def __str__(self) -> str:
        return f"{self.target} {self.operation}: outcome unknown ({self.cause})"


@dataclass(frozen=True)
class Found:
    """What a look-up met: reference, amount (None: not compared), and since when, epoch seconds (None: not said)."""

    reference: Any
    amount: int | None = None
    at: float | None = None


class Salesforce(Reachable, Milestones, Protocol):
    """The sales system: deals and accounts are read, contracts, bills and payments are written back."""

    async def deal(self, opportunity_id: str) -> Deal | None:
        """A deal with its account and lines, None if it is gone."""
        ...

    async def open_deals(self, contract: str, kinds: Collection[str]) -> list[str]:
        """Ids of the open opportunities of these types about a contract of sales."""
        ...

    async def account(self, account_id: str) -> Account | None:
        """An account."""
        ...

    async def changed_deals(self, since: str) -> list[Row]:
        """Won opportunities changed at or after the stamp ('' = all), oldest first."""
        ...

    async def changed_accounts(self, since: str) -> list[Row]:
        """Accounts changed at or after the stamp ('' = all), oldest first."""
        ...

    async def deals(self, ids: Sequence[str]) -> list[Row]:
        """Of these opportunities those that `changed_deals` would tell."""

    async def accounts(self, ids: Sequence[str]) -> list[Row]:
        """These accounts, as `changed_accounts` tells them."""

    async def write_deal_status(self, opportunity_id: str, fields: Mapping[str, Any]) -> None:
        """Update fields of an opportunity (a level)."""
        ...

    async def write_activation(
        self, deal: Deal, contract: Mapping[str, Any] | None, opportunity: Mapping[str, Any], account: Mapping[str, Any]
    ) -> str:
        """Contract (by Subscription_Id__c; drafted, then activated), opportunity and account in one transaction.

        Returns the contract's id, '' for a deal without a contract. Idempotent: an active contract is left active.
        """
        ...

    async def write_contract(self, subscription_id: str, fields: Mapping[str, Any]) -> None:
        """Bring the Contract of a subscription to these fields (a level)."""
        ...

    async def write_contract_change(self, key: str, fields: Mapping[str, Any]) -> None:
        """Upsert Contract_Change__c by its key."""

    async def write_bill(self, number: str, fields: Mapping[str, Any]) -> None:
        """Upsert Invoice__c by its number (a level)."""

    async def write_shares(self, of: DocumentKind, number: str, shares: Mapping[str, Mapping[str, Any]]) -> bool:
        """Upsert what contracts have of a bill or credit note (levels); False for an org that has no such object."""

    async def write_credit(self, number: str, fields: Mapping[str, Any], bill: str) -> None:
        """Upsert Credit_Note__c by its number, referring to its bill's Invoice__c (a level)."""

    async def write_receipt(self, key: str, fields: Mapping[str, Any], number: str, bill: Mapping[str, Any]) -> None:
        """Upsert Payment__c by its key, together with its Invoice__c if it names one (levels, one transaction)."""

    async def write_account(self, account_id: str, fields: Mapping[str, Any]) -> None:
        """Update fields of an account (a level)."""
        ...

    async def merged_accounts(self, account_id: str) -> dict[str, str]:
        """Accounts that were merged into this one, or with it into another: each with the one that is left."""
        ...

    def remember_merged(self, into: Mapping[str, str]) -> None:
        """Of accounts that were merged it writes under the one that is left, also when the org no longer says so."""

    async def collection_notes(self, account_id: str) -> dict[str, Any]:
        """What people noted about an account's debts: {"promised": date as text, "disputed": numbers}, or None each."""
        ...

    async def book(self) -> Book:
        """All won deals, contracts and copies, in bulk."""
        ...


class Platform(Reachable, Protocol):
    """The subscription platform."""

    usages: Usages

    async def item_prices(self, ids: Sequence[str]) -> dict[str, Any]:
        """Item price by id, for those that exist and are active."""
        ...

    async def customer(self, customer_id: str) -> Mapping[str, Any] | None:
        """A customer's fields as `create_customer` takes them, None if there is none."""
        ...

    async def create_customer(self, fields: Mapping[str, Any]) -> str:
        """Create it under the given id."""
        ...

    async def update_customer(self, customer_id: str, fields: Mapping[str, Any]) -> str:
        """Bring it to these fields."""
        ...

    async def subscription(self, subscription_id: str) -> Contracted | None:
        """Its id and term if it exists."""
        ...

    async def create_subscription(self, customer_id: str, fields: Mapping[str, Any]) -> Contracted:
        """Create it with items and contract term."""

    async def agreement(self, subscription_id: str) -> Agreement | None:
        """A subscription with its contract term and what is scheduled for it, as it is now."""

    async def change_subscription(self, subscription_id: str, fields: Mapping[str, Any], key: str) -> int:
        """Change items, contract or marks; returns the version that came of it. `key` as in `create_bill`."""
        ...

    async def estimated_change(self, subscription_id: str, fields: Mapping[str, Any]) -> int:
        """What a change now would bill less what it would credit: net, minor units. Nothing is changed."""

    async def end_subscription(self, subscription_id: str, key: str) -> int:
        """End it at once and credit its whole term; returns the version that came of it. `key` as in `create_bill`."""

    async def unschedule(self, subscription_id: str, key: str) -> int:
        """Forget what is scheduled for it; returns the version that came of it. `key` as in `create_bill`."""

    async def changes(self, subscription_id: str, since: int = 0) -> list[Version]:
        """What each change of a subscription left behind, oldest first, after an instant (epoch seconds)."""
        ...

    async def bill_by_reference(self, customer_id: str, po_number: str) -> str | None:
        """Number of the customer's bill with this purchase-order reference."""
        ...

    async def create_bill(self, fields: Mapping[str, Any], key: str) -> str:
        """Create a one-off bill; returns its number. `key`: the same for a resend, another after a refusal."""
        ...

    async def bill(self, invoice_id: str) -> Bill | None:
        """A bill as it is now."""
        ...

    async def bills_of_subscription(self, subscription_id: str) -> list[Bill]:
        """All bills with lines of a subscription, also those that bill others beside it."""
        ...

    async def write_off(self, invoice_id: str, key: str) -> str:
        """Give up what is open of a bill; returns the credit note's number. `key` as in `create_bill`."""

    async def create_credit(self, invoice_id: str, amount: int, key: str, paid: bool = False) -> str:
        """Credit so much (minor units) of what is due of a bill; returns the note's number. `key`: as `create_bill`."""
        ...

    async def open_bills(self, customer_id: str) -> list[Bill]:
        """A customer's bills on which something is due."""
        ...

    async def open_credits(self, customer_id: str) -> list[Credit]:
        """A customer's credit notes of which something is left."""
        ...

    async def credit(self, credit_note_id: str) -> Credit | None:
        """A credit note as it is now."""
        ...

    async def payment(self, transaction_id: str) -> Payment | None:
        """A payment as it is now."""
        ...

    async def recorded(self, invoice_id: str, reference: str) -> Found | None:
        """The payment with this reference on a bill."""
        ...

    async def record_payment(self, invoice_id: str, receipt: Receipt, amount: int, key: str) -> str:
        """Record a payment that a ledger received; returns the transaction's id. Never more than the bill's due."""
        ...

    async def payments_by_reference(self, reference: str) -> list[Payment]:
        """All transactions that carry a ledger's reference, whatever became of them."""
        ...

    async def record_excess(self, customer_id: str, receipt: Receipt, amount: int, key: str) -> str:
        """Record money that a ledger received and that no bill uses; returns the transaction's id."""
        ...

    async def remove_payment(self, invoice_id: str, transaction_id: str, key: str) -> str:
        """Take a payment off a bill: what it had settled is unused; returns the transaction's id."""
        ...

    async def delete_payment(self, transaction_id: str, key: str) -> str:
        """Delete a payment by transfer that no bill uses; returns its id."""
        ...

    async def apply_payment(self, invoice_id: str, transaction_id: str, amount: int, key: str) -> str:
        """Set so much of a payment that no bill uses against a bill; returns the transaction's id."""
        ...

    async def record_refund(self, transaction_id: str, back: Receipt, amount: int, key: str) -> str:
        """Record that a ledger gave back unused money of a payment; returns the refund's id."""
        ...

    async def record_credit_refund(self, credit_note_id: str, back: Receipt, amount: int, key: str) -> str:
        """Record that a ledger paid a credit note out; returns the refund's id."""
        ...

    async def events(self, since: int, offset: str = "") -> FeedPage:
        """A page of the events after an instant, oldest first; Rejected when an offset is not known any more."""
        ...

    async def book(self, names: Names) -> Book:
        """All customers, contracts, bills, credit notes and payments, in bulk."""
        ...


class CloudErp(Reachable, Protocol):
    """The cloud ERP."""

    async def items(self, external_ids: Sequence[str]) -> dict[str, str]:
        """Internal id of each active item that exists, by external id."""
        ...

    async def customer(self, external_id: str) -> Found | None:
        """A customer by external id."""

    async def strangers(self, subsidiary: str) -> list[Stranger]:
        """Active customers of a subsidiary without an external id."""

    async def adopt_customer(self, internal_id: str, external_id: str) -> str:
        """Give such a customer our external id."""

    async def create_customer(self, external_id: str, fields: Mapping[str, Any]) -> str:
        """Create it; returns the internal id."""

    async def update_customer(self, internal_id: str, fields: Mapping[str, Any]) -> str:
        """Bring it to these fields; returns the internal id."""

    async def invoice(self, external_id: str, currency: str) -> Found | None:
        """An invoice by external id, with its gross total."""

    async def invoice_key(self, internal_id: str) -> str:
        """External id of an invoice, '' if it has none or is gone."""

    async def open_period(self, after: date) -> Period | None:
        """The first month that begins after a day and takes documents of customers."""

    async def create_invoice(self, posting: Posting) -> str:
        """Post it; returns the internal id."""

    async def credit_memo(self, external_id: str, currency: str) -> Found | None:
        """A credit memo by external id, with its gross total."""

    async def credit_key(self, internal_id: str) -> str:
        """External id of a credit memo, '' if it has none or is gone."""

    async def create_credit(self, posting: Posting, applied: Mapping[str, int]) -> str:
        """Post it applied to invoices (internal id -> minor units), the rest unapplied; returns the internal id."""
        ...

    async def apply_credit(self, internal_id: str, applied: Mapping[str, int], currency: str) -> None:
        """Bring a credit memo's applications to these (a level)."""
        ...

    async def payment(self, external_id: str, currency: str) -> Found | None:
        """A customer payment by external id, with its amount."""

    async def create_payment(
        self, external_id: str, payment: Payment, customer: str, when: Booking, applied: Mapping[str, int]
    ) -> str:
        """Post a payment applied to invoices (internal id -> minor units); returns the internal id."""
        ...

    async def apply_payment(self, internal_id: str, applied: Mapping[str, int], currency: str) -> None:
        """Bring a customer payment's applications to these (a level)."""
        ...

    async def refund(self, external_id: str, currency: str) -> Found | None:
        """A customer refund by external id, with its total."""

    async def create_refund(
        self, external_id: str, refund: Payment, customer: str, when: Booking, taken: Mapping[str, int], account: str
    ) -> str:
        """Pay out what credit memos or payments have left, from an account ('': its own choice); the internal id."""
        ...

    async def changed_payments(self, since: str) -> list[Row]:
        """Customer payments and refunds modified at or after the stamp ('' = all), oldest first; account = the ERP
        customer's id, content {"external_id", "customer": its external id, "kind": payment | refund}.
        """
        ...

    async def deleted_payments(self, since: str) -> list[Row]:
        """Customer payments deleted at or after the stamp ('' = all), oldest first; content {"external_id"}."""

    async def receipt(self, internal_id: str, refund: bool = False) -> Receipt | None:
        """A customer payment as it is now; customer and applications by internal id. `refund`: a customer refund, whose
        `taken` names its sources as `creditMemo:<id>` and `customerPayment:<id>`.
        """
        ...

    async def book(self, names: Names) -> Book:
        """All customers, receivable documents, receipts and journals on the receivables, in bulk."""
        ...


class LegacyErp(Reachable, Protocol):
    """The legacy ERP, by files."""

    async def deliver(self, file: LegacyFile) -> None:
        """Put data and control file into the inbound folder, control file last. Idempotent per file name: what is
        there already, or was taken up, is left alone. Raises Later when it could not be done or is not certain.
        """
        ...

    async def outbound(self, known: Sequence[str]) -> list[OutboundFile]:
        """Answers and extracts whose names are not among the known ones, in name order, answers before extracts."""
        ...

    async def handed_over(self, known: Collection[str]) -> list[HandedOver]:
        """Files of ours of other names that stand in the drop, whatever has become of them there, in their order."""
        ...

    async def book(self, names: Names, told: Sequence[OutboundFile]) -> Book:
        """The book that all answers and extracts amount to; `told`: files that the drop may not keep any more."""
        ...

    async def strangers(self, company: str) -> list[Stranger] | None:
        """All customers of a company code by the latest list that a person had made; None if there is none."""
