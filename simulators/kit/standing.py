"""What of a system's state is not in its store, as it is kept beside an image of that."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from simulators.kit.faults import Fault


class Standing(BaseModel):
    """Business time (epoch s), how far chance has come (`Chance.standing`), the faults in place with their hits."""

    model_config = ConfigDict(extra="forbid")
    now: float
    chance: dict[str, Any]
    faults: tuple[Fault, ...]
