"""What records exist and which fields they have: the table that reading, writing, filtering and metadata go by."""

from dataclasses import dataclass, field
from typing import Literal

from simulators.erp_cloud.rules_revenue import METHODS
from simulators.kit.fidelity import absent, approximate

approximate(
    "customer, contact, customerSubsidiaryRelationship, invoice, creditMemo, customerPayment, customerRefund, "
    "customerDeposit, depositApplication, "
    "journalEntry, serviceSaleItem, nonInventorySaleItem, subsidiary, account, currency, currencyRate, "
    "accountingPeriod, salesTaxItem, taxType, term, department, classification, location, custom fields",
    "present with the fields of `schemas.py`",
    source="documented",
)
absent(
    "vendor side",
    "inventory",
    "SOAP",
    "user notes",
    "system notes beyond `createdBy` in the books",
)

FieldType = Literal[
    "string", "integer", "number", "money", "boolean", "date", "datetime",
    "ref", "refs", "enum", "anyref", "sublist", "subrecord",
]  # fmt: skip


@dataclass(frozen=True)
class Field:
    """One property. `target` is the store kind a reference points to; `fields` are a sublist's or subrecord's own."""

    name: str
    type: FieldType
    target: str = ""
    read_only: bool = False
    fields: "dict[str, Field]" = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    label: str = ""


@dataclass(frozen=True)
class RecordType:
    """One REST record. `fields` are by lower-case name; `writable` is what a caller may do: c(reate) u(pdate) d."""

    name: str
    kind: str
    fields: dict[str, Field]
    writable: str = "cud"
    code: str = ""  # SuiteQL type of a transaction, item type of an item
    title: str = ""

    @property
    def is_transaction(self) -> bool:
        """Does it live in the shared id space of transactions?"""
        return self.kind == "transaction"


def label_of(name: str) -> str:
    """A property's label as the vendor's messages have it: `companyName` is Company Name."""
    words = "".join(f" {letter}" if letter.isupper() else letter for letter in name)
    return words[:1].upper() + words[1:]


def _table(*groups: tuple[Field, ...]) -> dict[str, Field]:
    return {one.name.lower(): one for group in groups for one in group}


def _many(kind: FieldType, names: str, read_only: bool = False) -> tuple[Field, ...]:
    return tuple(Field(name, kind, read_only=read_only) for name in names.split())


def _refs(**targets: str) -> tuple[Field, ...]:
    return tuple(Field(name.rstrip("_"), "ref", target) for name, target in targets.items())


def _sublist(name: str, *groups: tuple[Field, ...]) -> tuple[Field, ...]:
    return (Field(name, "sublist", fields=_table((Field("line", "integer"),), *groups)),)


APPROVAL = {"1": "Pending Approval", "2": "Approved", "3": "Rejected"}
STATUS = {
    "CustInvc": {"A": "Open", "B": "Paid In Full", "D": "Pending Approval", "E": "Rejected", "V": "Voided"},
    "CustCred": {"A": "Open", "B": "Fully Applied", "V": "Voided"},
    "CustPymt": {"A": "Unapproved Payment", "B": "Not Deposited", "C": "Deposited", "R": "Rejected", "V": "Voided"},
    "CustRfnd": {"V": "Voided"},  # the vendor lists no other status of a refund
    "CustDep": {"A": "Not Deposited", "B": "Deposited", "C": "Fully Applied"},
    "DepAppl": {},
    "SalesOrd": {
        "A": "Pending Approval",
        "E": "Pending Billing/Partially Fulfilled",
        "F": "Pending Billing",
        "G": "Billed",
    },
    "Journal": {"A": "Pending Approval", "B": "Approved for Posting", "V": "Voided"},
}
_STAMPS = _many("datetime", "createdDate lastModifiedDate", read_only=True)
_ENTITY_STAMPS = _many("datetime", "dateCreated lastModifiedDate", read_only=True)
_NAMES = _many("string", "externalId")
_CLASSES = _refs(department="department", class_="classification", location="location")
_ADDRESS = _table(
    _many("string", "addr1 addr2 addr3 addressee attention city state zip addrPhone addrText"),
    _many("boolean", "override"),
    (Field("country", "enum"),),
)


