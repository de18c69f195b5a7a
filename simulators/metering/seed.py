"""Seed data: the product's meters and settings, and usage that was recorded before the story."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from simulators.kit.store import Store
from simulators.kit.system import SeedError
from simulators.metering.schemas import SETTINGS

TABLES = ("site", "meters")


def load(store: Store, data: Mapping[str, Any]) -> dict[str, int]:
    """{"site": {zone, export_at, retention_days}, "meters": [{id, name, unit}]}; SeedError names what is wrong."""
    unknown = sorted(set(data) - set(TABLES))
    if unknown:
        raise SeedError(f"{unknown[0]}: not one of {', '.join(TABLES)}")
    site = data.get("site", {})
    wrong = sorted(set(site) - set(SETTINGS))
    if wrong:
        raise SeedError(f"site: {wrong[0]} is not one of {', '.join(SETTINGS)}")
    try:
        ZoneInfo(site.get("zone", "UTC"))
    except (ValueError, OSError, KeyError) as error:
        raise SeedError(f"site: zone: {error}") from error
    if site:
        store.put("setting", {**SETTINGS, **site, "id": "site"})
    for index, row in enumerate(data.get("meters", [])):
        if not isinstance(row, dict) or set(row) - {"id", "name", "unit"} or not row.get("id"):
            raise SeedError(f"meters[{index}]: a meter has id, name and unit")
        store.put("meter", row)
    return {"site": int(bool(site)), "meters": len(data.get("meters", []))}
