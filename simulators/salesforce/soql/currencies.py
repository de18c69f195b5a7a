"""Amounts of several currencies in one query: converted to the corporate currency, or to that of the user who asks."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from simulators.kit.store import Doc
from simulators.salesforce import tables
from simulators.salesforce.soql.asking import Asking
from simulators.salesforce.soql.problems import SoqlError
from simulators.salesforce.values import exact, number

if TYPE_CHECKING:
    from simulators.salesforce.soql.frame import Column, Frame

SCALE = 2


def corporate(frame: Frame, column: Column) -> str:
    """SQL of a money column in the corporate currency, by the present rate of its record's currency."""
    sobject = frame.joins[column.hops][1] if column.hops in frame.joins else frame.sobject
    currency, table = sobject.get("CurrencyIsoCode"), frame.work.schema.objects["currencytype"]
    if column.field.type != "currency" or currency is None:
        return column.sql
    rate, code = (tables.column(table.fields[name]) for name in ("conversionrate", "isocode"))
    rate = f'(SELECT {rate} FROM "CurrencyType" WHERE {code} = {tables.column(currency, column.alias)})'
    return f"soql_corporate({column.sql}, {rate})"


def corporate_amount(amount: float | None, rate: float | None) -> float | None:
    """An amount in the corporate currency, rounded half up; what has no rate counts as it is."""
    if amount is None or not rate or rate == 1:
        return amount
    return number(exact(amount) / exact(rate), SCALE)


def corporate_value(amount: Decimal, currency: str, asking: Asking) -> float:
    """A literal such as EUR500 in the corporate currency."""
    return number(amount / asking.rates.get(currency, Decimal(1)), SCALE)


def converted(value: Any, doc: Doc, asking: Asking) -> Any:
    """convertCurrency(): an amount of a record in the currency of the user who asks."""
    if value is None:
        return None
    rates = asking.rates
    rate, wanted = rates.get(doc.get("CurrencyIsoCode", ""), Decimal(1)), rates.get(asking.currency, Decimal(1))
    return value if rate == wanted else number(exact(value) / rate * wanted, SCALE)


def must_be_money(name: str, kind: str, at: int) -> None:
    """Refuse convertCurrency() of what is no money."""
    if kind != "currency":
        raise SoqlError("INVALID_FIELD", f"field '{name}' is not a currency field and cannot be converted", at)
