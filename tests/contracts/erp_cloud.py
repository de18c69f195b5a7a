"""What the core expects of the cloud ERP: each operation of its adapter, and the refusals that it acts upon."""

from dataclasses import replace
from datetime import date
from typing import Any

from synccore.domain.bills import Application, Payment
from synccore.domain.books import Names
from synccore.ports.outcomes import Later
from synccore.ports.postings import Booking, LedgerLine, Period, Posting
from synccore.ports.systems import Rejected
from synccore.systems import books_cloud
from synccore.systems.credentials import CloudErpAccess
from synccore.systems.erp_cloud import CloudErpAdapter
from tests.contracts.exchange import Case, Exchange, SignedIn, each, injected, like, shaped
from tests.synccore.systems.test_erp_cloud import PEM
from tests.synccore.worlds import Even, HandClock

REST, CREATED = (
    "/services/rest",
    {"location": shaped("https://erp.example/services/rest/record/v1/x/321", "^.*/[0-9]+$")},
)
SIGNED_IN = ("the client is signed in", {})
TOKEN = {**shaped("Bearer token", "^Bearer .+$"), "pact:generator:type": "ProviderState",
         "expression": "Bearer ${token}"}  # fmt: skip
ID = shaped("321", "^[0-9]+$")
ENTERED = shaped("2026-01-05T09:00:00Z", r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$")
CUSTOMER = ("a customer", {"customer": "CB-c"})
INVOICE = ("an invoice", {"customer": "CB-c", "invoice": "CBINV-US-1"})
PAID = {"customer": "CB-c", "invoice": "CBINV-US-1"}
TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
FIELDS = {"name": "Hudson Analytics", "subsidiary": "1", "currency": "USD", "tax_id": "",
          "address": {"street": "1 Broadway", "city": "New York", "state": "NY", "postal_code": "10004",
                      "country": "US"}}  # fmt: skip
BOOK = {"items": [{"defaultBilling": True, "defaultShipping": True, "addressBookAddress": {
    "addr1": "1 Broadway", "city": "New York", "state": "NY", "zip": "10004", "country": {"id": "US"}}}]}  # fmt: skip
NEW = {"externalId": "CB-c", "companyName": "Hudson Analytics", "isPerson": False, "subsidiary": {"id": "1"},
       "currency": {"id": "1"}, "addressBook": BOOK}  # fmt: skip
LINE = LedgerLine("SUB-PLATFORM", "Platform", "10", 12_000_000, 1_065_000, "8.875", "US-NYC-8.875", "US Sales Tax",
                  date(2026, 1, 5), date(2027, 1, 4))  # fmt: skip
POSTING = Posting("CBINV-US-1", "US-1", "10", "1", "USD", date(2026, 1, 5), date(2026, 2, 4), "PO-1", 13_065_000,
                  (LINE,))  # fmt: skip
POSTED = {
    "externalId": "CBINV-US-1", "tranId": "US-1", "entity": {"id": injected("10", "${customer_id}")},
    "subsidiary": {"id": "1"}, "currency": {"id": "1"}, "tranDate": "2026-01-05", "otherRefNum": "PO-1",
    "memo": "US-1",
    "item": {"items": [{"item": {"externalId": "SUB-PLATFORM"}, "quantity": 10, "amount": 120000.0,
                        "description": "Platform", "taxDetailsReference": "T1", "revRecStartDate": "2026-01-05",
                        "revRecEndDate": "2027-01-04"}]},
    "taxDetailsOverride": True,
    "taxDetails": {"items": [{"taxDetailsReference": "T1", "taxCode": {"refName": "US-NYC-8.875"},
                              "taxBasis": 120000.0, "taxRate": 8.875, "taxAmount": 10650.0,
                              "taxType": {"refName": "US Sales Tax"}}]},
    "dueDate": "2026-02-04",
}  # fmt: skip
PAYMENT = Payment(id="txn_1", customer_id="c", status="success", kind="payment", currency="USD", amount=40_000,
                  received_at=1767603600, linked=(Application(bill="US-1", amount=40_000),))  # fmt: skip
PAYING = {
    "externalId": "CBTXN-txn_1", "customer": {"id": injected("10", "${customer_id}")}, "payment": 400.0,
    "currency": {"id": "1"}, "tranDate": "2026-01-05", "memo": "txn_1", "autoApply": False,
    "apply": {"items": [{"doc": {"id": injected("321", "${invoice_id}")}, "apply": True, "amount": 400.0}]},
}  # fmt: skip
CREDITED = ("a credit memo", {"customer": "CB-c", "invoice": "CBINV-US-1", "credit": "CBCN-US-CN-1"})
APPLIED = {"items": [{"doc": {"id": injected("321", "${invoice_id}")}, "apply": True, "amount": 1000.0}]}
MEMO = replace(POSTING, external_id="CBCN-US-CN-1", number="US-CN-1", due=None, po_number="")
CREDITING = {
    **{name: value for name, value in POSTED.items() if name not in ("dueDate", "otherRefNum")},
    "externalId": "CBCN-US-CN-1", "tranId": "US-CN-1", "memo": "US-CN-1", "autoApply": False, "apply": APPLIED,
}  # fmt: skip
PAID_OUT = {**CREDITED[1], "refund": "CBTXN-r"}
SINCE = "2026-01-05 08:00:00"
STRANGERS = (
    "SELECT id, companyname, vatregnumber FROM customer WHERE externalid IS NULL AND isinactive = 'F'"
    " AND subsidiary = '1' ORDER BY id"
)
FEBRUARY = Period("2", "Feb 2026")
OPEN_MONTHS = (
    "SELECT id, periodname FROM accountingperiod WHERE isposting = 'T' AND isyear = 'F' AND isquarter = 'F'"
    " AND closed = 'F' AND arlocked = 'F' AND alllocked = 'F'"
    " AND startdate > TO_DATE('2026-01-05', 'YYYY-MM-DD') ORDER BY startdate"
)
CHANGED = (
    "SELECT t.id, t.externalid, t.entity, t.type, c.externalid AS customer,"
    " TO_CHAR(t.lastmodifieddate, 'YYYY-MM-DD HH24:MI:SS') AS modified"
    " FROM transaction t JOIN customer c ON c.id = t.entity WHERE t.type IN ('CustPymt', 'CustRfnd')"
    f" AND t.lastmodifieddate >= TO_DATE('{SINCE}', 'YYYY-MM-DD HH24:MI:SS') ORDER BY t.lastmodifieddate, t.id"
)


GONE = (
    "SELECT d.recordid, d.externalid, TO_CHAR(d.deleteddate, 'YYYY-MM-DD HH24:MI:SS') AS deleted FROM deletedrecord d"
    f" WHERE d.recordtypeid = 'customerpayment' AND d.deleteddate >= TO_DATE('{SINCE}', 'YYYY-MM-DD HH24:MI:SS')"
    " ORDER BY d.deleteddate, d.recordid"
)


def adapter(url: str, transport: SignedIn) -> CloudErpAdapter:
    access = CloudErpAccess(url, "client", "certificate", PEM)
    return CloudErpAdapter(access, transport, HandClock(), Even(), 4, 5.0)


def suiteql(says: str, text: str, *given: Any, **row: Any) -> Exchange:
    return Exchange(says, (SIGNED_IN, *given), "POST", f"{REST}/query/v1/suiteql", {"limit": "1000", "offset": "0"},
                    sends={"q": text}, headers={"prefer": "transient"}, authorized=TOKEN,
                    answers={"items": each(row, min=1), "hasMore": like(False)})  # fmt: skip


def record(says: str, kind: str, reference: Any, *given: Any, query: dict[str, str] | None = None,
           **answer: Any) -> Exchange:  # fmt: skip
    base = f"{REST}/record/v1/{kind}/"
    path = base + reference if isinstance(reference, str) else injected(
        base + reference["value"], base + reference["expression"])  # fmt: skip
    return Exchange(says, (SIGNED_IN, *given), "GET", path, query or {}, authorized=TOKEN, **answer)


def create(says: str, kind: str, body: Any, *given: Any, **answer: Any) -> Exchange:
    expected = answer or {"status": 204, "answer_headers": CREATED}
    return Exchange(says, (SIGNED_IN, *given), "POST", f"{REST}/record/v1/{kind}", sends=body, authorized=TOKEN,
                    **expected)  # fmt: skip


def refused(pattern: str, code: str = "USER_ERROR") -> dict[str, Any]:
    return {"o:errorDetails": each({"detail": shaped(pattern.strip("^$.*"), pattern), "o:errorCode": code}, min=1)}


CURRENCIES = suiteql("the currencies", "SELECT id, symbol FROM currency ORDER BY id", id=shaped("1", "^[0-9]+$"),
                     symbol=shaped("USD", "^[A-Z]{3}$"))  # fmt: skip
NOT_THERE = {"status": 404, "answers": {"o:errorDetails": each({"o:errorCode": like("NONEXISTENT_ID")}, min=1)}}
SIGN_IN = [("grant_type", "client_credentials"), ("client_assertion_type", TYPE), ("client_assertion", "a.b.c")]

DAY, NUMBER = shaped("2026-01-05", r"^\d{4}-\d\d-\d\d$"), shaped("1000.00", r"^-?[0-9]+(\.[0-9]+)?$")
MODIFIED = shaped("2026-01-05 09:00:00", r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")
SYMBOL = shaped("USD", "^[A-Z]{3}$")
PAYING_OURS = ("a payment of an invoice", {**PAID, "payment": "CBTXN-1"})


def page(says: str, text: str, *given: Any, **row: Any) -> Exchange:
    return suiteql(says, text.replace("{after}", "0"), *given, **row)


WHOLE_BOOK = (
    page("all customers", books_cloud.CUSTOMERS, CUSTOMER, id=ID, externalid="CB-c", companyname=like("Hudson"),
         subsidiary=ID),
    page("all bills, credits and payments", books_cloud.TRANSACTIONS, INVOICE, id=ID, tranid="US-1", type="CustInvc",
         externalid="CBINV-US-1", foreigntotal=NUMBER, foreignamountunpaid=NUMBER, ondate=DAY, modified=MODIFIED,
         symbol=SYMBOL, subsidiary=ID, customer="CB-c"),
    page("the taxes of all documents", books_cloud.TAXES, ("a taxed invoice", PAID), id=ID, tax=NUMBER),
    page("what all payments are applied to", books_cloud.APPLICATIONS, PAYING_OURS, id=ID, previousdoc=ID,
         foreignamount=NUMBER, externalid="CBINV-US-1", tranid="US-1", type="CustInvc"),
    page("all journals on the receivables", books_cloud.JOURNALS,
         ("a journal on the receivables", {"customer": "CB-c"}), id=ID, tranid=like("JE1"), ondate=DAY, amount=NUMBER,
         symbol=SYMBOL, subsidiary=ID, customer="CB-c"),
    page("all deleted records", books_cloud.DELETED, ("a deleted invoice", PAID), recordid=ID,
         recordtypeid=like("invoice"), externalid="CBINV-US-1", ondate=DAY),
)  # fmt: skip

CASES = (
    Case("book", lambda erp: erp.book(Names({})), WHOLE_BOOK,
         lambda book: (len(book.customers), book.documents[0].gross, len(book.entries), len(book.deleted), book.unread)
         == (1, 100_000, 1, 1, [])),
    Case("items", lambda erp: erp.items(["SUB-PLATFORM", "gone"]), (
        suiteql("items by external id, one of which does not exist", "SELECT id, externalid FROM item WHERE externalid "
                "IN ('SUB-PLATFORM', 'gone') ORDER BY id", id=ID, externalid="SUB-PLATFORM"),
    ), lambda found: found == {"SUB-PLATFORM": "321"}),
    Case("customer", lambda erp: erp.customer("CB-c"), (
        record("a customer by external id", "customer", "eid:CB-c", CUSTOMER, answers={"id": ID}),
    ), lambda found: found.reference == "321"),
    Case("customer that is not there", lambda erp: erp.customer("CB-c"), (
        record("a customer that does not exist", "customer", "eid:CB-c", **NOT_THERE),
    ), lambda found: found is None),
    Case("create_customer", lambda erp: erp.create_customer("CB-c", FIELDS), (
        CURRENCIES, create("a new customer with an address", "customer", NEW),
    ), lambda found: found == "321"),
    Case("create_customer twice", lambda erp: erp.create_customer("CB-c", FIELDS), (
        CURRENCIES, create("a customer whose external id is taken", "customer", NEW, CUSTOMER, status=400,
                           answers=refused("^.*already exists.*$")),
    ), lambda refusal: refusal.duplicate, raises=Rejected),
    Case("update_customer", lambda erp: erp.update_customer("321", FIELDS), (
        CURRENCIES,
        Exchange("a customer's new name and address", (SIGNED_IN, CUSTOMER), "PATCH",
                 injected(f"{REST}/record/v1/customer/321", f"{REST}/record/v1/customer/${{customer_id}}"),
                 {"replace": "addressBook"}, status=204, authorized=TOKEN,
                 sends={"companyName": "Hudson Analytics", "isPerson": False, "addressBook": BOOK}),
    )),
    Case("strangers", lambda erp: erp.strangers("1"), (
        suiteql("customers that nobody has named elsewhere", STRANGERS, ("a customer without a key", {"name": "Acme"}),
                id=like("10"), companyname=like("Acme"), vatregnumber=like("DE1")),
    ), lambda found: found[0].name == "Acme"),
    Case("adopt_customer", lambda erp: erp.adopt_customer("10", "CB-c"), (
        Exchange("a customer gets our key", (SIGNED_IN, ("a customer without a key", {"name": "Acme"})), "PATCH",
                 injected(f"{REST}/record/v1/customer/10", f"{REST}/record/v1/customer/${{customer_id}}"), {},
                 status=204, authorized=TOKEN, sends={"externalId": "CB-c"}),
    )),
    Case("invoice", lambda erp: erp.invoice("CBINV-US-1", "USD"), (
        record("an invoice by external id", "invoice", "eid:CBINV-US-1", INVOICE,
               answers={"id": ID, "total": like(1000.0), "createdDate": ENTERED}),
    ), lambda found: (found.amount, found.at) == (100_000, 1767603600.0)),
    Case("invoice_key", lambda erp: erp.invoice_key("321"), (
        record("an invoice by internal id", "invoice", injected("321", "${invoice_id}"), INVOICE,
               answers={"id": ID, "externalId": "CBINV-US-1"}),
    ), lambda found: found == "CBINV-US-1"),
    Case("create_invoice", lambda erp: erp.create_invoice(POSTING), (
        CURRENCIES, create("a bill posted with its own tax", "invoice", POSTED, CUSTOMER),
    ), lambda found: found == "321"),
    Case("create_invoice twice", lambda erp: erp.create_invoice(POSTING), (
        CURRENCIES, create("a bill that is posted already", "invoice", POSTED, INVOICE, status=400,
                           answers=refused("^.*already exists.*$")),
    ), lambda refusal: refusal.duplicate, raises=Rejected),
    Case("create_invoice in another month", lambda erp: erp.create_invoice(replace(POSTING, period=FEBRUARY)), (
        CURRENCIES, create("a bill posted in another month than its own", "invoice", POSTED | {
            "postingPeriod": {"id": injected("2", "${period_id}")},
            "memo": "US-1: tax point 2026-01-05, posted in Feb 2026",
        }, CUSTOMER, ("a month that is open", {"day": "2026-02-01"})),
    ), lambda found: found == "321"),
    Case("open_period", lambda erp: erp.open_period(date(2026, 1, 5)), (
        suiteql("the months that take documents", OPEN_MONTHS, id=like("2"), periodname=like("Feb 2026")),
    ), lambda found: found.name == "Feb 2026"),
    Case("create_invoice into a closed period", lambda erp: erp.create_invoice(POSTING), (
        CURRENCIES, create("a bill of a closed period", "invoice", POSTED, CUSTOMER,
                           ("the period is closed", {"period": "2026-01"}), status=400,
                           answers=refused("^.*period.*$")),
    ), lambda refusal: "period" in refusal.message, raises=Rejected),
    Case("credit_memo", lambda erp: erp.credit_memo("CBCN-US-CN-1", "USD"), (
        record("a credit memo by external id", "creditMemo", "eid:CBCN-US-CN-1", CREDITED,
               answers={"id": ID, "total": like(1000.0)}),
    ), lambda found: found.amount == 100_000),
    Case("credit_key", lambda erp: erp.credit_key("322"), (
        record("a credit memo by internal id", "creditMemo", injected("322", "${credit_id}"), CREDITED,
               answers={"id": ID, "externalId": "CBCN-US-CN-1"}),
    ), lambda found: found == "CBCN-US-CN-1"),
    Case("create_credit", lambda erp: erp.create_credit(MEMO, {"321": 100_000}), (
        CURRENCIES, create("a credit note posted with its bill's tax and applied to it", "creditMemo", CREDITING,
                           INVOICE),
    ), lambda found: found == "321"),
    Case("apply_credit", lambda erp: erp.apply_credit("322", {"321": 100_000}, "USD"), (
        Exchange("a credit memo's applications as a whole", (SIGNED_IN, CREDITED), "PATCH",
                 injected(f"{REST}/record/v1/creditMemo/322", f"{REST}/record/v1/creditMemo/${{credit_id}}"),
                 {"replace": "apply"}, status=204, authorized=TOKEN, sends={"apply": APPLIED}),
    )),
    Case("payment", lambda erp: erp.payment("CBTXN-txn_1", "USD"), (
        record("a payment by external id", "customerPayment", "eid:CBTXN-txn_1",
               ("a payment of an invoice", {**PAID, "payment": "CBTXN-txn_1"}),
               answers={"id": ID, "payment": like(400.0)}),
    ), lambda found: found.amount == 40_000),
    Case("create_payment", lambda erp: erp.create_payment("CBTXN-txn_1", PAYMENT, "10", Booking(date(2026, 1, 5)),
                                                          {"321": 40_000}), (
        CURRENCIES, create("a payment applied to an invoice", "customerPayment", PAYING, INVOICE),
    ), lambda found: found == "321"),
    Case("changed_payments", lambda erp: erp.changed_payments(SINCE), (
        suiteql("payments changed since a moment", CHANGED, ("a payment of an invoice", {**PAID, "payment": "CBTXN-1"}),
                id=ID, entity=ID, externalid="CBTXN-1", customer="CB-c", type="CustPymt",
                modified=shaped("2026-01-05 09:00:00", r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")),
    ), lambda rows: rows[0].content == {"external_id": "CBTXN-1", "customer": "CB-c", "kind": "payment"}),
    Case("deleted_payments", lambda erp: erp.deleted_payments(SINCE), (
        suiteql("payments deleted since a moment", GONE, ("a deleted payment", PAID), recordid=ID,
                deleted=shaped("2026-01-05 09:00:00", r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")),
    ), lambda rows: rows[0].content == {"external_id": ""}),
    Case("receipt", lambda erp: erp.receipt("900"), (
        record("a payment with what it is applied to", "customerPayment", injected("900", "${payment_id}"),
               ("a payment of an invoice", PAID), query={"expandSubResources": "true"}, answers={
                   "id": ID, "tranDate": shaped("2026-01-05", r"^\d{4}-\d\d-\d\d.*$"), "payment": like(400.0),
                   "currency": {"id": shaped("1", "^[0-9]+$")}, "customer": {"id": ID}, "unapplied": like(0.0),
                   "apply": {"items": each({"apply": like(True), "amount": like(400.0), "doc": {"id": ID}}, min=1)},
               }),
        CURRENCIES,
    ), lambda receipt: (receipt.amount, receipt.applied[0].amount, receipt.ours) == (40_000, 40_000, False)),
    Case("receipt of what was paid out", lambda erp: erp.receipt("900", refund=True), (
        record("a refund with what it is taken from", "customerRefund", injected("900", "${refund_id}"),
               ("a refund of a credit memo", PAID_OUT), query={"expandSubResources": "true"}, answers={
                   "id": ID, "externalId": "CBTXN-r", "tranDate": shaped("2026-01-05", r"^\d{4}-\d\d-\d\d.*$"),
                   "total": like(1000.0), "currency": {"id": shaped("1", "^[0-9]+$")}, "customer": {"id": ID},
                   "apply": {"items": each({"apply": like(True), "amount": like(1000.0), "doc": {"id": ID},
                                            "type": "Credit Memo"}, min=1)},
               }),
        CURRENCIES,
    ), lambda back: (back.amount, back.taken[0].bill, back.ours) == (100_000, "creditMemo:321", True)),
    Case("apply_payment", lambda erp: erp.apply_payment("900", {}, "USD"), (
        Exchange("a payment's applications as a whole", (SIGNED_IN, ("a payment of an invoice", PAID)), "PATCH",
                 injected(f"{REST}/record/v1/customerPayment/900", f"{REST}/record/v1/customerPayment/${{payment_id}}"),
                 {"replace": "apply"}, status=204, authorized=TOKEN, sends={"apply": {"items": []}}),
    )),
    Case("refund", lambda erp: erp.refund("CBTXN-r", "USD"), (
        record("a refund by external id", "customerRefund", "eid:CBTXN-r", ("a refund of a credit memo", PAID_OUT),
               answers={"id": ID, "total": like(1000.0)}),
    ), lambda found: found.amount == 100_000),
    Case("create_refund", lambda erp: erp.create_refund("CBTXN-txn_1", PAYMENT, "10", Booking(date(2026, 1, 5)),
                                                        {"322": 100_000}, "1"), (
        CURRENCIES, create("a refund of a credit memo", "customerRefund", {
            "externalId": "CBTXN-txn_1", "customer": {"id": injected("10", "${customer_id}")}, "currency": {"id": "1"},
            "tranDate": "2026-01-05", "memo": "txn_1", "account": {"id": "1"},
            "apply": {"items": [{"doc": {"id": injected("322", "${credit_id}")}, "apply": True, "amount": 1000.0}]},
        }, CREDITED),
    ), lambda found: found == "321"),
    Case("signing in", lambda erp: erp.invoice("CBINV-US-1", "USD"), (
        Exchange("signing in with a signed assertion", (("the client is registered", {}),), "POST",
                 f"{REST}/auth/oauth2/v1/token", form=SIGN_IN,
                 form_injected={"$.client_assertion[0]": "${assertion}"}, answers={"access_token": like("t")}),
        record("an invoice by external id", "invoice", "eid:CBINV-US-1", INVOICE,
               answers={"id": ID, "total": like(1000.0), "createdDate": ENTERED}),
    ), signs_in=True),
    Case("a session that has ended", lambda erp: erp.invoice("CBINV-US-1", "USD"), (
        Exchange("a call in a session that has ended", (("the client's session has ended", {}),), "GET",
                 f"{REST}/record/v1/invoice/eid:CBINV-US-1", status=401, answers=refused("^.+$", "INVALID_LOGIN"),
                 authorized=TOKEN),
    ), raises=Later),
    Case("too many requests at once", lambda erp: erp.invoice("CBINV-US-1", "USD"), (
        record("a call beyond the concurrency", "invoice", "eid:CBINV-US-1", ("too many requests at the same time", {}),
               status=429, answers=refused("^.+$", "CONCURRENCY_LIMIT_EXCEEDED")),
    ), lambda later: not later.counts, raises=Later),
)  # fmt: skip
