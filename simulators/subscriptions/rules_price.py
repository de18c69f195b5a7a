"""What a quantity costs: flat fee, per unit, tiered, volume, stairstep and package prices, in minor units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import Any

from simulators.kit.fidelity import exact

exact(
    "flat fee, per unit, tiered, volume, stairstep and package prices, free quantities",
    source="documented",
    held_by="test_rules",
)

MODELS = ("flat_fee", "per_unit", "tiered", "volume", "stairstep")
TIER_MODELS = ("tiered", "volume", "stairstep")
MONTHS_PER_UNIT = {"month": Decimal(1), "year": Decimal(12), "week": Decimal(12) / Decimal(52),
                   "day": Decimal(12) / Decimal(365)}  # fmt: skip


def minor(amount: Decimal) -> int:
    """The one place where money is rounded here: half-up to a whole minor unit."""
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


@dataclass(frozen=True)
class Rated:
    """An amount with how it came about: the billed quantity, the unit amount and what each tier took."""

    amount: int
    quantity: int | Decimal
    unit_amount: int
    tiers: tuple[dict[str, Any], ...] = ()


def rate(price: Mapping[str, Any], quantity: int | Decimal, unit_price: int | None = None) -> Rated:
    """Rate `quantity` by an item price; `unit_price` overrides flat and per-unit prices.

    `price` has pricing_model, price, free_quantity and tiers[starting_unit, ending_unit?, price, pricing_type?,
    package_size?] in the vendor's spelling. Free units come off the quantity before it is rated.
    """
    model = price["pricing_model"]
    unit = unit_price if unit_price is not None else price.get("price", 0)
    if model == "flat_fee":
        return Rated(unit, 1, unit)
    billed = max(Decimal(0), quantity - Decimal(price.get("free_quantity", 0)))
    if model == "per_unit":
        return Rated(minor(Decimal(unit) * billed), quantity, unit)
    tiers = price.get("tiers", ())
    if model == "tiered":
        return _tiered(tiers, billed, quantity)
    tier = _tier_of(tiers, billed)
    if tier is None or billed == 0:
        return Rated(0, quantity, 0)
    used = {**_shown(tier), "quantity_used": _used(billed), "unit_amount": tier["price"]}
    amount = tier["price"] if model == "stairstep" else _in_tier(tier, billed)
    unit_amount = tier["price"] if model == "volume" else minor(Decimal(amount) / max(Decimal(1), quantity))
    return Rated(amount, quantity, unit_amount, (used,))


def _tiered(tiers: Sequence[Mapping[str, Any]], billed: Decimal, quantity: int | Decimal) -> Rated:
    amount, used = 0, []
    for tier in tiers:
        top = tier.get("ending_unit")
        inside = (billed if top is None else min(billed, Decimal(top))) - tier["starting_unit"] + 1
        if inside <= 0:
            continue
        amount += _in_tier(tier, inside)
        used.append({**_shown(tier), "quantity_used": _used(inside), "unit_amount": tier["price"]})
    return Rated(amount, quantity, minor(Decimal(amount) / max(Decimal(1), quantity)), tuple(used))


def _in_tier(tier: Mapping[str, Any], quantity: Decimal) -> int:
    kind = tier.get("pricing_type", "per_unit")
    price: int = tier["price"]
    if kind == "flat_fee":
        return price
    if kind == "package":
        packages = (quantity / tier["package_size"]).to_integral_value(ROUND_CEILING)
        return price * int(packages)
    return minor(price * quantity)


def _tier_of(tiers: Sequence[Mapping[str, Any]], quantity: Decimal) -> Mapping[str, Any] | None:
    for tier in tiers:
        top = tier.get("ending_unit")
        if top is None or quantity <= top:  # tiers follow each other; a fraction above one's end belongs to the next
            return tier
    return None


def _used(quantity: Decimal) -> int | str:
    return int(quantity) if quantity == int(quantity) else f"{quantity.normalize():f}"


def _shown(tier: Mapping[str, Any]) -> dict[str, Any]:
    names = ("starting_unit", "ending_unit", "pricing_type", "package_size")
    return {name: tier[name] for name in names if tier.get(name) is not None}


def tier_gap(tiers: Sequence[Mapping[str, Any]]) -> int | None:
    """The index of the first tier that does not go on where the one before ended; None when all do."""
    expected: int | None = 1
    for index, tier in enumerate(tiers):
        if expected is None or tier["starting_unit"] != expected:
            return index
        top = tier.get("ending_unit")
        if top is not None and top < tier["starting_unit"]:
            return index
        expected = None if top is None else top + 1
    return None


def monthly(amount: int, period: int, unit: str) -> int:
    """The monthly recurring share of an amount per billing period, in minor units."""
    return minor(Decimal(amount) / (MONTHS_PER_UNIT[unit] * period))
