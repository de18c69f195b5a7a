"""A business deviation as a value: what is wrong, whose it is, and what resolves it without code."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One business deviation: what is wrong, whose it is, what resolves it, and which topics wake the work."""

    kind: str
    reason: str
    owner_role: str
    actions: tuple[str, ...]
    waiting_on: tuple[str, ...]
    details: dict[str, Any] = field(default_factory=dict)
