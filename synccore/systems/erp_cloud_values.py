"""What goes to and comes from the cloud ERP as its records have it: lines, addresses, apply lists, receipts."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from synccore.domain.bills import Application, Receipt
from synccore.domain.money import major, minor
from synccore.ports.postings import Booking, LedgerLine
from synccore.ports.rows import Row
from synccore.ports.systems import Drifted, Rejected

SYSTEM = "erp_cloud"
_DEMANDED = re.compile(r"enter value\(s\) for: ([^.]+?)\.?(?: (\w+))?$")

VOIDED = "V"  # status of a transaction


def drift(refusal: Rejected, operation: str, kind: str) -> Rejected:
    """The refusal, as drift if it says that the record needs a field that we do not know."""
    found = _DEMANDED.search(refusal.message)
    if found is None:
        return refusal
    came = "no value: the account demands one now"
    return Drifted(SYSTEM, operation, kind, found[2] or found[1], f"optional ({found[1]})", came)


def literal(text: str) -> str:
    """A text in SuiteQL."""
    return "'" + text.replace("'", "''") + "'"


def address(address: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an address that have a value."""
    fields = {
        "addr1": address.get("street"),
        "city": address.get("city"),
        "state": address.get("state"),
        "zip": address.get("postal_code"),
        "country": {"id": address["country"]} if address.get("country") else None,
    }
    return {name: value for name, value in fields.items() if value}


def apply_list(applied: Mapping[str, int], currency: str) -> dict[str, Any]:
    """An apply list that names documents by internal id."""
    rows = [{"doc": {"id": doc}, "apply": True, "amount": major(amount, currency)} for doc, amount in applied.items()]
    return {"items": rows}


def item_line(reference: str, line: LedgerLine, currency: str) -> dict[str, Any]:
    """A line of an item sublist. Service dates are what the ledger defers by, if it defers the item at all."""
    term = {"revRecStartDate": line.starts, "revRecEndDate": line.ends}
    return {
        "item": {"externalId": line.item},
        "quantity": Decimal(line.quantity),
        "amount": major(line.net, currency),
        "description": line.description,
        "taxDetailsReference": reference,
        **{name: day.isoformat() for name, day in term.items() if day is not None},
    }


def tax_detail(reference: str, line: LedgerLine, currency: str) -> dict[str, Any]:
    """The tax of one line, by its reference."""
    detail: dict[str, Any] = {
        "taxDetailsReference": reference,
        "taxCode": code_reference(line.code),
        "taxBasis": major(line.net, currency),
        "taxRate": Decimal(line.rate),
        "taxAmount": major(line.tax, currency),
    }
    if line.tax_type:
        detail["taxType"] = code_reference(line.tax_type)
    return detail


def code_reference(code: str) -> dict[str, str]:
    """A tax code or type as the map names it: by internal id if it is a number, else by its name."""
    return {"id": code} if code.isdigit() else {"refName": code}


def receipt(row: Mapping[str, Any], internal_id: str, currency: str) -> Receipt:
    """A customer payment with its apply list; applications name invoices by internal id."""
    external = str(row.get("externalId") or "")
    return Receipt(
        key=external or internal_id,
        ours=bool(external),
        customer=str((row.get("customer") or {}).get("id", "")),
        currency=currency,
        amount=minor(Decimal(str(row.get("payment", 0))), currency),
        received_on=_day(row),
        applied=tuple(Application(bill=doc, amount=amount) for _, doc, amount in _applications(row, currency)),
        loose=minor(Decimal(str(row.get("unapplied") or 0)), currency),
        voided=(row.get("status") or {}).get("id") == VOIDED,
    )


def given_back(row: Mapping[str, Any], internal_id: str, currency: str) -> Receipt:
    """A customer refund with what it was taken from."""
    external = str(row.get("externalId") or "")
    kinds = {"Credit Memo": "creditMemo", "Payment": "customerPayment"}
    return Receipt(
        key=external or internal_id,
        ours=bool(external),
        customer=str((row.get("customer") or {}).get("id", "")),
        currency=currency,
        amount=minor(Decimal(str(row.get("total", 0))), currency),
        received_on=_day(row),
        taken=tuple(
            Application(bill=f"{kinds.get(kind, kind)}:{doc}", amount=amount)
            for kind, doc, amount in _applications(row, currency)
        ),
    )


def changed(row: Any) -> Row:
    """A changed payment or refund; what makes no sense has an empty id or stamp, which its reader judges."""
    found: Mapping[str, Any] = row if isinstance(row, Mapping) else {"": row}
    content = {
        "external_id": str(found.get("externalid") or ""), "customer": str(found.get("customer") or ""),
        "kind": "refund" if found.get("type") == "CustRfnd" else "payment",
    }  # fmt: skip
    known = isinstance(found.get("id"), str | int) and not isinstance(found.get("id"), bool)
    if not known:
        content["row"] = repr(row)[:1000]
    return Row(
        str(found["id"]) if known else "", str(found.get("modified") or ""), str(found.get("entity") or ""), content
    )


def deleted(row: Any) -> Row:
    """A deleted payment; what makes no sense has an empty id or stamp."""
    found: Mapping[str, Any] = row if isinstance(row, Mapping) else {}
    known = isinstance(found.get("recordid"), str | int) and not isinstance(found.get("recordid"), bool)
    content = {"external_id": str(found.get("externalid") or "")}
    return Row(str(found["recordid"]) if known else "", str(found.get("deleted") or ""), "", content)


def entered_at(row: Mapping[str, Any]) -> float | None:
    """When a record was entered (createdDate), epoch seconds; None where it does not say so."""
    try:
        return datetime.fromisoformat(str(row["createdDate"])).timestamp()
    except (KeyError, ValueError):
        return None


def _day(row: Mapping[str, Any]) -> date | None:
    return date.fromisoformat(str(row["tranDate"])[:10]) if row.get("tranDate") else None


def _applications(row: Mapping[str, Any], currency: str) -> list[tuple[str, str, int]]:
    """(type, internal id, minor units) of each line that applies something."""
    return [
        (str(entry.get("type") or ""), str(entry["doc"]["id"]), minor(Decimal(str(entry["amount"])), currency))
        for entry in (row.get("apply") or {}).get("items") or [] if entry.get("apply") and entry.get("amount")
    ]  # fmt: skip


def booked(when: Booking, number: str) -> dict[str, Any]:
    """Day, month and memo of a movement of money."""
    if when.period is None:
        return {"tranDate": when.on.isoformat(), "memo": number}
    memo = f"{number}: moved on {when.on.isoformat()}, posted in {when.period.name}"
    return {"tranDate": when.on.isoformat(), "postingPeriod": {"id": when.period.id}, "memo": memo}
