"""What goes to the legacy ledger, as values: customers, documents with their sides, and the file that carries them."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from synccore.domain.bills import Bill
from synccore.domain.credits import Credit
from synccore.domain.deals import Account, Value
from synccore.domain.posting import PostingLine

Interface = Literal["CUST", "BILL", "PAY"]


class LegacyCustomer(Value):
    """A customer master in a company code."""

    kunnr: str
    company: str
    name: str
    city: str = ""
    country: str = ""
    receivables: str = ""
    source_id: str = ""  # our own name of the customer: whose number it is can be read from the file


class LegacyLine(Value):
    """One G/L or customer line. `debit` says the side; amounts are positive minor units."""

    posting_key: str
    customer: bool = False
    account: str = ""
    debit: bool
    amount: int
    tax_code: str = ""
    tax_base: int = 0
    quantity: str = ""
    material: str = ""
    text: str = ""
    assignment: str = ""
    starts: str = ""  # YYYYMMDD
    ends: str = ""


class LegacyTax(Value):
    """One tax segment: it counts as credit in the document's balance."""

    code: str
    rate: Decimal
    base: int
    amount: int


class LegacyDocument(Value):
    """An accounting document: DR invoice, DG credit memo, DZ payment, AB transfer. All balance in `currency`.

    Taxes stand on the side of the revenue: at credit, in a credit memo at debit.
    """

    kind: Literal["DR", "DZ", "DG", "AB"]
    action: Literal["C", "R"] = "C"  # R: takes back the document that `invoice_document` names, and has no lines
    reason: str = ""  # STGRD of a reversal
    company: str
    reference: str  # XBLNR
    document_date: date
    posting_date: date
    due_date: date | None = None
    currency: str
    kunnr: str
    text: str = ""
    subscription: str = ""
    source_id: str = ""
    invoice_document: str = ""  # REBZG
    after_payments_of: str = ""  # the bill of which our payments are posted before it goes out
    lines: tuple[LegacyLine, ...]
    taxes: tuple[LegacyTax, ...] = ()

    @property
    def debits(self) -> int:
        """Sum of the debit lines, and of a credit memo's taxes."""
        return sum(line.amount for line in self.lines if line.debit) + (self.taxed if self.kind == "DG" else 0)

    @property
    def credits(self) -> int:
        """Sum of the credit lines, and of the taxes unless it is a credit memo."""
        return sum(line.amount for line in self.lines if not line.debit) + (0 if self.kind == "DG" else self.taxed)

    @property
    def taxed(self) -> int:
        """Sum of the taxes."""
        return sum(tax.amount for tax in self.taxes)


class LegacyFile(Value):
    """A file to hand over: its name and number are fixed before it is written, so that a second attempt is the same.

    `keys`: under which key of ours each of its records was spooled, in order.
    """

    name: str
    interface: Interface
    sequence: int
    created: str  # YYYYMMDD
    created_time: str  # HHMMSS
    customers: tuple[LegacyCustomer, ...] = ()
    documents: tuple[LegacyDocument, ...] = ()
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class HandedOver:
    """A file of ours that stands in the drop. `file`: what it says, None if it is not kept there or not to be read;
    `whole`: its control file is there as well, so that it is the ledger's.
    """

    name: str
    file: LegacyFile | None
    whole: bool = True


def padded(number: str) -> str:
    """Alpha conversion: a numeric account or customer number is zero-padded to ten digits."""
    return number.zfill(10) if number.isdigit() else number


def customer_master(
    account: Account, kunnr: str, company: str, receivables: str, source_id: str
) -> LegacyCustomer:  # fmt: skip
    """The master record of an account in a company code."""
    address = account.tax_address
    return LegacyCustomer(
        kunnr=kunnr, company=company, name=account.name, city=address.city, country=address.code,
        receivables=receivables, source_id=source_id,
    )  # fmt: skip


def invoice_document(
    bill: Bill, lines: list[PostingLine], company: str, kunnr: str, on: date, due: date | None
) -> LegacyDocument:
    """DR: gross at the customer's debit, revenue per line and tax by code at credit.

    ValueError when a line has no revenue account or a treatment has no code in this ledger.
    """
    revenue, taxes = _revenue(lines, bill.id, credit=False)
    customer = LegacyLine(
        posting_key="01", customer=True, account=kunnr, debit=True, amount=bill.gross, assignment=bill.id
    )
    return _balanced(LegacyDocument(
        kind="DR", company=company, reference=bill.id, document_date=on, posting_date=on, due_date=due,
        currency=bill.currency, kunnr=kunnr, text=bill.po_number, subscription=bill.subscription_id,
        source_id=bill.id, lines=(customer, *revenue), taxes=taxes,
    ))  # fmt: skip


def credit_document(
    credit: Credit, lines: list[PostingLine], company: str, kunnr: str, on: date, original: str, account: str = ""
) -> LegacyDocument:
    """DG for the invoice with that document number: gross at the customer's credit, revenue and tax at debit, or all of
    it at the debit of one `account`, without tax.

    ValueError as `invoice_document`.
    """
    revenue, taxes = _revenue([] if account else lines, credit.id, credit=True)
    if account:
        revenue.append(LegacyLine(
            posting_key="40", account=padded(account), debit=True, amount=credit.gross, assignment=credit.id
        ))  # fmt: skip
    customer = LegacyLine(
        posting_key="11", customer=True, account=kunnr, debit=False, amount=credit.gross, assignment=credit.bill
    )
    return _balanced(LegacyDocument(
        kind="DG", company=company, reference=credit.id, document_date=on, posting_date=on, currency=credit.currency,
        kunnr=kunnr, text=credit.bill, subscription=credit.subscription_id, source_id=credit.id,
        invoice_document=original, lines=(customer, *revenue), taxes=taxes,
    ))  # fmt: skip


