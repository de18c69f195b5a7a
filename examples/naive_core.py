"""A point-to-point integration as many companies have one: a script that polls, takes webhooks and posts.

It is an example of bringing one's own core, and naive on purpose: a request that timed out is sent again, a webhook is
done as often as it comes, nothing is looked up, nothing survives a restart, and a payment that it carried from one
system to another comes back as a new one. `windtunnel demo --compare naive` flies it beside the real core;
`windtunnel run two-cores --mode live --core "python examples/naive_core.py"` flies it alone.

It serves the cloud ERP's entities only. Addresses and credentials come from the SYNCCORE_* variables that every core
is started with.
"""

import base64
import json
import os
import sys
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import jwt

ENV = {name.removeprefix("SYNCCORE_"): value for name, value in os.environ.items() if name.startswith("SYNCCORE_")}
MAPPINGS = json.loads(Path(ENV["MAPPINGS"]).read_text())
SALESFORCE, PLATFORM, ERP = ENV["SALESFORCE_URL"], ENV["SUBSCRIPTIONS_URL"] + "/api/v2", ENV["ERP_CLOUD_URL"]
DATA = f"{SALESFORCE}/services/data/v60.0"
RECORDS = f"{ERP}/services/rest/record/v1"
POLL_S = 0.4

http = httpx.Client(timeout=3.0, trust_env=False)
tokens: dict[str, str] = {}
done: set[str] = set()  # deals and ERP payments that were seen; forgotten when the script restarts
erp_customers: dict[str, str] = {}


