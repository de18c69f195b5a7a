"""A fake legacy ledger behind a fake drop: it reads the files by the published offsets and answers in its window."""

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar

from synccore.ports.outcomes import Later
from synccore.ports.systems import Unknown
from synccore.ports.transport import NoAnswer, NotSent
from tests.synccore.processes.wire import Wire

T = TypeVar("T")


class FakeDrop:
    """Folders in memory; a rename onto an existing name is refused, as over SFTP."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.files: dict[str, bytes] = {}

    async def _act(self, operation: str, apply: Callable[[], T], write: bool = False) -> T:
        try:
            return await self.wire.act(operation, apply, write)
        except Later:
            raise NotSent(operation) from None
        except Unknown:
            raise NoAnswer(operation) from None

    async def listdir(self, folder: str) -> list[str]:
        prefix = f"{folder}/"
        return await self._act(
            "drop.list", lambda: sorted(n[len(prefix) :] for n in self.files if n.startswith(prefix))
        )

    async def read(self, path: str) -> bytes:
        return await self._act("drop.read", lambda: self.files[path])

    async def write(self, path: str, data: bytes) -> None:
        await self._act("drop.write", lambda: self.files.__setitem__(path, data), write=True)

    async def rename(self, old: str, new: str) -> None:
        def move() -> None:
            if old not in self.files:
                raise FileNotFoundError(old)
            if new in self.files:
                raise PermissionError(new)
            self.files[new] = self.files.pop(old)

        await self._act("drop.rename", move, write=True)

    async def remove(self, path: str) -> None:
        await self._act("drop.remove", lambda: self.files.pop(path), write=True)


def cut(line: str, offset: int, length: int) -> str:
    return line[offset : offset + length].strip()


class OldLedger:
    """Master records, documents and receipts of one company code."""

    def __init__(self, drop: FakeDrop) -> None:
        self.drop = drop
        self.customers: dict[str, str] = {}
        self.documents: dict[str, dict[str, Any]] = {}  # by BELNR
        self.refuse: set[str] = set()  # references that get status 51
        self.reject: list[str] = []  # codes for the next files
        self.numbers = {"DR": 1800000000, "DZ": 1400000000}
        self.extract: list[str] = []
        self.windows = 0

    def window(self) -> None:
        """Take up, check, post, extract, answer — in this order."""
        self.windows += 1
        names = sorted(n[9:-4] for n in self.drop.files if n.startswith("/inbound/") and n.endswith(".CTL"))
        answers = {}
        for name in sorted(names, key=lambda n: ("CUST", "BILL", "PAY_").index(n[:4])):
            data = self.drop.files.pop(f"/inbound/{name}.DAT")
            control = self.drop.files.pop(f"/inbound/{name}.CTL").decode("latin-1")
            if self.reject:
                code = self.reject.pop(0)
                self.drop.files[f"/error/{name}.CTL"] = b""
                answers[f"{name}.REJ"] = f"REJ{name:<40}REJ{code:<12}".ljust(160)
                continue
            self._check(data, control)
            self.drop.files[f"/archive/{name}.CTL"] = b""
            documents = self._post(data.decode("latin-1"))
            lines = [f"ACK{name:<40}{'OK':<15}{len(documents):08d}".ljust(160), *documents]
            answers[f"{name}.ACK"] = "\r\n".join(lines)
        trailer = f"TRL{len(self.extract):08d}".ljust(120)
        self._tell(f"ZSUBPAY_20260105_{self.windows:06d}.TXT", "\r\n".join([*self.extract, trailer]))
        self.extract = []
        for name, text in answers.items():
            self._tell(name, text)

    def _tell(self, name: str, text: str) -> None:
        self.drop.files[f"/outbound/{name}"] = f"{text}\r\n".encode("latin-1")

    def _check(self, data: bytes, control: str) -> None:
        lines = [line for line in control.split("\r\n") if line]
        assert all(len(line) == 120 for line in lines)
        assert int(cut(lines[-1], 3, 12)) == len(data)
        assert cut(lines[-1], 15, 64) == hashlib.sha256(data).hexdigest()
        records = data.decode("latin-1").split("\r\n")[:-1]
        assert int(cut(lines[-1], 79, 8)) == len(records)
        assert int(cut(lines[0], 49, 8)) == sum(r.startswith("EDI_DC40") for r in records)
        assert int(cut(lines[0], 57, 8)) == sum(not r.startswith("EDI_DC40") for r in records)
        debit, credit = (
            sum(int(cut(line, 8, 18)) for line in lines[1:-1]),
            sum(int(cut(line, 26, 18)) for line in lines[1:-1]),
        )
        assert debit == credit
        assert debit == sum(_minor(r[63:], 20) for r in records if r.startswith("Z1SUBIT") and r[63 + 19] == "S")

    def _post(self, text: str) -> list[str]:
        lines, records = [], text.split("\r\n")[:-1]
        starts = [index for index, record in enumerate(records) if record.startswith("EDI_DC40")]
        for start, end in zip(starts, [*starts[1:], len(records)], strict=True):
            segments = {r[:30].strip(): r[63:] for r in reversed(records[start + 1 : end])}
            external = cut(records[start], 13, 16)
            lines.append(self._document(external, segments, records[start + 1 : end]))
        return lines

    def _document(self, external: str, segments: dict[str, str], records: list[str]) -> str:
        if "E1KNA1M" in segments:
            kunnr = cut(segments["E1KNA1M"], 3, 10)
            assert cut(segments["E1KNB1M"], 14, 10) == "0000140000"
            self.customers[kunnr] = cut(segments["E1KNA1M"], 179, 35)
            return _doc(external, kunnr, "53", kunnr, "")
        head = segments["Z1SUBHD"]
        kind, reference, kunnr = cut(head, 0, 2), cut(head, 6, 16), cut(head, 82, 10)
        duplicate = kind == "DR" and any(
            d["reference"] == reference and d["kind"] == kind for d in self.documents.values()
        )
        if kunnr not in self.customers or duplicate or reference in self.refuse:
            return _doc(external, reference, "51", "", "period not open" if reference in self.refuse else "refused")
        self.numbers[kind] += 1
        number = str(self.numbers[kind])
        amounts = [_minor(r[63:], 20) for r in records if r.startswith("Z1SUBIT")]
        self.documents[number] = {
            "kind": kind, "reference": reference, "kunnr": kunnr, "gross": amounts[0], "source": cut(head, 172, 50),
            "invoice": cut(head, 104, 16),
        }  # fmt: skip
        if kind == "DZ":
            self.extract.append(_pay(number, kunnr, reference, amounts[0]))
        return _doc(external, reference, "53", number, "")

    def bank(self, reference: str, amount: int) -> None:
        """A customer's transfer, cleared in the next window."""
        document = next(d for d in self.documents.values() if d["reference"] == reference and d["kind"] == "DR")
        self.numbers["DZ"] += 1
        self.extract.append(_pay(str(self.numbers["DZ"]), document["kunnr"], reference, amount))


def _minor(content: str, offset: int) -> int:
    return int(cut(content, offset, 16).replace(".", "") or 0)


def _doc(external: str, reference: str, status: str, number: str, text: str) -> str:
    message = "102" if text == "refused" else "201"
    return f"DOC{external:<16}{'':<16}{reference:<16}{status}SG01{number:<10}2026{'F5':<20}{message}{text}".ljust(160)


def _pay(number: str, kunnr: str, reference: str, amount: int) -> str:
    money = f"{amount / 100:.2f}"
    return f"PAYSG01{number}202620260106{kunnr:<10}{reference:<16}SGD  {money:>16}{'0.00':>16}{'0.00':>16}{number}  "
