"""The org's standard fiscal year: twelve months from a chosen one on, named by the year in which it ends or begins.

Source: Organization.FiscalYearStartMonth and UsesStartDateAsFiscalYearName in the object reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulators.kit.store import Doc

if TYPE_CHECKING:
    from simulators.salesforce.state import OrgState


@dataclass(frozen=True, slots=True)
class FiscalYear:
    """The month in which it starts (1 to 12), and how many years its name is ahead of the year of that start (0, 1)."""

    start: int = 1
    ahead: int = 0

    def of(self, day: str) -> tuple[int, int]:
        """Fiscal year and quarter of a day, `2026-03-31`."""
        year, month = int(day[:4]), int(day[5:7])
        return year - (month < self.start) + self.ahead, (month - self.start) % 12 // 3 + 1


def fiscal_year(org: OrgState) -> FiscalYear:
    """As the Organization row has it now."""
    row = org.get("Organization", org.org_id) or {}
    start = int(row.get("FiscalYearStartMonth") or 1)
    return FiscalYear(start, int(start > 1 and not row.get("UsesStartDateAsFiscalYearName")))


def fields(org: OrgState, day: str) -> Doc:
    """What an opportunity that closes on a day says of it."""
    year, quarter = fiscal_year(org).of(day)
    return {"FiscalYear": year, "FiscalQuarter": quarter, "Fiscal": f"{year} {quarter}"}
