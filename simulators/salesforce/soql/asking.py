"""Who asks a query, and when: what date literals, scopes and currencies depend on."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from simulators.kit.store import Doc
from simulators.salesforce.moments import day
from simulators.salesforce.schemas import Schema
from simulators.salesforce.soql.shape import Slot
from simulators.salesforce.values import exact

if TYPE_CHECKING:
    from simulators.salesforce.state import OrgState


class Asking:
    """A user at a moment (epoch s); currencies are looked up when a query speaks of them."""

    def __init__(self, org: OrgState, user: str, at: float) -> None:
        self._org, self.user, self.today = org, user, day(at)

    @property
    def schema(self) -> Schema:
        """The org's objects."""
        return self._org.schema

    @property
    def currency(self) -> str:
        """The user's own currency."""
        user = self._org.get("User", self.user) or {}
        return str(user.get("DefaultCurrencyIsoCode", ""))

    @property
    def rates(self) -> dict[str, Decimal]:
        """By currency, how many units of it one unit of the corporate currency is worth."""
        rows = [(row["IsoCode"], row.get("ConversionRate")) for row in self._org.every("CurrencyType")]
        return {code: exact(rate) for code, rate in rows if rate}


Binder = Callable[[list[Slot], Asking], Any]
"""Computes a bound value from a query's literals and who asks."""

Show = Callable[[Any, Doc, Asking], Any]
"""Turns a stored value into the shown one; the document is the record's that the value is from."""
