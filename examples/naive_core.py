"""A point-to-point integration as many companies have one, naive on purpose: an example of bringing one's own core.

A request that timed out is sent again, a webhook is done as often as it comes, nothing is looked up, nothing survives a
restart, and a payment that was carried from one system to another comes back as a new one. US and German entity only.

    windtunnel demo --compare naive
    windtunnel run two-cores --mode live --core "python examples/naive_core.py"
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
DATA, REST = f"{SALESFORCE}/services/data/v60.0", f"{ERP}/services/rest"
tokens: dict[str, str] = {}
done: set[str] = set()  # deals, customers and ERP payments that were seen; forgotten when the script restarts


def send(method: str, url: str, **what: Any) -> httpx.Response:
    """Send it; if no answer comes, or a bad one, just send it again."""
    for _ in range(4):
        try:
            answer = httpx.request(method, url, timeout=3.0, trust_env=False, **what)
        except httpx.HTTPError as error:
            print(f"{method} {url}: {error}, trying again", file=sys.stderr, flush=True)
            continue
        if answer.status_code == 401:
            tokens.clear()  # signs in anew the next time
        if answer.status_code < 300:
            return answer
        if answer.status_code < 500 and answer.status_code != 429:
            raise RuntimeError(f"{method} {url}: {answer.status_code} {answer.text[:300]}")
        time.sleep(0.3)
    raise RuntimeError(f"{method} {url}: given up")


def salesforce(method: str, path: str, **what: Any) -> Any:
    if "salesforce" not in tokens:
        form = {"grant_type": "client_credentials", "client_id": ENV["SALESFORCE_CLIENT_ID"],
                "client_secret": ENV["SALESFORCE_CLIENT_SECRET"]}  # fmt: skip
        tokens["salesforce"] = send("POST", f"{SALESFORCE}/services/oauth2/token", data=form).json()["access_token"]
    answer = send(method, DATA + path, headers={"authorization": f"Bearer {tokens['salesforce']}"}, **what)
    return answer.json() if answer.content else None


def platform(path: str, fields: dict[str, Any]) -> Any:
    return send("POST", PLATFORM + path, auth=(ENV["SUBSCRIPTIONS_API_KEY"], ""), data=fields).json()


def erp(path: str, body: Any, **headers: str) -> httpx.Response:
    if "erp" not in tokens:
        now, url = int(time.time()), f"{REST}/auth/oauth2/v1/token"
        claims = {"iss": ENV["ERP_CLOUD_CLIENT_ID"], "scope": "rest_webservices", "aud": url, "iat": now,
                  "exp": now + 3000}  # fmt: skip
        key, kid = Path(ENV["ERP_CLOUD_PRIVATE_KEY"]).read_text(), ENV["ERP_CLOUD_CERTIFICATE_ID"]
        form = {"grant_type": "client_credentials", "client_assertion": jwt.encode(claims, key, "ES256", {"kid": kid}),
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}  # fmt: skip
        tokens["erp"] = send("POST", url, data=form).json()["access_token"]
    return send("POST", REST + path, json=body, headers={"authorization": f"Bearer {tokens['erp']}", **headers})


def suiteql(query: str) -> Any:
    return erp("/query/v1/suiteql", {"q": query}, prefer="transient").json()["items"]


def day(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, ZoneInfo("America/New_York")).date().isoformat()


def won_deals() -> None:
    query = (
        "SELECT Id, AccountId, CurrencyIsoCode, PO_Number__c, Payment_Method__c, Account.Name, "
        "Account.Selling_Entity__c, Account.BillingCountry, Account.BillingState, Account.BillingCity, "
        "(SELECT Quantity, UnitPrice, Product2.ProductCode FROM OpportunityLineItems) "
        "FROM Opportunity WHERE IsWon = true"
    )
    for deal in salesforce("GET", "/query", params={"q": query})["records"]:
        entity = MAPPINGS["entities"].get(deal["Account"]["Selling_Entity__c"], {})
        if deal["Id"] not in done and entity.get("ledger") == "cloud":
            done.add(deal["Id"])
            activate(deal, deal["Account"], entity)


def activate(deal: dict[str, Any], account: dict[str, Any], entity: dict[str, Any]) -> None:
    customer, currency = f"{deal['AccountId']}-{account['Selling_Entity__c']}", deal["CurrencyIsoCode"]
    if customer not in done:
        done.add(customer)
        card = (deal["Payment_Method__c"] or "").lower() == "card"
        platform("/customers", {
            "id": customer, "company": account["Name"], "cf_sf_account": deal["AccountId"],
            "business_entity_id": account["Selling_Entity__c"], "auto_collection": "on" if card else "off",
            "net_term_days": 0 if card else 30, "preferred_currency_code": currency,
            "billing_address[country]": account["BillingCountry"], "billing_address[city]": account["BillingCity"],
            "billing_address[state_code]": account["BillingState"],
        })  # fmt: skip
        number = suiteql(f"SELECT id FROM currency WHERE symbol = '{currency}'")[0]["id"]
        erp("/record/v1/customer", {
            "externalId": f"CB-{customer}", "companyName": account["Name"], "isPerson": False,
            "subsidiary": {"id": entity["subsidiary"]}, "currency": {"id": number},
        })  # fmt: skip
    fields = {"cf_sf_opportunity": deal["Id"], "billing_cycles": 1, "contract_term[action_at_term_end]": "renew",
              "po_number": deal["PO_Number__c"] or ""}  # fmt: skip
    for index, line in enumerate(deal["OpportunityLineItems"]["records"]):
        item = MAPPINGS["items"][line["Product2"]["ProductCode"]]
        fields[f"subscription_items[item_price_id][{index}]"] = item["prices"][currency]
        fields[f"subscription_items[quantity][{index}]"] = int(line["Quantity"])
        fields[f"subscription_items[unit_price][{index}]"] = round(line["UnitPrice"] * 100)
        if item["kind"] == "charge":
            fields[f"subscription_items[charge_on_event][{index}]"] = "subscription_creation"
            fields[f"subscription_items[charge_once][{index}]"] = "true"
    made = platform(f"/customers/{customer}/subscription_for_items", fields)["subscription"]
    start = datetime.fromtimestamp(made["contract_term"]["contract_start"], UTC).date().isoformat()
    contract = {"AccountId": deal["AccountId"], "Opportunity__c": deal["Id"], "Subscription_Id__c": made["id"],
                "StartDate": start, "ContractTerm": 12, "CurrencyIsoCode": currency, "Status": "Draft"}  # fmt: skip
    contract_id = salesforce("POST", "/sobjects/Contract", json=contract)["id"]
    salesforce("PATCH", f"/sobjects/Contract/{contract_id}", json={"Status": "Activated"})


def post_bill(bill: dict[str, Any]) -> None:
    """Each webhook says that there is a new invoice, so the ERP gets a new invoice."""
    names = {price: item["erp_item"] for item in MAPPINGS["items"].values() for price in item["prices"].values()}
    codes = {float(rule["rate"]): rule["cloud_code"] for rule in MAPPINGS["tax"][bill["business_entity_id"]]["rules"]}
    lines, taxes = [], []
    for number, line in enumerate(bill["line_items"], start=1):
        rate, amount, reference = line.get("tax_rate") or 0, line["amount"] / 100, f"T{number}"
        lines.append({"item": {"externalId": names[line["entity_id"]]}, "quantity": line["quantity"], "amount": amount,
                      "taxDetailsReference": reference})  # fmt: skip
        taxes.append({"taxDetailsReference": reference, "taxCode": {"refName": codes[float(rate)]}, "taxRate": rate,
                      "taxBasis": amount, "taxAmount": (line.get("tax_amount") or 0) / 100})  # fmt: skip
    key = f"CB-{bill['customer_id']}"
    customer = suiteql(f"SELECT id, subsidiary, currency FROM customer WHERE externalid = '{key}'")[0]
    erp("/record/v1/invoice", {
        "tranId": bill["id"], "entity": {"id": customer["id"]}, "subsidiary": {"id": customer["subsidiary"]},
        "currency": {"id": customer["currency"]}, "tranDate": day(bill["date"]), "dueDate": day(bill["due_date"]),
        "otherRefNum": bill.get("po_number"), "item": {"items": lines}, "taxDetailsOverride": True,
        "taxDetails": {"items": taxes},
    })  # fmt: skip


def show_bill(bill: dict[str, Any]) -> None:
    """Salesforce gets what the webhook says, in the order in which webhooks come."""
    tax = bill.get("tax") or 0
    salesforce("PATCH", f"/sobjects/Invoice__c/Invoice_Number__c/{bill['id']}", json={
        "Account__c": bill["customer_id"].split("-")[0], "CurrencyIsoCode": bill["currency_code"],
        "Net__c": (bill["total"] - tax) / 100, "Tax__c": tax / 100, "Gross__c": bill["total"] / 100,
        "Balance__c": bill["amount_due"] / 100, "Issue_Date__c": day(bill["date"]),
        "Due_Date__c": day(bill["due_date"]), "Status__c": "Paid" if bill["status"] == "paid" else "Open",
    })  # fmt: skip


def post_payment(payment: dict[str, Any]) -> None:
    """Money in the platform is money for the ERP; which invoice, the number says. If it does not fit: on account."""
    number, amount = payment["linked_invoices"][0]["invoice_id"], payment["amount"] / 100
    found = suiteql("SELECT t.id, t.entity, t.currency FROM transaction t WHERE t.type = 'CustInvc' AND "
                    f"t.tranid = '{number}' ORDER BY t.id")[0]  # fmt: skip
    body = {"externalId": f"CBTXN-{payment['id']}", "customer": {"id": found["entity"]}, "payment": amount,
            "currency": {"id": found["currency"]}, "tranDate": day(payment["date"]), "autoApply": False}  # fmt: skip
    try:
        applied = [{"doc": {"id": found["id"]}, "apply": True, "amount": amount}]
        erp("/record/v1/customerPayment", {**body, "apply": {"items": applied}})
    except RuntimeError:
        erp("/record/v1/customerPayment", body)


def erp_payments() -> None:
    """Money in the ERP is money for the platform: every payment that was not seen before."""
    for row in suiteql("SELECT t.id, t.externalid FROM transaction t WHERE t.type = 'CustPymt' ORDER BY t.id"):
        if row["id"] not in done and not str(row.get("externalid") or "").startswith("CBTXN-"):
            done.add(row["id"])
            links = ("SELECT k.foreignamount, t.tranid FROM previoustransactionlinelink k JOIN transaction t "
                     f"ON t.id = k.previousdoc WHERE k.nextdoc = {row['id']}")  # fmt: skip
            for link in suiteql(links):
                platform(f"/invoices/{link['tranid']}/record_payment", {
                    "transaction[amount]": round(float(link["foreignamount"]) * 100),
                    "transaction[payment_method]": "bank_transfer", "transaction[reference_number]": f"NS-{row['id']}",
                })  # fmt: skip


class Webhooks(BaseHTTPRequestHandler):
    """Takes the platform's webhooks; answers when the work is done."""

    def do_POST(self) -> None:
        event = json.loads(self.rfile.read(int(self.headers["content-length"])))
        wanted = "Basic " + base64.b64encode(f"{ENV['WEBHOOK_USER']}:{ENV['WEBHOOK_PASSWORD']}".encode()).decode()
        status = 200 if self.headers.get("authorization") == wanted else 401
        kind, content = event["event_type"] if status == 200 else "", event["content"]
        try:
            if kind == "invoice_generated":
                post_bill(content["invoice"])
            if kind == "payment_succeeded":
                post_payment(content["transaction"])
            if kind in ("invoice_generated", "invoice_updated", "payment_succeeded"):
                show_bill(content["invoice"])
        except Exception as error:
            print(f"{kind}: {error!r}", file=sys.stderr, flush=True)
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()


def main() -> None:
    server = ThreadingHTTPServer((ENV["HOST"], int(ENV["PORT"])), Webhooks)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"ready": True, "port": server.server_port}), flush=True)
    while True:
        for look in (won_deals, erp_payments):
            try:
                look()
            except Exception as error:
                print(f"{look.__name__}: {error!r}", file=sys.stderr, flush=True)
        time.sleep(0.4)


if __name__ == "__main__":
    main()
