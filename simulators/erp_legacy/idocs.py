"""Inbound IDocs: created from file lines, checked for structure, passed to the application, with their history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from simulators.erp_legacy.custom_tables import frozen
from simulators.erp_legacy.documents import Segment, read_document
from simulators.erp_legacy.errors import STATUS_TEXT, Message
from simulators.erp_legacy.intake import INTERFACES
from simulators.erp_legacy.layouts import CONTROL, DATA, SEGMENTS
from simulators.erp_legacy.ledger import Origin
from simulators.erp_legacy.posting import Posted, Posting
from simulators.erp_legacy.state import IDOC, State, rendered
from simulators.kit.fidelity import absent, exact
from simulators.kit.store import Doc

if TYPE_CHECKING:
    from simulators.erp_legacy.master import Masters
    from simulators.kit.journal import Journal

exact(
    "statuses 50, 51, 53, 56, 60, 62, 64, 68, 69, 70; an edit keeps the original's content as another document at 70",
    source="documented",
    held_by="test_correction_queue, test_refused_files, test_window",
)
absent("statuses 52, 63, 65 and 66 (an older SERIAL is refused at 51 instead of waiting)")

FIRST_DOCNUM = 100_001
# Message type -> root segment and the segments that may stand under it.
STRUCTURE = {"DEBMAS": ("E1KNA1M", ("E1KNB1M",)), "ZSUBINV": ("Z1SUBHD", ("Z1SUBIT", "Z1SUBTX"))}
READY = ("64", "69")


def read_idocs(lines: Iterator[bytes]) -> Iterator[tuple[dict[str, str], list[str]]]:
    """Control record and data lines of each document of a checked file."""
    control: dict[str, str] | None = None
    data: list[str] = []
    for raw in lines:
        line = raw[:-2].decode("latin-1")
        if line.startswith("EDI_DC40"):
            if control is not None:
                yield control, data
            control, data = CONTROL.parse(line), []
        else:
            data.append(line)
    if control is not None:
        yield control, data


def split_segment(line: str) -> dict[str, Any]:
    """A data record as it is stored: numbers, name, and the fields that are not blank."""
    head = DATA.parse(line)
    layout = SEGMENTS.get(head["SEGNAM"])
    sdata = line[63:]
    fields = {"SDATA": sdata.rstrip()} if layout is None else layout.parse(sdata)
    return {
        "SEGNUM": head["SEGNUM"], "PSGNUM": head["PSGNUM"], "HLEVEL": head["HLEVEL"], "SEGNAM": head["SEGNAM"],
        "fields": {name: value for name, value in fields.items() if value},
    }  # fmt: skip


def syntax_errors(mestyp: str, segments: Sequence[Doc]) -> list[str]:
    """What is wrong with a document's structure, in words."""
    root, children = STRUCTURE[mestyp]
    if not segments:
        return ["the document has no data record"]
    errors = []
    for number, segment in enumerate(segments, 1):
        name, wanted = segment["SEGNAM"], (root,) if number == 1 else children
        if name not in wanted:
            errors.append(f"segment {number}: {name} where {' or '.join(wanted)} is allowed")
        if segment["SEGNUM"].strip().zfill(6) != f"{number:06d}":
            errors.append(f"segment {number}: SEGNUM {segment['SEGNUM']} is out of sequence")
        if segment["PSGNUM"].strip().zfill(6) != f"{0 if number == 1 else 1:06d}":
            errors.append(f"segment {number}: PSGNUM {segment['PSGNUM']} is not its parent's number")
    return errors


def complete(segments: Sequence[Doc]) -> list[Segment]:
    """Segments with every field of their layout, blank ones included."""
    whole: list[Segment] = []
    for number, segment in enumerate(segments, 1):
        names = SEGMENTS[segment["SEGNAM"]].fields
        whole.append(
            (number, segment["SEGNAM"], {field.name: segment["fields"].get(field.name, "") for field in names})
        )
    return whole


