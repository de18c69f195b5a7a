"""The platform's form encoding: arrays of objects are transposed, `list[field][index]`; None clears a field."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode


def flatten(fields: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Pairs as they go onto the wire, in the order given."""
    pairs: list[tuple[str, str]] = []
    for name, value in fields.items():
        if isinstance(value, Mapping):
            pairs += [(f"{name}[{member}]", scalar(item)) for member, item in value.items()]
        elif isinstance(value, list | tuple):
            for index, element in enumerate(value):
                if isinstance(element, Mapping):
                    pairs += [(f"{name}[{member}][{index}]", scalar(item)) for member, item in element.items()]
                else:
                    pairs.append((f"{name}[{index}]", scalar(element)))
        else:
            pairs.append((name, scalar(value)))
    return pairs


def scalar(value: Any) -> str:
    """One value as text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def encode(fields: Mapping[str, Any]) -> bytes:
    """An application/x-www-form-urlencoded body."""
    return urlencode(flatten(fields)).encode()
