"""Roles: what the holder of a token may do."""

from dataclasses import dataclass

from simulators.erp_cloud.schemas import RecordType
from simulators.kit.fidelity import approximate

approximate(
    "roles",
    "integration, cash clerk (payments, else view), controller (locks and closes periods, posts into locked ones): "
    "three fixed roles, no permission editor",
    source="ours",
)

VIEW, EDIT = 1, 4


@dataclass(frozen=True)
class Role:
    """`records` are permission levels by lower-case record name; `*` is every other record."""

    name: str
    records: tuple[tuple[str, int], ...] = (("*", EDIT),)
    override_period_restrictions: bool = False
    manage_periods: bool = False

    def may(self, record: RecordType, level: int) -> bool:
        """Is this level granted for the record?"""
        granted = dict(self.records)
        return granted.get(record.name.lower(), granted.get("*", 0)) >= level


ROLES = {
    one.name: one
    for one in (
        Role("integration"),
        Role("cash_clerk", (("customerpayment", EDIT), ("customerrefund", EDIT), ("*", VIEW))),
        Role("controller", override_period_restrictions=True, manage_periods=True),
    )
}
