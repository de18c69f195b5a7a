"""What the core expects of Salesforce: each operation of its adapter, and the refusals that it acts upon."""

from datetime import date
from decimal import Decimal
from typing import Any

from synccore.domain.deals import Account, Deal
from synccore.ports.outcomes import Later
from synccore.ports.systems import Rejected
from synccore.systems import books_salesforce, soql
from synccore.systems.credentials import SalesforceAccess
from synccore.systems.salesforce import SalesforceAdapter
from tests.contracts import salesforce_bulk
from tests.contracts.exchange import Case, Exchange, SignedIn, each, injected, like, shaped
from tests.synccore.worlds import HandClock

API = "/services/data/v60.0"
SIGNED_IN = ("the client is signed in", {})
DEAL_ID, ACCOUNT_ID = "006000000000001AAA", "001000000000001AAA"
TOKEN = {**shaped("Bearer token", "^Bearer .+$"), "pact:generator:type": "ProviderState",
         "expression": "Bearer ${token}"}  # fmt: skip
WON = ("a won deal with one line", {})
STAMP = shaped("2026-01-05T09:00:00.000+0000", r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d{4})$")
DAY = shaped("2026-01-05", r"^\d{4}-\d\d-\d\d$")
ID = shaped("001000000000001AAA", "^[0-9A-Za-z]{18}$")
ADDRESS = {"BillingStreet": like("1 Broadway"), "BillingCity": like("New York"), "BillingState": like("NY"),
           "BillingPostalCode": like("10004"), "BillingCountry": like("US")}  # fmt: skip
ACCOUNT = {"Id": ID, "Name": like("Hudson"), "Selling_Entity__c": like("US"), "Tax_Id__c": like("12-34"), **ADDRESS}
WON_ROW = {
    "Id": ID, "Name": like("Hudson 2026"), "AccountId": ID, "IsWon": like(True), "IsClosed": like(True),
    "Amount": like(120000.0), "CurrencyIsoCode": shaped("USD", "^[A-Z]{3}$"), "CloseDate": DAY,
    "Contract_Start_Date__c": DAY,
    "Contract_Term_Months__c": like(12.0), "Payment_Method__c": like("Card"), "PO_Number__c": like("PO-1"),
    "SystemModstamp": STAMP,
}  # fmt: skip
LINE = {"Id": ID, "Quantity": like(10.0), "UnitPrice": like(12000.0), "TotalPrice": like(120000.0),
        "Product2": {"ProductCode": like("PLAT-ANNUAL"), "Name": like("Platform")}}  # fmt: skip
DEAL = Deal(id=DEAL_ID, name="d", account=Account(id=ACCOUNT_ID, name="Acme"), won=True, currency="USD", amount=1,
            closed_on=date(2026, 1, 5))  # fmt: skip
CONTRACT = {"Subscription_Id__c": "sub-1", "AccountId": ACCOUNT_ID, "StartDate": "2026-02-01", "ContractTerm": 12,
            "CurrencyIsoCode": "USD", "Value__c": Decimal("120000.00"), "Billing_Status__c": "Active"}  # fmt: skip
BILL = {"Account__c": ACCOUNT_ID, "CurrencyIsoCode": "USD", "Net__c": Decimal("1000.00"), "Tax__c": Decimal("0.00"),
        "Gross__c": Decimal("1000.00"), "Balance__c": Decimal("1000.00"), "Issue_Date__c": "2026-01-05",
        "Due_Date__c": "2026-02-04", "Status__c": "Due", "ERP_Document__c": None,
        "Posting_Status__c": "Posted"}  # fmt: skip
PAYMENT = {"Account__c": ACCOUNT_ID, "CurrencyIsoCode": "USD", "Amount__c": Decimal("400.00"),
           "Received_On__c": "2026-01-06", "Method__c": "bank_transfer", "Origin__c": "erp"}  # fmt: skip


CONTRACT_ID = "800000000000001AAA"
ACTIVE = ("an active contract", {"subscription": "sub-1"})
RENEWED = {"StartDate": "2027-02-01", "ContractTerm": 12, "Value__c": Decimal("144000.00"), "Quantity__c": 12,
           "Billing_Status__c": "Active", "Renewal_Status__c": "Renewed"}  # fmt: skip
SHARE = {"Contract__c": CONTRACT_ID, "CurrencyIsoCode": "USD", "Net__c": Decimal("600.00"),
         "Tax__c": Decimal("0.00"), "Gross__c": Decimal("600.00")}  # fmt: skip
