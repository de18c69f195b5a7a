"""An entity moves from one ledger to another, or back: the steps of a migration."""

from datetime import date
from typing import ClassVar, Literal

from harness.scenario.part import Part
from harness.scenario.values import Name


class CutoverStep(Part):
    """A person tells the core that an entity's documents belong to another ledger from a day on."""

    entity: Name
    ledger: Literal["cloud", "legacy"]
    on: date


class RollBackStep(Part):
    """A person takes an entity's cutover back, from a day on: by default from today, by the entity's calendar."""

    short: ClassVar[str] = "entity"
    entity: Name
    on: date | None = None
