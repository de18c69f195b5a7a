"""Money and documents that go back: credit notes, refunds, chargebacks, returned transfers, cancellations, voids."""

from datetime import date
from decimal import Decimal
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from harness.scenario.part import Part
from harness.scenario.values import Name, Names

Reason = Literal[
    "product_unsatisfactory", "service_unsatisfactory", "order_change", "order_cancellation", "waiver", "other",
    "write_off",
]  # fmt: skip


class CreditStep(Part):
    """The seller credits a deal's bill in the platform, in full or so much of its gross; what was paid is owed back."""

    short: ClassVar[str] = "deal"
    deal: Name
    amount: Decimal | None = Field(default=None, gt=0)
    reason: Reason = "order_change"


class RefundStep(Part):
    """The platform gives money back for a deal's paid bill: what its credit note has left, else so much of the bill.

    `by` transfer is recorded there; by card it goes through the gateway.
    """

    short: ClassVar[str] = "deal"
    deal: Name
    amount: Decimal | None = Field(default=None, gt=0)
    by: Literal["card", "transfer"] = "card"


class ChargebackStep(Part):
    """The cardholder's bank takes the payment of a deal's bill back."""

    short: ClassVar[str] = "deal"
    deal: Name


class BankReturnStep(Part):
    """The bank returns the youngest transfer for a deal's bill: the ledger's clerk opens it again and pays back."""

    short: ClassVar[str] = "deal"
    deal: Name


class VoidPaymentStep(Part):
    """A clerk of the cloud ERP voids (or deletes) the youngest transfer for a deal's bill: it was never received."""

    short: ClassVar[str] = "deal"
    deal: Name
    how: Literal["void", "delete"] = "void"


class ApplyCashStep(Part):
    """A clerk of the cloud ERP sets what a deal's transfer has on account against another deal's open bill.

    Without an amount as much as both have. `off`: the deal whose bill the money is taken off first, since it was meant
    for the other one.
    """

    of: Name
    to: Name
    amount: Decimal | None = Field(default=None, gt=0)
    off: Name | None = None


class PayOutStep(Part):
    """A clerk of the ledger has the bank pay out what the youngest credit note for a deal's bill still owes, or so much
    of it; several deals of a customer in one.
    """

    short: ClassVar[str] = "deal"
    deal: Names
    amount: Decimal | None = Field(default=None, gt=0)


class CancelStep(Part):
    """The customer's contract ends, now with or without credit for the rest of the term, or at its end."""

    short: ClassVar[str] = "deal"
    deal: Name
    credit: Literal["none", "prorate", "full"] = "prorate"
    at: Literal["now", "contract_end"] = "now"


class VoidStep(Part):
    """The seller voids a deal's youngest bill, or the youngest credit note of it, in the platform."""

    deal: Name
    what: Literal["bill", "credit"]


class RebillStep(Part):
    """The seller bills anew in the platform what was billed wrong: product codes with their net amounts."""

    deal: Name
    po: str = Field(default="", max_length=40)
    lines: dict[str, Decimal] = Field(min_length=1)


class NoteDebtStep(Part):
    """People note with the account in Salesforce until when it promised to pay, or that it disputes a deal's bill."""

    customer: Name
    promised: date | None = None
    disputes: Name | None = None

    @model_validator(mode="after")
    def _one_of(self) -> "NoteDebtStep":
        if (self.promised is None) == (self.disputes is None):
            raise ValueError("say either `promised` (a date) or `disputes` (a deal)")
        return self


class DebtState(Part):
    """How an account's debts stand in Salesforce."""

    status: Literal["Current", "Overdue", "On notice", "On hold"] | None = None
    overdue: Decimal | None = None
