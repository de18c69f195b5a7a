"""Records as people put them right: JSON merge patches (RFC 7396), and what they change member by member."""

from collections.abc import Iterator, Mapping
from typing import Any


def merged(record: Any, changes: Any) -> Any:
    """The record with the changes; a member that is given as null is taken out. Neither argument is altered."""
    if not isinstance(changes, Mapping):
        return changes
    found = dict(record) if isinstance(record, Mapping) else {}
    for name, value in changes.items():
        if value is None:
            found.pop(name, None)
        else:
            found[name] = merged(found.get(name), value)
    return found


def difference(before: Any, after: Any) -> dict[str, tuple[Any, Any]]:
    """What differs, by JSON pointer (RFC 6901): (before, after), None for what is not there."""
    return dict(_different("", before, after))


def _different(at: str, before: Any, after: Any) -> Iterator[tuple[str, tuple[Any, Any]]]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted({*before, *after}):
            step = name.replace("~", "~0").replace("/", "~1")
            yield from _different(f"{at}/{step}", before.get(name), after.get(name))
    elif before != after:
        yield at, (before, after)
