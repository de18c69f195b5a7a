"""A source that is read page by page."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class FeedPage:
    """Rows of a feed, and where it goes on ('': nowhere)."""

    rows: list[dict[str, Any]]
    offset: str = ""
