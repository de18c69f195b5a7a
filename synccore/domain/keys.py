"""Every key that the core gives or recognises, derived from business facts alone and therefore the same for ever."""

import hashlib
import json
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

CLOUD_RECEIPT, LEGACY_RECEIPT = "NS-", "L-"
QUOTE = "quote"  # kind of link: amendment -> "deal/quoted/billed", minor units
MOVED = "issued-to"  # kind of link: bill or credit note that was moved -> "number/account that it was issued to"
CASH = "cash"  # kind of link: payment with cash on account -> itself, or what carries that in another ledger
BROUGHT = "cash-brought"  # kind of link: payment -> "document/minor units" of it that went to another ledger
CORRECTED = "corrected"  # kind of link: a deal whose contract was corrected from its first day on -> the deal
_ACCOUNT_ID_LENGTH = 18


def digest(content: Any) -> str:
    """A short fingerprint of JSON content, independent of member order."""
    return hashlib.sha256(_canonical(content).encode()).hexdigest()[:32]


_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=str, ensure_ascii=False).encode


_TRANSFER = re.compile(r"M([0-9]*)/(.+)", re.ASCII)
_CASH = re.compile(r"MC/([0-9]+)-([0-9]{2})", re.ASCII)
_CORRECTION = re.compile(r"(metering:.+) corrects (.+) from (\d+(?:\.\d+)?) to (\d+(?:\.\d+)?)", re.DOTALL)


@dataclass(frozen=True)
class UsageCorrection:
    """The event `billed_as` was billed with the quantity `billed`, and `event` says that it was `quantity`."""

    event: str
    billed_as: str
    billed: Decimal
    quantity: Decimal


