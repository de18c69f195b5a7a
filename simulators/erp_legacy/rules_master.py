"""What a customer record must hold: pure checks and merging of E1KNA1M and E1KNB1M into KNA1 and KNB1 rows."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from simulators.erp_legacy.codecs import alpha
from simulators.erp_legacy.documents import Segment
from simulators.erp_legacy.errors import Message, message
from simulators.erp_legacy.layouts import E1KNA1M, E1KNB1M

REQUIRED = ("NAME1", "LAND1")
NO_VALUE = "/"  # the standard's mark in a change message for "leave this field alone"
_DEFAULT_GROUP = "ZSUB"

Row = dict[str, Any]


def merge_customer(fields: Mapping[str, str], before: Row | None, kunnr: str) -> Row:
    """The KNA1 row after E1KNA1M: every field it carries stands as sent, `/` keeps the old value."""
    row: Row = {"KUNNR": kunnr}
    for field in E1KNA1M.fields:
        if field.name not in ("MSGFN", "KUNNR"):
            row[field.name] = _merged(fields[field.name], before, field.name)
    row["KTOKD"] = row["KTOKD"] or (before or {}).get("KTOKD", "") or _DEFAULT_GROUP
    return row


def merge_company(fields: Mapping[str, str], before: Row | None, kunnr: str) -> Row:
    """The KNB1 row after E1KNB1M."""
    row: Row = {"KUNNR": kunnr}
    for field in E1KNB1M.fields:
        if field.name != "MSGFN":
            row[field.name] = _merged(fields[field.name], before, field.name)
    row["AKONT"] = alpha(row["AKONT"])
    return row


def _merged(value: str, before: Row | None, name: str) -> str:
    if value.strip() == NO_VALUE:
        return str((before or {}).get(name, ""))
    return value


def check_customer(
    customer: Row, companies: Sequence[tuple[int, Row]], known: Collection[str], accounts: Mapping[str, str]
) -> list[Message]:
    """What is wrong with the rows; `known` are the company codes, `accounts` the kind by G/L account number."""
    errors = [message("required", 1, name) for name in REQUIRED if not customer[name].strip()]
    for number, row in companies:
        if row["BUKRS"] not in known:
            errors.append(message("company", number, "BUKRS", bukrs=row["BUKRS"]))
        elif not row["AKONT"]:
            errors.append(message("required", number, "AKONT"))
        elif accounts.get(row["AKONT"]) != "D":
            errors.append(message("account", number, "AKONT", account=row["AKONT"], bukrs=row["BUKRS"],
                                  why="it is no reconciliation account for customers"))  # fmt: skip
    return errors


def split(segments: Sequence[Segment]) -> tuple[Segment, list[Segment]]:
    """The general segment, and one per company code."""
    return segments[0], list(segments[1:])
