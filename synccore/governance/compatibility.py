"""Whether a changed schema still fits its readers, by JSON pointer and with what to do: pure, over JSON Schema 2020-12.

A writer sends what its schema declares and nothing else; a reader needs what its schema requires, checks what it
declares, and ignores the rest. BACKWARD: the new schema reads what the old one wrote (stored events, replay). FORWARD:
the old one reads what the new one writes (consumers that were not rebuilt). FULL: both. _TRANSITIVE: against every
kept version, since a reader may be behind by more than one. Keywords that are not understood must stay as they are.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Json = Mapping[str, Any]
DEFAULT = "FULL_TRANSITIVE"
MODES = tuple(f"{mode}{reach}" for mode in ("BACKWARD", "FORWARD", "FULL") for reach in ("", "_TRANSITIVE"))
_WORDS = frozenset(
    (
        "title",
        "description",
        "default",
        "examples",
        "deprecated",
        "discriminator",
        "$schema",
        "$id",
        "$defs",
        "$comment",
    )
)
_COMPARED = frozenset(
    ("type", "properties", "required", "items", "enum", "const", "anyOf", "oneOf", "$ref", "additionalProperties")
)
_LEAST = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_MOST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")


@dataclass(frozen=True)
class Incompatibility:
    """One reason why a reader would fail: where, in which direction, against which version."""

    pointer: str
    direction: Literal["backward", "forward"]
    version: str
    problem: str

    def __str__(self) -> str:
        what, remedy = _SAID[self.direction]
        return f"{self.pointer or '/'}: {what} (version {self.version}): {self.problem}. {remedy}"


_SAID = {
    "backward": (
        "what was written before cannot be read any more",
        "Make the member optional and keep its type, or tell the new shape under a new name.",
    ),
    "forward": (
        "readers of before cannot read what is written now",
        "Keep the member as it was beside the new one, or tell the new shape under a new name.",
    ),
}


def incompatibilities(new: Json, kept: Sequence[tuple[str, Json]], mode: str = DEFAULT) -> list[Incompatibility]:
    """Why `new` may not follow the kept versions (oldest first; name and schema). ValueError for an unknown mode."""
    if mode not in MODES:
        raise ValueError(f"there is no compatibility mode {mode}; there are {', '.join(MODES)}")
    found: list[Incompatibility] = []
    for name, old in kept if mode.endswith("_TRANSITIVE") else kept[-1:]:
        if not mode.startswith("FORWARD"):
            found += [Incompatibility(at, "backward", name, why) for at, why in unread(new, old)]
        if not mode.startswith("BACKWARD"):
            found += [Incompatibility(at, "forward", name, why) for at, why in unread(old, new)]
    return found


def unread(
    reader: Json, writer: Json, reader_root: Json | None = None, writer_root: Json | None = None
) -> list[tuple[str, str]]:
    """Where and why something that `writer` allows would not be read by `reader`; roots hold what they refer to."""
    places = _Place(reader_root or reader, reader), _Place(writer_root or writer, writer)
    return list(_unread(*places, "", frozenset()))


@dataclass(frozen=True)
class _Place:
    """A schema and the document that its references lead through."""

    root: Json
    node: Any

    def at(self, node: Any) -> "_Place":
        return _Place(self.root, node)

    @property
    def reference(self) -> str:
        """What it refers to, '' for a schema of its own."""
        return str(self.node.get("$ref", "")) if isinstance(self.node, Mapping) else ""

    def resolved(self) -> "_Place":
        node = self.node
        while isinstance(node, Mapping) and str(node.get("$ref", "")).startswith("#/"):
            target: Any = self.root
            for part in node["$ref"][2:].split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            node = {**target, **{name: value for name, value in node.items() if name != "$ref"}}
        return self.at(node if isinstance(node, Mapping) else {})

    def branches(self) -> list["_Place"]:
        """The alternatives of a schema: one a type, so that each can be compared alone."""
        node = self.resolved().node
        options = node.get("anyOf") or node.get("oneOf")
        if options:
            rest = {
                name: value for name, value in node.items() if name not in ("anyOf", "oneOf") and name not in _WORDS
            }
            return [branch for option in options for branch in self.at(option)._with(rest).branches()]
        types = node.get("type")
        if isinstance(types, list):
            return [self.at({**node, "type": one}) for one in types]
        return [self.at(node)]

    def _with(self, rest: Json) -> "_Place":
        return self.at({**self.resolved().node, **rest})


def _unread(reader: _Place, writer: _Place, at: str, seen: frozenset[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    refs = (reader.reference, writer.reference)
    if refs in seen:
        return
    if any(refs):
        seen |= {refs}
    readers = reader.branches()
    for branch in writer.branches():
        attempts = [list(_branch(one, branch, at, seen)) for one in readers]
        if all(attempts):
            nearest = [found for one, found in zip(readers, attempts, strict=True) if _kind(one) == _kind(branch)]
            if nearest:
                yield from min(nearest, key=len)
            else:
                names = " or ".join(sorted({_kind(one) or "anything" for one in readers}))
                yield at, f"it may be {_kind(branch) or 'anything'}, expected is {names}"


def _kind(place: _Place) -> str:
    node = place.node
    if "type" in node:
        return str(node["type"])
    values = node.get("enum") or ([node["const"]] if "const" in node else [])
    return "string" if values and all(isinstance(value, str) for value in values) else ""


def _branch(reader: _Place, writer: _Place, at: str, seen: frozenset[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    old, new = reader.node, writer.node
    needed, given = _kind(reader), _kind(writer)
    if needed and needed != given and not (needed == "number" and given == "integer"):
        yield at, f"it may be {given or 'anything'}, expected is {needed}"
        return
    listed = new.get("enum", [new["const"]] if "const" in new else None)
    yield from _values(old, listed, at) if listed is not None else _bounds(old, new, at)
    yield from _objects(reader, writer, at, seen)
    if "items" in old:
        if "items" in new:
            yield from _unread(reader.at(old["items"]), writer.at(new["items"]), f"{at}/items", seen)
        elif given == "array":
            yield f"{at}/items", "the items may be anything"


def _values(old: Json, listed: list[Any], at: str) -> Iterator[tuple[str, str]]:
    """A writer that lists its values: each is tried."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - a running core needs it never

    check = Draft202012Validator({name: value for name, value in old.items() if name != "$ref"})
    for value in listed:
        if not check.is_valid(value):
            yield at, f"it may be {value!r}, which is not accepted"