class Idocs:
    """The IDoc database. Call within a transaction."""

    def __init__(self, state: State, journal: Journal, posting: Posting, masters: Masters) -> None:
        self._state, self._store, self._journal = state, state.store, journal
        self._posting, self._masters = posting, masters

    def create(self, file: Doc, control: dict[str, str], lines: Sequence[str], at: float) -> Doc:
        """Add one document (50), check partner profile (56) and structure (60), make it ready (64)."""
        segments = [split_segment(line) for line in lines]
        head = segments[0]["fields"] if segments else {}
        doc: Doc = {
            "DOCNUM": f"{self._store.next('docnum', FIRST_DOCNUM):016d}", "EXTDOC": control["DOCNUM"],
            "MESTYP": control["MESTYP"], "IDOCTYP": control["IDOCTYP"], "SERIAL": control["SERIAL"],
            "ARCKEY": control["ARCKEY"], "SNDPRN": control["SNDPRN"], "iface": file["iface"], "file": file["id"],
            "base": file["base"], "XBLNR": (head.get("XBLNR") or control["ARCKEY"])[:16],
            "KUNNR": head.get("KUNNR", ""), "BUKRS": head.get("BUKRS", ""), "BELNR": "", "GJAHR": "", "STATUS": "",
            "history": [], "segments": segments, "news": None, "original": None, "messages": [],
        }  # fmt: skip
        self.set_status(doc, "50", [], at)
        self._admit(doc, at)
        self._store.put(IDOC.name, doc)
        return doc

    def _admit(self, doc: Doc, at: float, who: str = "BATCH") -> None:
        """Partner profile, then structure; ready when both are right."""
        if doc["SNDPRN"] != doc["file"].split("/")[0] or doc["MESTYP"] != INTERFACES[doc["iface"]]:
            why = f"{doc['SNDPRN']} has no inbound profile for {doc['MESTYP'] or '(none)'} over {doc['iface']}"
            self.set_status(doc, "56", [Message("E0", "337", f"EDI: {why}")], at, who)
            return
        errors = syntax_errors(doc["MESTYP"], doc["segments"])
        if errors:
            self.set_status(doc, "60", [Message("E0", "072", error) for error in errors], at, who)
        else:
            self.set_status(doc, "64", [], at, who)

    def set_status(self, doc: Doc, status: str, messages: Sequence[Message], at: float, who: str = "BATCH") -> None:
        """Move a document on; the history keeps every step with its first message."""
        local = self._state.calendar().local(at)
        notes = rendered(messages)
        first = notes[0] if notes else {"STAMID": "", "STAMNO": "", "STATXT": STATUS_TEXT[status][0], "SEGNUM": 0,
                                        "SEGFLD": ""}  # fmt: skip
        doc["STATUS"], doc["messages"] = status, notes
        doc["history"].append({
            "STATUS": status, "LOGDAT": f"{local:%Y%m%d}", "LOGTIM": f"{local:%H%M%S}", "UNAME": who, **first,
            "STAPA1": doc["BELNR"] if status == "53" else "",
        })  # fmt: skip
        if status in ("51", "53", "56", "60", "68"):
            self._journal.add(
                "note", at, system="erp_legacy", what="idoc.status", DOCNUM=doc["DOCNUM"], EXTDOC=doc["EXTDOC"],
                STATUS=status, XBLNR=doc["XBLNR"], BELNR=doc["BELNR"], text=first["STATXT"],
            )  # fmt: skip

    def process(self, docnum: str, at: float, who: str = "BATCH") -> Doc:
        """Pass a ready document to the application: 62, then 53 or 51. One that is past that is left alone."""
        doc = self._store.get(IDOC.name, docnum)
        assert doc is not None
        if doc["STATUS"] not in READY:
            return doc
        if any(frozen(self._state, one["fields"].get("BUKRS", ""), doc["iface"]) for one in doc["segments"]):
            return doc  # it stays ready until somebody lifts the freeze
        if doc["STATUS"] == "69":
            self._admit(doc, at, who)
        if doc["STATUS"] == "64":
            self.set_status(doc, "62", [], at, who)
            self._apply(doc, at, who)
        doc["news"] = "X"
        self._store.put(IDOC.name, doc)
        return doc

    def _apply(self, doc: Doc, at: float, who: str) -> None:
        origin = Origin(doc["iface"], at, doc["SNDPRN"], doc["base"], doc["DOCNUM"])
        segments = complete(doc["segments"])
        outcome: Posted | list[Message]
        if doc["MESTYP"] == "DEBMAS":
            outcome = self._masters.save(segments, doc["SERIAL"], origin)
        else:
            head = segments[0][2]
            doc |= {"XBLNR": head["XBLNR"], "KUNNR": head["KUNNR"], "BUKRS": head["BUKRS"]}
            document = read_document(segments)
            outcome = document if isinstance(document, list) else self._posting.post(document, origin)
        if isinstance(outcome, list):
            self.set_status(doc, "51", outcome, at, who)
        else:
            doc |= {"BUKRS": outcome.bukrs, "BELNR": outcome.belnr, "GJAHR": outcome.gjahr}
            self.set_status(doc, "53", [outcome.message], at, who)
