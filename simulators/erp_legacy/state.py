"""The legacy ERP's tables, and how its other modules look things up in them."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from simulators.erp_legacy.errors import Message
from simulators.erp_legacy.rules import Account, OpenPeriods, TaxRate
from simulators.erp_legacy.storage import FILE
from simulators.erp_legacy.window import Calendar, parse_calendar
from simulators.kit.kinds import Kind
from simulators.kit.store import Doc, Store

PARTNER = Kind("partner", key="SNDPRN", index=("username",))
COMPANY = Kind("t001", key="BUKRS")
ACCOUNT = Kind("ska1", key="SAKNR")
TAX = Kind("t007a", index=("BUKRS",))
PERIOD = Kind("t001b", index=("BUKRS",))
RATE = Kind("tcurr", index=("pair",))
SETTING = Kind("setting")
CUSTOMER = Kind("kna1", key="KUNNR")
CUSTOMER_COMPANY = Kind("knb1", index=("KUNNR",))
HEADER = Kind("bkpf", index=("BUKRS", "BELNR", "XBLNR", "KUNNR", "extract"))
LINE = Kind("bseg", index=("document", "KUNNR", "open", "waiting"))
TAX_LINE = Kind("bset", index=("document",))
APPLIED = Kind("applied", index=("debit", "credit", "state"))
BATCH_FILE = Kind("batchfile", index=("state", "base", "sha256"))
IDOC = Kind("idoc", key="DOCNUM", index=("file", "STATUS", "news"))
RUN = Kind("run", index=("state",))
AUDIT = Kind("audit")
MIGRATION = Kind("zmigctl", index=("BUKRS",))
CUSTOMER_MAP = Kind("zcustmap", index=("BUKRS", "KUNNR"))

KINDS = (
    FILE, PARTNER, COMPANY, ACCOUNT, TAX, PERIOD, RATE, SETTING, CUSTOMER, CUSTOMER_COMPANY, HEADER, LINE, TAX_LINE,
    APPLIED, BATCH_FILE, IDOC, RUN, AUDIT, MIGRATION, CUSTOMER_MAP,
)  # fmt: skip

DEFAULT_SETTINGS: Doc = {
    "id": "site", "calendar": {"zone": "UTC"}, "duplicate_check": True, "duplicate_file_check": False, "freeze": False,
    "gap_days": 3, "tax_tolerance_minor": 1, "cash_discount_account": "0000480000",
    "exchange_account": "0000230000",
}  # fmt: skip


class State:
    """Typed look-ups over the store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def settings(self) -> Doc:
        """The site's switches and policies."""
        return next((row for row in self.store.held(SETTING.name) if row["id"] == "site"), DEFAULT_SETTINGS)

    def change_settings(self, **values: Any) -> None:
        """Set some of them."""
        self.store.put(SETTING.name, {**self.settings(), **values})

    def calendar(self) -> Calendar:
        """The batch calendar."""
        return parse_calendar(self.settings()["calendar"])

    def company(self, bukrs: str) -> Doc | None:
        """T001 row: BUKRS, name, WAERS, zone."""
        return self.store.get(COMPANY.name, bukrs)

    def company_day(self, bukrs: str, at: float) -> date:
        """The date of an instant in the company code's own zone."""
        company = self.company(bukrs)
        if company is None:
            raise ValueError(f"no company code {bukrs}")
        return datetime.fromtimestamp(at, ZoneInfo(company["zone"])).date()

    def accounts(self, numbers: Iterable[str]) -> dict[str, Account]:
        """The named G/L accounts that exist."""
        found: dict[str, Account] = {}
        for number in dict.fromkeys(numbers):
            row = self.store.get(ACCOUNT.name, number)
            if row is not None:
                found[number] = Account(number, row["kind"], bool(row.get("co")))
        return found

    def taxes(self, bukrs: str) -> tuple[TaxRate, ...]:
        """Tax codes of a company code with their validity."""
        return tuple(
            TaxRate(row["MWSKZ"], Decimal(row["rate"]), row["HKONT"], date.fromisoformat(row["valid_from"]),
                    date.fromisoformat(row["valid_to"]))
            for row in self.store.find(TAX.name, BUKRS=bukrs)
        )  # fmt: skip

    def periods(self, bukrs: str) -> tuple[OpenPeriods, ...]:
        """The period control of a company code."""
        return tuple(
            OpenPeriods(row["KOART"], tuple((first, last) for first, last in row["ranges"]))
            for row in self.store.find(PERIOD.name, BUKRS=bukrs)
        )

    def rate(self, waers: str, local: str, day: date) -> Decimal | None:
        """Local currency per unit on a day: the youngest entry not after it (or the inverse of the opposite pair)."""
        if waers == local:
            return Decimal(1)
        direct = self._latest(f"{waers}/{local}", day)
        if direct is not None:
            return direct
        inverse = self._latest(f"{local}/{waers}", day)
        return None if inverse is None else 1 / inverse

    def _latest(self, pair: str, day: date) -> Decimal | None:
        rows = [row for row in self.store.find(RATE.name, pair=pair) if row["date"] <= day.isoformat()]
        return Decimal(max(rows, key=lambda row: str(row["date"]))["rate"]) if rows else None

    def customer_company(self, kunnr: str, bukrs: str) -> Doc | None:
        """KNB1 row."""
        return self.store.get(CUSTOMER_COMPANY.name, f"{kunnr}/{bukrs}")

    def audit(self, at: float, who: str, what: str, **facts: Any) -> None:
        """A row that says who did what by hand; never changed afterwards."""
        number = f"{self.store.next('audit'):08d}"
        self.store.put(AUDIT.name, {"id": number, "at": at, "who": who, "what": what, **facts})


def rendered(messages: Iterable[Message]) -> list[Doc]:
    """Messages as they are stored with a document."""
    return [
        {"STAMID": found.stamid, "STAMNO": found.stamno, "STATXT": found.text, "SEGNUM": found.segment,
         "SEGFLD": found.field}
        for found in messages
    ]  # fmt: skip
