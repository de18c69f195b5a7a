"""Salesforce as the core uses it: SOQL reads, upserts by external id, several records in one composite call."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import quote as percent
from urllib.parse import urlencode

from synccore.domain.books import Book, DocumentKind
from synccore.domain.deals import Account, Deal, Milestone
from synccore.domain.drift import FieldMaps
from synccore.ports.clock import Clock
from synccore.ports.outcomes import Later
from synccore.ports.rows import Row
from synccore.ports.systems import Drifted, Rejected, Unknown
from synccore.ports.transport import Request, Response, Transport
from synccore.systems import books_salesforce, salesforce_values, soql
from synccore.systems.client import UNREADABLE, Client, OnCall, Refusal, render, with_header
from synccore.systems.credentials import SalesforceAccess
from synccore.systems.salesforce_bulk import BulkQueries
from synccore.systems.salesforce_merges import Merges
from synccore.systems.tokens import Tokens

JSON = {"content-type": "application/json", "accept": "application/json"}
QUOTA_S, LOCK_S = 60.0, 3.0
PARTS_MAX = 25  # of a composite request, by the vendor's limit
IDS_MAX = 200  # in one query: its URL stays far below 16 KB
SYSTEM = "salesforce"
CLIENT = "synccore"
NAMED = ("sforce-call-options", f"client={CLIENT}")  # change events then say that a change was ours
_SHARES: Mapping[DocumentKind, tuple[str, str, tuple[str, str]]] = {  # record, its relation, what it is a share of
    "invoice": ("Invoice_Share__c", "Invoice__r", ("Invoice__c", "Invoice_Number__c")),
    "credit": ("Credit_Share__c", "Credit_Note__r", ("Credit_Note__c", "Credit_Number__c")),
}
_NO_COLUMN = re.compile(r"No such column '([^']+)' on (?:entity|sobject of type) '?(\w+)")
_NO_KEY = re.compile(r"external ID field does not exist or is not accessible: (\w+)")
_DUPLICATES = {"DUPLICATE_VALUE", "DUPLICATE_EXTERNAL_ID"}
_PASSING = {"UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE"}


class SalesforceDialect:
    """OAuth client credentials; errors as a JSON list. A spent quota is 403 REQUEST_LIMIT_EXCEEDED, not 429."""

    def __init__(self, access: SalesforceAccess, transport: Transport, timeout_s: float) -> None:
        self._access, self._transport, self._timeout_s = access, transport, timeout_s
        self.tokens = Tokens(self._sign_in)

    async def _sign_in(self) -> Response:
        form = urlencode(
            {
                "grant_type": "client_credentials",
                "client_id": self._access.client_id,
                "client_secret": self._access.client_secret,
            }
        )
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        url = f"{self._access.url}/services/oauth2/token"
        return await self._transport.send(Request("POST", url, headers, form.encode(), self._timeout_s))

    async def sign(self, request: Request, stale: str | None) -> tuple[Request, str]:
        """Bearer token."""
        token = await self.tokens.get(stale)
        return with_header(with_header(request, "authorization", f"Bearer {token}"), *NAMED), token

    def refusal(self, status: int, body: Any) -> Refusal:
        """First error of the list."""
        del status
        return refusal_of(body)


def refusal_of(body: Any) -> Refusal:
    """An error list, as whole answers and composite parts carry it."""
    errors = [error for error in body if isinstance(error, dict)] if isinstance(body, list) else []
    if not errors:
        return Refusal(UNREADABLE, "the answer names no error")
    # in a rolled-back composite the culprit's own error is among many PROCESSING_HALTED ones
    code = str(errors[0].get("errorCode") or errors[0].get("statusCode") or "UNKNOWN")
    message = "; ".join(str(error.get("message", "")) for error in errors)[:500]
    limit = QUOTA_S if code == "REQUEST_LIMIT_EXCEEDED" else None
    return Refusal(code, message, code in _DUPLICATES, limit, LOCK_S if code in _PASSING else None)


class SalesforceAdapter:
    """Implements ports.systems.Salesforce."""

    def __init__(
        self, access: SalesforceAccess, transport: Transport, clock: Clock, concurrency: int, timeout_s: float,
        on_call: OnCall | None = None, fields: FieldMaps | None = None,
    ) -> None:  # fmt: skip
        self._fields = fields or FieldMaps()
        self.dialect = dialect = SalesforceDialect(access, transport, timeout_s)
        self._client = Client("salesforce", transport, clock, concurrency, timeout_s, dialect, on_call)
        self._site, self._timeout_s = access.url, timeout_s
        self._data = f"/services/data/v{access.api_version}"
        self._bulk = BulkQueries(self._client, clock, f"{self._site}{self._data}", timeout_s)
        self._bulk_above = access.bulk_above
        self._merges = Merges(partial(self._query, operation="queryAll"))

    async def reachable(self) -> None:
        """One row."""
        await self._query("SELECT Id FROM Organization")

    async def deal(self, opportunity_id: str) -> Deal | None:
        """One query for opportunity, account and lines."""
        rows = await self._query(soql.deal(opportunity_id))
        return salesforce_values.deal(rows[0]) if rows else None

    async def open_deals(self, contract: str, kinds: Collection[str]) -> list[str]:
        """One query."""
        return [str(row["Id"]) for row in await self._query(soql.open_deals(contract, kinds))]

    async def milestones(self, opportunity_id: str) -> list[Milestone]:
        """One query."""
        return [salesforce_values.milestone(row) for row in await self._query(soql.milestones(opportunity_id))]

    async def changed_milestones(self, since: str) -> list[Row]:
        """One query."""
        rows = await self._query(soql.changed_milestones(since))
        return [salesforce_values.milestone_row(row) for row in rows]

    async def account(self, account_id: str) -> Account | None:
        """One account."""
        rows = await self._query(soql.account(self._merges.now(account_id)))
        if not rows and await self._merges.look(account_id):
            rows = await self._query(soql.account(self._merges.now(account_id)))
        return salesforce_values.account(rows[0]) if rows else None

    async def changed_deals(self, since: str) -> list[Row]:
        """Won opportunities, what matters of them without the fields that the core itself writes."""
        return await self._deals(partial(soql.changed_deals, since))

    async def changed_accounts(self, since: str) -> list[Row]:
        """Accounts, likewise."""
        return await self._accounts(partial(soql.changed_accounts, since))

    async def deals(self, ids: Sequence[str]) -> list[Row]:
        """In the order of the ids; page by page, so that no URL grows beyond what the vendor takes."""
        found = [row for page in _pages(ids) for row in await self._deals(partial(soql.deals, page))]
        places = {name: place for place, name in enumerate(ids)}
        return sorted(found, key=lambda row: places.get(row.id, len(ids)))

    async def accounts(self, ids: Sequence[str]) -> list[Row]:
        """Likewise."""
        return [row for page in _pages(ids) for row in await self._accounts(partial(soql.accounts, page))]

    async def _deals(self, text: Callable[[Collection[str]], str]) -> list[Row]:
        rows, missing = await self._changed("Opportunity", text)
        return [salesforce_values.row(row, missing) for row in rows]

    async def _accounts(self, text: Callable[[Collection[str]], str]) -> list[Row]:
        rows, missing = await self._changed("Account", text)
        return [salesforce_values.row(row, missing) for row in rows]

    async def _changed(
        self, record: str, text: Callable[[Collection[str]], str]
    ) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
        """Rows by a query that leaves out what the org no longer has: one lost column must not hide all records."""
        missing: list[str] = []
        while True:
            try:
                return await self._query(text(missing)), tuple(missing)
            except Drifted as drift:
                if drift.record != record or drift.field in missing or not drift.field.endswith("__c"):
                    raise
                missing.append(drift.field)

    async def write_deal_status(self, opportunity_id: str, fields: Mapping[str, Any]) -> None:
        """PATCH by id, of what sales wants to be told."""
        given = self._out("Opportunity", fields)
        if not given:
            return
        url = f"{self._site}{self._data}/sobjects/Opportunity/{percent(opportunity_id)}"
        request = Request("PATCH", url, JSON, render(given), self._timeout_s)
        await self._write("record.update:Opportunity", request)

    async def write_account(self, account_id: str, fields: Mapping[str, Any]) -> None:
        """PATCH by id."""
        url = f"{self._site}{self._data}/sobjects/Account/{percent(account_id)}"
        request = Request("PATCH", url, JSON, render(self._out("Account", fields)), self._timeout_s)
        await self._write("record.update:Account", request)

    async def merged_accounts(self, account_id: str) -> dict[str, str]:
        """By queryAll; a merge is found there for 15 days, and by `remember_merged` for ever."""
        return await self._merges.among([account_id])

    def remember_merged(self, into: Mapping[str, str]) -> None:
        """See the port."""
        self._merges.remember(into)

    async def collection_notes(self, account_id: str) -> dict[str, Any]:
        """By SOQL."""
        rows = await self._query(soql.collection_notes(account_id))
        row = rows[0] if rows else {}
        return {"promised": row.get("Promise_To_Pay__c"), "disputed": row.get("Disputed_Invoices__c")}

    async def write_activation(
        self, deal: Deal, contract: Mapping[str, Any] | None, opportunity: Mapping[str, Any], account: Mapping[str, Any]
    ) -> str:
        """A contract is inserted as Draft and then activated; an activated one cannot go back, so it is left alone."""
        parts: list[dict[str, Any]] = []
        known: dict[str, Any] | None = None
        if contract is not None:
            subscription = str(contract["Subscription_Id__c"])
            rows = await self._query(soql.contract(subscription))
            known = rows[0] if rows else None
            path = self._by_key("Contract", "Subscription_Id__c", subscription)
            if known is None or known["Status"] != "Activated":
                draft = {name: value for name, value in contract.items() if name != "Subscription_Id__c"}
                parts.append(_part("PATCH", path, "contract", self._out("Contract", draft)))
                parts.append(_part("PATCH", path, "activation", {"Status": "Activated"}))
        parts.append(
            _part("PATCH", f"{self._data}/sobjects/Account/{deal.account.id}", "account", self._out("Account", account))
        )
        won = self._out("Opportunity", opportunity)
        parts.append(_part("PATCH", f"{self._data}/sobjects/Opportunity/{deal.id}", "opportunity", won))
        answers = await self._composite(parts)
        if contract is None:
            return ""
        if known is not None:
            return str(known["Id"])
        body = answers[0].get("body") or {}
        return str(body.get("id", ""))

    async def write_contract(self, subscription_id: str, fields: Mapping[str, Any]) -> None:
        """Upsert by the subscription's id."""
        await self._upsert("Contract", "Subscription_Id__c", subscription_id, self._out("Contract", fields))

    async def write_contract_change(self, key: str, fields: Mapping[str, Any]) -> None:
        """Upsert by key."""
        given = self._out("Contract_Change__c", fields)
        await self._upsert("Contract_Change__c", "Change_Key__c", key, given)

    async def write_bill(self, number: str, fields: Mapping[str, Any]) -> None:
        """Upsert by number."""
        await self._upsert("Invoice__c", "Invoice_Number__c", number, self._out("Invoice__c", fields))

    async def write_shares(self, of: DocumentKind, number: str, shares: Mapping[str, Mapping[str, Any]]) -> bool:
        """Upserts by keys, so many in one transaction as a composite request takes. An org may have no such object."""
        parts = []
        record, relation, (parent, field) = _SHARES[of]
        whole = {self._fields.theirs(SYSTEM, parent, field): number}
        for index, (key, fields) in enumerate(shares.items()):
            given = {**self._out(record, fields), relation: whole}
            path = self._by_key(record, "Share_Key__c", key)
            parts.append(_part("PATCH", path, f"share{index}", given))
        try:
            for start in range(0, len(parts), PARTS_MAX):
                await self._composite(parts[start : start + PARTS_MAX])
        except Rejected as refusal:
            if refusal.code != "NOT_FOUND":
                raise
            return False
        return True

    async def write_credit(self, number: str, fields: Mapping[str, Any], bill: str) -> None:
        """Upsert by number."""
        given = {**self._out("Credit_Note__c", fields), "Invoice__r": self._bill_key(bill)}
        await self._upsert("Credit_Note__c", "Credit_Number__c", number, given)

    async def write_receipt(self, key: str, fields: Mapping[str, Any], number: str, bill: Mapping[str, Any]) -> None:
        """The bill first, so that the payment can refer to it by its number."""
        if not number:
            await self._upsert("Payment__c", "Payment_Key__c", key, self._out("Payment__c", fields))
            return
        bill_path = self._by_key("Invoice__c", "Invoice_Number__c", number)
        path = self._by_key("Payment__c", "Payment_Key__c", key)
        payment = {**self._out("Payment__c", fields), "Invoice__r": self._bill_key(number)}
        shown = self._out("Invoice__c", bill)
        await self._composite([_part("PATCH", bill_path, "bill", shown), _part("PATCH", path, "payment", payment)])

    def _out(self, record: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        return self._fields.out(SYSTEM, record, fields)

    def _by_key(self, record: str, field: str, key: str) -> str:
        return f"{self._data}/sobjects/{record}/{self._fields.theirs(SYSTEM, record, field)}/{percent(key, safe='')}"

    def _bill_key(self, number: str) -> dict[str, str]:
        return {self._fields.theirs(SYSTEM, "Invoice__c", "Invoice_Number__c"): number}

    async def _upsert(self, record: str, field: str, key: str, given: Mapping[str, Any]) -> None:
        url = f"{self._site}{self._by_key(record, field, key)}"
        await self._write(f"record.upsert:{record}", Request("PATCH", url, JSON, render(given), self._timeout_s))

    async def _write(self, operation: str, request: Request) -> None:
        try:
            await self._client.write(operation, self._now(request))
        except Rejected as refusal:
            if await self._merges.learnt(refusal, f"{request.url} {request.body.decode()}"):
                await self._write(operation, request)
                return
            raise self._drift(refusal, operation) from None

    def _now(self, request: Request) -> Request:
        """The request about accounts that are still there."""
        url, body = self._merges.now(request.url), self._merges.now(request.body.decode())
        return replace(request, url=url, body=body.encode())

    def _drift(self, refusal: Rejected, operation: str) -> Rejected:
        """The refusal, as drift if it says that a field is not there."""
        found = _NO_COLUMN.search(refusal.message) if refusal.code == "INVALID_FIELD" else None
        key = _NO_KEY.search(refusal.message)
        if found is None and key is None:
            return refusal
        record, name = (found[2], found[1]) if found else (operation.rpartition(":")[2], key[1] if key else "")
        ours = self._fields.ours(SYSTEM, record, name)
        return Drifted(SYSTEM, operation, record, ours, f"a field {name}", "no such field")

    async def book(self) -> Book:
        """SOQL page by page, or by bulk jobs above a threshold; copies by queryAll, which tells what was deleted."""
        rows = [await self._query(text, bulk=True) for text in books_salesforce.LIVING]
        rows += [await self._query(text, "queryAll", bulk=True) for text in books_salesforce.COPIES]
        milestones = await self._queried(books_salesforce.MILESTONES)
        shares: dict[DocumentKind, list[dict[str, Any]]] = {}
        for kind, text in books_salesforce.SHARES.items():
            shares[kind] = await self._queried(text, "queryAll")
        accounts, deals, contracts, invoices, credits, payments = rows
        return books_salesforce.book(accounts, deals, contracts, invoices, credits, payments, milestones, shares)

    async def _queried(self, text: str, operation: str = "query") -> list[dict[str, Any]]:
        """Of an object that not every org has: one that sells no projects has no milestones."""
        try:
            return await self._query(text, operation, bulk=True)
        except Rejected as refusal:
            if refusal.code != "INVALID_TYPE":
                raise
            return []

    async def _query(self, text: str, operation: str = "query", bulk: bool = False) -> list[dict[str, Any]]:
        """All rows; `bulk`: by a job of the Bulk API if they are many."""
        asked = self._fields.query(SYSTEM, text)
        url: str | None = f"{self._site}{self._data}/{operation}?{urlencode({'q': asked})}"
        rows: list[dict[str, Any]] = []
        while url:
            try:
                body = await self._client.read(operation, Request("GET", url, JSON, b"", self._timeout_s))
            except Rejected as refusal:
                raise self._drift(refusal, operation) from None
            if not isinstance(body, dict) or not isinstance(body.get("records"), list):
                raise Later(2.0, "salesforce query: an answer without records", counts=False)
            if bulk and not rows and int(body.get("totalSize") or 0) > self._bulk_above:
                return list(self._fields.back(SYSTEM, await self._bulk.rows(asked, operation)))
            rows += self._fields.back(SYSTEM, body["records"])
            following = body.get("nextRecordsUrl")
            url = f"{self._site}{following}" if following and not body.get("done") else None
            operation = "queryMore"
        return rows

    async def _composite(self, parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """All or nothing. HTTP 200 says nothing about the parts: each has its own status."""
        url = f"{self._site}{self._data}/composite"
        request = Request("POST", url, JSON, render({"allOrNone": True, "compositeRequest": parts}), self._timeout_s)
        answer = await self._client.write_json("composite", self._now(request), "compositeResponse")
        answers = answer["compositeResponse"]
        if not isinstance(answers, list) or len(answers) != len(parts):
            raise Unknown("salesforce", "composite", "an answer for other than the parts sent")
        failed = [part for part in answers if int(part.get("httpStatusCode", 500)) >= 300]
        if failed:
            refusals = [(int(part.get("httpStatusCode", 500)), refusal_of(part.get("body"))) for part in failed]
            own = [(status, refusal) for status, refusal in refusals if refusal.code != "PROCESSING_HALTED"]
            status, refusal = (own or refusals)[0]
            if refusal.again_s is not None or refusal.limit_s is not None:
                delay = refusal.again_s or refusal.limit_s or LOCK_S
                raise Later(delay, f"salesforce composite: {refusal.code}")
            if status >= 500:
                raise Unknown("salesforce", "composite", f"part answered {status}")
            answer = Rejected(SYSTEM, "composite", status, refusal.code, refusal.message, refusal.duplicate)
            if await self._merges.learnt(answer, request.body.decode()):
                return await self._composite(parts)
            record = str(parts[answers.index(failed[refusals.index((status, refusal))])]["url"]).split("/sobjects/")[1]
            raise self._drift(answer, f"composite:{record.partition('/')[0]}")
        return answers


def _pages(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[start : start + IDS_MAX] for start in range(0, len(ids), IDS_MAX)]


def _part(method: str, url: str, reference: str, body: Mapping[str, Any]) -> dict[str, Any]:
    return {"method": method, "url": url, "referenceId": reference, "body": dict(body)}
