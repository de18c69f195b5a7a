"""The company of a story: what each system is seeded with, and the core's initial mappings."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from harness.scenario.part import Part
from harness.scenario.places import read_yaml
from harness.tax_law import Law, Treatment

WORLDS = Path(__file__).parents[2] / "scenarios" / "worlds"


class Seeds(Part):
    """Vendor-shaped seed rows of each system."""

    salesforce: dict[str, Any] = Field(default_factory=dict)
    subscriptions: dict[str, Any] = Field(default_factory=dict)
    erp_cloud: dict[str, Any] = Field(default_factory=dict)
    erp_legacy: dict[str, Any] = Field(default_factory=dict)
    metering: dict[str, Any] = Field(default_factory=dict)


class WorldModel(Part):
    """The file's shape."""

    world: str
    title: str = ""
    seeds: Seeds
    mappings: dict[str, dict[str, Any]]
    law: dict[str, tuple[Treatment, ...]] = Field(default_factory=dict)


@dataclass(frozen=True)
class WorldFile:
    """A company: `seeds` by system, `mappings` by kind and key, as the core takes them, and the judges' `law`."""

    name: str
    seeds: Mapping[str, dict[str, Any]]
    mappings: Mapping[str, Mapping[str, Any]]
    law: Law = field(default_factory=Law)

    @property
    def entities(self) -> Mapping[str, Any]:
        """The selling entities."""
        return self.mappings.get("entities", {})

    @property
    def skus(self) -> frozenset[str]:
        """Product codes that sales can offer."""
        products = self.seeds["salesforce"].get("Product2", [])
        return frozenset(row["ProductCode"] for row in products)

    @property
    def months(self) -> dict[str, int]:
        """Product codes that are billed again and again, and every how many months."""
        return self.months_of(self.mappings.get("items", {}))

    def months_of(self, items: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
        """The same of these product mappings."""
        units, prices = {"month": 1, "year": 12}, self.seeds["subscriptions"].get("item_prices", [])
        periods = {row["id"]: units.get(row.get("period_unit"), 0) * int(row.get("period", 0)) for row in prices}
        found = {}
        for sku, item in items.items():
            every = next((periods.get(price, 0) for price in item.get("prices", {}).values()), 0)
            if item.get("kind") in ("plan", "addon") and every:
                found[sku] = every
        return found

    def seed(self, system: str) -> dict[str, Any]:
        """A fresh copy of one system's seed."""
        copy: dict[str, Any] = json.loads(json.dumps(self.seeds[system]))
        return copy

    def mappings_with(self, changes: Mapping[str, Mapping[str, Any]] | None) -> dict[str, dict[str, Any]]:
        """The core's initial mappings with a story's own on top; a null takes one away."""
        merged: dict[str, dict[str, Any]] = {kind: dict(values) for kind, values in self.mappings.items()}
        for kind, values in (changes or {}).items():
            for key, value in values.items():
                if value is None:
                    merged.setdefault(kind, {}).pop(key, None)
                else:
                    merged.setdefault(kind, {})[key] = value
        return merged


def placed_world(path: Path) -> WorldFile:
    """Read and check a world file; StoryError names what is wrong."""
    placed = read_yaml(path)
    try:
        model = WorldModel.model_validate(placed.value)
    except ValidationError as error:
        placed.blame((), error, WorldModel)
        placed.settle()
        raise
    placed.settle()
    return WorldFile(model.world, model.seeds.model_dump(), model.mappings, Law(model.law))


@lru_cache(maxsize=8)
def load_world(name: str) -> WorldFile:
    """A world of scenarios/worlds by its name; FileNotFoundError when there is none."""
    path = WORLDS / f"{name}.yaml"
    if not path.exists():
        raise FileNotFoundError(name)
    return placed_world(path)