def _bounds(old: Json, new: Json, at: str) -> Iterator[tuple[str, str]]:
    if "enum" in old or "const" in old:
        yield at, f"it may be any value, expected is one of {old.get('enum', [old.get('const')])}"
    for name in sorted(set(old) - _WORDS - _COMPARED):
        had, has = old[name], new.get(name)
        if name.startswith("x-"):
            continue
        held = (name in _LEAST and has is not None and has >= had) or (name in _MOST and has is not None and has <= had)
        if not held and had != has:
            yield at, f"{name} {had!r} is expected, {'none' if has is None else repr(has)} is kept"


def _objects(reader: _Place, writer: _Place, at: str, seen: frozenset[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    old, new = reader.node, writer.node
    wanted, sent = old.get("properties", {}), new.get("properties", {})
    for name in old.get("required", ()):
        if name not in sent:
            yield f"{at}/properties/{name}", f"'{name}' is needed and is not there any more"
        elif name not in new.get("required", ()):
            yield f"{at}/properties/{name}", f"'{name}' is needed and may be left out"
    for name in wanted:
        if name in sent:
            yield from _unread(reader.at(wanted[name]), writer.at(sent[name]), f"{at}/properties/{name}", seen)
    if old.get("additionalProperties") is False:
        for name in sent:
            if name not in wanted:
                yield f"{at}/properties/{name}", f"'{name}' is not known there"
    elif isinstance(old.get("additionalProperties"), Mapping) and isinstance(new.get("additionalProperties"), Mapping):
        inner = reader.at(old["additionalProperties"]), writer.at(new["additionalProperties"])
        yield from _unread(*inner, f"{at}/additionalProperties", seen)
