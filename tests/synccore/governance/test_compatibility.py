"""The compatibility checker: each change against each mode, what it says, and what only the whole history shows."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from synccore.governance.compatibility import incompatibilities, unread

Schema = dict[str, Any]


def record(required: str = "", **properties: Any) -> Schema:
    members = {name: {"type": value} if isinstance(value, str) else value for name, value in properties.items()}
    return {"type": "object", "properties": members, "required": required.split()}


BASE = record("gross", gross="integer", note="string")
SMALL = {"type": "integer", "minimum": 0, "maximum": 10}
CHANGES: dict[str, tuple[Schema, Schema, str]] = {
    "the same": (BASE, BASE, ""),
    "an optional member more": (BASE, record("gross", gross="integer", note="string", tax="integer"), ""),
    "an optional member less": (BASE, record("gross", gross="integer"), ""),
    "a mandatory member more": (BASE, record("gross tax", gross="integer", note="string", tax="integer"), "backward"),
    "a mandatory member less": (BASE, record("", note="string"), "forward"),
    "a member renamed": (BASE, record("total", total="integer", note="string"), "backward forward"),
    "mandatory made optional": (BASE, record("", gross="integer", note="string"), "forward"),
    "another type": (BASE, record("gross", gross="string", note="string"), "backward forward"),
    "integer made number": (BASE, record("gross", gross="number", note="string"), "forward"),
    "null allowed": (BASE, record("gross", gross={"type": ["integer", "null"]}, note="string"), "forward"),
    "null by anyOf": (BASE, record("gross", gross={"anyOf": [{"type": "integer"}, {"type": "null"}]}), "forward"),
    "a value more": (record("", a={"enum": ["x"]}), record("", a={"enum": ["x", "y"]}), "forward"),
    "a value less": (record("", a={"enum": ["x", "y"]}), record("", a={"enum": ["x"]}), "backward"),
    "values listed": (record("", a="string"), record("", a={"enum": ["x"]}), "backward"),
    "values listed outside": (record("", a=SMALL), record("", a={"enum": [11]}), "backward forward"),
    "a bound narrowed": (record("", a=SMALL), record("", a={**SMALL, "maximum": 9}), "backward"),
    "a bound widened": (record("", a=SMALL), record("", a={**SMALL, "minimum": -1}), "forward"),
    "a pattern changed": (
        record("", a={"type": "string", "pattern": "^[A-Z]{3}$"}), record("", a={"type": "string", "pattern": "^.*$"}),
        "backward forward",
    ),
    "items of another type": (
        record("", a={"type": "array", "items": {"type": "string"}}),
        record("", a={"type": "array", "items": {"type": "integer"}}), "backward forward",
    ),
    "a member within renamed": (
        record("", a=record("x", x="string")), record("", a=record("y", y="string")), "backward forward",
    ),
    "moved into a definition": (BASE, {"$ref": "#/$defs/it", "$defs": {"it": BASE}}, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_each_change_breaks_the_directions_it_breaks(name: str) -> None:
    old, new, broken = CHANGES[name]
    found = incompatibilities(new, [("1", old)], "FULL")
    assert {one.direction for one in found} == set(broken.split())
    for mode in ("BACKWARD", "FORWARD"):
        assert bool(incompatibilities(new, [("1", old)], mode)) == (mode.lower() in broken)


def test_it_says_where_against_which_version_and_what_to_do() -> None:
    old, new = (
        record("bill", bill=record("gross", gross="integer")),
        record("bill", bill=record("total", total="integer")),
    )
    said = [str(one) for one in incompatibilities(new, [("1", old)])]
    assert said == [
        "/properties/bill/properties/total: what was written before cannot be read any more (version 1): 'total' is "
        "needed and is not there any more. Make the member optional and keep its type, or tell the new shape under a "
        "new name.",
        "/properties/bill/properties/gross: readers of before cannot read what is written now (version 1): 'gross' is "
        "needed and is not there any more. Keep the member as it was beside the new one, or tell the new shape under a "
        "new name.",
    ]


def test_a_member_that_comes_back_with_another_type_passes_its_predecessor_but_not_the_history() -> None:
    history = [("1", record("", a="integer", b="string")), ("2", record("", b="string"))]
    back = record("", a="string", b="string")
    for mode in ("BACKWARD", "FORWARD", "FULL"):
        assert incompatibilities(back, history, mode) == []
        found = incompatibilities(back, history, f"{mode}_TRANSITIVE")
        assert {(one.version, one.pointer) for one in found} == {("1", "/properties/a")}


def test_a_schema_that_contains_itself_is_compared_to_its_end() -> None:
    tree = {"$ref": "#/$defs/node", "$defs": {"node": record("", name="string", child={"$ref": "#/$defs/node"})}}
    other = {"$ref": "#/$defs/node", "$defs": {"node": record("", name="integer", child={"$ref": "#/$defs/node"})}}
    assert unread(tree, tree) == []
    assert unread(tree, other) == [("/properties/name", "it may be integer, expected is string")]


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="FULL_TRANSITIVE"):
        incompatibilities(BASE, [], "SIDEWAYS")


scalars = st.sampled_from([
    {"type": "integer"}, {"type": "number"}, {"type": "string"}, {"type": "null"}, {"type": ["integer", "null"]},
    {"type": "integer", "minimum": 3}, {"enum": [1, 2]}, {"enum": ["x", None]}, {"type": "string", "maxLength": 2},
])  # fmt: skip
schemas = st.builds(
    lambda members, needed: {"type": "object", "properties": members, "required": sorted(needed & set(members))},
    st.dictionaries(st.sampled_from("ab"), scalars), st.frozensets(st.sampled_from("ab")),
)  # fmt: skip
values = st.dictionaries(st.sampled_from("ab"), st.sampled_from([None, 1, 2, 4, 1.5, "x", "xyz"]))


@given(schemas, schemas, values)
@settings(max_examples=400, derandomize=True, database=None)
def test_what_is_called_readable_is_read(reader: Schema, writer: Schema, value: dict[str, Any]) -> None:
    """Soundness against the JSON Schema validator: a document of the writer never surprises the reader."""
    written = {name: item for name, item in value.items() if name in writer["properties"]}
    if Draft202012Validator(writer).is_valid(written) and not unread(reader, writer):
        assert Draft202012Validator(reader).is_valid(written)
