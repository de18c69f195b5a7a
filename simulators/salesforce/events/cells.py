"""Avro's binary form of one nullable value: the branch of its union with null, then the value.

The codec tries the branches of each column in turn, and an event has a hundred columns of which a few are not null.
"""

import struct
from collections.abc import Callable, Mapping
from typing import Any

NULL, _VALUE = b"\0", b"\2"  # the branches of ["null", kind]
_double = struct.Struct("<d").pack


def cell(kind: str, value: Any) -> bytes:
    """A value of `["null", kind]`, with a kind of `double`, `int`, `long`, `boolean` or `string`."""
    return NULL if value is None else _VALUE + _WRITE[kind](value)


def record_cell(kinds: Mapping[str, str], values: Mapping[str, Any] | None) -> bytes:
    """A nullable record of nullable members; `kinds` has their kinds by name, in order."""
    if values is None:
        return NULL
    return _VALUE + b"".join(cell(kind, values.get(name)) for name, kind in kinds.items())


def _long(value: int) -> bytes:
    """Zigzag, then seven bits a byte, the lowest first."""
    rest, out = (value << 1) ^ (value >> 63), bytearray()
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    out.append(rest)
    return bytes(out)


def _string(value: str) -> bytes:
    data = value.encode()
    return _long(len(data)) + data


_WRITE: dict[str, Callable[[Any], bytes]] = {
    "double": _double, "int": _long, "long": _long, "string": _string, "boolean": lambda value: bytes((bool(value),)),
}  # fmt: skip