TOLD = {"Contract__c": ID["value"], "Kind__c": "Amendment", "Origin__c": "platform", "Opportunity__c": None,
        "Quantity__c": 4, "CurrencyIsoCode": "USD", "Effective_On__c": "2026-01-05"}  # fmt: skip
CREDIT = {"Account__c": ACCOUNT_ID, "CurrencyIsoCode": "USD", "Net__c": Decimal("100.00"), "Tax__c": Decimal("0.00"),
          "Gross__c": Decimal("100.00"), "Available__c": Decimal("0.00"), "Issue_Date__c": "2026-01-05",
          "Reason__c": "subscription_change", "Status__c": "adjusted", "ERP_Document__c": "321",
          "Posting_Status__c": "Posted"}  # fmt: skip


def adapter(url: str, transport: SignedIn) -> SalesforceAdapter:
    return SalesforceAdapter(SalesforceAccess(url, "client", "secret"), transport, HandClock(), 5, 5.0)


def answer(*rows: Any) -> dict[str, Any]:
    return {"done": like(True), "records": each(rows[0], min=1) if rows else []}


def query(
    says: str, text: str, *given: Any, rows: Any, names: tuple[tuple[str, str], ...] = (), operation: str = "query",
) -> Exchange:  # fmt: skip
    asked: Any = text
    expression = text
    for example, name in names:
        expression = expression.replace(example, f"${{{name}}}")
    if expression != text:
        asked = injected(text, expression)
    return Exchange(says, (SIGNED_IN, *given), "GET", f"{API}/{operation}", {"q": asked}, answers=rows,
                    authorized=TOKEN)  # fmt: skip


def named(fields: dict[str, Any], **ids: str) -> dict[str, Any]:
    """Fields as sent, ids by the state."""
    return {name: injected(value, f"${{{ids[name]}}}") if name in ids else value for name, value in fields.items()}


def part(path: Any, reference: str, fields: Any) -> dict[str, Any]:
    return {"method": "PATCH", "url": path, "referenceId": reference, "body": fields}


def composite(says: str, *given: Any, parts: list[Any], answers: list[Any]) -> Exchange:
    return Exchange(
        says, (SIGNED_IN, *given), "POST", f"{API}/composite", sends={"allOrNone": True, "compositeRequest": parts},
        answers={"compositeResponse": answers}, authorized=TOKEN,
    )  # fmt: skip


def done(reference: str, status: int, body: Any = None) -> dict[str, Any]:
    found = {"httpStatusCode": status, "referenceId": reference}
    return found if body is None else {**found, "body": body}


def refused(code: str) -> Any:
    return [{"errorCode": code, "message": like("why")}]


def record(kind: str, example: str, name: str) -> dict[str, Any]:
    return injected(f"{API}/sobjects/{kind}/{example}", f"{API}/sobjects/{kind}/${{{name}}}")


STATUS = {"Sync_Status__c": "Synced", "Sync_Error__c": None}
ACTIVATION = [
    part(f"{API}/sobjects/Contract/Subscription_Id__c/sub-1", "contract",
         named({key: value for key, value in CONTRACT.items() if key != "Subscription_Id__c"}, AccountId="account")),
    part(f"{API}/sobjects/Contract/Subscription_Id__c/sub-1", "activation", {"Status": "Activated"}),
    part(record("Account", ACCOUNT_ID, "account"), "account", STATUS),
    part(record("Opportunity", DEAL_ID, "opportunity"), "opportunity", STATUS),
]  # fmt: skip
NO_CONTRACT = query("a look for the contract of a new subscription", soql.contract("sub-1"),
                    rows={"done": like(True), "records": []})  # fmt: skip
SIGN_IN = [("grant_type", "client_credentials"), ("client_id", "client"), ("client_secret", "secret")]
CLIENT = {"$.client_id[0]": "${client_id}", "$.client_secret[0]": "${client_secret}"}
ACCOUNT_QUERY = query("an account", soql.account(ACCOUNT_ID), ("an account", {}), rows=answer(ACCOUNT),
                      names=((ACCOUNT_ID, "account"),))  # fmt: skip
BY_ACCOUNT = soql.account(ACCOUNT_ID)


def limited(says: str, state: str, status: int, code: str) -> Exchange:
    return Exchange(says, (SIGNED_IN, (state, {})), "GET", f"{API}/query", {"q": BY_ACCOUNT}, status=status,
                    answers=refused(code), authorized=TOKEN)  # fmt: skip


