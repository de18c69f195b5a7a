"""What each canonical event carries: a payload model and a version a type; nothing else can be told.

Amounts are integers in minor units of `currency`, instants are epoch seconds, dates are the entity's own. To add a
type: write a `Payload` class with a docstring, put it into EVENT_TYPES, say `windtunnel contracts publish`. To change
one: add optional members only, raise its version, publish; a renamed, retyped or new mandatory member is a new type.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Key = Annotated[str, Field(min_length=1)]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$", description="ISO 4217")]
Minor = Annotated[int, Field(description="minor units of the currency")]
Instant = Annotated[int, Field(ge=0, description="epoch seconds, business time")]
Quantity = Annotated[str, Field(pattern=r"^\d+(\.\d+)?$", description="an exact decimal, not negative")]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$", json_schema_extra={"format": "date"})]
Ledger = Literal["erp_cloud", "erp_legacy"]


class Payload(BaseModel):
    """The `data` of an event. Strict: 100 is not "100"; what is not declared is not told."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class OrderReceived(Payload):
    """Sales has won a deal, or changed a won one."""

    opportunity: Key
    name: str = ""
    amount: Minor = 0
    currency: Currency = "USD"
    closed_on: Day | None = None


class CustomerWritten(Payload):
    """A customer is known to a system from now on, or known there by other master data."""

    customer: Key
    name: str
    system: Literal["subscriptions", "erp_cloud", "erp_legacy"]


class ContractActivated(Payload):
    """The platform holds the contract that sales agreed."""

    subscription: Key
    opportunity: Key
    value: Minor
    cycles: int
    currency: Currency
    start: Day


class RenewalConfirmed(Payload):
    """Sales has won a renewal; the contract is told what to do at its term's end."""

    subscription: Key
    opportunity: Key
    cycles: int
    quantity: int


class RenewalDeclined(Payload):
    """Sales has lost a renewal; the contract ends with its term."""

    subscription: Key
    opportunity: Key


class RenewalWithdrawn(Payload):
    """A renewal that was decided is won no longer, or was edited, before its term began; the decision is undone."""

    subscription: Key
    opportunity: Key


class DealTakenBack(Payload):
    """A deal was won no longer: its contract is ended, and what was due of its bills is credited."""

    opportunity: Key
    subscription: str = ""
    invoices: list[Key] = []


class DealCorrected(Payload):
    """A deal was edited after it was carried out, and its contract was corrected from the day on which it began.

    `before`, `after`: what the contract comes to in a billing period, net.
    """

    opportunity: Key
    subscription: Key
    holds_from: Instant
    before: Minor
    after: Minor
    currency: Currency


class ContractAmended(Payload):
    """A contract holds other items, by a deal of sales or by the customer in the platform."""

    subscription: Key
    origin: Literal["sales", "platform"]
    opportunity: str = ""
    quantity: int
    effective_on: Day


class ContractRenewed(ContractAmended):
    """A new term of a contract is in force. The end of a billing period within a term is none of these."""

    term: Key


class InvoiceIssued(Payload):
    """The platform has issued a bill."""

    invoice: Key
    gross: Minor
    currency: Currency
    tax: Minor = 0
    due_at: Instant | None = None
    subscription: str | None = None


class InvoicePosted(Payload):
    """A ledger has posted a bill, under its own document number."""

    invoice: Key
    ledger: Ledger
    document: str
    gross: Minor | None = None
    currency: Currency | None = None


class CreditMemoIssued(Payload):
    """The platform has issued a credit note for a bill."""

    credit: Key
    gross: Minor
    currency: Currency
    kind: str
    reason: str = ""
    invoice: str | None = None
    subscription: str | None = None


class CreditMemoPosted(Payload):
    """A ledger has posted a credit note, under its own document number."""

    credit: Key
    ledger: Ledger
    document: str
    invoice: str | None = None
    gross: Minor | None = None
    currency: Currency | None = None


class PaymentReceived(Payload):
    """Money has come in, in the platform or at a ledger's bank. Without an amount where the announcement has none:
    payment-recorded says what of it was applied to which bill.
    """

    payment: Key
    amount: Minor | None = None
    currency: Currency | None = None
    method: str | None = None
    received_at: Instant | None = None
    invoices: list[str] = []
    customer: str | None = None


class PaymentFailed(Payload):
    """A charge did not go through."""

    payment: Key
    amount: Minor
    currency: Currency
    reason: str = ""


class PaymentReversed(Payload):
    """Money that had come in was taken back: the bank returned it, or the payer disputed it."""

    payment: Key
    reversal: Key
    amount: Minor
    currency: Currency
    reason: str = ""


class RefundIssued(Payload):
    """Money goes back to the customer: what a credit note gives back, or what no bill uses of a payment."""

    refund: Key
    amount: Minor
    currency: Currency
    method: str = ""
    credits: list[str] = []
    payment: str = ""


class RefundPosted(Payload):
    """A ledger has posted money that went back (a refund or a reversal), under its own document number."""

    refund: Key
    ledger: Ledger
    document: str
    amount: Minor | None = None


