"""Reconciliation of very many documents over four systems, whose exports lie on disk as the vendors would answer them.

A child process of its own writes nothing and reads all, so that its peak of memory is the reconciliation's.
"""

import asyncio
import bisect
import json
import multiprocessing
import re
import resource
import sqlite3
import tempfile
import time
from array import array
from dataclasses import replace
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import parse_qs, urlsplit

from harness.bench.measure import Figure
from harness.simulation.hangar import hangar
from harness.simulation.ports import SimulatedChance
from synccore import bootstrap
from synccore.ports.holding import Worker
from synccore.ports.transport import Request, Response

ROWS_A_BILL = 7.5  # a deal, a contract twice, a bill three times, half a payment three times
WIDTH, PAGE, BILLS_A_CUSTOMER = 640, 50_000, 20
BEGUN, DUE, PAID = 1767603600, 1770195600, 1767690000  # 2026-01-05, 2026-02-04, 2026-01-06, all at 09:00 UTC
STAMP = "2026-01-06T09:00:00.000+0000"
BAR_S, BAR_MB = "60", "2048"
QUOTA_NOTE = "platform lists: 100 rows a page, 150 calls a minute"


def big_books(documents: int) -> list[Figure]:
    """Write the exports, reconcile them in a child process, and say what paging and quotas alone would impose."""
    bills = max(40, int(documents / ROWS_A_BILL))
    with tempfile.TemporaryDirectory(prefix="windtunnel-books-") as name:
        begun = time.monotonic()
        export(Path(name), bills)
        written_s = time.monotonic() - begun
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            said = pool.apply(reconciled, (name, bills))
    if said["breaks"] or not said["documents"] or not said["counted"]:
        raise RuntimeError(f"{said['breaks']} breaks in books that agree: {said['first']}")
    rows = int(bills * ROWS_A_BILL)
    pages = said["platform_pages"]
    return [
        Figure(f"reconciliation of {rows:,} documents in four systems", said["took_s"], "s", bar=BAR_S,
               note=f"exports on disk, read and compared, kept in DuckDB and counted again there; "
                    f"{said['documents']:,} compared, {said['counted']:,} counted, no break"),
        Figure("its peak of memory", said["peak_mb"], "MB", bar=BAR_MB),
        Figure("the platform's export under its quota", pages / 150, "minutes", note=f"{pages:,} pages; {QUOTA_NOTE}"),
        Figure("the exports of this bench, written", written_s, "s", note="by the bench, as files"),
    ]  # fmt: skip


# -- what the systems hold ------------------------------------------------------------------


@cache
def _customer(number: int) -> tuple[str, str, str]:
    """Account, entity and platform customer of a customer; every fourth one is Singapore's."""
    account, entity = f"001{number:012d}AAA", "SG" if number % 4 == 0 else "US"
    return account, entity, f"{account}-{entity}"