CHANGED = {"LastModifiedDate": STAMP}
MONEY = {"CurrencyIsoCode": shaped("USD", "^[A-Z]{3}$")}


def queried(says: str, text: str, *given: Any, operation: str = "query", **row: Any) -> Exchange:
    return Exchange(says, (SIGNED_IN, *given), "GET", f"{API}/{operation}", {"q": text}, answers=answer(row),
                    authorized=TOKEN)  # fmt: skip


PARTED = ("a won deal with a milestone", {})
SHARED = {
    "Contract__r": {"Subscription_Id__c": "sub-1"},
    "Net__c": like(600.0),
    "Tax__c": like(0.0),
    **MONEY,
    **CHANGED,
}
PART = {"Id": ID, "Name": like("Design"), "CurrencyIsoCode": shaped("USD", "^[A-Z]{3}$"), "Amount__c": like(2000.0),
        "Status__c": "Accepted"}  # fmt: skip
BOOK = (
    queried("all billed accounts", books_salesforce.ACCOUNTS, ("an account", {"Billing_Customer_Id__c": "c-US"}), Id=ID,
            Name=like("Hudson"), Selling_Entity__c=like("US"), Billing_Customer_Id__c="c-US"),
    queried("all won deals", books_salesforce.DEALS, WON, Id=ID, Name=like("Hudson 2026"), AccountId=ID,
            Account={"Selling_Entity__c": like("US")}, Amount=like(120000.0), CloseDate=DAY, **MONEY),
    queried("all contracts", books_salesforce.CONTRACTS, ("an active contract", {"subscription": "sub-1"}), Id=ID,
            Subscription_Id__c="sub-1", StartDate=DAY, EndDate=DAY, Status="Activated", Value__c=like(120000.0),
            **MONEY, **CHANGED),
    queried("all bills, deleted ones too", books_salesforce.INVOICES, ("a bill", {"number": "US-000001"}),
            operation="queryAll", Id=ID, IsDeleted=like(False), Invoice_Number__c="US-000001", Account__c=ID,
            Account__r={"Selling_Entity__c": like("US")}, Net__c=like(1000.0), Tax__c=like(0.0), Gross__c=like(1000.0),
            **MONEY, **CHANGED),
    queried("all credit notes, deleted ones too", books_salesforce.CREDITS,
            ("a credit note", {"number": "US-CN-000001"}), operation="queryAll", Id=ID, IsDeleted=like(False),
            Credit_Number__c="US-CN-000001", Account__c=ID, Account__r=like({}), Net__c=like(100.0), Tax__c=like(0.0),
            Gross__c=like(100.0), Available__c=like(100.0), **MONEY, **CHANGED),
    queried("all payments, deleted ones too", books_salesforce.PAYMENTS,
            ("a bill with a payment", {"number": "US-000001", "key": "NS-900"}), operation="queryAll", Id=ID,
            IsDeleted=like(False), Payment_Key__c="NS-900", Account__r={"Selling_Entity__c": like("US")},
            Invoice__r={"Invoice_Number__c": "US-000001"}, Amount__c=like(400.0), Received_On__c=DAY,
            **MONEY, **CHANGED),
    queried("all milestones", books_salesforce.MILESTONES, PARTED, Id=ID, Opportunity__c=ID, Amount__c=like(2000.0),
            Status__c="Accepted", **MONEY),
    queried("all shares of bills, deleted ones too", books_salesforce.SHARES["invoice"],
            ("a share of a bill", {"number": "US-000001", "subscription": "sub-1"}), operation="queryAll", Id=ID,
            IsDeleted=like(False), Share_Key__c="US-000001/sub-1", Invoice__r={"Invoice_Number__c": "US-000001"},
            **SHARED),
    queried("all shares of credit notes, deleted ones too", books_salesforce.SHARES["credit"],
            ("a share of a credit note", {"number": "US-CN-000001", "subscription": "sub-1"}), operation="queryAll",
            Id=ID, IsDeleted=like(False), Share_Key__c="US-CN-000001/sub-1",
            Credit_Note__r={"Credit_Number__c": "US-CN-000001"}, **SHARED),
)  # fmt: skip

