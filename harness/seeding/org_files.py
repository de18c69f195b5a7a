"""Describe results and validation rules in files, as clients save them: one, a list, or inside another answer."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


class OrgFileError(ValueError):
    """A file that holds no describe result; the message names it."""


def read_org(files: Iterable[Path]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """All describe results and validation rules of some files, in order; of one object or rule the last."""
    describes: dict[str, dict[str, Any]] = {}
    rules: dict[str, dict[str, Any]] = {}
    for path in files:
        try:
            value = json.loads(path.read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise OrgFileError(f"{path}: {error.strerror}") from error
        except ValueError as error:
            raise OrgFileError(f"{path}: no JSON: {error}") from error
        described, ruled = list(_described(value)), list(_rules(value))
        if not described and not ruled:
            raise OrgFileError(f"{path}: holds neither a describe result nor a validation rule{_hint(value)}")
        describes |= {str(one["name"]): one for one in described}
        rules |= {str(one["FullName"]): one for one in ruled}
    return list(describes.values()), list(rules.values())


def _found(value: Any, name: str, holds: str, kind: type, inside: tuple[str, ...]) -> Iterable[dict[str, Any]]:
    """The objects in a value that have a `name` of text and a member `holds` of that kind, through lists and answers.

    `inside`: members of an answer that may hold them.
    """
    if isinstance(value, list):
        for item in value:
            yield from _found(item, name, holds, kind, inside)
    elif isinstance(value, dict):
        if isinstance(value.get(name), str) and isinstance(value.get(holds), kind):
            yield value
            return
        for member in inside:
            if member in value:
                yield from _found(value[member], name, holds, kind, inside)


def _described(value: Any) -> Iterable[dict[str, Any]]:
    inside = ("result", "body", "results", "compositeResponse", "sobjects", "describes")
    return _found(value, "name", "fields", list, inside)


def _rules(value: Any) -> Iterable[dict[str, Any]]:
    """Rows of the Tooling API's ValidationRule, as `SELECT FullName, Metadata FROM ValidationRule` answers them."""
    return _found(value, "FullName", "Metadata", dict, ("result", "records", "body", "compositeResponse", "rules"))


def _hint(value: Any) -> str:
    if isinstance(value, dict) and isinstance(value.get("sobjects"), list):
        return ": the list of objects has no fields; save GET /sobjects/<name>/describe of each object"
    return ""
