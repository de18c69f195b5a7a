"""Amounts of several currencies in one query: converted to the corporate currency, or to that of the user who asks.

An org with dated rates (advanced currency management) converts the amounts of opportunities, their lines and their
history by the rate of the day on which the deal closes, and all other amounts by the present rate. Source: SOQL
reference, "Querying Currency Fields in Multi-Currency Orgs".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulators.kit.store import Doc
from simulators.salesforce import tables
from simulators.salesforce.soql.asking import Asking, Show
from simulators.salesforce.soql.problems import SoqlError
from simulators.salesforce.values import exact, number

if TYPE_CHECKING:
    from simulators.salesforce.schemas import SObject
    from simulators.salesforce.soql.frame import Column, Frame

SCALE = 2
DATED = ("Opportunity", "OpportunityHistory")  # they carry the day themselves, lines have their opportunity's


def corporate(frame: Frame, column: Column) -> str:
    """SQL of a money column in the corporate currency, by the rate of its record's currency, dated where it is."""
    sobject = _holder(frame, column)
    currency = sobject.get("CurrencyIsoCode")
    if column.field.type != "currency" or currency is None:
        return column.sql
    rate = _rate(frame, column, sobject, tables.column(currency, column.alias))
    return f"soql_corporate({column.sql}, {rate})"


def corporate_literal(frame: Frame, column: Column, amount: float, currency: str) -> str:
    """SQL of a literal such as EUR500 in the corporate currency, by the rate that holds for the record's own amount."""
    rate = _rate(frame, column, _holder(frame, column), frame.work.constant(currency))
    return f"soql_corporate({frame.work.constant(amount)}, {rate})"


def worth(frame: Frame, column: Column) -> str:
    """SQL of what an amount is worth, which is what ORDER BY goes by, as reports do: to a millionth, for what a
    binary quotient leaves behind is no order."""
    sobject, currencies = _holder(frame, column), frame.work.schema.currencies
    currency = sobject.get("CurrencyIsoCode")
    if currency is None or len(currencies) < 2:
        return column.sql
    work, code = frame.work, tables.column(currency, column.alias)
    cases = "".join(f" WHEN {work.constant(iso)} THEN {_present(frame, iso)}" for iso in currencies)
    present, day = f"CASE {code}{cases} ELSE 1 END", _day(frame, column, sobject)
    rate = _then(frame, code, day, present) if day else present
    return f"round({column.sql} / ({rate}), 6)"


def _present(frame: Frame, iso: str) -> str:
    return frame.work.setting(f"rate {iso}", lambda asking: float(asking.rate(iso)))


def _holder(frame: Frame, column: Column) -> SObject:
    return frame.joins[column.hops][1] if column.hops in frame.joins else frame.sobject


def _rate(frame: Frame, column: Column, sobject: SObject, code: str) -> str:
    present = frame.work.schema.objects["currencytype"]
    rate, iso = (tables.column(present.fields[name], "c") for name in ("conversionrate", "isocode"))
    found = f'(SELECT {rate} FROM "CurrencyType" c WHERE {iso} = {code})'
    day = _day(frame, column, sobject)
    return _then(frame, code, day, found) if day else found


def _then(frame: Frame, code: str, day: str, present: str) -> str:
    """SQL of the rate that holds on a day: a dated one, or the present one."""
    dated = frame.work.schema.objects["datedconversionrate"]
    rate, iso, start = (tables.column(dated.fields[name], "d") for name in ("conversionrate", "isocode", "startdate"))
    then = (
        f'SELECT {rate} FROM "DatedConversionRate" d WHERE d."IsDeleted" = 0 AND {iso} = {code} AND {start} <= {day} '
        f"ORDER BY {start} DESC LIMIT 1"
    )
    return f"coalesce(({then}), {present})"


def _day(frame: Frame, column: Column, sobject: SObject) -> str:
    """SQL of the day whose rate holds for a record's amounts; empty where it is always the present one."""
    close = sobject.get("CloseDate")
    if sobject.name in DATED and close is not None:
        return tables.column(close, column.alias)
    deal = frame.work.schema.objects["opportunity"]
    reference, close = sobject.get("OpportunityId"), deal.get("CloseDate")
    if sobject.name != "OpportunityLineItem" or reference is None or close is None:
        return ""
    return (
        f'(SELECT {tables.column(close, "o")} FROM "Opportunity" o '
        f"WHERE o.key = {tables.column(reference, column.alias)})"
    )


def corporate_amount(amount: float | None, rate: float | None) -> float | None:
    """An amount in the corporate currency, rounded half up; what has no rate counts as it is."""
    if amount is None or not rate or rate == 1:
        return amount
    return number(exact(amount) / exact(rate), SCALE)


def converting(frame: Frame, column: Column) -> Show:
    """convertCurrency(): an amount of a record in the currency of the user who asks."""
    sobject = _holder(frame, column)

    def converted(value: Any, doc: Doc, asking: Asking) -> Any:
        if value is None:
            return None
        day = doc.get("CloseDate") if sobject.name in DATED else None
        if sobject.name == "OpportunityLineItem":
            day = asking.close_date(doc.get("OpportunityId"))
        rate = asking.rate(doc.get("CurrencyIsoCode", ""), day)
        wanted = asking.rate(asking.currency, day)
        return value if rate == wanted else number(exact(value) / rate * wanted, SCALE)

    return converted


def must_be_money(name: str, kind: str, at: int) -> None:
    """Refuse convertCurrency() of what is no money."""
    if kind != "currency":
        raise SoqlError("INVALID_FIELD", f"field '{name}' is not a currency field and cannot be converted", at)
