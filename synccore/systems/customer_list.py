"""The legacy ERP's list of customers, which a clerk has made once for whoever takes over from them."""

from synccore.domain.extracts import Layout
from synccore.ports.outcomes import Later
from synccore.ports.postings import Stranger

PREFIX, LENGTH = "ZCUSTLST_", 160
CUSTOMER: Layout = {
    "RECTYP": (0, 3), "BUKRS": (3, 4), "KUNNR": (7, 10), "NAME1": (17, 35), "NAME2": (52, 35), "LAND1": (87, 3),
    "ORT01": (90, 35), "STCEG": (125, 20),
}  # fmt: skip


def read(name: str, text: str, company: str) -> list[Stranger]:
    """The customers of a company code. Raises Later for a list that is not whole: it may be on its way still."""
    lines = [line for line in text.replace("\r\n", "\n").split("\n") if line.strip()]
    rows = [line for line in lines if line.startswith("CUS")]
    whole = bool(lines) and lines[-1][:11] == f"TRL{len(rows):08d}" and len(rows) == len(lines) - 1
    if not whole or any(len(line) != LENGTH for line in rows):
        raise Later(60.0, f"{name} is not whole: {len(rows)} customers and '{lines[-1][:11] if lines else ''}'")
    fields = ({key: row[at : at + size].rstrip() for key, (at, size) in CUSTOMER.items()} for row in rows)
    return [
        Stranger(one["KUNNR"].strip(), f"{one['NAME1']} {one['NAME2']}".strip(), one["STCEG"].strip())
        for one in fields if one["BUKRS"] == company
    ]  # fmt: skip
