"""The clerk of the cloud ERP: books transfers, creates items, signs each request (TBA)."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from harness.drivers.wire import StepFailed, answer_of, ask, refused
from harness.world import Reply, World

REST = "/services/rest"


PAGE = 1000


@dataclass(frozen=True)
class OpenItem:
    """An invoice that is not paid in full; all but number and amount are the ledger's internal ids."""

    id: str
    number: str
    customer: str
    subsidiary: str
    currency: str
    unpaid: Decimal


class CloudClerk:
    """A person's integration role: every request is signed with OAuth 1.0a, HMAC-SHA256."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._signed = 0

    async def invoice(self, number: str) -> dict[str, Any]:
        """The open item with this document number: id, entity, unpaid amount (text), currency, subsidiary."""
        rows = await self.suiteql(
            "SELECT t.id, t.entity, t.currency, t.foreignamountunpaid, tl.subsidiary FROM transaction t "
            "JOIN transactionline tl ON tl.transaction = t.id AND tl.mainline = 'T' "
            f"WHERE t.type = 'CustInvc' AND t.tranid = '{number}'"
        )
        if not rows:
            raise StepFailed(f"the cloud ERP has no invoice {number} yet, so nobody can pay it there")
        return rows[0]

    async def knows(self, number: str) -> bool:
        """Is there an invoice with this document number?"""
        query = f"SELECT t.id FROM transaction t WHERE t.type = 'CustInvc' AND t.tranid = '{number}'"
        return bool(await self.suiteql(query))

    async def receive_transfer(self, number: str, amount: Decimal | None, on: str) -> tuple[str, Decimal]:
        """Book money that came to the bank against an invoice: the payment's id, and how much it was."""
        item = await self.invoice(number)
        due = Decimal(item["foreignamountunpaid"])
        paid = amount if amount is not None else due
        if due <= 0 or paid <= 0:
            raise StepFailed(f"invoice {number} is paid already")
        body = {
            "customer": {"id": item["entity"]}, "subsidiary": {"id": item["subsidiary"]},
            "currency": {"id": item["currency"]}, "tranDate": on, "payment": float(paid),
            "memo": f"Transfer for {number}", "undepFunds": True,
            "apply": {"items": [{"doc": {"id": item["id"]}, "apply": True, "amount": float(min(paid, due))}]},
        }  # fmt: skip
        return await self._create("customerPayment", body), paid

    async def return_transfer(self, numbers: Sequence[str], on: str) -> tuple[str, str]:
        """The bank has returned the youngest transfer for these invoices: it is taken off them and paid back. Its id
        and amount.
        """
        payment, amount = await self.youngest_transfer(numbers)
        path = f"{REST}/record/v1/customerPayment/{payment['id']}?replace=apply"
        reply = await self._send("PATCH", path, {"apply": {"items": []}})
        if reply.status != 204:
            raise refused("the cloud ERP", f"taking off payment {payment['id']}", reply)
        body = {
            "customer": {"id": payment["entity"]}, "currency": {"id": payment["currency"]}, "tranDate": on,
            "memo": "Returned by the bank",
            "apply": {"items": [{"doc": {"id": payment["id"]}, "apply": True, "amount": float(amount)}]},
        }  # fmt: skip
        await self._create("customerRefund", body)
        return str(payment["id"]), amount

    async def youngest_transfer(self, numbers: Sequence[str]) -> tuple[dict[str, Any], str]:
        """The youngest transfer that settles one of these invoices: id, entity and currency, and its amount."""
        listed = ", ".join(f"'{number}'" for number in numbers)
        rows = await self.suiteql(
            "SELECT p.id, p.entity, p.currency, p.foreigntotal, p.externalid FROM previoustransactionlinelink k "
            "JOIN transaction p ON p.id = k.nextdoc JOIN transaction t ON t.id = k.previousdoc "
            f"WHERE p.type = 'CustPymt' AND t.tranid IN ({listed}) ORDER BY p.id"
        )
        rows = [row for row in rows if not row.get("externalid")]
        if not rows:
            raise StepFailed(f"the cloud ERP knows no transfer for {listed}")
        return rows[-1], str(rows[-1]["foreigntotal"])

    async def apply_cash(
        self, numbers: Sequence[str], to: str, amount: Decimal | None, off: Sequence[str]
    ) -> tuple[str, Decimal]:
        """Set what the youngest transfer for these invoices has on account, once it is taken off others, against
        another one. Its id, and how much it was.
        """
        payment, _ = await self.youngest_transfer(numbers)
        record, item = await self.record("customerPayment", str(payment["id"])), await self.invoice(to)
        applied = {line["doc"]["id"]: Decimal(str(line["amount"])) for line in record["apply"]["items"]}
        taken_off = [(await self.invoice(number))["id"] for number in off]
        left = Decimal(str(record["unapplied"])) + sum(
            (applied.pop(str(one), Decimal(0)) for one in taken_off), Decimal(0)
        )
        most = min(left, Decimal(item["foreignamountunpaid"]))
        worth = most if amount is None else amount
        if worth <= 0:
            raise StepFailed(f"payment {payment['id']} has nothing on account, or {to} is paid")
        applied[item["id"]] = applied.get(item["id"], Decimal(0)) + worth
        lines = [{"doc": {"id": doc}, "apply": True, "amount": float(part)} for doc, part in applied.items()]
        path = f"{REST}/record/v1/customerPayment/{payment['id']}?replace=apply"
        reply = await self._send("PATCH", path, {"apply": {"items": lines}})
        if reply.status != 204:
            raise refused("the cloud ERP", f"setting payment {payment['id']} against {to}", reply)
        return str(payment["id"]), worth

    async def pay_out(self, numbers: Sequence[str], amount: Decimal | None, on: str) -> Decimal:
        """Credit memos of a customer are paid out by the bank in one, each as far as it still owes something or so
        much of it: how much it was.
        """
        lines: list[dict[str, Any]] = []
        for number in numbers:
            query = f"SELECT t.id FROM transaction t WHERE t.type = 'CustCred' AND t.tranid = '{number}'"
            rows = await self.suiteql(query)
            if not rows:
                raise StepFailed(f"the cloud ERP has no credit memo {number} yet, so nobody can pay it out there")
            memo = await self.record("creditMemo", str(rows[0]["id"]))
            worth = Decimal(str(memo["unapplied"])) if amount is None else amount
            if worth <= 0:
                raise StepFailed(f"credit memo {number} owes nothing")
            lines.append({"doc": {"id": memo["id"]}, "apply": True, "amount": float(worth)})
        body = {
            "customer": {"id": memo["entity"]["id"]}, "currency": {"id": memo["currency"]["id"]}, "tranDate": on,
            "memo": f"Paid out for {', '.join(numbers)}", "apply": {"items": lines},
        }  # fmt: skip
        await self._create("customerRefund", body)
        return sum((Decimal(str(line["amount"])) for line in lines), Decimal(0))

    async def open_items(self) -> list[OpenItem]:
        """All invoices that are not paid in full, oldest first."""
        query = (
            "SELECT t.id, t.tranid, t.entity, t.currency, t.foreignamountunpaid, tl.subsidiary FROM transaction t "
            "JOIN transactionline tl ON tl.transaction = t.id AND tl.mainline = 'T' "
            "WHERE t.type = 'CustInvc' AND t.foreignamountunpaid > 0 AND t.id > {after} ORDER BY t.id"
        )
        items: list[OpenItem] = []
        while True:  # by key and not by offset: the vendor reaches no further than 100,000 rows by offset
            rows = await self.suiteql(query.format(after=items[-1].id if items else 0))
            items += [
                OpenItem(
                    str(row["id"]), str(row["tranid"]), str(row["entity"]), str(row["subsidiary"]),
                    str(row["currency"]), Decimal(row["foreignamountunpaid"]),
                )
                for row in rows
            ]  # fmt: skip
            if len(rows) < PAGE:
                return items

    async def receive(self, items: Sequence[OpenItem], on: str) -> str:
        """Book one receipt that pays all these invoices of one customer in full; returns its id."""
        first = items[0]
        body = {
            "customer": {"id": first.customer}, "subsidiary": {"id": first.subsidiary},
            "currency": {"id": first.currency}, "tranDate": on,
            "payment": float(sum((item.unpaid for item in items), Decimal(0))),
            "memo": f"Transfer for {len(items)} invoices", "undepFunds": True,
            "apply": {"items": [
                {"doc": {"id": item.id}, "apply": True, "amount": float(item.unpaid)} for item in items
            ]},
        }  # fmt: skip
        return await self._create("customerPayment", body)

    async def create_item(self, external_id: str, name: str, account: str, subsidiaries: tuple[str, ...]) -> str:
        """A service item for sale; returns its id."""
        body = {
            "externalId": external_id, "itemId": name, "incomeAccount": {"id": account},
            "subsidiary": {"items": [{"id": one} for one in subsidiaries]},
        }  # fmt: skip
        return await self._create("serviceSaleItem", body)

    async def create_customer(self, name: str, entity: Mapping[str, Any], tax_id: str) -> str:
        """A customer without an external id; returns its id."""
        rows = await self.suiteql(f"SELECT id FROM currency WHERE symbol = '{entity['currencies'][0]}'")
        body = {"companyName": name, "isPerson": False, "subsidiary": {"id": str(entity["subsidiary"])},
                "currency": {"id": rows[0]["id"]}, **({"vatRegNumber": tax_id} if tax_id else {})}  # fmt: skip
        return await self._create("customer", body)

    async def mark_customer(self, name: str, external_id: str) -> None:
        """Give the customer of that name an external id."""
        quoted = name.replace("'", "''")
        rows = await self.suiteql(f"SELECT id FROM customer WHERE companyname = '{quoted}' AND externalid IS NULL")
        if len(rows) != 1:
            raise StepFailed(f"the cloud ERP has {len(rows)} customers {name} without an external id")
        reply = await self._send("PATCH", f"{REST}/record/v1/customer/{rows[0]['id']}", {"externalId": external_id})
        if reply.status != 204:
            raise refused("the cloud ERP", f"customer {name}", reply)

    async def suiteql(self, query: str) -> list[dict[str, Any]]:
        """Rows of a query (at most a page)."""
        reply = await self._send("POST", f"{REST}/query/v1/suiteql", {"q": query}, {"prefer": "transient"})
        if reply.status != 200:
            raise refused("the cloud ERP", query, reply)
        rows: list[dict[str, Any]] = answer_of(reply)["items"]
        return rows

    async def record(self, kind: str, internal_id: str) -> dict[str, Any]:
        """One record with its sublists."""
        reply = await self._send("GET", f"{REST}/record/v1/{kind}/{internal_id}?expandSubResources=true", None)
        if reply.status != 200:
            raise refused("the cloud ERP", f"{kind} {internal_id}", reply)
        found: dict[str, Any] = answer_of(reply)
        return found

    async def change(self, kind: str, internal_id: str, body: Mapping[str, Any]) -> None:
        """Change a record."""
        reply = await self._send("PATCH", f"{REST}/record/v1/{kind}/{internal_id}", body)
        if reply.status != 204:
            raise refused("the cloud ERP", f"a change of {kind} {internal_id}", reply)

    async def delete(self, kind: str, internal_id: str) -> None:
        """Delete a record."""
        reply = await self._send("DELETE", f"{REST}/record/v1/{kind}/{internal_id}", None)
        if reply.status != 204:
            raise refused("the cloud ERP", f"the deletion of {kind} {internal_id}", reply)

    async def create(self, kind: str, body: Mapping[str, Any]) -> str:
        """A new record; returns its id."""
        return await self._create(kind, body)

    async def _create(self, kind: str, body: Mapping[str, Any]) -> str:
        reply = await self._send("POST", f"{REST}/record/v1/{kind}", body)
        if reply.status != 204:
            raise refused("the cloud ERP", f"a new {kind}", reply)
        return reply.headers["location"].rsplit("/", 1)[-1]

    async def _send(self, method: str, path: str, value: Any, more: Mapping[str, str] | None = None) -> Reply:
        clock = await self._world.control("erp_cloud", "GET", "/_control/clock")
        self._signed += 1
        headers = {
            "host": urlsplit(self._world.base_url("erp_cloud")).netloc,
            "authorization": authorization(
                self._world.credentials("erp_cloud"), method, self._world.base_url("erp_cloud") + path,
                f"clerk{self._signed:08d}x{int(clock['wire'] * 1000) % 10**9:09d}", int(clock["wire"]),
            ),
            "content-type": "application/json",
            **(more or {}),
        }  # fmt: skip
        return await ask(
            self._world, "erp_cloud", method, path, headers, b"" if value is None else json.dumps(value).encode()
        )


