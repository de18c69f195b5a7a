"""The bank's file for the legacy ERP: incoming payments, a PAY IDoc each, with its control file, fixed width."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from harness.money import exponent

PARTNER, RECEIVER, CLIENT = "BANK01", "LEGACY01", "100"
BANK_ACCOUNT = "0000113100"


@dataclass(frozen=True)
class Transfer:
    """Money that a customer sent: amount in minor units, `bill` as the customer wrote it."""

    company: str
    customer: str  # KUNNR
    bill: str
    currency: str
    amount: int
    on: date
    reference: str  # the bank's own, at most 16 characters


def _line(length: int, *fields: tuple[int, int, str]) -> str:
    """A record: (offset, length, text) each, blanks elsewhere."""
    text = [" "] * length
    for offset, width, value in fields:
        if len(value) > width:
            raise ValueError(f"{value!r} does not fit {width} characters")
        text[offset : offset + len(value)] = value
    return "".join(text)


def _amount(transfer: Transfer) -> str:
    places = exponent(transfer.currency)
    digits = f"{transfer.amount:0{places + 1}d}"
    return f"{digits[:-places]}.{digits[-places:]}" if places else digits


def _segment(name: str, number: int, parent: int, level: int, docnum: str, data: str) -> str:
    head = _line(63, (0, 30, name), (30, 3, CLIENT), (33, 16, docnum), (49, 6, f"{number:06d}"),
                 (55, 6, f"{parent:06d}"), (61, 2, f"{level:02d}"))  # fmt: skip
    return head + data.ljust(1000)


def _item(position: int, key: str, kind: str, account: str, side: str, transfer: Transfer) -> str:
    amount = f"{_amount(transfer):>16}"
    return _line(210, (0, 6, f"{position:06d}"), (6, 2, key), (8, 1, kind), (9, 10, account), (19, 1, side),
                 (20, 16, amount), (126, 50, f"Transfer {transfer.bill}"), (176, 18, transfer.bill))  # fmt: skip


def pay_file(transfers: Sequence[Transfer], sequence: int, at: datetime) -> tuple[str, bytes, bytes]:
    """Base name, data file and control file of payments in one currency."""
    day, clock = f"{at:%Y%m%d}", f"{at:%H%M%S}"
    base = f"PAY_{PARTNER}_{day}_{sequence:06d}"
    docnums = (f"{sequence:09d}{number:07d}" for number in range(len(transfers)))
    data = "".join(f"{line}\r\n" for one, docnum in zip(transfers, docnums, strict=True)
                   for line in _idoc(one, docnum, day, clock)).encode("latin-1")  # fmt: skip
    return base, data, _control_file(base, data, transfers, sequence, day, clock)


def _idoc(transfer: Transfer, docnum: str, day: str, clock: str) -> list[str]:
    control = _line(
        524, (0, 10, "EDI_DC40"), (10, 3, CLIENT), (13, 16, docnum), (29, 4, "740"), (35, 1, "2"),
        (39, 30, "ZSUBINV01"), (99, 30, "ZSUBINV"), (148, 10, "BANKPORT"), (158, 2, "LS"), (162, 10, PARTNER),
        (263, 10, "SAPLEG"), (273, 2, "LS"), (277, 10, RECEIVER), (378, 8, day), (386, 6, clock),
        (434, 70, transfer.reference),
        (504, 20, f"{day}{clock}"),
    )  # fmt: skip
    on = f"{transfer.on:%Y%m%d}"
    header = _line(
        223, (0, 2, "DZ"), (2, 4, transfer.company), (6, 16, transfer.reference), (22, 8, on), (30, 8, on),
        (38, 2, f"{transfer.on:%m}"), (40, 5, transfer.currency), (57, 25, "Incoming transfer"),
        (82, 10, transfer.customer), (104, 16, transfer.bill), (162, 10, PARTNER), (172, 50, transfer.reference),
        (222, 1, "C"),
    )  # fmt: skip
    return [
        control,
        _segment("Z1SUBHD", 1, 0, 1, docnum, header),
        _segment("Z1SUBIT", 2, 1, 2, docnum, _item(1, "40", "S", BANK_ACCOUNT, "S", transfer)),
        _segment("Z1SUBIT", 3, 1, 2, docnum, _item(2, "15", "D", transfer.customer, "H", transfer)),
    ]


def _control_file(base: str, data: bytes, transfers: Sequence[Transfer], sequence: int, day: str, clock: str) -> bytes:
    total, count = f"{sum(one.amount for one in transfers):018d}", len(transfers)
    kunhash = sum(int(one.customer[-8:]) for one in transfers if one.customer[-8:].isdigit())
    lines = [
        _line(120, (0, 3, "CTL"), (3, 6, "PAY"), (9, 10, PARTNER), (19, 10, RECEIVER), (29, 6, f"{sequence:06d}"),
              (35, 8, day), (43, 6, clock), (49, 8, f"{count:08d}"), (57, 8, f"{3 * count:08d}"), (65, 40, base)),
        _line(120, (0, 3, "TOT"), (3, 5, transfers[0].currency), (8, 18, total), (26, 18, total),
              (44, 16, f"{kunhash:016d}")),
        _line(120, (0, 3, "END"), (3, 12, f"{len(data):012d}"), (15, 64, hashlib.sha256(data).hexdigest()),
              (79, 8, f"{4 * count:08d}")),
    ]  # fmt: skip
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1")
