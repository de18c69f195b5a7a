"""A night of the legacy ERP over many IDocs: how many it posts a second, and what they cost in memory."""

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from harness.bench.measure import Figure
from harness.drivers.bank_file import Transfer, pay_file
from simulators import erp_legacy
from simulators.kit.system import Settings

GENESIS = 1_767_603_600.0  # 2026-01-05T09:00:00Z
FILES = 10
BAR_MB = "at most 32"
CUSTOMER = "0000100001"
_SEED: dict[str, Any] = {
    "company_codes": [{"BUKRS": "SG01", "name": "Bench", "WAERS": "SGD", "zone": "Asia/Singapore"}],
    "accounts": [{"SAKNR": "0000140000", "name": "Receivables", "kind": "D"},
                 {"SAKNR": "0000113100", "name": "Bank", "kind": "bank"}],
    "periods": {"from": "2025-01", "to": "2027-12"},
    "partners": [{"SNDPRN": "BANK01", "username": "bank01", "password": "bank-secret", "roles": ["PAY"]}],
    "calendar": {"zone": "Asia/Singapore", "window": ["22:00", "02:00"], "cutoff": "21:45", "holidays": []},
    "customers": [{"KUNNR": CUSTOMER, "NAME1": "Bench", "LAND1": "SG", "companies": [
        {"BUKRS": "SG01", "AKONT": "0000140000", "ZTERM": "N30"}]}],
}  # fmt: skip


def big_night(idocs: int) -> list[Figure]:
    """IDocs a second of a night over `idocs` payments in ten files, and its memory, beside a tenth of them."""
    few, many = _night(idocs // FILES), _night(idocs)
    note = f"{idocs:,} payments in {FILES} files, each posted, answered and extracted; beside {idocs // 10:,}"
    return [
        Figure("a night of the legacy ERP", many["rate"], "IDocs/s", few["rate"], few["rate"] / many["rate"],
               "at most 1.5", note),
        Figure("memory that the night takes", many["grown_mb"], "MB", few["grown_mb"], None, BAR_MB),
    ]  # fmt: skip


def _night(idocs: int) -> dict[str, float]:
    """The files are written by this process; the night is another's, so that its memory is its own."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_written(Path(folder), idocs))
        done = subprocess.run(
            [sys.executable, "-m", "harness.bench.big_night", folder], capture_output=True, text=True, check=True
        )
    told: dict[str, float] = json.loads(done.stdout)
    if told["posted"] != idocs // FILES * FILES:
        raise RuntimeError(f"the night posted {told['posted']:,} of {idocs:,} IDocs")
    return told


def _system(folder: Path) -> Any:
    return erp_legacy.create(Settings(wire=lambda: GENESIS, sender=_nobody, genesis=GENESIS, data=folder))


async def _written(folder: Path, idocs: int) -> None:
    system = _system(folder)
    system.seed(_SEED)
    at = datetime.fromtimestamp(GENESIS, UTC)
    for sequence in range(1, FILES + 1):
        transfers = [
            Transfer("SG01", CUSTOMER, "", "SGD", 10_000 + number, date(2026, 1, 5), f"BK{sequence:03d}{number:08d}")
            for number in range(idocs // FILES)
        ]
        base, data, control = pay_file(transfers, sequence, at)
        for suffix, content in ((".DAT", data), (".CTL", control)):
            await system.drop.write("bank01", f"/inbound/{base}{suffix}", content)
    system.store.close()


async def _flown(folder: Path) -> dict[str, float]:
    """Posted, IDocs a processor second, and by how much the process has grown at most."""
    system = _system(folder)
    before, begun = _peak_kb(), time.process_time()
    await system.acts["run_window"]({})
    spent_s = time.process_time() - begun
    posted = next(system.store.rows("SELECT count(*) FROM bkpf"))[0]
    return {"posted": posted, "rate": posted / spent_s, "grown_mb": (_peak_kb() - before) / 1024}


def _peak_kb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


async def _nobody(*_arguments: object) -> int:
    return 200


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_flown(Path(sys.argv[1])))))
