"""Answers to a sender: .ACK with a line per document, .REJ for a whole file, delta .A02 and on, and STATUS_ records."""

from collections.abc import Iterable, Sequence

from simulators.erp_legacy.errors import FileRefusal
from simulators.erp_legacy.layouts import ACK, DOC, STATUS, encoded, is_latin1
from simulators.kit.store import Doc


def ack_line(base: str, statuses: Sequence[str]) -> bytes:
    """The head of an acknowledgement: how many documents the file has, are posted, are not."""
    posted = sum(1 for status in statuses if status == "53")
    errors = len(statuses) - posted
    return encoded(ACK.render({
        "RECTYP": "ACK", "BASENAME": base, "RESULT": "PAR" if errors else "OK", "IDOCCNT": f"{len(statuses):08d}",
        "POSTED": f"{posted:08d}", "ERRORS": f"{errors:08d}",
        "TEXT": f"{posted} posted, {errors} in the correction queue" if errors else f"{posted} posted",
    }))  # fmt: skip


def doc_line(doc: Doc) -> bytes:
    """One document's answer."""
    note = doc["history"][-1]
    return encoded(DOC.render({
        "RECTYP": "DOC", "EXTDOC": doc["EXTDOC"], "DOCNUM": doc["DOCNUM"], "XBLNR": doc["XBLNR"],
        "STATUS": doc["STATUS"], "BUKRS": doc["BUKRS"], "BELNR": doc["BELNR"], "GJAHR": doc["GJAHR"],
        "STAMID": note["STAMID"], "STAMNO": note["STAMNO"], "TEXT": cut(note["STATXT"], 66),
    }))  # fmt: skip


def rej_file(base: str, refusal: FileRefusal) -> bytes:
    """The refusal of a whole file. CODE holds 12 characters: a longer code is cut there and stands whole in TEXT."""
    text = refusal.text if len(refusal.code) <= 12 else f"{refusal.code}: {refusal.text}"
    return encoded(ACK.render({
        "RECTYP": "REJ", "BASENAME": cut(base, 40), "RESULT": "REJ", "CODE": refusal.code[:12], "IDOCCNT": "0" * 8,
        "POSTED": "0" * 8, "ERRORS": "0" * 8, "TEXT": cut(text, 78),
    }))  # fmt: skip


def status_records(docs: Iterable[Doc]) -> Iterable[bytes]:
    """The whole status history of each document as EDI_DS40 records."""
    for doc in docs:
        for step in doc["history"]:
            yield encoded(STATUS.render({
                "TABNAM": "EDI_DS40", "MANDT": "100", "DOCNUM": doc["DOCNUM"], "LOGDAT": step["LOGDAT"],
                "LOGTIM": step["LOGTIM"], "STATUS": step["STATUS"], "STAMQU": "SAP", "STAMID": step["STAMID"],
                "STAMNO": step["STAMNO"], "STATYP": "S" if step["STATUS"] in ("50", "53", "62", "64") else "E",
                "STAPA1": step["STAPA1"], "STATXT": cut(step["STATXT"], 70), "UNAME": cut(step["UNAME"], 12),
                "SEGNUM": f"{step['SEGNUM']:06d}", "SEGFLD": step["SEGFLD"], "ARCKEY": doc["ARCKEY"],
                "REFMES": doc["EXTDOC"][:14],
            }))  # fmt: skip


def cut(text: str, length: int) -> str:
    """Text that fits a field: Latin-1, its end cut off."""
    clean = "".join(letter if is_latin1(letter) else "?" for letter in text)
    return clean[:length]
