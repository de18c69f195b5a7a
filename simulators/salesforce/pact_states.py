"""Provider states of the org, for consumers' contracts; each answers the ids and tokens that its requests may name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from simulators.kit.faults import Fault
from simulators.kit.pact_states import Params, State, ask
from simulators.salesforce import bulk_query

if TYPE_CHECKING:
    from simulators.salesforce.app import Salesforce

API = "/services/data/v60.0"
ADDRESS = {"BillingStreet": "1 Broadway", "BillingCity": "New York", "BillingState": "NY", "BillingPostalCode": "10004",
           "BillingCountry": "US"}  # fmt: skip


class States:
    """The states of one org; `table` names them."""

    def __init__(self, system: Salesforce) -> None:
        self._system = system

    def table(self) -> dict[str, State]:
        """Name to function."""
        return {
            "the client is registered": self.registered, "the client is not registered": self.unregistered,
            "the client is signed in": self.signed_in, "the client's session has ended": self.session_ended,
            "the daily limit of requests is spent": self.limit_spent, "an account": self.account,
            "more accounts than a page holds": self.many_accounts,
            "a won deal with one line": self.won_deal, "a bill": self.bill, "a credit note": self.credit,
            "a share of a bill": self.bill_share, "a share of a credit note": self.credit_share,
            "an active contract": self.contract, "a bill with a payment": self.payment,
            "an open renewal of a contract": self.open_renewal,
            "a won deal with a milestone": self.milestone, "a bulk query that is done": self.bulk_query,
        }  # fmt: skip

    async def registered(self, _params: Params) -> Params:
        """A connected app with the client-credentials flow."""
        return {name: self._system.credentials[name] for name in ("client_id", "client_secret")}

    async def unregistered(self, _params: Params) -> Params:
        """Nobody knows the client."""
        return {"client_id": "nobody", "client_secret": "nothing"}

    async def signed_in(self, _params: Params) -> Params:
        """A live session: {token}."""
        with self._system.store.transaction():
            return {"token": self._system.sessions.issue(self._system.clock.now(), self._system.org.user_id)}

    async def session_ended(self, _params: Params) -> Params:
        """A token that was good: {token}."""
        given = await self.signed_in({})
        self._system.expire_credentials()
        return given

    async def limit_spent(self, _params: Params) -> Params:
        """The next call is refused for the day's quota."""
        self._system.faults.add(Fault(id="pact", kind="daily_limit", times=0))
        return {}

    async def account(self, params: Params) -> Params:
        """An account of the selling entity US, all of whose fields are filled in: {account}."""
        fields = {"Name": "Hudson Analytics", "Selling_Entity__c": "US", "Tax_Id__c": "12-3456789", **ADDRESS, **params}
        return {"account": await self._create("Account", fields)}

    async def many_accounts(self, params: Params) -> Params:
        """2,001 accounts, and the first page of the query `q` has been read: {next}, where the second page is."""
        rows = [{"Name": f"Account {number}", "Selling_Entity__c": "US", **ADDRESS} for number in range(2_001)]
        with self._system.store.transaction():
            self._system.seed({"Account": rows})
        headers = {"authorization": f"Bearer {(await self.signed_in({}))['token']}"}
        _, page = await ask(self._system, "GET", f"{API}/query?{urlencode({'q': params['q']})}", headers)
        return {"next": page["nextRecordsUrl"]}

    async def won_deal(self, params: Params) -> Params:
        """A closed-won opportunity with one product line, all fields filled in: {account, opportunity}."""
        account = (await self.account({}))["account"]
        token = (await self.signed_in({}))["token"]
        query = (
            f"{API}/query?q=SELECT+Id,UnitPrice,Pricebook2Id+FROM+PricebookEntry+WHERE+CurrencyIsoCode='USD'"
            "+ORDER+BY+UnitPrice+DESC+LIMIT+1"
        )
        _, found = await ask(self._system, "GET", query, {"authorization": f"Bearer {token}"})
        price = found["records"][0]
        opportunity = await self._create("Opportunity", {
            "Name": "Hudson 2026", "AccountId": account, "StageName": "Prospecting", "CloseDate": "2026-01-05",
            "CurrencyIsoCode": "USD", "Pricebook2Id": price["Pricebook2Id"], "Contract_Start_Date__c": "2026-02-01",
            "Contract_Term_Months__c": 12, "Payment_Method__c": "Card", "PO_Number__c": "PO-1", **params,
        })  # fmt: skip
        await self._create("OpportunityLineItem", {
            "OpportunityId": opportunity, "PricebookEntryId": price["Id"], "Quantity": 10,
            "UnitPrice": price["UnitPrice"],
        })  # fmt: skip
        await self._send("PATCH", f"/sobjects/Opportunity/{opportunity}", {"StageName": "Closed Won"})
        return {"account": account, "opportunity": opportunity}

    async def milestone(self, params: Params) -> Params:
        """A milestone of a closed-won opportunity that the customer has accepted: {account, opportunity}."""
        given = await self.won_deal({})
        await self._create("Milestone__c", {
            "Name": "Design", "Opportunity__c": given["opportunity"], "CurrencyIsoCode": "USD", "Amount__c": 2000,
            "Status__c": "Accepted", **params,
        })  # fmt: skip
        return given

    async def bill(self, params: Params) -> Params:
        """A bill of an account, by its number `number`: {account}."""
        account = (await self.account({}))["account"]
        fields = {"Account__c": account, "CurrencyIsoCode": "USD", "Net__c": 1000, "Tax__c": 0, "Gross__c": 1000}
        await self._send("PATCH", f"/sobjects/Invoice__c/Invoice_Number__c/{params['number']}", fields)
        return {"account": account}

    async def contract(self, params: Params) -> Params:
        """A contract by the subscription `subscription`, activated: {account, contract}."""
        account = (await self.account({}))["account"]
        path = f"/sobjects/Contract/Subscription_Id__c/{params['subscription']}"
        made = await self._send("PATCH", path, {
            "AccountId": account, "StartDate": "2026-02-01", "ContractTerm": 12, "CurrencyIsoCode": "USD",
            "Value__c": 120000,
        })  # fmt: skip
        await self._send("PATCH", path, {"Status": "Activated"})
        return {"account": account, "contract": made["id"]}

    async def open_renewal(self, params: Params) -> Params:
        """An opportunity of type Renewal about the contract of `subscription`: {account, contract, opportunity}."""
        given = await self.contract(params)
        opportunity = await self._create("Opportunity", {
            "Name": "Hudson 2027", "AccountId": given["account"], "StageName": "Prospecting", "Type": "Renewal",
            "CloseDate": "2027-01-05", "CurrencyIsoCode": "USD", "ContractId": given["contract"],
        })  # fmt: skip
        return {**given, "opportunity": opportunity}

    async def payment(self, params: Params) -> Params:
        """A payment by its key `key` on a bill `number`: {account}."""
        given = await self.bill(params)
        await self._send("PATCH", f"/sobjects/Payment__c/Payment_Key__c/{params['key']}", {
            "Account__c": given["account"], "CurrencyIsoCode": "USD", "Amount__c": 400, "Received_On__c": "2026-01-06",
            "Invoice__r": {"Invoice_Number__c": params["number"]},
        })  # fmt: skip
        return given

    async def credit(self, params: Params) -> Params:
        """A credit note by its number `number`: {account}."""
        account = await self._create("Account", {"Name": "Acme Rockets"})
        path = f"/sobjects/Credit_Note__c/Credit_Number__c/{params['number']}"
        await self._send("PATCH", path, {
            "Account__c": account, "CurrencyIsoCode": "USD", "Net__c": 100, "Tax__c": 0, "Gross__c": 100,
            "Available__c": 100,
        })  # fmt: skip
        return {"account": account}

    async def bill_share(self, params: Params) -> Params:
        """What the contract of `subscription` has of a bill `number`."""
        await self.bill(params)
        return await self._share("Invoice_Share__c", {"Invoice__r": {"Invoice_Number__c": params["number"]}}, params)

    async def credit_share(self, params: Params) -> Params:
        """What the contract of `subscription` has of a credit note `number`."""
        await self.credit(params)
        return await self._share("Credit_Share__c", {"Credit_Note__r": {"Credit_Number__c": params["number"]}}, params)

    async def _share(self, kind: str, of: Params, params: Params) -> Params:
        await self.contract(params)
        path = f"/sobjects/{kind}/Share_Key__c/{params['number']}%2F{params['subscription']}"
        fields = {"Contract__r": {"Subscription_Id__c": params["subscription"]}, "CurrencyIsoCode": "USD",
                  "Net__c": 600, "Tax__c": 0, "Gross__c": 600}  # fmt: skip
        await self._send("PATCH", path, {**of, **fields})
        return {}

    async def bulk_query(self, params: Params) -> Params:
        """A job for the query `query` that has been worked on: {job}."""
        made = await self._send("POST", "/jobs/query", {"operation": "query", **params})
        due = next(one for one in self._system.jobs.pending() if one.payload.get("id") == made["id"])
        await bulk_query.worker(self._system)(due)
        return {"job": made["id"]}

    async def _create(self, kind: str, fields: dict[str, Any]) -> str:
        return str((await self._send("POST", f"/sobjects/{kind}", fields))["id"])

    async def _send(self, method: str, path: str, fields: dict[str, Any]) -> Any:
        token = (await self.signed_in({}))["token"]
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        return (await ask(self._system, method, f"{API}{path}", headers, json.dumps(fields).encode()))[1]