def log(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


# -- talking ----------------------------------------------------------------------------------


def send(method: str, url: str, **what: Any) -> httpx.Response:
    """Send it; if no answer comes, or a bad one, just send it again."""
    for _ in range(4):
        try:
            answer = http.request(method, url, **what)
        except httpx.HTTPError as error:
            log(f"{method} {url}: {error}, trying again")
            continue
        if answer.status_code < 500 and answer.status_code != 429:
            return answer
        time.sleep(0.3)
    raise RuntimeError(f"{method} {url}: given up")


def salesforce(method: str, path: str, **what: Any) -> Any:
    if "salesforce" not in tokens:
        form = {"grant_type": "client_credentials", "client_id": ENV["SALESFORCE_CLIENT_ID"],
                "client_secret": ENV["SALESFORCE_CLIENT_SECRET"]}  # fmt: skip
        tokens["salesforce"] = send("POST", f"{SALESFORCE}/services/oauth2/token", data=form).json()["access_token"]
    answer = send(method, DATA + path, headers={"authorization": f"Bearer {tokens['salesforce']}"}, **what)
    if answer.status_code == 401:
        del tokens["salesforce"]  # signs in anew the next time
    return checked(answer)


def platform(method: str, path: str, fields: dict[str, Any] | None = None) -> Any:
    return checked(send(method, PLATFORM + path, auth=(ENV["SUBSCRIPTIONS_API_KEY"], ""), data=fields))


def erp(method: str, url: str, body: Any = None, **headers: str) -> httpx.Response:
    if "erp" not in tokens:
        now = int(time.time())
        url_ = f"{ERP}/services/rest/auth/oauth2/v1/token"
        claims: dict[str, Any] = {"iss": ENV["ERP_CLOUD_CLIENT_ID"], "scope": "rest_webservices", "aud": url_}
        claims |= {"iat": now, "exp": now + 3000}
        key = Path(ENV["ERP_CLOUD_PRIVATE_KEY"]).read_text()
        assertion = jwt.encode(claims, key, "ES256", {"kid": ENV["ERP_CLOUD_CERTIFICATE_ID"]})
        form = {"grant_type": "client_credentials", "client_assertion": assertion,
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}  # fmt: skip
        tokens["erp"] = send("POST", url_, data=form).json()["access_token"]
    answer = send(method, url, json=body, headers={"authorization": f"Bearer {tokens['erp']}", **headers})
    checked(answer)
    return answer


def checked(answer: httpx.Response) -> Any:
    if answer.status_code >= 300:
        raise RuntimeError(f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text[:300]}")
    return answer.json() if answer.content else None


def created(answer: httpx.Response) -> str:
    return answer.headers["location"].rsplit("/", 1)[-1]


def suiteql(query: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = erp("POST", f"{ERP}/services/rest/query/v1/suiteql", {"q": query},
                                     prefer="transient").json()["items"]  # fmt: skip
    return rows


def day(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, UTC).astimezone(ZoneInfo("America/New_York")).date().isoformat()


# -- deal to contract -------------------------------------------------------------------------


def won_deals() -> None:
    query = (
        "SELECT Id, AccountId, CurrencyIsoCode, PO_Number__c, Payment_Method__c, Contract_Term_Months__c, "
        "Account.Name, Account.Selling_Entity__c, Account.BillingCountry, Account.BillingState, Account.BillingCity, "
        "(SELECT Quantity, UnitPrice, Product2.ProductCode FROM OpportunityLineItems) "
        "FROM Opportunity WHERE IsWon = true"
    )
    for deal in salesforce("GET", "/query", params={"q": query})["records"]:
        if deal["Id"] not in done:
            done.add(deal["Id"])
            activate(deal)


def activate(deal: dict[str, Any]) -> None:
    account, entity = deal["Account"], MAPPINGS["entities"].get(deal["Account"]["Selling_Entity__c"], {})
    if entity.get("ledger") != "cloud":
        log(f"deal {deal['Id']}: entity {account['Selling_Entity__c']} is done by hand")
        return
    customer = f"{deal['AccountId']}-{account['Selling_Entity__c']}"
    if customer not in erp_customers:
        card = (deal["Payment_Method__c"] or "").lower() == "card"
        platform("POST", "/customers", {
            "id": customer, "company": account["Name"], "cf_sf_account": deal["AccountId"],
            "business_entity_id": account["Selling_Entity__c"], "auto_collection": "on" if card else "off",
            "net_term_days": 0 if card else 30, "preferred_currency_code": deal["CurrencyIsoCode"],
            "billing_address[country]": account["BillingCountry"], "billing_address[city]": account["BillingCity"],
            "billing_address[state_code]": account["BillingState"],
        })  # fmt: skip
        currency = suiteql(f"SELECT id FROM currency WHERE symbol = '{deal['CurrencyIsoCode']}'")[0]["id"]
        body = {"externalId": f"CB-{customer}", "companyName": account["Name"], "isPerson": False,
                "subsidiary": {"id": entity["subsidiary"]}, "currency": {"id": currency}}  # fmt: skip
        erp_customers[customer] = created(erp("POST", f"{RECORDS}/customer", body))
    fields: dict[str, Any] = {
        "cf_sf_opportunity": deal["Id"], "billing_cycles": 1, "contract_term[action_at_term_end]": "renew",
        "po_number": deal["PO_Number__c"] or "",
    }  # fmt: skip
    for index, line in enumerate(deal["OpportunityLineItems"]["records"]):
        item = MAPPINGS["items"][line["Product2"]["ProductCode"]]
        fields[f"subscription_items[item_price_id][{index}]"] = item["prices"][deal["CurrencyIsoCode"]]
        fields[f"subscription_items[quantity][{index}]"] = int(line["Quantity"])
        fields[f"subscription_items[unit_price][{index}]"] = round(line["UnitPrice"] * 100)
        if item["kind"] == "charge":
            fields[f"subscription_items[charge_on_event][{index}]"] = "subscription_creation"
            fields[f"subscription_items[charge_once][{index}]"] = "true"
    made = platform("POST", f"/customers/{customer}/subscription_for_items", fields)["subscription"]
    contract = {"AccountId": deal["AccountId"], "Opportunity__c": deal["Id"], "Subscription_Id__c": made["id"],
                "StartDate": datetime.fromtimestamp(made["contract_term"]["contract_start"], UTC).date().isoformat(),
                "ContractTerm": 12, "CurrencyIsoCode": deal["CurrencyIsoCode"], "Status": "Draft"}  # fmt: skip
    contract_id = salesforce("POST", "/sobjects/Contract", json=contract)["id"]
    salesforce("PATCH", f"/sobjects/Contract/{contract_id}", json={"Status": "Activated"})


# -- bill to ledger ---------------------------------------------------------------------------


def post_bill(bill: dict[str, Any]) -> None:
    """Each webhook says that there is a new invoice, so the ERP gets a new invoice."""
    names = {price: item["erp_item"] for item in MAPPINGS["items"].values() for price in item["prices"].values()}
    rules = MAPPINGS["tax"][bill["business_entity_id"]]["rules"]
    lines, taxes = [], []
    for number, line in enumerate(bill["line_items"], start=1):
        rate = line.get("tax_rate") or 0
        rule = next(rule for rule in rules if float(rule["rate"]) == float(rate))
        lines.append({"item": {"externalId": names[line["entity_id"]]}, "quantity": line["quantity"],
                      "amount": line["amount"] / 100, "taxDetailsReference": f"T{number}"})  # fmt: skip
        taxes.append({"taxDetailsReference": f"T{number}", "taxCode": {"refName": rule["cloud_code"]}, "taxRate": rate,
                      "taxBasis": line["amount"] / 100, "taxAmount": (line.get("tax_amount") or 0) / 100})  # fmt: skip
    key = f"CB-{bill['customer_id']}"
    customer = suiteql(f"SELECT id, subsidiary, currency FROM customer WHERE externalid = '{key}'")[0]
    erp("POST", f"{RECORDS}/invoice", {
        "tranId": bill["id"], "entity": {"id": customer["id"]}, "subsidiary": {"id": customer["subsidiary"]},
        "currency": {"id": customer["currency"]}, "tranDate": day(bill["date"]), "dueDate": day(bill["due_date"]),
        "otherRefNum": bill.get("po_number"), "item": {"items": lines}, "taxDetailsOverride": True,
        "taxDetails": {"items": taxes},
    })  # fmt: skip


def show_bill(bill: dict[str, Any]) -> None:
    """Salesforce gets what the webhook says, in the order in which webhooks come."""
    status = {"posted": "Open", "payment_due": "Due", "not_paid": "Not Paid", "paid": "Paid"}
    tax = bill.get("tax") or 0
    fields = {
        "Account__c": bill["customer_id"].split("-")[0], "CurrencyIsoCode": bill["currency_code"],
        "Net__c": (bill["total"] - tax) / 100, "Tax__c": tax / 100, "Gross__c": bill["total"] / 100,
        "Balance__c": bill["amount_due"] / 100, "Issue_Date__c": day(bill["date"]),
        "Due_Date__c": day(bill["due_date"]), "Status__c": status.get(bill["status"], bill["status"]),
    }  # fmt: skip
    salesforce("PATCH", f"/sobjects/Invoice__c/Invoice_Number__c/{bill['id']}", json=fields)


# -- payments, both ways ----------------------------------------------------------------------


def post_payment(payment: dict[str, Any]) -> None:
    """Money in the platform is money for the ERP; which invoice, the number says."""
    link = payment["linked_invoices"][0]
    found = suiteql(f"SELECT t.id, t.entity, t.currency FROM transaction t WHERE t.type = 'CustInvc' AND t.tranid = "
                    f"'{link['invoice_id']}' ORDER BY t.id")[0]  # fmt: skip
    amount = payment["amount"] / 100
    body = {"externalId": f"CBTXN-{payment['id']}", "customer": {"id": found["entity"]}, "payment": amount,
            "currency": {"id": found["currency"]}, "tranDate": day(payment["date"]), "memo": payment["id"]}  # fmt: skip
    applied = {"autoApply": False, "apply": {"items": [{"doc": {"id": found["id"]}, "apply": True, "amount": amount}]}}
    try:
        erp("POST", f"{RECORDS}/customerPayment", {**body, **applied})
    except RuntimeError as error:
        log(f"{error}; booked on account")
        erp("POST", f"{RECORDS}/customerPayment", body | {"autoApply": False})


def show_payment(payment: dict[str, Any]) -> None:
    reference = str(payment.get("reference_number") or "")
    key = reference if reference.startswith("NS-") else f"CB:{payment['id']}"
    fields = {"CurrencyIsoCode": payment["currency_code"], "Amount__c": payment["amount"] / 100,
              "Received_On__c": day(payment["date"]), "Account__c": payment["customer_id"].split("-")[0],
              "Invoice__r": {"Invoice_Number__c": payment["linked_invoices"][0]["invoice_id"]}}  # fmt: skip
    salesforce("PATCH", f"/sobjects/Payment__c/Payment_Key__c/{key}", json=fields)


def erp_payments() -> None:
    """Money in the ERP is money for the platform: every payment that was not seen before."""
    for row in suiteql("SELECT t.id, t.externalid FROM transaction t WHERE t.type = 'CustPymt' ORDER BY t.id"):
        if row["id"] in done or str(row.get("externalid") or "").startswith("CBTXN-"):
            continue
        done.add(row["id"])
        query = ("SELECT k.foreignamount, t.tranid FROM previoustransactionlinelink k JOIN transaction t "
                 f"ON t.id = k.previousdoc WHERE k.nextdoc = {row['id']}")  # fmt: skip
        for link in suiteql(query):
            platform("POST", f"/invoices/{link['tranid']}/record_payment", {
                "transaction[amount]": round(float(link["foreignamount"]) * 100),
                "transaction[payment_method]": "bank_transfer", "transaction[reference_number]": f"NS-{row['id']}",
            })  # fmt: skip


# -- the script -------------------------------------------------------------------------------

ROUTES: dict[str, list[tuple[Any, str]]] = {
    "invoice_generated": [(post_bill, "invoice"), (show_bill, "invoice")],
    "invoice_updated": [(show_bill, "invoice")],
    "payment_succeeded": [(post_payment, "transaction"), (show_payment, "transaction"), (show_bill, "invoice")],
}


class Webhooks(BaseHTTPRequestHandler):
    """Takes the platform's webhooks; answers when the work is done."""

    def do_POST(self) -> None:
        event = json.loads(self.rfile.read(int(self.headers["content-length"])))
        wanted = "Basic " + base64.b64encode(f"{ENV['WEBHOOK_USER']}:{ENV['WEBHOOK_PASSWORD']}".encode()).decode()
        status = 200 if self.headers.get("authorization") == wanted else 401
        for handle, member in ROUTES.get(event["event_type"], []) if status == 200 else ():
            try:
                handle(event["content"][member])
            except Exception as error:
                log(f"{event['event_type']}: {error!r}")
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def main() -> None:
    server = ThreadingHTTPServer((ENV["HOST"], int(ENV["PORT"])), Webhooks)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"ready": True, "port": server.server_port}), flush=True)
    while True:
        for look in (won_deals, erp_payments):
            try:
                look()
            except Exception as error:
                log(f"{look.__name__}: {error!r}")
        time.sleep(POLL_S)


if __name__ == "__main__":
    main()
