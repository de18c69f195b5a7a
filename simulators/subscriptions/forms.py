"""Turn a form body or query string into a tree, the way the vendor's clients flatten them."""

import ast
import json
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

from simulators.kit.fidelity import approximate, exact

exact(
    "form bodies with transposed arrays, groups, booleans, empty value = clear; JSON bodies; "
    "`in`/`between` and `meta_data` as JSON or Python repr",
    source="observed",
    held_by="test_transport, test_sdk",
)
approximate(
    "metadata and bodies",
    "at most 65,535 characters and 2 MB; repeated names keep the last value",
    source="ours",
)

Tree = dict[str, Any]
"""Nested dicts; leaves are strings (forms) or JSON scalars. `a[b][0]=x` is {"a": {"b": {"0": "x"}}}."""

MAX_FIELDS = 5_000
MAX_DEPTH = 4
ROW_DEPTH = 3  # list[field][index]


class Malformed(ValueError):
    """A body that no client of this vendor would send; `param` names the place where known."""

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


@lru_cache(maxsize=4096)
def key_path(key: str) -> tuple[str, ...]:
    """`a[b][0]` as ("a", "b", "0"); raises Malformed for brackets that do not match."""
    head, bracket, rest = key.partition("[")
    if not bracket:
        if not head or "]" in head:
            raise Malformed(f"{key!r} is not a parameter name", key)
        return (head,)
    if not head or not rest.endswith("]"):
        raise Malformed(f"{key!r} has brackets that do not match", key)
    parts = rest[:-1].split("][")
    if any(not part or "[" in part or "]" in part for part in parts) or len(parts) > MAX_DEPTH:
        raise Malformed(f"{key!r} has brackets that do not match", key)
    return (head, *parts)


def decoded(text: str) -> str:
    """One percent- and plus-encoded piece; raises Malformed when it is not UTF-8."""
    if "+" in text:
        text = text.replace("+", " ")
    if "%" not in text:
        return text
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("the body is not UTF-8") from error


def form_tree(text: str) -> Tree:
    """The tree of a query string or form body; a repeated name keeps the last value.

    A cell of a row that is repeated is a list: so the Python client sends the lists inside lists of objects
    (`item_constraints[item_price_ids][0]=a&item_constraints[item_price_ids][0]=b`).
    """
    tree: Tree = {}
    if not text:
        return tree
    pairs = text.split("&")
    if len(pairs) > MAX_FIELDS:
        raise Malformed(f"more than {MAX_FIELDS} parameters")
    for pair in pairs:
        if pair:
            key, _, value = pair.partition("=")
            _place(tree, key_path(decoded(key)), decoded(value))
    return tree


def _place(tree: Tree, path: tuple[str, ...], value: str) -> None:
    node = tree
    for part in path[:-1]:
        child = node.setdefault(part, {})
        if not isinstance(child, dict):
            raise Malformed(f"{path[0]} is given both as a value and as a group", path[0])
        node = child
    if isinstance(node.get(path[-1]), dict):
        raise Malformed(f"{path[0]} is given both as a value and as a group", path[0])
    before = node.get(path[-1])
    if before is None or len(path) != ROW_DEPTH:
        node[path[-1]] = value
    elif isinstance(before, list):
        before.append(value)
    else:
        node[path[-1]] = [before, value]


def json_tree(body: bytes) -> Tree:
    """The tree of a JSON body, which must be an object."""
    try:
        tree = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed("the body is not JSON") from error
    if not isinstance(tree, dict):
        raise Malformed("the body must be a JSON object")
    return tree


def literal(text: str) -> Any:
    """A value that clients send as JSON or, the Python one, as `repr`; raises ValueError for neither."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError) as error:
        raise ValueError("neither JSON nor a literal") from error
