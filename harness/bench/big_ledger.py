"""A cloud ERP with 1,000,000 posted lines beside an empty one: invoice POST, trial balance, open items, restart."""

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

import orjson

from harness.bench.measure import Call, Figure, paired
from harness.simulation.asgi import request
from simulators import erp_cloud
from simulators.kit.store import Store
from simulators.kit.system import Settings

LINES, PER_INVOICE = 1_000_000, 4  # receivable, two items, tax
GENESIS = 1_767_603_600.0
QUERY_BAR_S, RESTART_BAR_S, RATIO_BAR = "under 1", "under 10", "at most 1.2"
_HOST = "erp.sim"
_SEED: dict[str, Any] = {
    "currency": [{"id": "1", "symbol": "USD", "name": "US Dollar"}],
    "subsidiary": [{"id": "1", "name": "US", "currency": "USD", "country": "US"}],
    "account": [
        {"id": "1", "acctNumber": "1000", "acctName": "Checking", "acctType": "Bank"},
        {"id": "2", "acctNumber": "1100", "acctName": "Accounts Receivable", "acctType": "AcctRec"},
        {"id": "4", "acctNumber": "2200", "acctName": "Sales Tax Payable", "acctType": "OthCurrLiab"},
        {"id": "5", "acctNumber": "4000", "acctName": "Revenue", "acctType": "Income"},
    ],
    "accountingPeriods": {"from": "2025-01", "to": "2027-12"},
    "taxCodes": [{"id": "101", "name": "US-10", "rate": "10", "nexus": "US", "taxType": "US Sales Tax"}],
    "taxRules": [{"taxCode": "US-10"}],
    "items": [{"type": "serviceSaleItem", "id": "501", "itemId": "Service", "incomeAccount": "5", "subsidiary": ["1"]}],
    "customers": [{"id": "501", "companyName": "Bench", "subsidiary": {"id": "1"}}],
}
_INVOICE = orjson.dumps({
    "entity": {"id": "501"}, "tranDate": "2026-01-05",
    "item": {"items": [{"item": {"id": "501"}, "amount": 100}, {"item": {"id": "501"}, "amount": 50}]},
})  # fmt: skip
_TRIAL_BALANCE = (
    "SELECT a.acctnumber, SUM(l.amount) AS balance FROM transactionaccountingline l JOIN account a ON a.id = l.account "
    "WHERE l.posting = 'T' GROUP BY a.acctnumber ORDER BY a.acctnumber"
)
_BY_NAME = (
    "SELECT BUILTIN.DF(account) AS name, SUM(amount) AS balance FROM transactionaccountingline WHERE posting = 'T' "
    "GROUP BY BUILTIN.DF(account) ORDER BY name"
)
_OPEN_ITEMS = (
    "SELECT id, tranid, duedate, foreignamountunpaid FROM transaction WHERE type = 'CustInvc' AND "
    "foreignamountunpaid > 0 ORDER BY id FETCH FIRST 1000 ROWS ONLY"
)


class _Ledger:
    """A cloud ERP in this process, kept in a folder, and a caller."""

    def __init__(self, folder: Path) -> None:
        begun = time.monotonic()
        wire = lambda: GENESIS + time.monotonic() - begun  # noqa: E731
        settings = Settings(wire=wire, sender=_nobody, genesis=GENESIS, profile="none", data=folder)
        self.system: Any = erp_cloud.create(settings)

    def caller(self, path: str, body: bytes) -> Call:
        sent = {"host": _HOST, "content-type": "application/json", "prefer": "transient",
                "authorization": f"Bearer {self.system.access.grant()}"}  # fmt: skip

        async def call() -> bytes:
            answer = await request(self.system.app, "POST", f"/services/rest{path}", sent, body, None)
            if answer.status >= 300:
                raise RuntimeError(f"{path} answered {answer.status}: {answer.body[:200]!r}")
            return answer.body

        return call


async def _nobody(*_arguments: object) -> int:
    return 200


def big_ledger() -> list[Figure]:
    """Invoice POST beside the empty ledger's, two queries and a restart of the full one."""
    with tempfile.TemporaryDirectory() as full, tempfile.TemporaryDirectory() as empty:
        return asyncio.run(_measured(Path(full), Path(empty)))


async def _measured(full: Path, empty: Path) -> list[Figure]:
    big, small = _Ledger(full), _Ledger(empty)
    for ledger in (big, small):
        ledger.system.seed(_SEED)
        ledger.system.remember()
        await ledger.caller("/record/v1/invoice", _INVOICE)()
    begun = time.monotonic()
    fill(big.system.store, LINES // PER_INVOICE)
    note = f"{LINES:,} posted lines, copied in {time.monotonic() - begun:.0f} s"
    ours, theirs = (ledger.caller("/record/v1/invoice", _INVOICE) for ledger in (big, small))
    mine, other, ratio = await paired(ours, theirs)
    figures = [Figure("big ledger: invoice POST", mine, "us", other, ratio, RATIO_BAR, f"beside an empty one; {note}")]
    for name, text in (("trial balance", _TRIAL_BALANCE), ("trial balance by BUILTIN.DF", _BY_NAME),
                       ("open items, 1,000 of them", _OPEN_ITEMS)):  # fmt: skip
        call = big.caller("/query/v1/suiteql", orjson.dumps({"q": text}))
        begun = time.monotonic()
        rows = orjson.loads(await call())["items"]
        took = time.monotonic() - begun
        if not rows:
            raise RuntimeError(f"big ledger: nothing found by {text}")
        figures.append(Figure(f"big ledger: {name}", took, "s", bar=QUERY_BAR_S, note="the first time"))
    big.system.store.close()
    begun = time.monotonic()
    again = _Ledger(full)
    await again.caller("/record/v1/invoice", _INVOICE)()
    took = time.monotonic() - begun
    return [*figures, Figure("big ledger: restart", took, "s", bar=RESTART_BAR_S, note="to the first invoice posted")]


def fill(store: Store, invoices: int) -> None:
    """Copies of the first invoice with its lines and ledger lines, made by SQLite itself; ids and numbers differ."""
    db = store.db
    first = db.execute("SELECT min(id) FROM row_transaction").fetchone()[0]
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {invoices})"
    new = f"i + {first}"
    db.execute("BEGIN")
    db.execute(
        f"{numbers} INSERT INTO \"transaction\" (key, doc) SELECT CAST({new} AS TEXT), json_set(doc, '$.id', "
        f"CAST({new} AS TEXT), '$.tranId', 'INV' || (i + 1)) FROM n, (SELECT doc FROM \"transaction\" LIMIT 1)"
    )
    for table, key, named in (("row_transaction", "id", {"tranid": "'INV' || (i + 1)"}), ("row_line", "tx", {}),
                              ("row_gl", "tx", {})):  # fmt: skip
        columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
        shown = ", ".join(named.get(name, new if name == key else f'"{name}"') for name in columns)
        db.execute(
            f"{numbers} INSERT INTO {table} SELECT {shown} FROM n, (SELECT * FROM {table} WHERE {key} = {first})"
        )
    db.execute("COMMIT")
    with store.transaction():
        for counter in ("transaction.id", "tranid.CustInvc"):
            for _ in range(invoices - 1):
                store.next(counter)
