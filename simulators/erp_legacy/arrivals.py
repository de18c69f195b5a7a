"""Files that arrived: picked up before the cut-off, checked in order of number, accepted, held or refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simulators.erp_legacy.answers import rej_file
from simulators.erp_legacy.errors import FileRefusal
from simulators.erp_legacy.intake import (
    INTERFACE_ORDER,
    INTERFACES,
    NAME,
    Control,
    check_lines,
    check_sums,
    check_transfer,
    read_content,
    read_control,
    refuse,
)
from simulators.erp_legacy.state import BATCH_FILE, PARTNER, SETTING, State
from simulators.kit.store import Doc

if TYPE_CHECKING:
    from simulators.erp_legacy.storage import Files
    from simulators.kit.journal import Journal

DAY_S = 86_400.0
CONTROL_BYTES_MAX = 120_000  # a thousand currencies: a longer control file is none


class Arrivals:
    """The batch's book of files. Call within a transaction."""

    def __init__(self, state: State, files: Files, journal: Journal) -> None:
        self._state, self._store, self._files, self._journal = state, state.store, files, journal

    # -- picking up -------------------------------------------------------------------------

    def pick_up(self, run: Doc, at: float) -> int:
        """Register every control file that stood in an inbound folder by the cut-off; returns how many."""
        number = 0
        for partner in self._store.find(PARTNER.name, order="key"):
            for entry in self._files.listing(partner["SNDPRN"], "inbound"):
                if entry["name"].endswith(".CTL") and entry["mtime"] <= run["cutoff"] and not entry["locked"]:
                    self._register(partner["SNDPRN"], entry["name"][:-4], at)
                    number += 1
        return number

    def _register(self, partner: str, base: str, at: float) -> None:
        waiting = [file for file in self._store.find(BATCH_FILE.name, base=base)
                   if file["partner"] == partner and file["state"] in ("held", "no_data")]  # fmt: skip
        match = NAME.fullmatch(base)
        file: Doc = waiting[0] if waiting else {
            "id": f"{partner}/{base}/{self._store.next('batchfile'):06d}", "partner": partner,
            "base": base, "iface": match["iface"] if match else "", "sequence": int(match["seq"]) if match else 0,
            "since": at, "created": 0, "answers": 0, "code": "", "text": "", "data": "", "sha256": "",
        }  # fmt: skip
        self._store.put(BATCH_FILE.name, {**file, "before": file.get("state", ""), "state": "picked"})
        for suffix in (".CTL", ".DAT"):
            self._files.lock(f"{partner}/inbound/{base}{suffix}", locked=True)

    def picked(self) -> Iterator[Doc]:
        """Files in hand, masters first, then by number: a file that closes a gap comes before those that waited."""
        yield from self.in_order("picked")

    def in_order(self, state: str) -> list[Doc]:
        """Files in a state, in the order in which they are worked off."""
        files = self._store.find(BATCH_FILE.name, state=state)
        ranks = {iface: rank for rank, iface in enumerate(INTERFACE_ORDER)}
        return sorted(files, key=lambda file: (ranks.get(file["iface"], 99), file["partner"], file["sequence"],
                                               file["id"]))  # fmt: skip

    # -- checking ---------------------------------------------------------------------------

    def check(self, file: Doc, at: float) -> str:
        """Decide about one file; returns its new state."""
        inbound = f"{file['partner']}/inbound/{file['base']}"
        verdict = self._verdict(file, inbound)
        if verdict is None:
            return self._accept(file, inbound, at)
        if verdict.code == "NO_DATA" and file["before"] != "no_data":
            return self._wait(file, inbound, "no_data", verdict, at)
        if verdict.code == "SEQ_GAP" and at - file["since"] < self._state.settings()["gap_days"] * DAY_S:
            return self._wait(file, inbound, "held", verdict, at)
        return self._reject(file, inbound, verdict, at)

    def _verdict(self, file: Doc, inbound: str) -> FileRefusal | None:
        """The first thing that is wrong, in the documented order."""
        control_stat = self._files.stat(f"{inbound}.CTL")
        if control_stat is None or control_stat["size"] > CONTROL_BYTES_MAX:
            return refuse("BAD_RECORD", "the control file is gone or far too long")
        match = NAME.fullmatch(file["base"])
        if match is None:
            return refuse("BAD_RECORD", "the name is not IFACE_SENDER_YYYYMMDD_nnnnnn")
        control = read_control(file["base"], self._files.content(f"{inbound}.CTL"))
        if isinstance(control, FileRefusal):
            return control
        return (
            self._profile(file, control, match["sender"])
            or self._sequence(file, control)
            or self._content(control, f"{inbound}.DAT")
        )

    def _profile(self, file: Doc, control: Control, sender: str) -> FileRefusal | None:
        partner = self._store.get(PARTNER.name, file["partner"])
        if partner is None or control.sender != file["partner"] or sender != control.sender:
            return refuse("UNKNOWN_PARTNER", f"{control.sender} is not the partner whose folder this is")
        if control.iface not in INTERFACES or control.iface != file["iface"]:
            return refuse("BAD_IFACE", f"{control.iface or '(none)'} is no interface, or not the file name's")
        if control.iface not in partner["roles"]:
            return refuse("BAD_IFACE", f"{control.iface} is not agreed with {control.sender}")
        return None

    def _sequence(self, file: Doc, control: Control) -> FileRefusal | None:
        if control.sequence != file["sequence"]:
            return refuse("BAD_RECORD", f"FILESEQ {control.sequence:06d} is not the file name's")
        last = self.last_sequence(file["partner"], file["iface"])
        if control.sequence <= last:
            return refuse("DUP_SEQ", f"{control.sequence:06d} came already; the last accepted is {last:06d}")
        if self._files.stat(f"{file['partner']}/inbound/{file['base']}.DAT") is None:
            return refuse("NO_DATA", "there is a control file and no data file")
        if control.sequence > last + 1:
            return refuse("SEQ_GAP", f"waiting for {last + 1:06d}")
        return None

    def _content(self, control: Control, path: str) -> FileRefusal | None:
        stat = self._files.stat(path)
        assert stat is not None
        refusal = check_transfer(control, stat["size"], self._files.chunks(path))
        refusal = refusal or self._same_content(control) or check_lines(self._files.lines(path))
        if refusal is not None:
            return refusal
        content = read_content(self._files.lines(path))
        return content if isinstance(content, FileRefusal) else check_sums(control, content)

    def _same_content(self, control: Control) -> FileRefusal | None:
        if not self._state.settings()["duplicate_file_check"]:
            return None
        twin = self._store.first(BATCH_FILE.name, sha256=control.sha256)
        return None if twin is None else refuse("DUP_FILE", f"the content of {twin['base']} came again")

    # -- outcomes ---------------------------------------------------------------------------

    def last_sequence(self, partner: str, iface: str) -> int:
        """The number last accepted from a sender over an interface."""
        row = self._store.get(SETTING.name, f"sequence/{partner}/{iface}")
        return 0 if row is None else int(row["last"])

    def set_sequence(self, partner: str, iface: str, last: int) -> None:
        """From here on `last` + 1 is expected."""
        self._store.put(SETTING.name, {"id": f"sequence/{partner}/{iface}", "last": last})

    def _accept(self, file: Doc, inbound: str, at: float) -> str:
        control = read_control(file["base"], self._files.content(f"{inbound}.CTL"))
        assert isinstance(control, Control)
        self.set_sequence(file["partner"], file["iface"], file["sequence"])
        data = self._file_away(file, "archive")
        self._store.put(BATCH_FILE.name, {**file, "state": "accepted", "data": data, "sha256": control.sha256,
                                          "code": "", "text": ""})  # fmt: skip
        self._note(file, at, "file.accepted", "", "")
        return "accepted"

    def _wait(self, file: Doc, inbound: str, state: str, verdict: FileRefusal, at: float) -> str:
        for suffix in (".CTL", ".DAT"):
            self._files.lock(inbound + suffix, locked=False)
        self._store.put(BATCH_FILE.name, {**file, "state": state, "code": verdict.code, "text": verdict.text})
        self._note(file, at, "file.held", verdict.code, verdict.text)
        return state

    def _reject(self, file: Doc, inbound: str, verdict: FileRefusal, at: float) -> str:
        del inbound
        self._file_away(file, "error")
        self._files.save(f"{file['partner']}/outbound/{file['base']}.REJ", rej_file(file["base"], verdict), at)
        self._store.put(BATCH_FILE.name, {**file, "state": "rejected", "code": verdict.code, "text": verdict.text})
        self._note(file, at, "file.rejected", verdict.code, verdict.text)
        return "rejected"

    def _file_away(self, file: Doc, folder: str) -> str:
        """Move both files; returns the data file's new path."""
        data = ""
        for suffix in (".CTL", ".DAT"):
            old = f"{file['partner']}/inbound/{file['base']}{suffix}"
            if self._files.stat(old) is not None:
                new = self._files.free_name(f"{file['partner']}/{folder}/{file['base']}{suffix}")
                self._files.rename(old, new)
                data = new if suffix == ".DAT" else data
        return data

    def _note(self, file: Doc, at: float, what: str, code: str, text: str) -> None:
        self._journal.add("note", at, system="erp_legacy", what=what, partner=file["partner"], file=file["base"],
                          code=code, text=text)  # fmt: skip
