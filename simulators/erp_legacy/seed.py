"""Loading seed rows: company codes, accounts, tax codes, periods, partners, calendar, rates, customers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from simulators.erp_legacy.codecs import alpha
from simulators.erp_legacy.custom_tables import keep
from simulators.erp_legacy.intake import INTERFACES
from simulators.erp_legacy.layouts import E1KNA1M, E1KNB1M
from simulators.erp_legacy.state import (
    ACCOUNT,
    COMPANY,
    CUSTOMER,
    CUSTOMER_COMPANY,
    DEFAULT_SETTINGS,
    PARTNER,
    PERIOD,
    RATE,
    TAX,
    State,
)
from simulators.erp_legacy.window import parse_calendar
from simulators.kit.system import SeedError

ACCOUNT_KINDS = ("D", "S", "tax", "bank", "revenue", "discount", "clearing")
SWITCHES = (
    "duplicate_check", "duplicate_file_check", "freeze", "gap_days", "tax_tolerance_minor", "cash_discount_account",
    "exchange_account", "bank_account",
)  # fmt: skip
_FOREVER = "9999-12-31"
Row = Mapping[str, Any]


class Seed:
    """One seed load; a missing or bad value raises SeedError that names table and row."""

    def __init__(self, state: State) -> None:
        self._state, self._store = state, state.store

    def load(self, data: Row) -> dict[str, int]:
        """Write all rows; returns how many of each kind."""
        loaders: dict[str, Callable[[Row], Any]] = {
            "company_codes": self._company, "accounts": self._account, "tax_codes": self._tax,
            "partners": self._partner, "rates": self._rate, "customers": self._customer,
            "ZMIGCTL": partial(keep, self._state, "ZMIGCTL"), "ZCUSTMAP": partial(keep, self._state, "ZCUSTMAP"),
        }  # fmt: skip
        unknown = sorted(set(data) - {*loaders, *SWITCHES, "calendar", "periods"})
        if unknown:
            raise SeedError(f"erp_legacy has no seed table {', '.join(unknown)}")
        counts: dict[str, int] = {}
        for table, load in loaders.items():
            for number, row in enumerate(data.get(table, [])):
                try:
                    load(row)
                except KeyError as error:
                    raise SeedError(f"{table}[{number}] lacks {error.args[0]}") from error
                except (ValueError, TypeError, InvalidOperation) as error:
                    raise SeedError(f"{table}[{number}]: {error}") from error
                counts[table] = counts.get(table, 0) + 1
        self._periods(data)
        self._switches(data)
        return counts

    def _company(self, row: Row) -> None:
        zone = row.get("zone", "UTC")
        try:
            ZoneInfo(zone)
        except ZoneInfoNotFoundError as error:
            raise ValueError(f"no zone {zone}") from error
        self._store.put(COMPANY.name, {"BUKRS": row["BUKRS"], "name": row.get("name", row["BUKRS"]),
                                       "WAERS": row["WAERS"], "zone": zone})  # fmt: skip

    def _account(self, row: Row) -> None:
        if row["kind"] not in ACCOUNT_KINDS:
            raise ValueError(f"kind {row['kind']!r} is not one of {', '.join(ACCOUNT_KINDS)}")
        number = alpha(str(row["SAKNR"]))
        self._store.put(ACCOUNT.name, {"SAKNR": number, "name": row.get("name", number), "kind": row["kind"],
                                       "co": bool(row.get("co", False))})  # fmt: skip

    def _tax(self, row: Row) -> None:
        start, end = str(row.get("valid_from", "1900-01-01")), str(row.get("valid_to", _FOREVER))
        date.fromisoformat(start), date.fromisoformat(end)
        rate = str(Decimal(str(row["rate"])))
        account = alpha(str(row["HKONT"])) if row.get("HKONT") else ""
        if Decimal(rate) and not account:
            raise ValueError("a rate needs HKONT, its tax account")
        self._store.put(TAX.name, {
            "id": f"{row['BUKRS']}/{row['MWSKZ']}/{start}", "BUKRS": row["BUKRS"], "MWSKZ": row["MWSKZ"], "rate": rate,
            "HKONT": account, "valid_from": start, "valid_to": end,
        })  # fmt: skip

    def _partner(self, row: Row) -> None:
        roles = list(row["roles"])
        if set(roles) - set(INTERFACES):
            raise ValueError(f"roles are among {', '.join(INTERFACES)}")
        if len(row["SNDPRN"]) > 10:
            raise ValueError("SNDPRN holds 10 characters")
        self._store.put(PARTNER.name, {
            "SNDPRN": row["SNDPRN"], "username": row.get("username", row["SNDPRN"].lower()),
            "password": row.get("password", ""), "roles": roles, "public_keys": list(row.get("public_keys", [])),
            "extracts": bool(row.get("extracts", "BILL" in roles)),
        })  # fmt: skip

    def _rate(self, row: Row) -> None:
        date.fromisoformat(row["date"])
        if Decimal(str(row["rate"])) <= 0:
            raise ValueError("a rate is positive")
        pair = f"{row['from']}/{row['to']}"
        self._store.put(RATE.name, {"id": f"{pair}/{row['date']}", "pair": pair, "date": row["date"],
                                    "rate": str(row["rate"])})  # fmt: skip

    def _customer(self, row: Row) -> None:
        """A customer that was there before: KNA1 fields, and `companies`: KNB1 fields each."""
        kunnr = alpha(str(row["KUNNR"]))
        fields = {field.name: str(row.get(field.name, "")) for field in E1KNA1M.fields if field.name != "MSGFN"}
        self._store.put(CUSTOMER.name, {**fields, "KUNNR": kunnr, "SERIAL": ""})
        for company in row.get("companies", []):
            names = [field.name for field in E1KNB1M.fields if field.name != "MSGFN"]
            line = {name: str(company.get(name, "")) for name in names}
            line |= {"id": f"{kunnr}/{company['BUKRS']}", "KUNNR": kunnr, "AKONT": alpha(str(company["AKONT"]))}
            self._store.put(CUSTOMER_COMPANY.name, line)

    def _periods(self, data: Row) -> None:
        if "periods" not in data:
            return
        try:
            periods = data["periods"]
            first, last = _period(periods["from"]), _period(periods["to"])
            if periods.get("closed_until"):
                closed = _period(periods["closed_until"])
                first = closed + 1 if closed % 100 < 12 else (closed // 100 + 1) * 100 + 1
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise SeedError(f"periods need from and to as YYYY-MM: {error!r}") from error
        for company in self._store.find(COMPANY.name):
            self._store.put(PERIOD.name, {"id": f"{company['BUKRS']}/+", "BUKRS": company["BUKRS"], "KOART": "+",
                                          "ranges": [[first, last]]})  # fmt: skip

    def _switches(self, data: Row) -> None:
        values = {name: data[name] for name in SWITCHES if name in data}
        if "calendar" in data:
            try:
                parse_calendar(dict(data["calendar"])).next_window(0.0)
            except ValueError as error:
                raise SeedError(str(error)) from error
            values["calendar"] = dict(data["calendar"])
        merged = {**DEFAULT_SETTINGS, **self._state.settings(), **values}
        self._state.change_settings(**merged)


def _period(text: str) -> int:
    year, month = text.split("-")
    return int(year) * 100 + int(month)