def _balanced(document: LegacyDocument) -> LegacyDocument:
    if document.debits != document.credits:
        sums = f"{document.debits} debit, {document.credits} credit"
        raise ValueError(f"{document.reference} does not balance: {sums}")
    return document


def _revenue(lines: list[PostingLine], assignment: str, credit: bool) -> tuple[list[LegacyLine], tuple[LegacyTax, ...]]:
    """Revenue per line and tax by code; a credit memo has them at debit."""
    revenue: list[LegacyLine] = []
    taxes: dict[str, LegacyTax] = {}
    for row in lines:
        if row.item is None or row.item.legacy is None:
            raise ValueError(f"product {row.sku} has no revenue account in the legacy ledger")
        if not row.rule.legacy_code:
            raise ValueError(f"the tax rule for {row.rule.rate} % has no code in the legacy ledger")
        code = row.rule.legacy_code
        revenue.append(
            LegacyLine(
                posting_key="40" if credit else "50", account=padded(row.item.legacy.HKONT), debit=credit,
                amount=row.line.net,
                tax_code=code, tax_base=row.line.net, quantity=f"{row.line.quantity:f}", material=row.item.legacy.MATNR,
                text=row.line.description or row.sku, assignment=assignment,
            )
        )  # fmt: skip
        known = taxes.get(code) or LegacyTax(code=code, rate=row.line.tax_rate, base=0, amount=0)
        summed = {"base": known.base + row.line.net, "amount": known.amount + row.line.tax}
        taxes[code] = known.model_copy(update=summed)
    return revenue, tuple(taxes.values())


def payment_document(
    transaction: str, reference: str, company: str, kunnr: str, currency: str, amount: int, on: date, bank: str,
    invoice: str,
) -> LegacyDocument:  # fmt: skip
    """DZ: bank at debit, the customer at credit, for the invoice with that document number ('': on account).

    The transaction is the assignment (ZSUBID) as well: the site tells several payments of one invoice apart by it.
    """
    return LegacyDocument(
        kind="DZ", company=company, reference=reference, document_date=on, posting_date=on, currency=currency,
        kunnr=kunnr, text=transaction, subscription=transaction, source_id=transaction, invoice_document=invoice,
        lines=(
            LegacyLine(posting_key="40", account=padded(bank), debit=True, amount=amount, assignment=reference),
            LegacyLine(
                posting_key="15", customer=True, account=kunnr, debit=False, amount=amount, assignment=reference
            ),
        ),
    )  # fmt: skip


def transfer_document(
    number: str, reference: str, company: str, kunnr: str, currency: str, amount: int, on: date, account: str,
    document: str, credit: bool = False,
) -> LegacyDocument:  # fmt: skip
    """AB: so much of the open item of the invoice (or `credit` memo) with that document number goes to an account: no
    revenue, no tax.
    """
    ours = LegacyLine(
        posting_key="05" if credit else "15", customer=True, account=kunnr, debit=credit, amount=amount,
        assignment=number,
    )  # fmt: skip
    theirs = LegacyLine(
        posting_key="50" if credit else "40", account=padded(account), debit=not credit, amount=amount,
        assignment=number,
    )  # fmt: skip
    return LegacyDocument(
        kind="AB", company=company, reference=reference, document_date=on, posting_date=on, currency=currency,
        kunnr=kunnr, text=f"MIG {number}", subscription=number, source_id=reference, invoice_document=document,
        lines=(ours, theirs) if credit else (theirs, ours),
    )  # fmt: skip


def refund_document(
    transaction: str, reference: str, company: str, kunnr: str, currency: str, amount: int, on: date, bank: str,
    credit: str,
) -> LegacyDocument:  # fmt: skip
    """DZ: the customer at debit, bank at credit, for the credit memo (or payment) with that document number."""
    return LegacyDocument(
        kind="DZ", company=company, reference=reference, document_date=on, posting_date=on, currency=currency,
        kunnr=kunnr, text=transaction, subscription=transaction, source_id=transaction, invoice_document=credit,
        lines=(
            LegacyLine(
                posting_key="05", customer=True, account=kunnr, debit=True, amount=amount, assignment=reference
            ),
            LegacyLine(posting_key="50", account=padded(bank), debit=False, amount=amount, assignment=reference),
        ),
    )  # fmt: skip


def reversal_document(
    kind: Literal["DR", "DZ", "DG"], source: str, reference: str, company: str, kunnr: str, currency: str, on: date,
    original: str, reason: str,
) -> LegacyDocument:  # fmt: skip
    """Takes back the document with that number; the ledger knows its lines."""
    return LegacyDocument(
        kind=kind, action="R", reason=reason, company=company, reference=reference, document_date=on, posting_date=on,
        currency=currency, kunnr=kunnr, source_id=source, invoice_document=original, lines=(),
    )  # fmt: skip
