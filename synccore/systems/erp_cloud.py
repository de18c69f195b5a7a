"""The cloud ERP as the core uses it: records by external id, SuiteQL reads, OAuth2 machine-to-machine."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import quote as percent
from urllib.parse import urlencode

from synccore.domain.bills import Payment, Receipt
from synccore.domain.books import Book, Names
from synccore.domain.drift import FieldMaps
from synccore.domain.money import major, minor
from synccore.ports.chance import Chance
from synccore.ports.clock import Clock
from synccore.ports.outcomes import Later
from synccore.ports.postings import Booking, Period, Posting, Stranger
from synccore.ports.rows import Row
from synccore.ports.systems import Found, Rejected, Unknown
from synccore.ports.transport import Request, Response, Transport
from synccore.systems import books_cloud, erp_cloud_values
from synccore.systems.assertion import Assertions
from synccore.systems.client import UNREADABLE, Client, OnCall, Refusal, render, with_header
from synccore.systems.credentials import CloudErpAccess
from synccore.systems.erp_cloud_values import (
    SYSTEM,
    address,
    apply_list,
    booked,
    drift,
    entered_at,
    item_line,
    literal,
    tax_detail,
)
from synccore.systems.tokens import Tokens

JSON = {"content-type": "application/json", "accept": "application/json"}
_DUPLICATE = re.compile(r"DUP_RCRD|DUP_ENTITY|already exists|has already been used|duplicate", re.IGNORECASE)
_PAGE = 1000


class CloudErpDialect:
    """M2M bearer tokens without refresh tokens; 429 comes without Retry-After; errors in o:errorDetails."""

    def __init__(
        self, access: CloudErpAccess, transport: Transport, clock: Clock, chance: Chance, timeout_s: float
    ) -> None:
        self._url = f"{access.url}/services/rest/auth/oauth2/v1/token"
        self._transport, self._clock, self._chance, self._timeout_s = transport, clock, chance, timeout_s
        self._assertions = Assertions(access, self._url)
        self._tokens = Tokens(self._sign_in)

    async def _sign_in(self) -> Response:
        assertion = self._assertions.make(self._clock.wire(), self._chance.token("erp_cloud.jti"))
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion,
        }
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        body = urlencode(form).encode()
        return await self._transport.send(Request("POST", self._url, headers, body, self._timeout_s))

    async def sign(self, request: Request, stale: str | None) -> tuple[Request, str]:
        """Bearer token."""
        token = await self._tokens.get(stale)
        return with_header(request, "authorization", f"Bearer {token}"), token

    def refusal(self, status: int, body: Any) -> Refusal:
        """All details; a duplicate external id or number is told by its words."""
        details = body.get("o:errorDetails") if isinstance(body, dict) else None
        if not isinstance(details, list) or not details:
            return Refusal(UNREADABLE, "the answer names no error")
        code = str(details[0].get("o:errorCode") or "UNKNOWN")
        message = "; ".join(
            f"{detail.get('detail', '')} {detail.get('o:errorPath', '')}".strip() for detail in details
        )[:500]
        duplicate = status in (400, 409) and _DUPLICATE.search(f"{code} {message}") is not None
        return Refusal(code, message, duplicate)


class CloudErpAdapter:
    """Implements ports.systems.CloudErp.

    Documents are created by POST with their external id: a second one is refused by the vendor, where a repeated
    PUT eid: would append its lines to the first.
    """

    def __init__(
        self, access: CloudErpAccess, transport: Transport, clock: Clock, chance: Chance, concurrency: int,
        timeout_s: float, on_call: OnCall | None = None, fields: FieldMaps | None = None,
    ) -> None:  # fmt: skip
        self._fields = fields or FieldMaps()
        dialect = CloudErpDialect(access, transport, clock, chance, timeout_s)
        self._client = Client("erp_cloud", transport, clock, concurrency, timeout_s, dialect, on_call)
        self._rest, self._timeout_s = f"{access.url}/services/rest", timeout_s
        self._currencies: dict[str, str] = {}

    async def reachable(self) -> None:
        """A few rows."""
        await self._suiteql("SELECT id FROM currency")

    async def items(self, external_ids: Sequence[str]) -> dict[str, str]:
        """One SuiteQL query for all of them."""
        if not external_ids:
            return {}
        wanted = ", ".join(literal(key) for key in external_ids)
        rows = await self._suiteql(f"SELECT id, externalid FROM item WHERE externalid IN ({wanted}) ORDER BY id")
        return {str(row["externalid"]): str(row["id"]) for row in rows}

    async def customer(self, external_id: str) -> Found | None:
        """By eid."""
        row = await self._record("customer", f"eid:{external_id}")
        return Found(str(row["id"])) if row else None

    async def strangers(self, subsidiary: str) -> list[Stranger]:
        """By SuiteQL."""
        rows = await self._suiteql(
            "SELECT id, companyname, vatregnumber FROM customer WHERE externalid IS NULL AND isinactive = 'F'"
            f" AND subsidiary = {literal(subsidiary)} ORDER BY id"
        )
        return [
            Stranger(str(row["id"]), str(row.get("companyname") or ""), str(row.get("vatregnumber") or ""))
            for row in rows
        ]

    async def adopt_customer(self, internal_id: str, external_id: str) -> str:
        """PATCH."""
        url, body = f"{self._rest}/record/v1/customer/{percent(internal_id, safe='')}", {"externalId": external_id}
        await self._client.write("record.update:customer", Request("PATCH", url, JSON, render(body), self._timeout_s))
        return internal_id

    async def create_customer(self, external_id: str, fields: Mapping[str, Any]) -> str:
        """POST with external id."""
        body = {"externalId": external_id, **(await self._customer_body(fields))}
        body["addressBook"] = {
            "items": [
                {"defaultBilling": True, "defaultShipping": True, "addressBookAddress": address(fields["address"])}
            ]
        }
        return await self._create("customer", body)

    async def update_customer(self, internal_id: str, fields: Mapping[str, Any]) -> str:
        """PATCH; the subsidiary is left out, it cannot change once there are transactions."""
        body = await self._customer_body(fields)
        body.pop("subsidiary")
        body.pop("currency")
        body["addressBook"] = {
            "items": [
                {"defaultBilling": True, "defaultShipping": True, "addressBookAddress": address(fields["address"])}
            ]
        }
        url = f"{self._rest}/record/v1/customer/{percent(internal_id, safe='')}?replace=addressBook"
        await self._client.write("record.update:customer", Request("PATCH", url, JSON, render(body), self._timeout_s))
        return internal_id

    async def invoice(self, external_id: str, currency: str) -> Found | None:
        """By eid, with its total and when it was entered."""
        row = await self._record("invoice", f"eid:{external_id}")
        if row is None:
            return None
        return Found(str(row["id"]), minor(Decimal(str(row.get("total", 0))), currency), entered_at(row))

    async def invoice_key(self, internal_id: str) -> str:
        """By internal id."""
        return await self._key("invoice", internal_id)

    async def credit_key(self, internal_id: str) -> str:
        """By internal id."""
        return await self._key("creditMemo", internal_id)

    async def _key(self, kind: str, internal_id: str) -> str:
        row = await self._record(kind, internal_id)
        return str(row.get("externalId") or "") if row else ""

    async def open_period(self, after: date) -> Period | None:
        """By SuiteQL."""
        rows = await self._suiteql(
            "SELECT id, periodname FROM accountingperiod WHERE isposting = 'T' AND isyear = 'F' AND isquarter = 'F'"
            " AND closed = 'F' AND arlocked = 'F' AND alllocked = 'F'"
            f" AND startdate > TO_DATE({literal(after.isoformat())}, 'YYYY-MM-DD') ORDER BY startdate"
        )
        return Period(str(rows[0]["id"]), str(rows[0]["periodname"])) if rows else None

    async def create_invoice(self, posting: Posting) -> str:
        """Lines with the platform's tax: taxDetailsOverride and one detail per line, by reference."""
        body = await self._document(posting)
        body["otherRefNum"] = posting.po_number or None
        if posting.due is not None:
            body["dueDate"] = posting.due.isoformat()
        return await self._create("invoice", {name: value for name, value in body.items() if value is not None})

    async def credit_memo(self, external_id: str, currency: str) -> Found | None:
        """By eid, with its total."""
        row = await self._record("creditMemo", f"eid:{external_id}")
        return Found(str(row["id"]), minor(Decimal(str(row.get("total", 0))), currency)) if row else None

    async def create_credit(self, posting: Posting, applied: Mapping[str, int]) -> str:
        """A credit memo with the platform's tax and an explicit apply list."""
        body = {**await self._document(posting), "autoApply": False, "apply": apply_list(applied, posting.currency)}
        return await self._create("creditMemo", body)

    async def apply_credit(self, internal_id: str, applied: Mapping[str, int], currency: str) -> None:
        """PATCH that replaces the whole apply list: sent twice it says the same."""
        await self._apply("creditMemo", internal_id, applied, currency)

    async def _document(self, posting: Posting) -> dict[str, Any]:
        lines, period = list(enumerate(posting.lines, start=1)), posting.period
        taxed = [(index, line) for index, line in lines if not line.untaxed]
        moved = f": tax point {posting.on.isoformat()}, posted in {period.name}" if period is not None else ""
        return {
            "externalId": posting.external_id,
            "tranId": posting.number,
            "entity": {"id": posting.customer},
            "subsidiary": {"id": posting.subsidiary},
            "currency": {"id": await self._currency_id(posting.currency)},
            "tranDate": posting.on.isoformat(),
            **({"postingPeriod": {"id": period.id}} if period is not None else {}),
            "memo": f"{posting.memo or posting.number}{moved}",
            "item": {"items": [item_line(f"T{index}", line, posting.currency) for index, line in lines]},
            "taxDetailsOverride": True,
            "taxDetails": {"items": [tax_detail(f"T{index}", line, posting.currency) for index, line in taxed]},
        }

    async def payment(self, external_id: str, currency: str) -> Found | None:
        """By eid, with its amount."""
        row = await self._record("customerPayment", f"eid:{external_id}")
        return Found(str(row["id"]), minor(Decimal(str(row.get("payment", 0))), currency)) if row else None

    async def create_payment(
        self, external_id: str, payment: Payment, customer: str, when: Booking, applied: Mapping[str, int]
    ) -> str:
        """POST with an explicit apply list; what is not applied stays unapplied there too."""
        body = {
            "externalId": external_id,
            "customer": {"id": customer},
            "payment": major(payment.amount, payment.currency),
            "currency": {"id": await self._currency_id(payment.currency)},
            **booked(when, payment.id),
            "autoApply": False,
            "apply": apply_list(applied, payment.currency),
        }
        return await self._create("customerPayment", body)

    async def apply_payment(self, internal_id: str, applied: Mapping[str, int], currency: str) -> None:
        """PATCH that replaces the whole apply list: sent twice it says the same."""
        await self._apply("customerPayment", internal_id, applied, currency)

    async def refund(self, external_id: str, currency: str) -> Found | None:
        """By eid, with its total."""
        row = await self._record("customerRefund", f"eid:{external_id}")
        return Found(str(row["id"]), minor(Decimal(str(row.get("total", 0))), currency)) if row else None

    async def create_refund(
        self, external_id: str, refund: Payment, customer: str, when: Booking, taken: Mapping[str, int], account: str
    ) -> str:
        """POST: its amount is what its apply list takes from credit memos and unapplied payments."""
        body = {
            "externalId": external_id,
            "customer": {"id": customer},
            "currency": {"id": await self._currency_id(refund.currency)},
            **booked(when, refund.id),
            "apply": apply_list(taken, refund.currency),
        }
        return await self._create("customerRefund", {**body, "account": {"id": account}} if account else body)

    async def _apply(self, kind: str, internal_id: str, applied: Mapping[str, int], currency: str) -> None:
        url = f"{self._rest}/record/v1/{kind}/{percent(internal_id, safe='')}?replace=apply"
        body = render({"apply": apply_list(applied, currency)})
        await self._client.write(f"record.update:{kind}", Request("PATCH", url, JSON, body, self._timeout_s))

    async def changed_payments(self, since: str) -> list[Row]:
        """Polled by lastmodifieddate, which also moves when applications change."""
        condition = ""
        if since:
            condition = f" AND t.lastmodifieddate >= TO_DATE({literal(since)}, 'YYYY-MM-DD HH24:MI:SS')"
        rows = await self._suiteql(
            "SELECT t.id, t.externalid, t.entity, t.type, c.externalid AS customer,"
            " TO_CHAR(t.lastmodifieddate, 'YYYY-MM-DD HH24:MI:SS') AS modified"
            " FROM transaction t JOIN customer c ON c.id = t.entity"
            f" WHERE t.type IN ('CustPymt', 'CustRfnd'){condition}"
            " ORDER BY t.lastmodifieddate, t.id"
        )
        return [erp_cloud_values.changed(row) for row in rows]

    async def deleted_payments(self, since: str) -> list[Row]:
        """SuiteQL's `deletedrecord` alone tells of them: a record that is gone has no lastModifiedDate any more."""
        condition = f" AND d.deleteddate >= TO_DATE({literal(since)}, 'YYYY-MM-DD HH24:MI:SS')" if since else ""
        rows = await self._suiteql(
            "SELECT d.recordid, d.externalid, TO_CHAR(d.deleteddate, 'YYYY-MM-DD HH24:MI:SS') AS deleted"
            f" FROM deletedrecord d WHERE d.recordtypeid = 'customerpayment'{condition}"
            " ORDER BY d.deleteddate, d.recordid"
        )
        return [erp_cloud_values.deleted(row) for row in rows]

    async def receipt(self, internal_id: str, refund: bool = False) -> Receipt | None:
        """With its apply list. Currency by id, as names differ between accounts."""
        kind = "customerRefund" if refund else "customerPayment"
        row = await self._record(kind, internal_id, "?expandSubResources=true")
        if row is None:
            return None
        currency = await self._currency_symbol(str((row.get("currency") or {}).get("id", "")))
        read = erp_cloud_values.given_back if refund else erp_cloud_values.receipt
        return read(row, internal_id, currency)

    async def book(self, names: Names) -> Book:
        """SuiteQL pages by key: by offset the vendor reaches no further than 100,000 rows."""
        rows = [await self._by_key(query) for query in books_cloud.BY_KEY]
        rows.append(await self._suiteql(books_cloud.DELETED))
        return books_cloud.book(names, *rows)

    async def _by_key(self, query: str) -> list[dict[str, Any]]:
        """All rows of a query that begins behind `{after}` and is sorted by `id`; an id's rows may cross pages."""
        rows: list[dict[str, Any]] = []
        after = 0
        while True:
            page = await self._suiteql(query.replace("{after}", str(after)), most=books_cloud.PAGES * _PAGE)
            rows += page
            if len(page) < books_cloud.PAGES * _PAGE:
                return rows
            last = str(page[-1]["id"])
            rows = [row for row in rows if str(row["id"]) != last]  # its rest is on the next page: read it anew
            after = int(last) - 1

    async def _customer_body(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "companyName": fields["name"],
            "isPerson": False,
            "subsidiary": {"id": fields["subsidiary"]},
            "currency": {"id": await self._currency_id(str(fields["currency"]))},
        }

    async def _currency_id(self, symbol: str) -> str:
        for internal_id, known in (await self._all_currencies()).items():
            if known == symbol:
                return internal_id
        raise Rejected("erp_cloud", "suiteql", 400, "NO_CURRENCY", f"the cloud ERP has no currency {symbol}")

    async def _currency_symbol(self, internal_id: str) -> str:
        known = (await self._all_currencies()).get(internal_id)
        if known is None:
            raise Rejected("erp_cloud", "suiteql", 400, "NO_CURRENCY", f"the cloud ERP has no currency '{internal_id}'")
        return known

    async def _all_currencies(self) -> dict[str, str]:
        if not self._currencies:
            rows = await self._suiteql("SELECT id, symbol FROM currency ORDER BY id")
            self._currencies = {str(row["id"]): str(row["symbol"]) for row in rows if row.get("symbol")}
        return self._currencies

    async def _record(self, kind: str, reference: str, query: str = "") -> dict[str, Any] | None:
        url = f"{self._rest}/record/v1/{kind}/{percent(reference, safe=':')}{query}"
        body = await self._client.read(
            f"record.get:{kind}", Request("GET", url, JSON, b"", self._timeout_s), missing_ok=True
        )
        if body is not None and (not isinstance(body, dict) or "id" not in body):
            raise Later(2.0, f"erp_cloud record.get:{kind}: an answer without an id", counts=False)
        return body

    async def _create(self, kind: str, body: Mapping[str, Any]) -> str:
        operation = f"record.create:{kind}"
        url = f"{self._rest}/record/v1/{kind}"
        given = self._fields.out(SYSTEM, kind, body)
        try:
            response = await self._client.write(operation, Request("POST", url, JSON, render(given), self._timeout_s))
        except Rejected as refusal:
            raise drift(refusal, operation, kind) from None
        location = response.headers.get("location", "").rstrip("/")
        internal_id = location.rpartition("/")[2]
        if not internal_id:
            raise Unknown("erp_cloud", operation, f"{response.status} without a Location")
        return internal_id

    async def _suiteql(self, query: str, most: int = 0) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        offset = 0
        while True:
            url = f"{self._rest}/query/v1/suiteql?limit={_PAGE}&offset={offset}"
            request = Request("POST", url, {**JSON, "prefer": "transient"}, render({"q": query}), self._timeout_s)
            body = await self._client.read("suiteql", request)
            if not isinstance(body, dict) or not isinstance(body.get("items"), list):
                raise Later(2.0, "erp_cloud suiteql: an answer without items", counts=False)
            rows += body["items"]
            if not body.get("hasMore") or len(rows) == most:
                return rows
            offset += _PAGE