def export(folder: Path, bills: int) -> None:
    """All tables of all systems, a line a row; those of the cloud ERP in lines of one length, found by number."""
    files = {name: (folder / name).open("w", encoding="utf-8") for name in TABLES}

    def put(table: str, row: Any) -> None:
        files[table].write(json.dumps(row, separators=(",", ":")) + "\n")

    def put_wide(table: str, row: Any) -> None:
        files[table].write(json.dumps(row, separators=(",", ":")).ljust(WIDTH - 1) + "\n")

    for number in range(bills // BILLS_A_CUSTOMER + 1):
        account, entity, customer = _customer(number)
        put("customer", {"id": customer, "company": f"C {number}", "cf_sf_account": account})
        files["Account"].write(f"{account},C {number},{entity},{customer}\n")
        if entity == "US":
            put_wide("c.customer", {"id": str(number + 1), "externalid": f"CB-{customer}", "companyname": f"C {number}",
                                    "subsidiary": SUBSIDIARY})  # fmt: skip
        else:
            files["CUST"].write(_doc(number + 1, "", f"{number:010d}"))
    for number in range(bills):
        _bill(put, put_wide, files, number)
    for file in files.values():
        file.close()


def _bill(put: Any, put_wide: Any, files: Any, number: int) -> None:
    account, entity, customer = _customer(number // BILLS_A_CUSTOMER)
    currency, bill = "SGD" if entity == "SG" else "USD", f"{entity}-{number:07d}"
    net, tax, paid, deal = 10_000 + number % 5_000, 100, number % 2 == 0, f"006{number:012d}AAA"
    gross, sub = net + tax, f"sub-{deal}"
    still, money = 0 if paid else gross, f"{gross / 100:.2f}"
    put("subscription", {"id": sub, "currency_code": currency, "status": "active", "cf_sf_opportunity": deal,
                         "contract_term": {"contract_start": BEGUN, "contract_end": BEGUN + 31_449_600,
                                           "total_contract_value_before_tax": net}, "updated_at": BEGUN})  # fmt: skip
    put("invoice", {"id": bill, "customer_id": customer, "subscription_id": sub, "currency_code": currency,
                    "total": gross, "tax": tax, "amount_due": still, "date": BEGUN, "due_date": DUE,
                    "status": "paid" if paid else "payment_due", "updated_at": PAID})  # fmt: skip
    files["Opportunity"].write(
        f"{deal},Deal {number},{account},{entity},{net / 100:.2f},{currency},2026-01-05,,{sub}\n")  # fmt: skip
    files["Contract"].write(
        f"800{number:012d}AAA,{sub},{deal},{currency},2026-01-05,2027-01-04,Activated,{net / 100:.2f},{STAMP}\n"
    )
    files["Invoice__c"].write(
        f"a00{number:012d}AAA,false,{bill},{account},{entity},{deal},{currency},{net / 100:.2f},{tax / 100:.2f},"
        f"{money},{still / 100:.2f},2026-01-05,2026-02-04,{'Paid' if paid else 'Due'},{STAMP}\n")  # fmt: skip
    reference, key = "", f"CB:txn_{number}"
    if entity == "SG":
        reference = key = f"L-SG01-2026-{number:010d}"
        files["BILL"].write(_doc(number + 1, bill, f"{number:010d}"))
        kunnr = f"{number // BILLS_A_CUSTOMER:010d}"
        if paid:
            files["PAY"].write(
                f"PAYSG01{number:010d}202620260106{kunnr}{bill:<16}{currency:<5}{money:>16}{'':16}{'0.00':>16}"
                f"{number:010d}".ljust(120) + "\n")  # fmt: skip
        else:
            files["OPI"].write(
                f"OPISG01{kunnr}{number:010d}2026001DR{bill:<16}202601052026010520260204{currency:<5}{money:>16}"
                f"{money:>16}".ljust(160) + "\n")  # fmt: skip
    else:
        common = {"voided": "F", "posting": "T", "symbol": currency, "subsidiary": SUBSIDIARY,
                  "customer": f"CB-{customer}", "modified": "2026-01-06 09:00:00"}  # fmt: skip
        put_wide("transaction", {
            "id": str(2 * number + 1), "tranid": bill, "type": "CustInvc", "externalid": f"CBINV-{bill}",
            "foreigntotal": money, "ondate": "2026-01-05", "foreignamountunpaid": f"{still / 100:.2f}",
            "duedate": "2026-02-04", **common,
        })  # fmt: skip
        put_wide("tax", {"id": str(2 * number + 1), "tax": f"-{tax / 100:.2f}"})
        if paid:
            put_wide("transaction", {"id": str(2 * number + 2), "tranid": f"PY{number}", "type": "CustPymt",
                                     "externalid": f"CBTXN-txn_{number}", "foreigntotal": money, "duedate": None,
                                     "ondate": "2026-01-06", "foreignamountunpaid": "0.00", **common})  # fmt: skip
            put_wide("application", {"id": str(2 * number + 2), "previousdoc": str(2 * number + 1),
                                     "foreignamount": money, "externalid": f"CBINV-{bill}", "tranid": bill,
                                     "type": "CustInvc"})  # fmt: skip
    if paid:
        put("transaction.", {"id": f"txn_{number}", "type": "payment", "status": "success", "customer_id": customer,
                             "currency_code": currency, "amount": gross, "date": PAID, "reference_number": reference,
                             "linked_invoices": [{"invoice_id": bill, "applied_amount": gross}],
                             "updated_at": PAID})  # fmt: skip
        files["Payment__c"].write(
            f"a01{number:012d}AAA,false,{key},{entity},{bill},{currency},{money},2026-01-06,{STAMP}\n")  # fmt: skip


def _doc(number: int, reference: str, document: str) -> str:
    """A line of an acknowledgement: the document of that number in the file is posted."""
    return f"DOC{number % 1_000_000:016d}{number:016d}{reference:<16}53SG01{document}2026".ljust(160) + "\n"


SUBSIDIARY = str(hangar("default").company.entities["US"].get("subsidiary", "1"))
EMPTY = ("Invoice_Share__c", "Credit_Share__c", "Credit_Note__c")  # each bill is of one contract, none is credited
PLATFORM = {"customers": "customer", "subscriptions": "subscription", "invoices": "invoice",
            "transactions": "transaction.", "credit_notes": "credit_note"}  # fmt: skip
HEADS = {
    "Account": "Id,Name,Selling_Entity__c,Billing_Customer_Id__c",
    "Opportunity": "Id,Name,AccountId,Account.Selling_Entity__c,Amount,CurrencyIsoCode,CloseDate,ContractId,"
                   "Subscription_Id__c",
    "Contract": "Id,Subscription_Id__c,Opportunity__c,CurrencyIsoCode,StartDate,EndDate,Status,Value__c,"
                "LastModifiedDate",
    "Invoice__c": "Id,IsDeleted,Invoice_Number__c,Account__c,Account__r.Selling_Entity__c,Opportunity__c,"
                  "CurrencyIsoCode,Net__c,Tax__c,Gross__c,Balance__c,Issue_Date__c,Due_Date__c,Status__c,"
                  "LastModifiedDate",
    "Payment__c": "Id,IsDeleted,Payment_Key__c,Account__r.Selling_Entity__c,Invoice__r.Invoice_Number__c,"
                  "CurrencyIsoCode,Amount__c,Received_On__c,LastModifiedDate",
    "Milestone__c": "Id",
}  # fmt: skip
SUITEQL = {"FROM customer c": "c.customer", "SUM(l.foreignamount)": "tax", "previoustransactionlinelink": "application",
           "transactionaccountingline": "journal", "deletedrecord": "deleted",
           "FROM transaction t JOIN": "transaction"}  # fmt: skip
TABLES = (*PLATFORM.values(), *HEADS, *SUITEQL.values(), "CUST", "BILL", "PAY", "OPI")


# -- the systems' answers from these files ----------------------------------------------------


class Disk:
    """See `ports.transport.Transport`: answers as the vendors do, from the exports. One reader, in order."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lines: dict[str, TextIO] = {}
        self._ids: dict[str, array[int]] = {}
        self._jobs: list[str] = []
        self.platform_pages = 0

    async def send(self, request: Request) -> Response:
        """See Transport."""
        url = urlsplit(request.url)
        if "token" in url.path:
            return _json({"access_token": "bench", "expires_in": "3600", "instance_url": ""})
        if url.path.endswith("/suiteql"):
            return self._suiteql(json.loads(request.body)["q"], int(parse_qs(url.query)["offset"][0]))
        if "/api/v2/" in url.path:
            return self._platform(PLATFORM[url.path.rpartition("/")[2]])
        if "/jobs/query" in url.path:
            return self._bulk(url.path, request)
        return _json({"totalSize": 1, "done": False, "records": [{}]})  # so that a job is asked for

    def _platform(self, table: str) -> Response:
        self.platform_pages += 1
        rows, member = self._page(table, 100), table.rstrip(".")
        more = ',"next_offset":"more"' if len(rows) == 100 else ""
        body = ",".join(f'{{"{member}":{row}}}' for row in rows)
        return Response(200, {}, f'{{"list":[{body}]{more}}}'.encode())

    def _bulk(self, path: str, request: Request) -> Response:
        if request.method == "POST":
            text = json.loads(request.body)["query"]
            self._jobs.append(re.findall(r"FROM (\w+)", text)[-1])
            return _json({"id": f"750{len(self._jobs):012d}", "state": "UploadComplete"})
        job = int(path.removesuffix("/results").rpartition("/")[2][3:])
        if not path.endswith("/results"):
            return _json({"id": job, "state": "JobComplete"})
        table = self._jobs[job - 1]
        if table in EMPTY:
            return Response(200, {"sforce-numberofrecords": "0", "sforce-locator": "null"}, b"Id\n")
        rows = self._page(table, PAGE)
        locator = "more" if len(rows) == PAGE else "null"
        headers = {"sforce-numberofrecords": str(len(rows)), "sforce-locator": locator}
        return Response(200, headers, (HEADS[table] + "\n" + "".join(rows)).encode())

    def _suiteql(self, query: str, offset: int) -> Response:
        table = next(table for text, table in SUITEQL.items() if text in query)
        behind = re.search(r"> (\d+)", query)
        after = int(behind[1]) if behind else 0
        ids = self._known(table)
        begin = bisect.bisect_right(ids, after) + offset
        with (self._folder / table).open("rb") as file:
            file.seek(begin * WIDTH)
            rows = [file.read(WIDTH) for _ in range(min(1000, len(ids) - begin))]
        more = "true" if begin + len(rows) < len(ids) else "false"
        return Response(200, {}, b'{"items":[' + b",".join(rows) + b'],"hasMore":' + more.encode() + b"}")

    def _known(self, table: str) -> "array[int]":
        if table not in self._ids:
            with (self._folder / table).open() as file:
                self._ids[table] = array("q", (int(json.loads(line)["id"]) for line in file))
        return self._ids[table]

    def _page(self, table: str, size: int) -> list[str]:
        """The next lines; behind the last page it begins anew."""
        if table not in self._lines:
            self._lines[table] = (self._folder / table).open(encoding="utf-8")
        rows = list(islice(self._lines[table], size))
        if len(rows) < size:
            self._lines.pop(table).close()
        return rows


class Outbound:
    """See `ports.files.FileDrop`: answers, open items and payments of the legacy ERP."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        stamp = "20260107000000"
        self._files = {f"CUST_SUBHUB_{stamp}_000001.ACK": "CUST", f"BILL_SUBHUB_{stamp}_000001.ACK": "BILL",
                       "ZSUBPAY_20260107_000001": "PAY", "ZOPENITM_20260107": "OPI"}  # fmt: skip

    async def listdir(self, folder: str) -> list[str]:
        """See FileDrop."""
        del folder
        return sorted(self._files)

    async def read(self, path: str) -> bytes:
        """See FileDrop."""
        name = path.rpartition("/")[2]
        text = (self._folder / self._files[name]).read_text()
        count = text.count("\n")
        if name.endswith(".ACK"):
            base = name.removesuffix(".ACK")
            head = f"ACK{base:<40}OK {'':12}{count:08d}{count:08d}{0:08d}".ljust(160) + "\n"
            return (head + text).encode()
        return (text + f"TRL{count:08d}\n").encode()

    async def write(self, path: str, data: bytes) -> None:
        """See FileDrop."""
        raise PermissionError(f"{path}: {len(data)} bytes")

    async def rename(self, old: str, new: str) -> None:
        """See FileDrop."""
        raise PermissionError(f"{old}: {new}")

    async def remove(self, path: str) -> None:
        """See FileDrop."""
        raise PermissionError(path)


def _json(body: Any) -> Response:
    return Response(200, {}, json.dumps(body).encode())


# -- a core over them ---------------------------------------------------------------------------


class _Still:
    """An engine that runs nothing: the core is asked for its reconciliation alone."""

    worker = Worker("bench", "1")

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


class _Clock:
    def now(self) -> float:
        return BEGUN + 40 * 86400.0

    wire = now

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0 * seconds)


def reconciled(name: str, bills: int) -> dict[str, Any]:
    """In a process of its own: what the core's reconciliation of the exports came to, and what it took."""
    folder = Path(name)
    disk, files = Disk(folder), Outbound(folder)
    world = hangar("default")
    settings = world.settings.model_copy(
        update={"metering_url": "", "salesforce_bulk_above": 0, "exports": str(folder / "kept")}
    )

    def change(parts: bootstrap.Parts) -> bootstrap.Parts:
        return replace(parts, adapters=lambda access, _t, _f, *rest: parts.adapters(access, disk, files, *rest))

    connection = sqlite3.connect(":memory:", isolation_level=None)
    bootstrap.prepare(connection)
    ports = bootstrap.Ports(
        _Clock(), SimulatedChance("1"), disk, files, bootstrap.inline_database(connection), _Still(), None,
    )  # fmt: skip
    core = bootstrap.build(settings, ports, change, world.company.mappings)

    async def made() -> tuple[float, dict[str, Any]]:
        await core.database.run(core._load)
        await core.database.run(lambda unit: _debtors(unit, bills))
        begun = time.monotonic()
        kept = await core.reconcile("bench")
        return time.monotonic() - begun, dict(kept.content)

    took, content = asyncio.run(made())
    return {
        "took_s": took, "documents": content["documents"], "breaks": len(content["breaks"]),
        "counted": sum(row["source"] for row in content["counts"]),
        "first": [row["cause"] for row in content["breaks"][:3]], "platform_pages": disk.platform_pages,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }  # fmt: skip


def _debtors(unit: Any, bills: int) -> None:
    """The core's correlation: which number of the legacy ERP is which customer."""
    for number in range(bills // BILLS_A_CUSTOMER + 1):
        _, entity, customer = _customer(number)
        if entity == "SG":
            unit.links.put("customer", customer, "erp_legacy", f"{number:010d}")