ALL_SINCE = soql.changed_accounts("2026-01-05T08:00:00Z")
MANY = ("more accounts than a page holds", {"q": ALL_SINCE})
CASES = (
    Case("book", lambda org: org.book(), BOOK,
         lambda book: (len(book.customers), len(book.deals), len(book.contracts), book.documents[0].gross,
                       book.receipts[0].amount, [one.net for one in book.shares], book.unread) == (
                           1, 1, 1, 100_000, 40_000, [60_000, 60_000], [])),
    Case(
        "signing in", lambda org: org.account(ACCOUNT_ID), (
            Exchange("signing in with client credentials", (("the client is registered", {}),), "POST",
                     "/services/oauth2/token", form=SIGN_IN, form_injected=CLIENT, answers={"access_token": like("t")}),
            ACCOUNT_QUERY,
        ), lambda found: found.name == "Hudson", signs_in=True,
    ),
    Case(
        "signing in refused", lambda org: org.account(ACCOUNT_ID), (
            Exchange("signing in as somebody unknown", (("the client is not registered", {}),), "POST",
                     "/services/oauth2/token", form=SIGN_IN, form_injected=CLIENT, status=400,
                     answers={"error": shaped("invalid_client_id", "^invalid_client(_id)?$")}),
        ), raises=Later, signs_in=True,
    ),
    Case("account", lambda org: org.account(ACCOUNT_ID), (ACCOUNT_QUERY,),
         lambda found: (found.entity, found.bill_to.state) == ("US", "NY")),
    Case(
        "deal", lambda org: org.deal(DEAL_ID), (
            query("a deal with its account and lines", soql.deal(DEAL_ID), WON, names=((DEAL_ID, "opportunity"),),
                  rows=answer({**WON_ROW, "Account": ACCOUNT, "OpportunityLineItems": {"records": each(LINE, min=1)}})),
        ), lambda deal: (deal.amount, deal.term_months, deal.lines[0].sku) == (12_000_000, 12, "PLAT-ANNUAL"),
    ),
    Case(
        "changed_deals", lambda org: org.changed_deals("2026-01-05T08:00:00Z"), (
            query("won deals changed since a moment", soql.changed_deals("2026-01-05T08:00:00Z"), WON,
                  rows=answer(WON_ROW)),
        ), lambda rows: rows[0].content["Amount"] == "120000",
    ),
    Case(
        "deals", lambda org: org.deals([DEAL_ID]), (
            query("won deals by id", soql.deals([DEAL_ID]), WON, names=((DEAL_ID, "opportunity"),),
                  rows=answer(WON_ROW)),
        ), lambda rows: rows[0].content["Amount"] == "120000",
    ),
    Case(
        "accounts", lambda org: org.accounts([ACCOUNT_ID]), (
            query("accounts by id", soql.accounts([ACCOUNT_ID]), ("an account", {}), names=((ACCOUNT_ID, "account"),),
                  rows=answer({**ACCOUNT, "SystemModstamp": STAMP})),
        ), lambda rows: rows[0].content["Selling_Entity__c"] == "US",
    ),
    Case(
        "milestones", lambda org: org.milestones(DEAL_ID), (
            query("the milestones of a deal", soql.milestones(DEAL_ID), PARTED, names=((DEAL_ID, "opportunity"),),
                  rows=answer(PART)),
        ), lambda parts: (parts[0].amount, parts[0].accepted) == (200_000, True),
    ),
    Case(
        "changed_milestones", lambda org: org.changed_milestones("2026-01-05T08:00:00Z"), (
            query("milestones changed since a moment", soql.changed_milestones("2026-01-05T08:00:00Z"), PARTED,
                  rows=answer({**PART, "Opportunity__c": ID, "Opportunity__r": {"AccountId": ID},
                               "SystemModstamp": STAMP})),
        ), lambda rows: rows[0].content["Amount__c"] == "2000" and rows[0].account != "",
    ),
    Case(
        "open_deals", lambda org: org.open_deals(CONTRACT_ID, ["Renewal"]), (
            query("open renewals of a contract", soql.open_deals(CONTRACT_ID, ["Renewal"]),
                  ("an open renewal of a contract", {"subscription": "sub-1"}),
                  rows=answer({"Id": ID}), names=((CONTRACT_ID, "contract"),)),
        ), lambda ids: len(ids) == 1,
    ),
    Case(
        "changed_accounts", lambda org: org.changed_accounts("2026-01-05T08:00:00Z"), (
            query("accounts changed since a moment", soql.changed_accounts("2026-01-05T08:00:00Z"), ("an account", {}),
                  rows=answer({**ACCOUNT, "SystemModstamp": STAMP})),
        ), lambda rows: rows[0].content["Selling_Entity__c"] == "US",
    ),
    Case(
        "changed_accounts over two pages", lambda org: org.changed_accounts("2026-01-05T08:00:00Z"), (
            Exchange("the first page of many accounts", (SIGNED_IN, MANY), "GET", f"{API}/query", {"q": ALL_SINCE},
                     authorized=TOKEN, answers={"done": False, "nextRecordsUrl": shaped(
                         f"{API}/query/01g000000000001AAA-2000", "^/services/data/v[0-9.]+/query/.+$"),
                         "records": each({"Id": ID, "SystemModstamp": STAMP}, min=1)}),
            Exchange("the second page of many accounts", (SIGNED_IN, MANY), "GET",
                     injected(f"{API}/query/01g000000000001AAA-2000", "${next}"), authorized=TOKEN,
                     answers={"done": True, "records": each({"Id": ID, "SystemModstamp": STAMP}, min=1)}),
        ), lambda rows: len(rows) == 2,
    ),
    Case(
        "write_deal_status", lambda org: org.write_deal_status(DEAL_ID, STATUS), (
            Exchange("a status on a deal", (SIGNED_IN, WON), "PATCH", record("Opportunity", DEAL_ID, "opportunity"),
                     sends=STATUS, status=204, authorized=TOKEN),
        ),
    ),
    Case(
        "write_account", lambda org: org.write_account(ACCOUNT_ID, {"Collections_Status__c": "Overdue"}), (
            Exchange("how an account stands", (SIGNED_IN, ("an account", {})), "PATCH",
                     record("Account", ACCOUNT_ID, "account"), sends={"Collections_Status__c": "Overdue"}, status=204,
                     authorized=TOKEN),
        ),
    ),
    Case(
        "merged_accounts", lambda org: org.merged_accounts(ACCOUNT_ID), (
            query("an account and what was merged with it", soql.merged_accounts([ACCOUNT_ID]),
                  ("an account", {}), names=((ACCOUNT_ID, "account"),), operation="queryAll",
                  rows=answer({"Id": ID, "MasterRecordId": None})),
        ), lambda found: found == {},
    ),
    Case(
        "collection_notes", lambda org: org.collection_notes(ACCOUNT_ID), (
            query("what was noted with an account", soql.collection_notes(ACCOUNT_ID),
                  ("an account", {"Promise_To_Pay__c": "2026-02-01", "Disputed_Invoices__c": "US-000001"}),
                  names=((ACCOUNT_ID, "account"),), rows=answer({
                      "Id": ID, "Promise_To_Pay__c": "2026-02-01", "Disputed_Invoices__c": "US-000001"})),
        ), lambda found: found == {"promised": "2026-02-01", "disputed": "US-000001"},
    ),
    Case(
        "write_activation", lambda org: org.write_activation(DEAL, CONTRACT, STATUS, STATUS), (
            NO_CONTRACT,
            composite("a contract drafted and activated with its deal and account", WON, parts=ACTIVATION, answers=[
                done("contract", 201, {"id": ID}), done("activation", like(200)), done("account", 204),
                done("opportunity", 204),
            ]),
        ), lambda contract: len(contract) == 18,
    ),
    Case(
        "write_activation refused", lambda org: org.write_activation(DEAL, None, STATUS, STATUS), (
            composite("an activation of a deal that is gone", ("an account", {}), parts=[
                part(record("Account", ACCOUNT_ID, "account"), "account", STATUS),
                part(f"{API}/sobjects/Opportunity/{DEAL_ID}", "opportunity", STATUS),
            ], answers=[
                done("account", 400, refused("PROCESSING_HALTED")),
                done("opportunity", like(404), [
                    {"errorCode": shaped("NOT_FOUND", "^(NOT_FOUND|INVALID_CROSS_REFERENCE_KEY|ENTITY_IS_DELETED)$"),
                     "message": like("why")}]),
            ]),
        ), lambda refusal: refusal.code == "NOT_FOUND", raises=Rejected,
    ),
    Case(
        "write_contract", lambda org: org.write_contract("sub-1", RENEWED), (
            Exchange("a contract brought up to date by its subscription", (SIGNED_IN, ACTIVE), "PATCH",
                     f"{API}/sobjects/Contract/Subscription_Id__c/sub-1", sends=RENEWED, status=200,
                     authorized=TOKEN),
        ),
    ),
    Case(
        "write_contract_change", lambda org: org.write_contract_change("sub-1@7", TOLD), (
            Exchange("a change of a contract by its key", (SIGNED_IN, ACTIVE), "PATCH",
                     f"{API}/sobjects/Contract_Change__c/Change_Key__c/sub-1%407",
                     sends=named(TOLD, Contract__c="contract"), status=201, authorized=TOKEN),
        ),
    ),
    Case(
        "write_credit", lambda org: org.write_credit("US-CN-000001", CREDIT, "US-000001"), (
            Exchange("a credit note by its number with the bill that it credits",
                     (SIGNED_IN, ("a bill", {"number": "US-000001"})), "PATCH",
                     f"{API}/sobjects/Credit_Note__c/Credit_Number__c/US-CN-000001", status=201, authorized=TOKEN,
                     sends={**named(CREDIT, Account__c="account"), "Invoice__r": {"Invoice_Number__c": "US-000001"}}),
        ),
    ),
    Case(
        "write_bill", lambda org: org.write_bill("US-000001", BILL), (
            Exchange("a bill by its number", (SIGNED_IN, ("an account", {})), "PATCH",
                     f"{API}/sobjects/Invoice__c/Invoice_Number__c/US-000001",
                     sends=named(BILL, Account__c="account"), status=201, authorized=TOKEN),
        ),
    ),
    Case(
        "write_receipt", lambda org: org.write_receipt("NS-900", PAYMENT, "US-000001", BILL), (
            composite("a payment by its key with the bill that it pays", ("a bill", {"number": "US-000001"}), parts=[
                part(f"{API}/sobjects/Invoice__c/Invoice_Number__c/US-000001", "bill",
                     named(BILL, Account__c="account")),
                part(f"{API}/sobjects/Payment__c/Payment_Key__c/NS-900", "payment",
                     {**named(PAYMENT, Account__c="account"), "Invoice__r": {"Invoice_Number__c": "US-000001"}}),
            ], answers=[done("bill", like(200)), done("payment", like(201))]),
        ),
    ),
    Case(
        "write_shares", lambda org: org.write_shares("invoice", "US-000001", {"US-000001/sub-1": SHARE}), (
            composite("a contract's share of a bill by its key", ("a bill", {"number": "US-000001"}), ACTIVE, parts=[
                part(f"{API}/sobjects/Invoice_Share__c/Share_Key__c/US-000001%2Fsub-1", "share0",
                     {**named(SHARE, Contract__c="contract"), "Invoice__r": {"Invoice_Number__c": "US-000001"}}),
            ], answers=[done("share0", like(201))]),
        ), lambda shown: shown is True,
    ),
    Case(
        "write_shares of a credit note",
        lambda org: org.write_shares("credit", "US-CN-000001", {"US-CN-000001/sub-1": SHARE}), (
            composite("a contract's share of a credit note by its key", ("a credit note", {"number": "US-CN-000001"}),
                      ACTIVE, parts=[
                part(f"{API}/sobjects/Credit_Share__c/Share_Key__c/US-CN-000001%2Fsub-1", "share0",
                     {**named(SHARE, Contract__c="contract"), "Credit_Note__r": {"Credit_Number__c": "US-CN-000001"}}),
            ], answers=[done("share0", like(201))]),
        ), lambda shown: shown is True,
    ),
    Case("a session that has ended", lambda org: org.account(ACCOUNT_ID), (
        Exchange("a call in a session that has ended", (("the client's session has ended", {}),), "GET", f"{API}/query",
                 {"q": BY_ACCOUNT}, status=401, answers=refused("INVALID_SESSION_ID"), authorized=TOKEN),
    ), raises=Later),
    Case("a spent quota", lambda org: org.account(ACCOUNT_ID), (
        limited("a call beyond the day's quota", "the daily limit of requests is spent", 403, "REQUEST_LIMIT_EXCEEDED"),
    ), lambda later: later.delay_s == 60.0 and not later.counts, raises=Later),
    Case("a field that the org does not have", lambda org: org.write_deal_status(DEAL_ID, {"Gone__c": "x"}), (
        Exchange("a field that the org does not have", (SIGNED_IN, WON), "PATCH",
                 record("Opportunity", DEAL_ID, "opportunity"), sends={"Gone__c": "x"}, status=400,
                 answers=refused("INVALID_FIELD"), authorized=TOKEN),
    ), lambda refusal: refusal.code == "INVALID_FIELD", raises=Rejected),
    *salesforce_bulk.cases(API, (SIGNED_IN, ACTIVE), TOKEN, books_salesforce.CONTRACTS),
)  # fmt: skip
