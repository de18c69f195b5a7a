"""A person edits one system's book by hand, and what a reconciliation must then say."""

from decimal import Decimal
from typing import Literal

from pydantic import Field, model_validator

from harness.scenario.part import Part
from harness.scenario.values import Name
from harness.world import SystemName

Act = Literal[
    "change_invoice", "delete_invoice", "change_share", "change_credit", "delete_credit", "reverse_invoice",
    "record_payment", "delete_payment", "post_journal", "add_customer",
]  # fmt: skip
ACTS: dict[str, tuple[str, ...]] = {
    "salesforce": (
        "change_invoice",
        "delete_invoice",
        "change_share",
        "change_credit",
        "delete_credit",
        "delete_payment",
    ),
    "subscriptions": ("record_payment", "delete_payment"),
    "erp_cloud": ("change_invoice", "delete_invoice", "delete_payment", "post_journal", "add_customer"),
    "erp_legacy": ("reverse_invoice",),
}
"""What a person can do to a book by the vendor's own API or, at the legacy ERP, the clerk's page."""
_WORTH = ("change_invoice", "change_share", "change_credit", "record_payment", "post_journal")  # say an amount
Code = Literal[
    "missing", "deleted", "reversed", "extra", "duplicate", "edited", "amount_differs", "field_differs",
    "status_stale", "allocation_differs", "customer_missing", "customer_duplicate", "overdue", "unreadable",
    "unexplained",
]  # fmt: skip
Kind = Literal[
    "in transit", "parked", "waiting for window", "provisional", "unapplied", "in the other ledger", "out of scope"
]


class EditBookStep(Part):
    """A person edits a system's book of a deal by hand, past all processes; `id` names the record that was touched."""

    id: Name
    system: SystemName
    act: Act
    deal: Name
    amount: Decimal | None = None

    @model_validator(mode="after")
    def _fits(self) -> "EditBookStep":
        known = ACTS.get(self.system, ())
        if self.act not in known:
            raise ValueError(f"nobody can {self.act} in {self.system}; possible are: {', '.join(known) or 'nothing'}")
        if (self.amount is None) != (self.act not in _WORTH):
            raise ValueError(f"{self.act} {'needs' if self.amount is None else 'has no'} `amount`")
        return self


class BreakWanted(Part):
    """One break of the report: `about` is a deal (its bill), an edit (its record) or a document as the report names it.

    `amount`: what the system lacks, in major units of the break's currency.
    """

    code: Code
    system: str
    about: str = Field(min_length=1)
    amount: Decimal | None = None


class ItemWanted(Part):
    """One reconciling item of the report."""

    kind: Kind
    about: str = Field(min_length=1)


class Reconciled(Part):
    """What a reconciliation made here says: exactly these breaks, and, if said, exactly these items."""

    breaks: tuple[BreakWanted, ...] = ()
    items: tuple[ItemWanted, ...] | None = None
