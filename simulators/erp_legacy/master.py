"""Customer masters: DEBMAS documents applied to KNA1 and KNB1, older serials refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simulators.erp_legacy.codecs import alpha
from simulators.erp_legacy.documents import Segment
from simulators.erp_legacy.errors import Message, message
from simulators.erp_legacy.posting import Posted
from simulators.erp_legacy.rules_master import check_customer, merge_company, merge_customer, split
from simulators.erp_legacy.state import ACCOUNT, COMPANY, CUSTOMER, CUSTOMER_COMPANY, State
from simulators.kit.fidelity import absent

if TYPE_CHECKING:
    from simulators.erp_legacy.ledger import Origin
    from simulators.kit.journal import Journal

absent("sales-area data", "DEBMAS deletion beyond flags")

FIRST_KUNNR = 900_001  # internal numbers, for a customer record that brings none


class Masters:
    """The customer file. Call within a transaction."""

    def __init__(self, state: State, journal: Journal) -> None:
        self._state, self._store, self._journal = state, state.store, journal

    def save(self, segments: Sequence[Segment], serial: str, origin: Origin) -> Posted | list[Message]:
        """Create or change a customer; `belnr` of the answer is its KUNNR. Messages mean that nothing was written."""
        general, companies = split(segments)
        kunnr = alpha(general[2]["KUNNR"])
        before = self._store.get(CUSTOMER.name, kunnr) if kunnr else None
        if before is not None and serial and before.get("SERIAL", "") > serial:
            return [message("stale", 1, "SERIAL", serial=serial, kunnr=kunnr)]
        customer = merge_customer(general[2], before, kunnr)
        rows = [
            (number, merge_company(fields, self._store.get(CUSTOMER_COMPANY.name, f"{kunnr}/{fields['BUKRS']}"), kunnr))
            for number, _, fields in companies
        ]
        errors = check_customer(customer, rows, self._companies(), self._account_kinds())
        if errors:
            return errors
        if not kunnr:
            kunnr = f"{self._store.next('kunnr', FIRST_KUNNR):010d}"
        self._store.put(CUSTOMER.name, {**customer, "KUNNR": kunnr, "SERIAL": serial})
        for _, row in rows:
            self._store.put(CUSTOMER_COMPANY.name, {**row, "KUNNR": kunnr, "id": f"{kunnr}/{row['BUKRS']}"})
        self._journal.add("note", origin.at, system="erp_legacy", what="customer.saved", KUNNR=kunnr,
                          idoc=origin.docnum, created=before is None)  # fmt: skip
        bukrs = rows[0][1]["BUKRS"] if rows else ""
        return Posted(bukrs, kunnr, "", message("customer_saved", kunnr=kunnr))

    def _companies(self) -> list[str]:
        return [str(row["BUKRS"]) for row in self._store.find(COMPANY.name)]

    def _account_kinds(self) -> dict[str, str]:
        return {row["SAKNR"]: row["kind"] for row in self._store.find(ACCOUNT.name)}
