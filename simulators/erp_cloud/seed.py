"""Set-up of a company: subsidiaries, chart of accounts, periods, tax codes, terms, items, customers and documents.

Shapes: see `SECTIONS`; references are given by id or by the name a person would use (currency symbol, account number,
subsidiary name). Customers and documents are bodies as the REST API takes them.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson

from simulators.erp_cloud.body import Reader, load_object
from simulators.erp_cloud.errors import Refused
from simulators.erp_cloud.imports import import_catalog
from simulators.erp_cloud.moments import stamp
from simulators.erp_cloud.roles import Role
from simulators.erp_cloud.schemas import ITEMS, NAME_FIELDS, RECORD_TYPES
from simulators.erp_cloud.state import DEFAULTS, State
from simulators.kit.currencies import decimals
from simulators.kit.system import SeedError

if TYPE_CHECKING:
    from simulators.erp_cloud.app import ErpCloud

Doc = dict[str, Any]

PERSON = Role("seed", override_period_restrictions=True)
# system accounts a ledger cannot do without: preference -> (type, words of its name, name if it must be made)
SYSTEM_ACCOUNTS = {
    "receivableAccount": ("AcctRec", (), "Accounts Receivable"),
    "undepositedAccount": ("UnDepFunds", ("undeposited",), "Undeposited Funds"),
    "taxAccount": ("OthCurrLiab", ("tax", "vat", "gst"), "Tax Payable"),
    "exchangeAccount": ("OthExpense", ("exchange", "realized", "realised", "gain"), "Realized Gain/Loss"),
}
TYPE_OF_ITEM = {one.name.lower(): one for one in ITEMS}


def load(system: ErpCloud, data: Mapping[str, Any]) -> dict[str, int]:
    """Load a seed whole or not at all; returns how many rows of each section."""
    unknown = set(data) - {name for name, _ in SECTIONS}
    if unknown:
        raise SeedError(f"erp_cloud seed: unknown section {sorted(unknown)[0]}")
    counts = {}
    try:
        with system.store.transaction():
            for name, loader in SECTIONS:
                if name in data:
                    counts[name] = loader(system, name, data[name])
                if name == "account" and system.store.find("account"):
                    _system_accounts(system)
    except Refused as refused:
        system.state.forget()
        raise SeedError(f"erp_cloud seed: {refused.problem.path} {refused.problem.detail}") from refused
    except (KeyError, TypeError, AttributeError, ArithmeticError) as error:
        system.state.forget()
        raise SeedError(f"erp_cloud seed, section {name}: {error!r}") from error
    except BaseException:
        system.state.forget()
        raise
    return counts


def _pointed(state: State, kind: str, value: Any, place: str) -> str:
    """A reference by id, external id or name (for currencies the symbol, for accounts the number too)."""
    text = str(value)
    ways = [("id", text), ("externalId", text), ("refName", text)]
    for how, key in ways:
        found = state.resolve(kind, how, key)
        if found is not None:
            return found
    field = {"currency": "symbol", "account": "acctNumber"}.get(kind)
    for doc in state.store.find(kind) if field else ():
        if doc.get(str(field)) == text:
            return str(doc["id"])
    raise SeedError(f"erp_cloud seed: {place}: no {kind} {text}")


def _rows(kind: str, names: Mapping[str, str], references: Mapping[str, str]) -> Callable[..., int]:
    """A loader of plain rows: `names` maps seed names to fields, `references` fields to store kinds."""

    def loader(system: ErpCloud, section: str, rows: list[Mapping[str, Any]]) -> int:
        state = system.state
        record = next(one for one in RECORD_TYPES.values() if one.kind == kind)
        for number, row in enumerate(rows):
            place = f"{section}[{number}]"
            doc: Doc = {"recordType": record.name, "createdDate": stamp(system.clock.now())}
            doc["lastModifiedDate"] = doc["createdDate"]
            for given, value in row.items():
                name = names.get(given, given)
                if name == "id":
                    doc["id"] = str(value)
                    continue
                one = record.fields.get(name.lower())
                if one is None:
                    raise SeedError(f"erp_cloud seed: {place}: unknown field {given}")
                target = references.get(one.name)
                if value is None:
                    continue
                if one.type == "refs":
                    doc[one.name] = [_pointed(state, one.target, each, place) for each in _list(value)]
                elif target or one.type == "ref":
                    doc[one.name] = _pointed(state, target or one.target, value, place)
                else:
                    doc[one.name] = value if one.type in ("boolean", "integer") else str(value)
            _identify(state, kind, doc, place)
            state.save(kind, doc)
        return len(rows)

    return loader


def _identify(state: State, kind: str, doc: Doc, place: str) -> None:
    doc["id"] = doc.get("id") or state.new_id(kind)
    if not doc["id"].isdigit():
        raise SeedError(f"erp_cloud seed: {place}: internal ids are numbers, {doc['id']} is none")
    if doc.get(NAME_FIELDS[kind]) in (None, ""):
        raise SeedError(f"erp_cloud seed: {place}: {NAME_FIELDS[kind]} is missing")


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _currencies(system: ErpCloud, section: str, rows: list[Mapping[str, Any]]) -> int:
    filled = []
    for row in rows:
        symbol = str(row.get("symbol") or row.get("name"))
        filled.append({"name": symbol, "currencyPrecision": decimals(symbol), **row, "symbol": symbol})
    return _rows("currency", {}, {})(system, section, filled)


def _subsidiaries(system: ErpCloud, section: str, rows: list[Mapping[str, Any]]) -> int:
    known = {doc.get("symbol") for doc in system.store.find("currency")} | {
        doc["id"] for doc in system.store.find("currency")
    }
    missing = [str(row["currency"]) for row in rows if str(row["currency"]) not in known]
    _currencies(system, "currency", [{"symbol": symbol} for symbol in dict.fromkeys(missing)])
    return _rows("subsidiary", {}, {})(system, section, rows)


def _periods(system: ErpCloud, section: str, span: Mapping[str, Any]) -> int:
    """Years, quarters and months from `from` to `to` (YYYY-MM); months up to `closed_until` are closed."""
    state, count = system.state, 0
    first, last, closed_until = str(span["from"]), str(span["to"]), str(span.get("closed_until") or "")
    if len(first) != 7 or len(last) != 7 or last < first:
        raise SeedError(f"erp_cloud seed: {section}: from and to are months as 2026-01")
    for year in range(int(first[:4]), int(last[:4]) + 1):
        parent = _period(state, f"FY {year}", f"{year}-01-01", f"{year}-12-31", isYear=True, isPosting=False)
        for quarter in range(4):
            start = quarter * 3 + 1
            end = f"{year}-{start + 2:02d}-{calendar.monthrange(year, start + 2)[1]}"
            middle = _period(state, f"Q{quarter + 1} {year}", f"{year}-{start:02d}-01", end, isQuarter=True,
                             isPosting=False, parent=parent)  # fmt: skip
            for month in range(start, start + 3):
                if not first <= f"{year}-{month:02d}" <= last:
                    continue
                shut = f"{year}-{month:02d}" <= closed_until
                day = f"{year}-{month:02d}"
                end = f"{day}-{calendar.monthrange(year, month)[1]}"
                _period(state, f"{calendar.month_abbr[month]} {year}", f"{day}-01", end, isPosting=True, parent=middle,
                        **dict.fromkeys(("closed", "arLocked", "apLocked", "allLocked"), shut))  # fmt: skip
                count += 1
    return count


def _period(state: State, name: str, start: str, end: str, **flags: Any) -> str:
    blank = dict.fromkeys(
        ("isYear", "isQuarter", "isAdjust", "closed", "arLocked", "apLocked", "allLocked", "allowNonGLChanges"), False
    )
    key = state.new_id("accountingPeriod")
    state.save("accountingPeriod", {
        "id": key, "recordType": "accountingPeriod", "periodName": name, "startDate": start, "endDate": end, **blank,
        **flags,
    })  # fmt: skip
    return key


def _system_accounts(system: ErpCloud) -> None:
    accounts, wishes = system.store.find("account"), {}
    for preference, (kind, words, name) in SYSTEM_ACCOUNTS.items():
        chosen = system.state.preferences.get(preference)
        if chosen and system.store.get("account", chosen):
            continue
        named = [a for a in accounts if any(word in str(a.get("acctName", "")).lower() for word in words)]
        fit = (
            [a for a in accounts if a.get("acctType") == kind and not words]
            or [a for a in named if a.get("acctType") == kind]
            or named
            or [a for a in accounts if a.get("acctType") == kind and kind in ("AcctRec", "UnDepFunds")]
        )
        if fit:
            wishes[preference] = fit[0]["id"]
            continue
        key = system.state.new_id("account", 1_000)
        system.state.save("account", {"id": key, "recordType": "account", "acctName": name, "acctType": kind})
        wishes[preference] = key
    system.state.prefer(**wishes)


def _tax_codes(system: ErpCloud, section: str, rows: list[Mapping[str, Any]]) -> int:
    types = [str(row["taxType"]) for row in rows if row.get("taxType")]
    for name in dict.fromkeys(types):
        if system.state.resolve("taxType", "id", name) or system.state.resolve("taxType", "refName", name):
            continue
        key = name if name.isdigit() else system.state.new_id("taxType", 101)
        system.state.save("taxType", {"id": key, "recordType": "taxType", "name": name})
    names = {"name": "itemId", "nexus": "nexusCountry", "account": "taxAccount"}
    return _rows("taxCode", names, {"taxType": "taxType", "taxAccount": "account"})(system, section, rows)


def _items(system: ErpCloud, section: str, rows: list[Mapping[str, Any]]) -> int:
    for number, row in enumerate(rows):
        record = TYPE_OF_ITEM.get(str(row.get("type", "serviceSaleItem")).lower())
        if record is None:
            raise SeedError(f"erp_cloud seed: {section}[{number}]: unknown item type {row.get('type')}")
        plain = {name: value for name, value in row.items() if name != "type"}
        plain.setdefault("itemId", plain.get("externalId"))
        _rows("item", {}, {})(system, f"{section}[{number}]", [plain])
        doc = system.store.find("item", order="rowid DESC")[0]
        system.state.save("item", doc | {"recordType": record.name, "itemType": record.code})
    return len(rows)


def _rates(system: ErpCloud, section: str, rows: list[Mapping[str, Any]]) -> int:
    for number, row in enumerate(rows):
        place = f"{section}[{number}]"
        system.state.save("currencyRate", {
            "id": system.state.new_id("currencyRate"), "recordType": "currencyRate",
            "transactionCurrency": _pointed(system.state, "currency", row["from"], place),
            "baseCurrency": _pointed(system.state, "currency", row["to"], place),
            "effectiveDate": str(row["date"]), "exchangeRate": f"{Decimal(str(row['rate'])):f}",
        })  # fmt: skip
    return len(rows)


def _tax_rules(system: ErpCloud, section: str, rows: list[Mapping[str, Any]]) -> int:
    rules = []
    for number, row in enumerate(rows):
        place = f"{section}[{number}]"
        rule = {**row, "taxCode": _pointed(system.state, "taxCode", row["taxCode"], place)}
        if row.get("subsidiary"):
            rule["subsidiary"] = _pointed(system.state, "subsidiary", row["subsidiary"], place)
        rules.append(rule)
    system.state.prefer(taxRules=rules)
    return len(rows)


def _preferences(system: ErpCloud, section: str, wishes: Mapping[str, Any]) -> int:
    for name in wishes:
        if name not in DEFAULTS and name not in SYSTEM_ACCOUNTS:
            raise SeedError(f"erp_cloud seed: {section}: unknown preference {name}")
    system.state.prefer(**wishes)
    system.month_end.plan()
    return len(wishes)


def _custom_fields(system: ErpCloud, section: str, rows: list[Doc]) -> int:
    for number, row in enumerate(rows):
        if not row.get("id") or not row.get("record"):
            raise SeedError(f"erp_cloud seed: {section}[{number}]: id and record are needed")
        system.state.define(dict(row))
    return len(rows)


def _records(system: ErpCloud, section: str, rows: list[Mapping[str, Any]]) -> int:
    for number, row in enumerate(rows):
        name = str(row.get("type", "customer")).lower()
        record = RECORD_TYPES.get(name)
        if record is None:
            raise SeedError(f"erp_cloud seed: {section}[{number}]: unknown record type {name}")
        body = load_object(orjson.dumps({key: value for key, value in row.items() if key not in ("type", "id")}))
        values = Reader(system.state.fields_of(record), system.state.resolve, "error", "error").read(body)
        key = str(row.get("id", ""))
        if key and system.store.get(record.kind, key) is not None:
            raise SeedError(f"erp_cloud seed: {section}[{number}]: the id {key} is taken")
        system.records.create(record, values, PERSON, system.clock.now(), key)
    return len(rows)


def _catalog(system: ErpCloud, section: str, catalog: Mapping[str, Any]) -> int:
    try:
        return sum(import_catalog(system.state, catalog)["fields"].values())
    except ValueError as error:
        raise SeedError(f"erp_cloud seed: {section}: {error}") from error


def _restlets(system: ErpCloud, section: str, rows: list[Mapping[str, Any]]) -> int:
    for number, row in enumerate(rows):
        try:
            system.restlets.deploy(str(row["script"]), str(row["function"]), str(row.get("deploy", "1")))
        except ValueError as error:
            raise SeedError(f"erp_cloud seed: {section}[{number}]: {error}") from error
    return len(rows)


SECTIONS: tuple[tuple[str, Callable[[ErpCloud, str, Any], int]], ...] = (
    ("preferences", _preferences),
    ("currency", _currencies),
    ("subsidiary", _subsidiaries),
    ("account", _rows("account", {}, {"currency": "currency"})),
    ("accountingPeriods", _periods),
    ("taxCodes", _tax_codes),
    ("taxRules", _tax_rules),
    ("revRecTemplates", _rows("revRecTemplate", {"months": "amortizationPeriod"}, {})),
    ("terms", _rows("term", {"days": "daysUntilNetDue"}, {})),
    ("classes", _rows("classification", {}, {})),
    ("departments", _rows("department", {}, {})),
    ("items", _items),
    ("rates", _rates),
    ("customFields", _custom_fields),
    ("catalog", _catalog),
    ("restlets", _restlets),
    ("customers", _records),
    ("documents", _records),
)
