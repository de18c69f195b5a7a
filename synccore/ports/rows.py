"""A record of the sales system that has changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """A changed record: its id, its change stamp (as the source writes it) and what of it matters to us."""

    id: str
    stamp: str
    account: str
    content: Mapping[str, Any]
    missing: tuple[str, ...] = ()  # fields of ours that the source no longer has; not in the content