class Keys:
    """The conventions in one place. A method per name; nothing here depends on time, chance or order."""

    def customer(self, account_id: str, entity: str) -> str:
        """Platform customer: one per account and business entity."""
        return f"{account_id}-{entity}"

    def account_of(self, customer_id: str) -> str:
        """The sales account of a platform customer of ours, '' if the id is not of our making."""
        account, dash, entity = customer_id.partition("-")
        return account if len(account) == _ACCOUNT_ID_LENGTH and dash and entity else ""

    def entity_of(self, customer_id: str) -> str:
        """The business entity of a platform customer of ours."""
        return customer_id.partition("-")[2] if self.account_of(customer_id) else ""

    def subscription(self, opportunity_id: str) -> str:
        """Platform subscription of a deal."""
        return f"sub-{opportunity_id}"

    def one_off(self, opportunity_id: str) -> str:
        """Purchase-order reference by which the bill of a deal without a plan is found again."""
        return f"SF-{opportunity_id}"

    def opportunity_of(self, subscription_id: str, po_number: str) -> str:
        """The deal behind a bill, '' if it is none of ours."""
        if subscription_id.startswith("sub-"):
            return subscription_id[4:]
        return po_number[3:].partition("-")[0] if po_number.startswith("SF-006") else ""

    def milestone(self, opportunity_id: str, milestone_id: str) -> str:
        """Purchase-order reference by which the bill of a deal's milestone is found again."""
        return f"{self.one_off(opportunity_id)}-{milestone_id}"

    def erp_customer(self, customer_id: str) -> str:
        """External id of the cloud ERP's customer."""
        return f"CB-{customer_id}"

    def erp_invoice(self, invoice_id: str) -> str:
        """External id of the cloud ERP's invoice."""
        return f"CBINV-{invoice_id}"

    def bill_of_erp_invoice(self, external_id: str) -> str:
        """The bill behind an invoice's external id, '' if it is none of ours."""
        return external_id[6:] if external_id.startswith(("CBINV-", "CBMIG-")) else ""

    def erp_open_item(self, invoice_id: str) -> str:
        """External id of the cloud ERP's invoice that carries the open item of a bill which the old ledger posted."""
        return f"CBMIG-{invoice_id}"

    def erp_open_item_less(self, invoice_id: str, attempt: int) -> str:
        """External id of the cloud ERP's credit memo that takes off again what the old ledger did not give away."""
        return f"CBMIGC{attempt}-{invoice_id}"

    def legacy_transfer(self, invoice_id: str, attempt: int = 1) -> str:
        """XBLNR of the legacy ledger's document that moves the open item of a bill out of its receivables."""
        return f"M{attempt if attempt > 1 else ''}/{invoice_id}"

    def transfer_of(self, reference: str) -> tuple[str, int] | None:
        """The bill whose open item such a document moves and which attempt it is, None for any other document."""
        found = _TRANSFER.fullmatch(reference)
        return (found[2], int(found[1] or 1)) if found is not None else None

    def legacy_cash_transfer(self, key: str) -> str:
        """XBLNR (16 characters) of the document that moves what of a payment of that ledger lies on account there."""
        _company, year, number = self.ledger_document(key).rsplit("-", 2)
        return f"MC/{number}-{year[2:]}"

    def cash_of_transfer(self, reference: str, company: str) -> str:
        """The payment whose cash such a document of a company code moves, '' for any other document."""
        found = _CASH.fullmatch(reference)
        return self.receipt_of_legacy(company, f"20{found[2]}", found[1]) if found is not None else ""

    def erp_credit(self, credit_note_id: str) -> str:
        """External id of the cloud ERP's credit memo."""
        return f"CBCN-{credit_note_id}"

    def credit_of_erp(self, external_id: str) -> str:
        """The credit note behind a credit memo's external id, '' if it is none of ours."""
        return external_id[5:] if external_id.startswith("CBCN-") else ""

    def erp_payment(self, transaction_id: str) -> str:
        """External id of the cloud ERP's customer payment."""
        return f"CBTXN-{transaction_id}"

    def erp_credit_void(self, credit_note_id: str) -> str:
        """External id of the cloud ERP's invoice that takes a voided credit memo back."""
        return f"CBCNV-{credit_note_id}"

    def erp_void(self, invoice_id: str) -> str:
        """External id of the cloud ERP's credit memo that takes a voided invoice back."""
        return f"CBVOID-{invoice_id}"

    def shadow(self, external_id: str) -> str:
        """External id in the cloud ERP of what stands there for comparison alone, from that of what it stands for."""
        return f"SHADOW-{external_id}"

    def payment_of_erp(self, external_id: str) -> str:
        """The platform's payment or refund behind the external id of one in the cloud ERP, '' if we did not write it:
        else it is an echo.
        """
        return external_id[6:] if external_id.startswith("CBTXN-") else ""

    def receipt_of_platform(self, transaction_id: str) -> str:
        """Key of a payment born in the platform."""
        return f"CB:{transaction_id}"

    def receipt_of_cloud(self, internal_id: str) -> str:
        """Key, and reference in the platform, of a payment born in the cloud ERP."""
        return f"{CLOUD_RECEIPT}{internal_id}"

    def receipt_of_legacy(self, company: str, year: str, number: str) -> str:
        """Key, and reference in the platform, of a payment born in the legacy ERP (its own document number)."""
        return f"{LEGACY_RECEIPT}{company}-{year}-{number}"

    def born_in_ledger(self, reference: str) -> bool:
        """Does a platform payment's reference say that it came from a ledger? Then it is never posted back."""
        return reference.startswith((CLOUD_RECEIPT, LEGACY_RECEIPT))

    def ledger_document(self, key: str) -> str:
        """The ledger's own name of a receipt that was born there, '' for one of the platform."""
        for prefix in (CLOUD_RECEIPT, LEGACY_RECEIPT):
            if key.startswith(prefix):
                return key.removeprefix(prefix)
        return ""

    def birth_ledger(self, key: str) -> Literal["cloud", "legacy"]:
        """The ledger that a receipt was born in, as its key says."""
        return "cloud" if key.startswith(CLOUD_RECEIPT) else "legacy"

    def effect(self, target: str, kind: str, key: str) -> str:
        """Key of one write: target system, what, and the business key."""
        return f"{target}/{kind}/{key}"

    def event_of_usage(self, note: str) -> str:
        """The event that a usage's note names, '' if it is none of ours."""
        return note[9:] if note.startswith("metering:") else ""

    def usage_note(self, event_id: str) -> str:
        """Note of a usage in the platform: which event of the metering it stands for."""
        return f"metering:{event_id}"

    def usage_credit_note(self, correction: UsageCorrection) -> str:
        """What a credit note says, to the customer as well, of the correction that it is for."""
        note, one = self.usage_note(correction.event), correction
        return f"{note} corrects {one.billed_as} from {one.billed:f} to {one.quantity:f}"

    def correction_of(self, text: str) -> UsageCorrection | None:
        """The correction that a credit note is for, None if it is none of ours."""
        found = _CORRECTION.fullmatch(text)
        if found is None:
            return None
        return UsageCorrection(self.event_of_usage(found[1]), found[2], Decimal(found[3]), Decimal(found[4]))

    def idempotency(self, effect_key: str) -> str:
        """The platform's idempotency key for a write (at most 100 characters)."""
        return effect_key if len(effect_key) <= 100 else digest(effect_key)
