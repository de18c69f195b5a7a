"""What a world holds true of tax, by entity: the judges' own knowledge, whatever core and platform believe."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict

from harness.canon import Place

EU = frozenset((
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV",
    "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
))  # fmt: skip


class Treatment(BaseModel):
    """One treatment: where and when it holds, for whom, at which rate, and the codes by which ledgers declare it."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    name: str
    rate: Decimal
    country: str = "*"  # a code, EU, or * for any
    state: str = ""
    city: str = ""
    registered: bool = False  # for a business with a VAT id of its own member state alone
    valid_from: str = "0000"
    valid_to: str = "9999"
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Law:
    """The treatments of each entity, the most exact first."""

    treatments: Mapping[str, tuple[Treatment, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "Law":
        """From a world file's `law`."""
        return cls({entity: tuple(map(Treatment.model_validate, rows)) for entity, rows in given.items()})

    def treatment(self, entity: str, place: Place, day: str) -> Treatment | None:
        """The first that fits; None when the law says nothing of such a case."""
        for one in self.treatments.get(entity, ()):
            if one.valid_from <= day <= one.valid_to and _fits(one, place):
                return one
        return None


def _fits(one: Treatment, place: Place) -> bool:
    if one.country == "EU":
        here = place.country in EU
    else:
        here = one.country in ("*", place.country)
    for wanted, given in ((one.state, place.state), (one.city, place.city)):
        here = here and (not wanted or wanted.casefold() == given.strip().casefold())
    return here and (not one.registered or registered(place))


def registered(place: Place) -> bool:
    """Whether the registration has the form of a VAT id of the country itself."""
    prefix = "EL" if place.country == "GR" else place.country
    number = re.sub(r"[^0-9A-Z]", "", place.tax_id.upper())
    return place.country in EU and re.fullmatch(f"{prefix}[0-9A-Z]{{8,12}}", number) is not None
