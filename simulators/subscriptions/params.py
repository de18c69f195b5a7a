"""Typed reading of a call's parameters: each wrong one is refused by its vendor name, each unread one too."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from simulators.kit.fidelity import approximate
from simulators.subscriptions.errors import Refused, wrong
from simulators.subscriptions.forms import Tree, literal

approximate(
    "unknown parameters",
    "refused with `param_wrong_value` and the parameter's name, so that nothing is silently ignored; "
    "the vendor's reaction is not published",
    source="ours",
)
approximate(
    "parameters of a served operation that are not honoured yet",
    "refused in the same way",
    source="ours",
)

approximate("currency codes", "any three letters; the site need not have enabled the currency", source="ours")
approximate("moments", "at most 4,294,967,295 (in 2106)", source="ours")

INTEGER_MAX = 10**13
MOMENT_MAX = 2**32 - 1  # in 2106: an estimate plays all terms up to the moment that is asked for
_MOMENT = re.compile(r"(^|_)(date|at|from|to|start|end|time)$")  # the vendor's names for epoch seconds
TEXT_MAX = 250
JSON_MAX = 65_535
IGNORED = frozenset(("comment", "created_from_ip", "brand_id"))  # no bearing on anything the platform keeps here


class Params:
    """The parameters of a call, of one group (`card[...]`) or of one row (`charges[...][0]`)."""

    __slots__ = ("_children", "_left", "_shape", "_tree")

    def __init__(self, tree: Mapping[str, Any], shape: str = "{}") -> None:
        self._tree = tree
        self._shape = shape
        self._left = set(tree) if tree else set()
        self._children: list[Params] = []

    def __contains__(self, name: str) -> bool:
        return name in self._tree

    def __bool__(self) -> bool:
        return bool(self._tree)

    def name(self, name: str) -> str:
        """The parameter's full vendor name, e.g. `charges[amount][0]`."""
        return self._shape.format(name)

    def wrong(self, name: str, why: str) -> Refused:
        """The refusal of one parameter."""
        return wrong(self.name(name), why)

    def _leaf(self, name: str, required: bool) -> Any:
        """The value, None when absent, "" when the caller clears it."""
        self._left.discard(name)
        value = self._tree.get(name)
        if value is None:
            if name in self._tree:
                return ""
            if required:
                raise self.wrong(name, "cannot be blank")
            return None
        if isinstance(value, dict | list):
            raise self.wrong(name, "must be a single value")
        if required and value == "":
            raise self.wrong(name, "cannot be blank")
        return value

    def text(self, name: str, *, required: bool = False, longest: int = TEXT_MAX) -> str | None:
        """A string; absent or cleared is None."""
        value = self._leaf(name, required)
        if value is None or value == "":
            return None
        text = value if isinstance(value, str) else orjson.dumps(value).decode()
        if len(text) > longest:
            raise self.wrong(name, f"cannot have more than {longest} characters")
        return text

    def currency(self, name: str) -> str | None:
        """A currency code: any three letters, in capitals."""
        code = self.text(name, longest=3)
        if code and not (len(code) == 3 and code.isascii() and code.isalpha()):
            raise self.wrong(name, "should be the three letters of a currency")
        return code.upper() if code else code

    def need(self, name: str, *, longest: int = TEXT_MAX) -> str:
        """A string that must be there."""
        text = self.text(name, required=True, longest=longest)
        assert text is not None
        return text

    def integer(self, name: str, *, least: int = 0, most: int | None = None, required: bool = False) -> int | None:
        """A whole number (money in minor units, epoch seconds, counts); absent or cleared is None."""
        value = self._leaf(name, required)
        if value is None or value == "":
            return None
        most = most if most is not None else MOMENT_MAX if _MOMENT.search(name) else INTEGER_MAX
        if isinstance(value, bool | float):
            raise self.wrong(name, "should be a whole number")
        try:
            number = int(value) if not isinstance(value, str) or len(value) <= 20 else INTEGER_MAX + 1
        except ValueError:
            raise self.wrong(name, "should be a whole number") from None
        if not least <= number <= most:
            raise self.wrong(name, f"should be between {least} and {most}")
        return number

    def number(self, name: str, *, least: int = 0, most: int | None = None) -> int:
        """A whole number that must be there."""
        value = self.integer(name, least=least, most=most, required=True)
        assert value is not None
        return value

    def boolean(self, name: str) -> bool | None:
        """`true` or `false`; absent or cleared is None."""
        value = self._leaf(name, False)
        if value is None or value == "":
            return None
        flag = {"true": True, "false": False, "True": True, "False": False, True: True, False: False}.get(value)
        if flag is None or (not isinstance(value, bool | str)):
            raise self.wrong(name, "should be true or false")
        return flag

    def choice(self, name: str, allowed: Sequence[str], *, required: bool = False) -> str | None:
        """One of the vendor's enum values; absent or cleared is None."""
        value = self.text(name, required=required)
        if value is not None and value not in allowed:
            raise self.wrong(name, f"should be one of {', '.join(allowed)}")
        return value

    def mapping(self, name: str) -> dict[str, Any] | None:
        """A JSON object (`meta_data`), sent as JSON or as Python's repr; absent or cleared is None."""
        self._left.discard(name)
        value = self._tree.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, str):
            if len(value) > JSON_MAX:
                raise self.wrong(name, f"cannot have more than {JSON_MAX} characters")
            try:
                value = literal(value)
                orjson.dumps(value)
            except (ValueError, TypeError):
                raise self.wrong(name, "is not a JSON object") from None
        if not isinstance(value, dict):
            raise self.wrong(name, "is not a JSON object")
        return value

    def group(self, name: str) -> "Params":
        """The parameters `name[...]`; empty when there are none."""
        self._left.discard(name)
        node = self._tree.get(name)
        if node is None or node == "":
            node = {}
        if not isinstance(node, dict):
            raise self.wrong(name, "should be a group of parameters")
        child = Params(node, self._shape.format(name) + "[{}]")
        self._children.append(child)
        return child

    def rows(self, name: str) -> "list[Params]":
        """The rows of `name[field][index]`, in order of their index (a JSON body gives a plain list)."""
        self._left.discard(name)
        node = self._tree.get(name)
        if node is None or node == "":
            return []
        whole = self._shape.format(name)
        cells: dict[int, dict[str, Any]] = {}
        if isinstance(node, list):
            if not all(isinstance(row, dict) for row in node):
                raise self.wrong(name, "should be a list of objects")
            cells = dict(enumerate(node))
        elif isinstance(node, dict):
            for field, column in node.items():
                if not isinstance(column, dict):
                    raise self.wrong(name, f"should be sent as {whole}[{field}][0]")
                for index, value in column.items():
                    cells.setdefault(_index(index, f"{whole}[{field}][{index}]"), {})[field] = value
        else:
            raise self.wrong(name, "should be a list of objects")
        rows = [Params(cells[index], f"{whole}[{{}}][{index}]") for index in sorted(cells)]
        self._children.extend(rows)
        return rows

    def strings(self, name: str) -> list[str]:
        """A list of strings: `name[0]=a&name[1]=b`."""
        self._left.discard(name)
        node = self._tree.get(name)
        if node is None or node == "":
            return []
        if isinstance(node, dict):
            keyed = sorted((_index(index, f"{name}[{index}]"), value) for index, value in node.items())
            node = [value for _, value in keyed]
        if not isinstance(node, list) or not all(isinstance(value, str) for value in node):
            raise self.wrong(name, "should be a list")
        return [value for value in node if value]

    def page(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        """A page (`limit`, `offset`) of rows that are no documents of their own, in the shape of a list."""
        limit, begin = self.integer("limit", least=1, most=100) or 10, self.integer("offset") or 0
        page: dict[str, Any] = {"list": rows[begin : begin + limit]}
        if begin + limit < len(rows):
            page["next_offset"] = str(begin + limit)
        return page

    def listed(self, name: str) -> list[str]:
        """A list of strings in one cell: a JSON body's list, or text as JSON or Python's repr."""
        self._left.discard(name)
        value = self._tree.get(name)
        if value is None or value == "":
            return []
        if isinstance(value, str):
            try:
                value = literal(value) if value[:1] == "[" else [value]
            except ValueError:
                raise self.wrong(name, "should be a list") from None
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self.wrong(name, "should be a list of strings")
        return value

    def numbers(self, name: str) -> list[int]:
        """A list of whole numbers in one cell, as `listed` reads it."""
        self._left.discard(name)
        value = self._tree.get(name)
        if value is None or value == "":
            return []
        if isinstance(value, str):
            try:
                value = literal(value)
            except ValueError:
                raise self.wrong(name, "should be a list") from None
        try:
            return [int(each) for each in (value if isinstance(value, list) else [value])]
        except (ValueError, TypeError):
            raise self.wrong(name, "should be a list of whole numbers") from None

    def custom_fields(self) -> dict[str, str | None]:
        """All `cf_*` parameters; None clears one."""
        names = [name for name in self._tree if name.startswith("cf_")]
        return {name: self.text(name, longest=10_000) for name in names}

    def unread(self) -> list[str]:
        """Full names of parameters that nothing has read."""
        names = [self.name(name) for name in sorted(self._left) if name not in IGNORED]
        for child in self._children:
            names.extend(child.unread())
        return names

    def sent(self) -> dict[str, Any]:
        """All that was sent at this level, to be read again later (a change that waits for its day)."""
        return dict(self._tree)

    def read_all(self) -> None:
        """Somebody else reads this level."""
        self._left.clear()

    def raw(self, name: str) -> Any:
        """A node as it came (list filters read it)."""
        self._left.discard(name)
        return self._tree.get(name)

    def tree(self) -> dict[str, Any]:
        """All of it as it came, to be read again later."""
        self._left.clear()
        return dict(self._tree)

    def names(self) -> list[str]:
        """What was sent at this level."""
        return list(self._tree)

    def refuse_unread(self) -> None:
        """Refuse what this sandbox does not honour: a parameter that is silently ignored would lie."""
        names = self.unread()
        if names:
            raise wrong(names[0], "unknown, or not supported by this sandbox (FIDELITY.md lists what is)")


def _index(text: str, name: str) -> int:
    if not text.isdigit() or len(text) > 4:
        raise wrong(name, "list indexes are whole numbers")
    return int(text)


def params_of(*trees: Tree) -> Params:
    """Query and body parameters as one set."""
    merged: Tree = {}
    for tree in trees:
        merged |= tree
    return Params(merged)