def _address(name: str) -> tuple[Field, ...]:
    return (Field(name, "subrecord", fields=_ADDRESS),)


def _transaction(code: str) -> tuple[Field, ...]:
    return (
        *_NAMES,
        *_STAMPS,
        *_many("string", "tranId memo"),
        *_many("date", "tranDate"),
        *_many("number", "exchangeRate"),
        *_refs(subsidiary="subsidiary", currency="currency", postingPeriod="accountingPeriod"),
        *_CLASSES,
        Field("status", "enum", read_only=True, values=STATUS[code]),
        Field("customForm", "anyref"),
    )


_ITEM_LINES = _sublist(
    "item",
    _refs(item="item"),
    _many("number", "quantity rate"),
    _many("money", "amount"),
    _many("string", "description taxDetailsReference"),
    _many("date", "revRecStartDate revRecEndDate"),
    _refs(revRecSchedule="revRecTemplate"),
    _many("integer", "orderLine"),
    _many("number", "quantityBilled", read_only=True),
    _CLASSES,
)
_TAX_LINES = _sublist(
    "taxDetails",
    _refs(taxCode="taxCode", taxType="taxType"),
    _many("string", "taxDetailsReference lineType lineName"),
    _many("money", "taxBasis taxAmount"),
    _many("number", "taxRate"),
)
_APPLY_LINES = _sublist(
    "apply",
    _refs(doc="transaction"),
    _many("boolean", "apply"),
    _many("money", "amount"),
    _many("date", "applyDate"),
    _many("money", "total", read_only=True),
    _many("string", "refNum type", read_only=True),
)
_SALE = (
    *_refs(entity="customer", terms="term", account="account", createdFrom="transaction"),
    *_many("string", "otherRefNum email message"),
    *_many("date", "dueDate taxPointDate startDate endDate"),
    *_many("boolean", "taxDetailsOverride toBeEmailed toBePrinted"),
    *_many("money", "subtotal taxTotal total", read_only=True),
    *_address("billingAddress"),
    *_address("shippingAddress"),
    *_ITEM_LINES,
    *_TAX_LINES,
)