class RefundRecorded(Payload):
    """The platform has recorded that money went back which a ledger had received."""

    refund: Key
    payment: Key
    amount: Minor
    transaction: Key


class DocumentVoided(Payload):
    """A ledger has taken back by `document` what it had posted, because the platform has voided it."""

    number: Key
    ledger: Ledger
    document: str


class OpenItemCleared(Payload):
    """A ledger that an entity moves away from has cleared the open item of a bill, of a credit note or of a payment on
    account, against its migration account; `invoice` is the number (of a payment the key) of it.
    """

    invoice: Key
    ledger: Ledger
    document: str


class OpenItemMoved(Payload):
    """The open item of a bill, or of a credit note or a payment on account (then below zero), stands in another ledger
    from now on, without revenue and without tax; `invoice` is the number (of a payment the key) of it.
    """

    invoice: Key
    ledger: Ledger
    document: str
    amount: Minor
    currency: Currency


class PaymentPosted(Payload):
    """A ledger has posted a payment, under its own document number."""

    payment: Key
    ledger: Ledger
    document: str
    amount: Minor | None = None


class PaymentRecorded(Payload):
    """The platform has recorded what a ledger's receipt pays of a bill."""

    payment: Key
    invoice: Key
    amount: Minor
    transaction: Key


class ExcessRecorded(Payload):
    """The platform has recorded what a ledger's receipt has on account."""

    payment: Key
    amount: Minor
    transaction: Key


class HoldChanged(Payload):
    """A customer goes on hold because of what it owes, or comes off it."""

    account: Key
    status: str
    oldest_days: int


class UsageReported(Payload):
    """The product's metering says what was used, or corrects what it said."""

    event: Key
    subscription: Key
    meter: Key
    quantity: Quantity
    at: Instant
    recorded_at: Instant
    corrects: str | None = None


class RatedLine(Payload):
    """One metered item of a bill: so much in its term, and what it comes to before tax."""

    item_price: Key
    quantity: Quantity
    amount: Minor
    starts: Instant
    ends: Instant


class UsageRated(Payload):
    """The platform has rated usage on a bill that is final."""

    invoice: Key
    subscription: Key
    currency: Currency
    lines: list[RatedLine]


@dataclass(frozen=True)
class EventType:
    """A payload and the version of its schema."""

    payload: type[Payload]
    version: int = 1


EVENT_TYPES: dict[str, EventType] = {
    "order-received": EventType(OrderReceived),
    "customer-created": EventType(CustomerWritten),
    "customer-updated": EventType(CustomerWritten),
    "contract-activated": EventType(ContractActivated),
    "renewal-confirmed": EventType(RenewalConfirmed),
    "renewal-declined": EventType(RenewalDeclined),
    "renewal-withdrawn": EventType(RenewalWithdrawn),
    "deal-taken-back": EventType(DealTakenBack),
    "deal-corrected": EventType(DealCorrected),
    "contract-amended": EventType(ContractAmended),
    "contract-renewed": EventType(ContractRenewed),
    "credit-memo-issued": EventType(CreditMemoIssued),
    "credit-memo-posted": EventType(CreditMemoPosted),
    "invoice-issued": EventType(InvoiceIssued),
    "invoice-posted": EventType(InvoicePosted),
    "payment-received": EventType(PaymentReceived),
    "payment-failed": EventType(PaymentFailed),
    "payment-reversed": EventType(PaymentReversed),
    "refund-issued": EventType(RefundIssued),
    "refund-posted": EventType(RefundPosted),
    "refund-recorded": EventType(RefundRecorded),
    "invoice-voided": EventType(DocumentVoided),
    "credit-memo-voided": EventType(DocumentVoided),
    "open-item-cleared": EventType(OpenItemCleared),
    "open-item-moved": EventType(OpenItemMoved),
    "payment-posted": EventType(PaymentPosted),
    "payment-recorded": EventType(PaymentRecorded),
    "excess-recorded": EventType(ExcessRecorded),
    "account-on-hold": EventType(HoldChanged),
    "hold-released": EventType(HoldChanged),
    "usage-reported": EventType(UsageReported),
    "usage-rated": EventType(UsageRated),
}


class Misshapen(ValueError):
    """An event that is not told, because its data are not of its type's shape; `pointer` says where."""

    def __init__(self, kind: str, pointer: str, problem: str) -> None:
        super().__init__(f"{kind} {pointer or '/'}: {problem}")
        self.kind, self.pointer, self.problem = kind, pointer, problem


def checked(kind: str, data: Mapping[str, Any]) -> EventType:
    """The type of an event whose data are of its shape; raises Misshapen, LookupError."""
    known = EVENT_TYPES.get(kind)
    if known is None:
        raise LookupError(f"no event type {kind}: declare its payload in synccore/domain/payloads.py")
    try:
        known.payload.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        pointer = "".join(f"/{part}" for part in first["loc"])
        raise Misshapen(kind, pointer, first["msg"]) from None
    return known


def present(**members: Any) -> dict[str, Any]:
    """The members that have a value."""
    return {name: value for name, value in members.items() if value is not None}
