"""Lines of the legacy ERP's answers and extracts, read by their fixed offsets into plain fields."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from synccore.domain.money import minor

_AMOUNT = re.compile(r"[0-9]*\.?[0-9]+|[0-9]+\.", re.ASCII)
Layout = Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class OutboundFile:
    """A file of the legacy ERP."""

    name: str
    text: str


ANSWER: Layout = {
    "RECTYP": (0, 3), "BASENAME": (3, 40), "RESULT": (43, 3), "CODE": (46, 12), "IDOCCNT": (58, 8), "POSTED": (66, 8),
    "ERRORS": (74, 8), "TEXT": (82, 78),
}  # fmt: skip
DOCUMENT: Layout = {
    "RECTYP": (0, 3), "EXTDOC": (3, 16), "DOCNUM": (19, 16), "XBLNR": (35, 16), "STATUS": (51, 2), "BUKRS": (53, 4),
    "BELNR": (57, 10), "GJAHR": (67, 4), "STAMID": (71, 20), "STAMNO": (91, 3), "TEXT": (94, 66),
}  # fmt: skip
PAYMENT: Layout = {
    "RECTYP": (0, 3), "BUKRS": (3, 4), "AUGBL": (7, 10), "GJAHR": (17, 4), "AUGDT": (21, 8), "KUNNR": (29, 10),
    "XBLNR": (39, 16), "WAERS": (55, 5), "WRBTR": (60, 16), "SKONTO": (76, 16), "RESTBT": (92, 16), "BELNR": (108, 10),
}  # fmt: skip
LENGTHS = {"ACK": 160, "REJ": 160, "DOC": 160, "PAY": 120}
LAYOUTS = {"ACK": ANSWER, "REJ": ANSWER, "DOC": DOCUMENT, "PAY": PAYMENT}


@dataclass(frozen=True)
class Unreadable:
    """A line that is none of the known kinds, or not of its length."""

    line: str
    reason: str


def read_line(line: str) -> dict[str, str] | Unreadable | None:
    """The fields of one line, stripped; None for a trailer or an empty line."""
    kind = line[:3]
    if not line.strip() or kind == "TRL":
        return None
    layout = LAYOUTS.get(kind)
    if layout is None:
        return Unreadable(line, f"unknown record type '{kind}'")
    if len(line) != LENGTHS[kind]:
        return Unreadable(line, f"{kind} lines have {LENGTHS[kind]} characters, this one {len(line)}")
    return {name: line[start : start + length].strip() for name, (start, length) in layout.items()}


def read_text(text: str, trailed: bool = False) -> list[dict[str, str] | Unreadable]:
    """All lines of a file that carry something. `trailed`: its last line counts the others (TRL and eight digits)."""
    lines = [line for line in text.replace("\r\n", "\n").split("\n") if line.strip()]
    rows = [row for line in lines if (row := read_line(line)) is not None]
    last = lines[-1] if lines else ""
    if trailed and last[:11] != f"TRL{len(rows):08d}":
        rows.append(Unreadable(last, f"the file ends with '{last[:11]}' after {len(rows)} lines: it is not whole"))
    return rows


def read_answer(name: str, text: str) -> list[dict[str, str] | Unreadable]:
    """All lines of an acknowledgement or rejection. Its head counts the documents: a file that was cut between two
    lines says so. The first answer (.ACK) names every document, a later one (.A02, …) those that have changed.
    """
    rows = read_text(text)
    head = rows[0] if rows and isinstance(rows[0], dict) else {}
    if head.get("RECTYP") != "ACK":
        return rows
    named, counted = len(rows) - 1, int(head["IDOCCNT"]) if head["IDOCCNT"].isdigit() else -1
    whole = named == counted if name.endswith(".ACK") else named > 0
    if not whole:
        rows.append(Unreadable(text[: LENGTHS["ACK"]], f"the answer is for {counted} documents and names {named}"))
    return rows


def amount(text: str, currency: str) -> int:
    """Minor units of an amount field: blank is zero, a leading or trailing minus is negative. ValueError if none."""
    plain = text.strip()
    negative = plain.startswith("-") or plain.endswith("-")
    digits = plain.strip("-").strip() or "0"
    if not _AMOUNT.fullmatch(digits):  # an exponent would be a number of any size
        raise ValueError(f"'{text}' is no amount")
    value = minor(Decimal(digits), currency)
    return -value if negative else value