CUSTOMER = RecordType(
    "customer",
    "customer",
    _table(
        _NAMES,
        _ENTITY_STAMPS,
        _many("string", "entityId companyName firstName lastName email phone url comments vatRegNumber"),
        _many("boolean", "isPerson isInactive taxable"),
        _many("money", "balance overdueBalance", read_only=True),
        _many("money", "creditLimit"),
        _refs(subsidiary="subsidiary", currency="currency", terms="term", parent="customer",
              receivablesAccount="account"),
        (Field("customForm", "anyref"),),
        _sublist("currencyList", _refs(currency="currency"), _many("money", "balance", read_only=True)),
        _sublist("addressBook", _many("string", "label"), _many("boolean", "defaultBilling defaultShipping"),
                 _address("addressBookAddress")),
        _sublist("taxRegistration", (Field("nexusCountry", "enum"), Field("nexusState", "enum")),
                 _many("string", "taxRegistrationNumber")),
    ),
)  # fmt: skip
RELATIONSHIP = RecordType(
    "customerSubsidiaryRelationship", "relationship",
    _table(_NAMES, _STAMPS, _refs(entity="customer", subsidiary="subsidiary"),
           _many("boolean", "isPrimarySub isInactive")),
)  # fmt: skip
CONTACT = RecordType(
    "contact", "contact",
    _table(_NAMES, _ENTITY_STAMPS,
           _many("string", "entityId salutation firstName middleName lastName title email phone mobilePhone comments"),
           _many("boolean", "isInactive isPrivate"), _refs(company="customer", subsidiary="subsidiary")),
)  # fmt: skip
INVOICE = RecordType(
    "invoice", "transaction",
    _table(_transaction("CustInvc"), _SALE, (Field("approvalStatus", "enum", values=APPROVAL),),
           _many("money", "amountPaid amountRemaining", read_only=True)),
    code="CustInvc", title="Invoice",
)  # fmt: skip
CREDIT_MEMO = RecordType(
    "creditMemo", "transaction",
    _table(_transaction("CustCred"), _SALE, _APPLY_LINES, _many("boolean", "autoApply"),
           _many("money", "applied unapplied amountPaid amountRemaining", read_only=True)),
    code="CustCred", title="Credit Memo",
)  # fmt: skip
CUSTOMER_PAYMENT = RecordType(
    "customerPayment", "transaction",
    _table(_transaction("CustPymt"), _refs(customer="customer", account="account", arAcct="account"),
           _many("money", "payment"), _many("boolean", "undepFunds autoApply"), _many("string", "checkNum"),
           (Field("paymentOption", "anyref"), Field("paymentMethod", "anyref")), _APPLY_LINES,
           _many("money", "applied unapplied total", read_only=True)),
    code="CustPymt", title="Payment",
)  # fmt: skip
CUSTOMER_REFUND = RecordType(
    "customerRefund", "transaction",
    _table(_transaction("CustRfnd"), _refs(customer="customer", account="account", arAcct="account"),
           _many("string", "checkNum"), (Field("paymentOption", "anyref"), Field("paymentMethod", "anyref")),
           _APPLY_LINES, _many("money", "total balance", read_only=True)),
    code="CustRfnd", title="Customer Refund",
)  # fmt: skip
CUSTOMER_DEPOSIT = RecordType(
    "customerDeposit", "transaction",
    _table(_transaction("CustDep"), _refs(customer="customer", account="account", salesOrder="transaction"),
           _many("money", "payment"), _many("boolean", "undepFunds"), _many("string", "checkNum"),
           (Field("paymentOption", "anyref"), Field("paymentMethod", "anyref")),
           _many("money", "applied unapplied total", read_only=True)),
    code="CustDep", title="Customer Deposit",
)  # fmt: skip
DEPOSIT_APPLICATION = RecordType(
    "depositApplication", "transaction",
    _table(_transaction("DepAppl"), _refs(deposit="transaction", arAcct="account"),
           (Field("customer", "ref", "customer", read_only=True),), _APPLY_LINES,
           _many("money", "applied total", read_only=True)),
    code="DepAppl", title="Deposit Application",
)  # fmt: skip
SALES_ORDER = RecordType(
    "salesOrder", "transaction",
    _table(_transaction("SalesOrd"), _SALE,
           (Field("orderStatus", "enum", values={"A": "Pending Approval", "B": "Pending Fulfillment"}),)),
    code="SalesOrd", title="Sales Order",
)  # fmt: skip
JOURNAL_ENTRY = RecordType(
    "journalEntry", "transaction",
    _table(_transaction("Journal"), _many("boolean", "approved"), _many("date", "reversalDate"),
           _many("boolean", "isReversal", read_only=True),
           (Field("reversalEntry", "ref", "transaction", read_only=True),),
           _sublist("line", _refs(account="account", entity="customer"), _many("money", "debit credit"),
                    _many("string", "memo"), _CLASSES)),
    code="Journal", title="Journal",
)  # fmt: skip


def _item(name: str, code: str) -> RecordType:
    return RecordType(
        name, "item",
        _table(_NAMES, _STAMPS, _many("string", "itemId displayName salesDescription"),
               _many("boolean", "isInactive includeChildren isTaxable"),
               _refs(incomeAccount="account", deferralAccount="account", revRecSchedule="revRecTemplate"),
               (Field("subsidiary", "refs", "subsidiary"), Field("taxSchedule", "anyref"),
                Field("revenueRecognitionRule", "anyref")), _CLASSES),
        code=code,
    )  # fmt: skip