def _encoded(text: str) -> str:
    return quote(text, safe="-._~")


def authorization(secret: Mapping[str, str], method: str, url: str, nonce: str, timestamp: int) -> str:
    """The OAuth 1.0a header of one request (RFC 5849, HMAC-SHA256 as the vendor demands); the realm is not signed."""
    parts = urlsplit(url)
    signed = {
        "oauth_consumer_key": secret["consumer_key"], "oauth_token": secret["token_id"], "oauth_nonce": nonce,
        "oauth_timestamp": str(timestamp), "oauth_version": "1.0", "oauth_signature_method": "HMAC-SHA256",
    }  # fmt: skip
    query = parse_qsl(parts.query, keep_blank_values=True)
    pairs = sorted((_encoded(name), _encoded(value)) for name, value in (*signed.items(), *query))
    address = f"{parts.scheme}://{parts.netloc.lower()}{parts.path}"
    base = "&".join((method, _encoded(address), _encoded("&".join(f"{name}={value}" for name, value in pairs))))
    key = f"{_encoded(secret['consumer_secret'])}&{_encoded(secret['token_secret'])}"
    signature = base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha256).digest()).decode()
    shown = {"realm": secret["account"], **signed, "oauth_signature": signature}
    return "OAuth " + ", ".join(f'{name}="{_encoded(value)}"' for name, value in shown.items())
