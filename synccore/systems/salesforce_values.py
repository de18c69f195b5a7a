"""Salesforce's records as business values; a value of another kind than agreed is drift, and names its field."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any, TypeVar

from synccore.domain.deals import Account, Address, Deal, DealLine, Milestone
from synccore.domain.money import minor
from synccore.ports.rows import Row
from synccore.ports.systems import Drifted
from synccore.systems import soql

T = TypeVar("T")


def row(found: Any, missing: tuple[str, ...]) -> Row:
    """What of a changed record matters."""
    found = found if isinstance(found, Mapping) else {}
    content = {name: _text(value) for name, value in found.items() if name not in ("attributes", "SystemModstamp")}
    name, stamp = found.get("Id"), found.get("SystemModstamp")
    return Row(_word(name), _word(stamp), _word(found.get("AccountId")) or _word(name), content, missing)


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _text(value: Any) -> str:
    if isinstance(value, Decimal | int | float) and not isinstance(value, bool):
        return f"{Decimal(str(value)).normalize():f}"
    return "" if value is None else str(value)


def _address(row: Mapping[str, Any], kind: str) -> Address:
    street, city, state, postal_code, country = (str(row.get(f"{kind}{part}") or "") for part in soql.ADDRESS)
    return Address(street=street, city=city, state=state, postal_code=postal_code, country=country)


def account(row: Mapping[str, Any]) -> Account:
    """An account."""
    return Account(
        id=str(row["Id"]),
        name=str(row.get("Name") or ""),
        entity=str(row.get("Selling_Entity__c") or ""),
        tax_id=str(row.get("Tax_Id__c") or ""),
        bill_to=_address(row, "Billing"),
        ship_to=_address(row, "Shipping"),
    )


def deal(row: Mapping[str, Any]) -> Deal:
    """An opportunity with its account and lines. Raises Drifted, whatever is wrong with the row."""
    try:
        return _deal(row)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise Drifted(
            "salesforce", "query", "Opportunity", "", "a record", f"{type(error).__name__}: {error}"
        ) from None


def _deal(row: Mapping[str, Any]) -> Deal:
    def read(field: str, kind: str, convert: Callable[[Any], T], empty: T) -> T:
        return _read("Opportunity", row, field, kind, convert, empty)

    currency = str(row.get("CurrencyIsoCode") or "USD")
    children = (row.get("OpportunityLineItems") or {}).get("records") or []
    return Deal(
        id=str(row["Id"]),
        name=str(row.get("Name") or ""),
        account=account(row["Account"] or {"Id": row.get("AccountId") or ""}),
        won=bool(row.get("IsWon")),
        closed=bool(row.get("IsClosed")),
        currency=currency,
        amount=read("Amount", "an amount", partial(_money, currency), 0),
        closed_on=date.fromisoformat(str(row["CloseDate"])),
        start=read("Contract_Start_Date__c", "a date", _date, None),
        term_months=read("Contract_Term_Months__c", "a whole number", _whole, None),
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


def milestone(row: Mapping[str, Any]) -> Milestone:
    """A milestone of a deal."""
    convert = partial(_money, str(row.get("CurrencyIsoCode") or "USD"))
    amount = _read("Milestone__c", row, "Amount__c", "an amount", convert, 0)
    return Milestone(
        id=str(row["Id"]), name=str(row.get("Name") or ""), amount=amount, accepted=row.get("Status__c") == "Accepted"
    )


def milestone_row(found: Mapping[str, Any]) -> Row:
    """A changed milestone, under its deal's account."""
    account = str((found.get("Opportunity__r") or {}).get("AccountId") or "")
    flat = {name: value for name, value in found.items() if name != "Opportunity__r"}
    return row({**flat, "AccountId": account}, ())


def _line(row: Mapping[str, Any], currency: str) -> DealLine:
    def read(field: str, kind: str, convert: Callable[[Any], T], empty: T) -> T:
        return _read("OpportunityLineItem", row, field, kind, convert, empty)

    product = row.get("Product2") or {}
    return DealLine(
        id=str(row["Id"]),
        sku=str(product.get("ProductCode") or product.get("Name") or ""),
        name=str(product.get("Name") or ""),
        quantity=read("Quantity", "a number", _decimal, Decimal(0)),
        unit_price=read("UnitPrice", "an amount", partial(_money, currency), 0),
        total=read("TotalPrice", "an amount", partial(_money, currency), 0),
    )


def _read(record: str, row: Mapping[str, Any], field: str, kind: str, convert: Callable[[Any], T], empty: T) -> T:
    value = row.get(field)
    if value is None or value == "":
        return empty
    try:
        return convert(value)
    except (ValueError, TypeError, InvalidOperation):
        raise Drifted("salesforce", "query", record, field, kind, f"'{value}'"[:80]) from None


def _decimal(value: Any) -> Decimal:
    return Decimal(str(value))


def _whole(value: Any) -> int | None:
    number = Decimal(str(value))
    if number != number.to_integral_value():
        raise ValueError
    return int(number)


def _date(value: Any) -> date | None:
    return date.fromisoformat(str(value))


def _money(currency: str, value: Any) -> int:
    return minor(Decimal(str(value)), currency)
