"""Salesforce as the core uses it: SOQL reads, upserts by external id, several records in one composite call."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import quote as percent
from urllib.parse import urlencode

from synccore.domain.books import Book
from synccore.domain.deals import Account, Address, Deal, DealLine
from synccore.domain.money import minor
from synccore.ports.clock import Clock
from synccore.ports.outcomes import Later
from synccore.ports.systems import Rejected, Row, Unknown
from synccore.ports.transport import Request, Response, Transport
from synccore.systems import books_salesforce, soql
from synccore.systems.client import Client, OnCall, Refusal, parse, render, with_header
from synccore.systems.credentials import SalesforceAccess
from synccore.systems.tokens import Tokens

JSON = {"content-type": "application/json", "accept": "application/json"}
QUOTA_S, LOCK_S = 60.0, 3.0
_DUPLICATES = {"DUPLICATE_VALUE", "DUPLICATE_EXTERNAL_ID"}
_PASSING = {"UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE"}


class SalesforceDialect:
    """OAuth client credentials; errors as a JSON list. A spent quota is 403 REQUEST_LIMIT_EXCEEDED, not 429."""

    def __init__(self, access: SalesforceAccess, transport: Transport, timeout_s: float) -> None:
        self._access, self._transport, self._timeout_s = access, transport, timeout_s
        self._tokens = Tokens(self._sign_in)

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
        token = await self._tokens.get(stale)
        return with_header(request, "authorization", f"Bearer {token}"), token

    def refusal(self, response: Response) -> Refusal:
        """First error of the list."""
        try:
            body = parse(response.body)
        except ValueError:
            body = None
        return refusal_of(body)


def refusal_of(body: Any) -> Refusal:
    """An error list, as whole answers and composite parts carry it."""
    errors = [error for error in body if isinstance(error, dict)] if isinstance(body, list) else []
    if not errors:
        return Refusal("UNREADABLE", "the answer names no error")
    # in a rolled-back composite the culprit's own error is among many PROCESSING_HALTED ones
    code = str(errors[0].get("errorCode") or errors[0].get("statusCode") or "UNKNOWN")
    message = "; ".join(str(error.get("message", "")) for error in errors)[:500]
    limit = QUOTA_S if code == "REQUEST_LIMIT_EXCEEDED" else None
    return Refusal(code, message, code in _DUPLICATES, limit, LOCK_S if code in _PASSING else None)


class SalesforceAdapter:
    """Implements ports.systems.Salesforce."""

    def __init__(
        self, access: SalesforceAccess, transport: Transport, clock: Clock, concurrency: int, timeout_s: float,
        on_call: OnCall | None = None,
    ) -> None:  # fmt: skip
        dialect = SalesforceDialect(access, transport, timeout_s)
        self._client = Client("salesforce", transport, clock, concurrency, timeout_s, dialect, on_call)
        self._site, self._timeout_s = access.url, timeout_s
        self._data = f"/services/data/v{access.api_version}"

    async def reachable(self) -> None:
        """One row."""
        await self._query("SELECT Id FROM Organization")

    async def deal(self, opportunity_id: str) -> Deal | None:
        """One query for opportunity, account and lines."""
        rows = await self._query(soql.deal(opportunity_id))
        return _deal(rows[0]) if rows else None

    async def account(self, account_id: str) -> Account | None:
        """One account."""
        rows = await self._query(soql.account(account_id))
        return _account(rows[0]) if rows else None

    async def changed_deals(self, since: str) -> list[Row]:
        """Won opportunities, what matters of them without the fields that the core itself writes."""
        rows = await self._query(soql.changed_deals(since))
        return [_row(row, str(row.get("AccountId") or "")) for row in rows]

    async def changed_accounts(self, since: str) -> list[Row]:
        """Accounts, likewise."""
        rows = await self._query(soql.changed_accounts(since))
        return [_row(row, str(row["Id"])) for row in rows]

    async def write_deal_status(self, opportunity_id: str, fields: Mapping[str, Any]) -> None:
        """PATCH by id."""
        url = f"{self._site}{self._data}/sobjects/Opportunity/{percent(opportunity_id)}"
        request = Request("PATCH", url, JSON, render(dict(fields)), self._timeout_s)
        await self._client.write("record.update:Opportunity", request)

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
            path = f"{self._data}/sobjects/Contract/Subscription_Id__c/{percent(subscription, safe='')}"
            if known is None or known["Status"] != "Activated":
                draft = {name: value for name, value in contract.items() if name != "Subscription_Id__c"}
                parts.append(_part("PATCH", path, "contract", draft))
                parts.append(_part("PATCH", path, "activation", {"Status": "Activated"}))
        parts.append(_part("PATCH", f"{self._data}/sobjects/Account/{deal.account.id}", "account", account))
        parts.append(_part("PATCH", f"{self._data}/sobjects/Opportunity/{deal.id}", "opportunity", opportunity))
        answers = await self._composite(parts)
        if contract is None:
            return ""
        if known is not None:
            return str(known["Id"])
        body = answers[0].get("body") or {}
        return str(body.get("id", ""))

    async def write_contract(self, subscription_id: str, fields: Mapping[str, Any]) -> None:
        """Upsert by the subscription's id."""
        url = f"{self._site}{self._data}/sobjects/Contract/Subscription_Id__c/{percent(subscription_id, safe='')}"
        request = Request("PATCH", url, JSON, render(dict(fields)), self._timeout_s)
        await self._client.write("record.upsert:Contract", request)

    async def write_contract_change(self, key: str, fields: Mapping[str, Any]) -> None:
        """Upsert by key."""
        url = f"{self._site}{self._data}/sobjects/Contract_Change__c/Change_Key__c/{percent(key, safe='')}"
        request = Request("PATCH", url, JSON, render(dict(fields)), self._timeout_s)
        await self._client.write("record.upsert:Contract_Change__c", request)

    async def write_bill(self, number: str, fields: Mapping[str, Any]) -> None:
        """Upsert by number."""
        url = f"{self._site}{self._data}/sobjects/Invoice__c/Invoice_Number__c/{percent(number, safe='')}"
        request = Request("PATCH", url, JSON, render(dict(fields)), self._timeout_s)
        await self._client.write("record.upsert:Invoice__c", request)

    async def write_credit(self, number: str, fields: Mapping[str, Any], bill: str) -> None:
        """Upsert by number."""
        url = f"{self._site}{self._data}/sobjects/Credit_Note__c/Credit_Number__c/{percent(number, safe='')}"
        body = {**fields, "Invoice__r": {"Invoice_Number__c": bill}}
        await self._client.write(
            "record.upsert:Credit_Note__c", Request("PATCH", url, JSON, render(body), self._timeout_s)
        )

    async def write_receipt(self, key: str, fields: Mapping[str, Any], number: str, bill: Mapping[str, Any]) -> None:
        """The bill first, so that the payment can refer to it by its number."""
        bill_path = f"{self._data}/sobjects/Invoice__c/Invoice_Number__c/{percent(number, safe='')}"
        path = f"{self._data}/sobjects/Payment__c/Payment_Key__c/{percent(key, safe='')}"
        payment = {**fields, "Invoice__r": {"Invoice_Number__c": number}}
        await self._composite([_part("PATCH", bill_path, "bill", bill), _part("PATCH", path, "payment", payment)])

    async def book(self) -> Book:
        """SOQL page by page; copies by queryAll, which tells what was deleted."""
        rows = [await self._query(text) for text in books_salesforce.LIVING]
        copies = [await self._query(text, "queryAll") for text in books_salesforce.COPIES]
        return books_salesforce.book(*rows, *copies)

    async def _query(self, text: str, operation: str = "query") -> list[dict[str, Any]]:
        url: str | None = f"{self._site}{self._data}/{operation}?{urlencode({'q': text})}"
        rows: list[dict[str, Any]] = []
        while url:
            body = await self._client.read(operation, Request("GET", url, JSON, b"", self._timeout_s))
            if not isinstance(body, dict) or not isinstance(body.get("records"), list):
                raise Later(2.0, "salesforce query: an answer without records", counts=False)
            rows += body["records"]
            following = body.get("nextRecordsUrl")
            url = f"{self._site}{following}" if following and not body.get("done") else None
            operation = "queryMore"
        return rows

    async def _composite(self, parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """All or nothing. HTTP 200 says nothing about the parts: each has its own status."""
        url = f"{self._site}{self._data}/composite"
        body = render({"allOrNone": True, "compositeRequest": parts})
        answer = await self._client.write_json(
            "composite", Request("POST", url, JSON, body, self._timeout_s), "compositeResponse"
        )
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
            raise Rejected("salesforce", "composite", status, refusal.code, refusal.message, refusal.duplicate)
        return answers


def _part(method: str, url: str, reference: str, body: Mapping[str, Any]) -> dict[str, Any]:
    return {"method": method, "url": url, "referenceId": reference, "body": dict(body)}


def _row(row: Mapping[str, Any], account: str) -> Row:
    content = {name: _text(value) for name, value in row.items() if name not in ("attributes", "SystemModstamp")}
    return Row(str(row["Id"]), str(row["SystemModstamp"]), account, content)


def _text(value: Any) -> str:
    if isinstance(value, Decimal | int | float) and not isinstance(value, bool):
        return f"{Decimal(str(value)).normalize():f}"
    return "" if value is None else str(value)


def _address(row: Mapping[str, Any], kind: str) -> Address:
    street, city, state, postal_code, country = (str(row.get(f"{kind}{part}") or "") for part in soql.ADDRESS)
    return Address(street=street, city=city, state=state, postal_code=postal_code, country=country)


def _account(row: Mapping[str, Any]) -> Account:
    return Account(
        id=str(row["Id"]),
        name=str(row.get("Name") or ""),
        entity=str(row.get("Selling_Entity__c") or ""),
        tax_id=str(row.get("Tax_Id__c") or ""),
        bill_to=_address(row, "Billing"),
        ship_to=_address(row, "Shipping"),
    )


def _deal(row: Mapping[str, Any]) -> Deal:
    currency = str(row.get("CurrencyIsoCode") or "USD")
    start, term = row.get("Contract_Start_Date__c"), row.get("Contract_Term_Months__c")
    children = (row.get("OpportunityLineItems") or {}).get("records") or []
    return Deal(
        id=str(row["Id"]),
        name=str(row.get("Name") or ""),
        account=_account(row["Account"] or {"Id": row.get("AccountId") or ""}),
        won=bool(row.get("IsWon")),
        currency=currency,
        amount=_money(row.get("Amount"), currency),
        closed_on=date.fromisoformat(str(row["CloseDate"])),
        start=date.fromisoformat(str(start)) if start else None,
        term_months=int(Decimal(str(term))) if term is not None else None,
        payment_method=str(row.get("Payment_Method__c") or "").lower(),
        po_number=str(row.get("PO_Number__c") or ""),
        subscription_id=str(row.get("Subscription_Id__c") or ""),
        sync_status=str(row.get("Sync_Status__c") or ""),
        sync_error=str(row.get("Sync_Error__c") or ""),
        type=str(row.get("Type") or ""),
        contract_id=str(row.get("ContractId") or ""),
        contract_subscription=str((row.get("Contract") or {}).get("Subscription_Id__c") or ""),
        lines=tuple(_line(child, currency) for child in children),
    )


def _line(row: Mapping[str, Any], currency: str) -> DealLine:
    product = row.get("Product2") or {}
    return DealLine(
        id=str(row["Id"]),
        sku=str(product.get("ProductCode") or product.get("Name") or ""),
        name=str(product.get("Name") or ""),
        quantity=Decimal(str(row.get("Quantity") or 0)),
        unit_price=_money(row.get("UnitPrice"), currency),
        total=_money(row.get("TotalPrice"), currency),
    )


def _money(value: Any, currency: str) -> int:
    return minor(Decimal(str(value or 0)), currency)
