"""What a clerk of the legacy ERP does in the morning: the steps of its correction queue and of its months."""

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from harness.scenario.part import Part
from harness.scenario.values import Name


class ClerkStep(Part):
    """A clerk corrects the waiting document of a deal's bill (`fields` by their layout's names) and has it processed
    again, or refuses it for good with a reason (`discard`).
    """

    short: ClassVar[str] = "deal"
    deal: Name
    fields: dict[str, str] = Field(default_factory=dict)
    discard: str = ""

    @model_validator(mode="after")
    def _one(self) -> "ClerkStep":
        if self.discard and self.fields:
            raise ValueError("a document that is refused for good needs no correction: say `fields` or `discard`")
        return self


class LegacyPeriodStep(Part):
    """Finance closes a month of the legacy ERP, and all before it, for an entity; or (`open`) opens it again."""

    entity: Name
    period: str = Field(pattern=r"^\d{4}-\d{2}$")
    open: bool = False


class LegacySequenceStep(Part):
    """An operator of the legacy ERP sets by hand which file number of an interface counts as the last one accepted,
    for every sender that uses it: after a restore, or by mistake. `by` counts from the one that really was.
    """

    interface: Literal["BILL", "CUST", "PAY"]
    by: int = Field(ge=-1_000, le=1_000)
