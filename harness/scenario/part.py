"""What every part of a story is: a value whose unknown fields are refused."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """Part of a story: unknown fields are refused; `short` is the field that a bare value stands for."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)
    short: ClassVar[str] = ""
