"""Who asks a query, and when: what date literals, scopes and currencies depend on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from simulators.kit.store import Doc
from simulators.salesforce.fiscal import FiscalYear, fiscal_year
from simulators.salesforce.moments import local_day
from simulators.salesforce.schemas import Schema
from simulators.salesforce.soql.shape import Slot
from simulators.salesforce.values import exact

if TYPE_CHECKING:
    from simulators.salesforce.state import OrgState


class Asking:
    """A user at a moment (epoch s); currencies are looked up when a query speaks of them."""

    def __init__(self, org: OrgState, user: str, at: float) -> None:
        self._org, self.user, self._at = org, user, at
        self._zone: str | None = None
        self._fiscal: FiscalYear | None = None
        self._rates: dict[str, Decimal] | None = None
        self._dated: list[tuple[str, str, Decimal]] | None = None

    @property
    def schema(self) -> Schema:
        """The org's objects."""
        return self._org.schema

    @property
    def zone(self) -> str:
        """The user's time zone."""
        if self._zone is None:
            self._zone = self._org.zone(self.user)
        return self._zone

    @property
    def today(self) -> date:
        """The day on which the user asks, where the user is."""
        return local_day(self._at, self.zone)

    @property
    def fiscal(self) -> FiscalYear:
        """When the org's fiscal year begins, and how it is called."""
        if self._fiscal is None:
            self._fiscal = fiscal_year(self._org)
        return self._fiscal

    @property
    def currency(self) -> str:
        """The user's own currency."""
        user = self._org.get("User", self.user) or {}
        return str(user.get("DefaultCurrencyIsoCode", ""))

    def rate(self, code: str, day: str | None = None) -> Decimal:
        """How many units of a currency one unit of the corporate one is worth: by the dated rate of that day, if there
        is one, or at present; what has no rate counts as it is."""
        if self._rates is None:
            self._rates = {row["IsoCode"]: exact(row["ConversionRate"]) for row in self._org.every("CurrencyType")
                           if row.get("ConversionRate")}  # fmt: skip
        if day is None:
            return self._rates.get(code, Decimal(1))
        if self._dated is None:
            rows = [(row["IsoCode"], row["StartDate"], exact(row["ConversionRate"]))
                    for row in self._org.every("DatedConversionRate")]  # fmt: skip
            self._dated = sorted(rows)
        found = [rate for iso, start, rate in self._dated if iso == code and start <= day and rate]
        return found[-1] if found else self._rates.get(code, Decimal(1))

    def close_date(self, opportunity: str | None) -> str | None:
        """When a deal closes."""
        deal = self._org.get("Opportunity", opportunity) if opportunity else None
        return None if deal is None else deal.get("CloseDate")


Binder = Callable[[list[Slot], Asking], Any]
"""Computes a bound value from a query's literals and who asks."""

Show = Callable[[Any, Doc, Asking], Any]
"""Turns a stored value into the shown one; the document is the record's that the value is from."""
