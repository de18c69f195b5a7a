"""Describe results in files, as clients save them: one, a list, or inside the answer of a composite request."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


class OrgFileError(ValueError):
    """A file that holds no describe result; the message names it."""


def read_describes(files: Iterable[Path]) -> list[dict[str, Any]]:
    """All describe results of some files, in order; of one object the last."""
    found: dict[str, dict[str, Any]] = {}
    for path in files:
        try:
            value = json.loads(path.read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise OrgFileError(f"{path}: {error.strerror}") from error
        except ValueError as error:
            raise OrgFileError(f"{path}: no JSON: {error}") from error
        described = list(_described(value))
        if not described:
            raise OrgFileError(f"{path}: holds no describe result{_hint(value)}")
        found |= {str(one["name"]): one for one in described}
    return list(found.values())


def _described(value: Any) -> Iterable[dict[str, Any]]:
    if isinstance(value, list):
        for item in value:
            yield from _described(item)
    elif isinstance(value, dict):
        if isinstance(value.get("name"), str) and isinstance(value.get("fields"), list):
            yield value
            return
        for member in ("result", "body", "results", "compositeResponse", "sobjects", "describes"):
            if member in value:
                yield from _described(value[member])


def _hint(value: Any) -> str:
    if isinstance(value, dict) and isinstance(value.get("sobjects"), list):
        return ": the list of objects has no fields; save GET /sobjects/<name>/describe of each object"
    return ""