ITEMS = (
    _item("serviceSaleItem", "Service"),
    _item("nonInventorySaleItem", "NonInvtPart"),
)
SUBSIDIARY = RecordType(
    "subsidiary", "subsidiary",
    _table(_NAMES, _STAMPS, _many("string", "name legalName"), _many("boolean", "isElimination isInactive"),
           _refs(parent="subsidiary", currency="currency"), (Field("country", "enum"),)),
    writable="cu",
)  # fmt: skip
ACCOUNT = RecordType(
    "account", "account",
    _table(_NAMES, _STAMPS, _many("string", "acctNumber acctName description"), _many("boolean", "isInactive"),
           _refs(currency="currency"), (Field("acctType", "enum"), Field("subsidiary", "refs", "subsidiary"))),
    writable="cu",
)  # fmt: skip
CURRENCY = RecordType(
    "currency", "currency",
    _table(_NAMES, _STAMPS, _many("string", "name symbol"), _many("boolean", "isBaseCurrency isInactive"),
           _many("integer", "currencyPrecision"), _many("number", "exchangeRate")),
    writable="cu",
)  # fmt: skip
PERIOD = RecordType(
    "accountingPeriod", "accountingPeriod",
    _table(_many("string", "periodName", read_only=True),
           _many("date", "startDate endDate closedOnDate", read_only=True),
           _many("boolean", "isYear isQuarter isAdjust isPosting", read_only=True),
           _many("boolean", "closed arLocked apLocked allLocked allowNonGLChanges"),
           (Field("parent", "ref", "accountingPeriod", read_only=True),)),
    writable="u",
)  # fmt: skip
TAX_CODE = RecordType(
    "salesTaxItem", "taxCode",
    _table(_NAMES, _many("string", "itemId description"), _many("number", "rate"), _many("boolean", "isInactive"),
           _refs(taxType="taxType", taxAccount="account"), (Field("nexusCountry", "enum"),
           Field("subsidiary", "refs", "subsidiary"))),
    writable="cu",
)  # fmt: skip
TAX_TYPE = RecordType("taxType", "taxType", _table(_NAMES, _many("string", "name")), writable="")
TERM = RecordType(
    "term", "term",
    _table(_NAMES, _many("string", "name"), _many("integer", "daysUntilNetDue"), _many("boolean", "isInactive")),
    writable="cu",
)  # fmt: skip
RATE = RecordType(
    "currencyRate", "currencyRate",
    _table(_NAMES, _refs(baseCurrency="currency", transactionCurrency="currency"), _many("date", "effectiveDate"),
           _many("number", "exchangeRate")),
    writable="c",
)  # fmt: skip
TEMPLATE = RecordType(
    "revRecTemplate", "revRecTemplate",
    _table(_NAMES, _STAMPS, _many("string", "name"), _many("integer", "amortizationPeriod"),
           _many("boolean", "isInactive"), (Field("recurrenceType", "enum", values=METHODS),)),
)  # fmt: skip
SCHEDULE = RecordType(
    "revRecSchedule", "revRecSchedule",
    _table(_NAMES, _many("datetime", "lastModifiedDate"), _many("integer", "line"),
           _refs(sourceTran="transaction", item="item", subsidiary="subsidiary", deferralAccount="account",
                 incomeAccount="account"),
           _many("date", "startDate endDate"), (Field("recurrenceType", "enum", values=METHODS),),
           _many("money", "totalAmount amortizedAmount"),
           _sublist("recurrence", _many("string", "period"), _many("money", "amount"), _refs(journal="transaction"))),
    writable="",
)  # fmt: skip


def _classification(name: str, kind: str) -> RecordType:
    return RecordType(name, kind, _table(_NAMES, _many("string", "name"), _many("boolean", "isInactive")))


RECORD_TYPES: dict[str, RecordType] = {
    one.name.lower(): one
    for one in (
        CUSTOMER, RELATIONSHIP, INVOICE, CREDIT_MEMO, CUSTOMER_PAYMENT, CUSTOMER_REFUND, JOURNAL_ENTRY, *ITEMS,
        SALES_ORDER, CONTACT, CUSTOMER_DEPOSIT, DEPOSIT_APPLICATION,
        SUBSIDIARY, ACCOUNT, CURRENCY, PERIOD, TAX_CODE, TAX_TYPE, TERM, RATE, TEMPLATE, SCHEDULE,
        _classification("department", "department"), _classification("classification", "classification"),
        _classification("location", "location"),
    )
}  # fmt: skip
BY_CODE = {one.code: one for one in RECORD_TYPES.values() if one.is_transaction}

# How a document is called where another record refers to it (refName), by store kind.
NAME_FIELDS = {
    "transaction": "tranId", "customer": "entityId", "contact": "entityId",
    "item": "itemId", "subsidiary": "name", "account": "acctName",
    "currency": "name", "accountingPeriod": "periodName", "taxCode": "itemId", "taxType": "name", "term": "name",
    "department": "name", "classification": "name", "location": "name", "relationship": "id", "currencyRate": "id",
    "revRecTemplate": "name", "revRecSchedule": "id",
}  # fmt: skip
