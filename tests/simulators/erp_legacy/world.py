"""A small Singapore site for the tests: a company code, two partners, a calendar, on a clock that the test sets."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from simulators.erp_legacy import LegacyErp, create
from simulators.kit.system import Settings

from . import partner

GENESIS = datetime.fromisoformat("2026-01-05T09:00:00+00:00").timestamp()
SEED: dict[str, Any] = {
    "company_codes": [{"BUKRS": "SG01", "name": "Windtunnel Singapore", "WAERS": "SGD", "zone": "Asia/Singapore"}],
    "accounts": [
        {"SAKNR": "0000140000", "name": "Receivables", "kind": "D"},
        {"SAKNR": "0000113100", "name": "Bank", "kind": "bank"},
        {"SAKNR": "0000175000", "name": "GST", "kind": "tax"},
        {"SAKNR": "0000400100", "name": "Revenue platform", "kind": "revenue"},
        {"SAKNR": "0000400200", "name": "Revenue services", "kind": "revenue"},
        {"SAKNR": "0000480000", "name": "Cash discount", "kind": "S"},
        {"SAKNR": "0000199000", "name": "Migration clearing", "kind": "S"},
        {"SAKNR": "0000500000", "name": "Cost with CO object", "kind": "S", "co": True},
    ],
    "tax_codes": [
        {"MWSKZ": "A9", "rate": "9.000", "BUKRS": "SG01", "valid_from": "2024-01-01", "HKONT": "0000175000"},
        {"MWSKZ": "A8", "rate": "8.000", "BUKRS": "SG01", "valid_from": "2023-01-01", "valid_to": "2023-12-31",
         "HKONT": "0000175000"},
        {"MWSKZ": "A0", "rate": "0.000", "BUKRS": "SG01", "valid_from": "2017-01-01", "HKONT": "0000175000"},
    ],
    "periods": {"from": "2017-01", "to": "2027-12"},
    "partners": [
        {"SNDPRN": "SUBHUB", "username": "subhub", "password": "subhub-secret", "roles": ["BILL", "CUST", "PAY"]},
        {"SNDPRN": "BANK01", "username": "bank01", "password": "bank-secret", "roles": ["PAY"]},
    ],
    "calendar": {"zone": "Asia/Singapore", "window": ["22:00", "02:00"], "cutoff": "21:45", "holidays": []},
    "rates": [
        {"date": "2026-01-01", "from": "JPY", "to": "SGD", "rate": "0.0086"},
        {"date": "2026-01-10", "from": "JPY", "to": "SGD", "rate": "0.0091"},
        {"date": "2026-01-01", "from": "USD", "to": "SGD", "rate": "1.345"},
    ],
    "duplicate_check": True,
}  # fmt: skip
SITE = ZoneInfo("Asia/Singapore")


class World:
    """The system and what a test does with it."""

    def __init__(self, data: Path | None = None, seed: dict[str, Any] | None = None, **changes: Any) -> None:
        self.wire = GENESIS

        async def nobody(*_: Any) -> int:
            raise AssertionError("this system sends no webhooks")

        self.erp: LegacyErp = create(Settings(wire=lambda: self.wire, sender=nobody, genesis=GENESIS, data=data))
        if self.erp.state.company("SG01") is None:
            self.erp.seed({**(SEED if seed is None else seed), **changes})
        self.drop = self.erp.drop

    def at(self, local: str) -> float:
        """A wall-clock time in Singapore as an instant."""
        return datetime.fromisoformat(local).replace(tzinfo=SITE).timestamp()

    async def until(self, local: str) -> None:
        """Let the calendar run to a time: every due job at its own due time."""
        end = self.at(local)
        while (due := self.erp.jobs.next_due()) is not None and due <= end:
            self.erp.clock.jump(due)
            job = self.erp.jobs.pending(1)[0]
            await self.erp.jobs._do(job)
        self.erp.clock.jump(end)
        assert not self.erp.jobs.failures, self.erp.jobs.failures

    async def send(self, iface: str, seq: int, *docs: partner.Doc, user: str = "subhub", sender: str = "SUBHUB",
                   resend: str = "") -> str:  # fmt: skip
        base, content, control = partner.pair(iface, seq, list(docs), sender, resend)
        return await self.put(base, content, control, user)

    async def put(self, base: str, content: bytes | None, control: bytes | None, user: str = "subhub") -> str:
        for suffix, body in ((".DAT", content), (".CTL", control)):
            if body is not None:
                await self.drop.write(user, f"/inbound/{base}{suffix}.tmp", body)
                await self.drop.rename(user, f"/inbound/{base}{suffix}.tmp", f"/inbound/{base}{suffix}")
        return base

    async def run(self) -> dict[str, Any]:
        return await self.act("run_window")

    async def act(self, verb: str, **arguments: Any) -> dict[str, Any]:
        return await self.erp.acts[verb](arguments)

    async def outbound(self, name: str, user: str = "subhub") -> list[str]:
        body = await self.drop.read(user, f"/outbound/{name}")
        assert body.endswith(b"\r\n") or not body
        return body.decode("latin-1").split("\r\n")[:-1]

    async def answers(self, base: str, suffix: str = "ACK") -> tuple[str, list[str]]:
        head, *docs = await self.outbound(f"{base}.{suffix}")
        assert all(len(line) == 160 for line in (head, *docs))
        return head, docs

    async def answers_of(self, user: str, base: str) -> tuple[str, list[str]]:
        head, *docs = await self.outbound(f"{base}.ACK", user)
        return head, docs

    # -- the books, added up from the outside -------------------------------------------------

    def ledger(self) -> list[dict[str, Any]]:
        return self.erp.books()["ledger"]

    def documents(self, blart: str | None = None) -> list[dict[str, Any]]:
        rows = [row for row in self.erp.books()["document"] if row["object"] == "BKPF"]
        return [row for row in rows if blart in (None, row["BLART"])]

    def balance(self, account: str, field: str = "WRBTR", currency: str | None = None) -> Decimal:
        return sum((signed(row, field) for row in self.ledger()
                    if row["HKONT"] == account and currency in (None, row["WAERS"])), Decimal(0))  # fmt: skip

    def check_books(self) -> None:
        """Trial balance zero per currency and locally, document by document too; sub-ledger = control account."""
        rows = self.ledger()
        sums: dict[tuple[str, ...], Decimal] = {}
        for row in rows:
            document = (row["BUKRS"], row["BELNR"], row["GJAHR"])
            for key in (("WAERS", row["WAERS"]), document):
                sums[key] = sums.get(key, Decimal(0)) + signed(row, "WRBTR")
            for key in (("local",), ("local", *document)):
                sums[key] = sums.get(key, Decimal(0)) + signed(row, "DMBTR")
        assert not any(sums.values()), {key: value for key, value in sums.items() if value}
        for currency in sorted({row["WAERS"] for row in rows}):
            rest = sum((signed(row, "RESTBT") for row in rows if row["KOART"] == "D" and row["WAERS"] == currency),
                       Decimal(0))  # fmt: skip
            assert rest == self.balance("0000140000", currency=currency)
        local = sum((signed(row, "RESTLC") for row in rows if row["KOART"] == "D"), Decimal(0))
        assert local == self.balance("0000140000", "DMBTR")


def signed(row: dict[str, Any], field: str) -> Decimal:
    return Decimal(row[field]) if row["SHKZG"] == "S" else -Decimal(row[field])


def story(body: Callable[[World], Awaitable[None]], **changes: Any) -> None:
    """Run an async test body in a fresh world and look at the books at the end."""

    async def run() -> None:
        world = World(**changes)
        await body(world)
        world.check_books()

    asyncio.run(run())
