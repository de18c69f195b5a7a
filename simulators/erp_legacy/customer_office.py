"""What people do with the customer file: keep it by hand, and have it listed for whoever takes over from it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

from simulators.erp_legacy.layouts import E1KNA1M, E1KNB1M, ZCUSTLST, ZCUSTLST_END, encoded
from simulators.erp_legacy.ledger import Origin
from simulators.erp_legacy.state import CUSTOMER, CUSTOMER_COMPANY, PARTNER, State
from simulators.kit.fidelity import approximate

if TYPE_CHECKING:
    from simulators.erp_legacy.master import Masters
    from simulators.erp_legacy.storage import Files
    from simulators.kit.clock import Clock

approximate(
    "the customer list", "a report of the site's that a clerk runs (ZCUSTLST), as the vendor's own lists are no files"
)

Arguments = dict[str, Any]


class CustomerOffice:
    """Acts as in `Clerk`; each is audited."""

    def __init__(self, state: State, clock: Clock, files: Files, masters: Masters) -> None:
        self._state, self._clock, self._files, self._masters = state, clock, files, masters

    def acts(self) -> dict[str, Callable[[Arguments], Arguments]]:
        """All acts by verb."""
        return {"customer_save": self.save, "customer_list": self.list}

    def save(self, arguments: Arguments) -> Arguments:
        """Create or change a customer: {BUKRS, KUNNR?, NAME1, LAND1, ORT01?, AKONT, ZZSTCEG?}; the next internal
        number without KUNNR.
        """
        general = {field.name: str(arguments.get(field.name, "")) for field in E1KNA1M.fields}
        company = {field.name: str(arguments.get(field.name, "")) for field in E1KNB1M.fields}
        at = self._clock.now()
        with self._state.store.transaction():
            done = self._masters.save([(1, "E1KNA1M", general), (2, "E1KNB1M", company)], "", Origin("CLERK", at))
            if isinstance(done, list):
                raise ValueError("; ".join(f"{one.stamid} {one.stamno} {one.text}" for one in done))
            self._state.audit(at, arguments.get("who", "CLERK"), "customer_save", KUNNR=done.belnr)
        return {"KUNNR": done.belnr}

    def list(self, arguments: Arguments) -> Arguments:
        """Write all customers of a company code for partners that get extracts: {BUKRS}; the file's name."""
        bukrs, at, store = arguments["BUKRS"], self._clock.now(), self._state.store
        day: date = self._state.company_day(bukrs, at)
        with store.transaction():
            name = f"ZCUSTLST_{day:%Y%m%d}_{store.next('zcustlst'):06d}.TXT"
            lines = []
            for row in store.find(CUSTOMER_COMPANY.name, order="key"):
                if row["BUKRS"] != bukrs:
                    continue
                head = store.get(CUSTOMER.name, row["KUNNR"]) or {}
                lines.append(encoded(ZCUSTLST.render({
                    "RECTYP": "CUS", "BUKRS": bukrs, "KUNNR": row["KUNNR"], "STCEG": row.get("ZZSTCEG", ""),
                    **{field: str(head.get(field, "")) for field in ("NAME1", "NAME2", "LAND1", "ORT01")},
                })))  # fmt: skip
            lines.append(encoded(ZCUSTLST_END.render({"RECTYP": "TRL", "COUNT": f"{len(lines):08d}"})))
            for partner in store.find(PARTNER.name, order="key"):
                if partner["extracts"]:
                    self._files.save(f"{partner['SNDPRN']}/outbound/{name}", b"".join(lines), at)
            self._state.audit(at, arguments.get("who", "CLERK"), "customer_list", BUKRS=bukrs, file=name)
        return {"file": name}
