"""The large ledger that is measured is one that the ERP could have posted itself."""

import asyncio
from pathlib import Path

import orjson

from harness.bench.big_ledger import _BY_NAME, _INVOICE, _OPEN_ITEMS, _SEED, _TRIAL_BALANCE, _Ledger, fill


def test_copied_invoices_balance_are_open_and_the_next_one_has_the_next_number(tmp_path: Path) -> None:
    async def work() -> list[list[dict[str, str]]]:
        ledger = _Ledger(tmp_path)
        ledger.system.seed(_SEED)
        post = ledger.caller("/record/v1/invoice", _INVOICE)
        await post()
        fill(ledger.system.store, 50)
        await post()
        pages = [await ledger.caller("/query/v1/suiteql", orjson.dumps({"q": text}))()
                 for text in (_TRIAL_BALANCE, _OPEN_ITEMS, _BY_NAME)]  # fmt: skip
        return [orjson.loads(page)["items"] for page in pages]

    balances, items, named = asyncio.run(work())
    assert [row["balance"] for row in named] == [row["balance"] for row in balances]
    assert {row["acctnumber"]: float(row["balance"]) for row in balances} == {
        "1100": 51 * 165, "2200": -51 * 15, "4000": -51 * 150,
    }  # fmt: skip
    assert [row["tranid"] for row in items] == [f"INV{number}" for number in range(1, 52)]
