"""An entity moves from one ledger to another, or back: the steps of a migration."""

from datetime import date
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from harness.scenario.part import Part
from harness.scenario.values import Name


class WavePart(Part):
    """Bills to some countries, of some product lines (name -> product codes), go to the other ledger from a day on.

    One of products that do not all go stays.
    """

    on: date
    countries: tuple[str, ...] = ()
    product_lines: dict[Name, tuple[str, ...]] = Field(default_factory=dict)


class CutoverStep(Part):
    """A person tells the core that an entity's documents belong to another ledger from a day on.

    `open_items`: what is still open then is run off where it is, or goes to the other ledger bill by bill.

    `dual_from`: until then they are posted there as well, for comparison alone, in subsidiary `shadow` (internal id).

    `waves`: parts of its business that go before the rest does.
    """

    entity: Name
    ledger: Literal["cloud", "legacy"]
    on: date
    dual_from: date | None = None
    shadow: str = ""
    open_items: Literal["run_off", "transfer"] = "run_off"
    waves: tuple[WavePart, ...] = ()

    @model_validator(mode="after")
    def _dual(self) -> "CutoverStep":
        if (self.dual_from is None) != (not self.shadow):
            raise ValueError("a dual run needs both: dual_from, its first day, and shadow, a subsidiary of its own")
        return self


class RollBackStep(Part):
    """A person takes an entity's cutover back, from a day on: by default from today, by the entity's calendar."""

    short: ClassVar[str] = "entity"
    entity: Name
    on: date | None = None
