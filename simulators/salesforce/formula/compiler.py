"""From a formula's text to a function of one save: names are checked against the schema, arguments counted."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lark import Lark, Token, Transformer
from lark.exceptions import LarkError, UnexpectedCharacters, UnexpectedToken, VisitError

from simulators.kit.store import Doc
from simulators.salesforce.formula import everywhere
from simulators.salesforce.formula.functions import LENIENT, STRICT, day_of
from simulators.salesforce.formula.values import FormulaError, Value, compare, reckon, shown, stored, truth
from simulators.salesforce.moments import local_day
from simulators.salesforce.schemas import Field, Schema, SObject

if TYPE_CHECKING:
    from simulators.salesforce.state import OrgState

MAX_CHARACTERS = 5_000
_WORDS: dict[str, Value] = {"true": True, "false": False, "null": None}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Save:
    """What a formula looks at: the record as it will be, as it was (None when it is new), when, the org, and the user
    who saves or looks (empty: the integration user)."""

    new: Doc
    old: Doc | None
    at: float
    org: OrgState
    user: str = ""

    @property
    def zone(self) -> str:
        """The user's time zone, by which days are told (help, "Tips for Working with Date and Date/Time Formulas")."""
        return self.org.zone(self.user or self.org.user_id)


Formula = Callable[[Save], Value]
Use = tuple[str, str]  # object and field


@dataclass(frozen=True, slots=True)
class _Path:
    """A field of the record or of a parent, before it is known what is asked of it."""

    hops: tuple[Field, ...]
    item: Field
    of: SObject
    zero: bool = False  # a number that is blank is none
    root: everywhere.Root | None = None  # where the path begins, if not at the record

    def read(self, save: Save) -> Value:
        value = _value(self, save.new if self.root is None else self.root(save), save)
        return Decimal(0) if value is None and self.zero and self.item.family == "number" else value


def compile_formula(
    text: str, schema: Schema, sobject: SObject, calculated: Field | None = None, uses: set[Use] | None = None,
    validation: bool = False,
) -> Formula:  # fmt: skip
    """The function that a formula means; FormulaError for one that makes no sense.

    `calculated`: the field that it gives the value of; `uses` is told which fields it reads; `validation`: it is the
    condition of a validation rule, which alone may look up other records.
    """
    if len(text) > MAX_CHARACTERS:
        raise FormulaError(f"a formula has at most {MAX_CHARACTERS} characters")
    build = _Build(schema, sobject, calculated, validation)
    try:
        found = _evaluated(build.transform(_parser().parse(text)))
    except VisitError as error:
        raise FormulaError(f"{error.orig_exc} in {text!r}") from error
    except UnexpectedToken as error:
        if error.token.type != "$END":
            raise FormulaError(f"Syntax error. Found '{error.token}'") from error
        missing = "Missing ')'" if "RPAR" in error.expected else "Found 'end of formula'"
        raise FormulaError(f"Syntax error. {missing}") from error
    except UnexpectedCharacters as error:
        raise FormulaError(f"Syntax error. Found '{text[error.pos_in_stream or 0]}'") from error
    except (LarkError, RecursionError) as error:
        raise FormulaError(f"{text!r} is no formula: {str(error).splitlines()[0]}") from error
    if uses is not None:
        uses |= build.uses
    return found


@cache
def _parser() -> Lark:
    return Lark(Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8"), parser="lalr")


def _evaluated(part: Formula | _Path | everywhere.Foreign) -> Formula:
    if isinstance(part, everywhere.Foreign):
        raise everywhere.no_field(f"$ObjectType.{part.of.name}.Fields.{part.item.name}")
    return part.read if isinstance(part, _Path) else part


def _value(path: _Path, doc: Doc | None, save: Save) -> Value:
    for hop in path.hops:
        target = None if doc is None else doc.get(hop.name)
        doc = None if target is None else save.org.get(hop.to, target)
    if doc is None:
        return None
    if path.item.formula:
        formula = path.of.formulas.get(path.item.name)
        return None if formula is None else formula(Save(doc, None, save.at, save.org, save.user))
    return stored(doc, path.item)


class _Build(Transformer[Token, Any]):
    """Lark's callbacks, inside out."""

    def __init__(self, schema: Schema, sobject: SObject, calculated: Field | None, validation: bool) -> None:
        super().__init__()
        self.schema, self.sobject, self.calculated, self.validation = schema, sobject, calculated, validation
        self.uses: set[Use] = set()

    def number(self, found: list[Any]) -> Formula:
        value = Decimal(str(found[0]))
        return lambda _save: value

    def string(self, found: list[Any]) -> Formula:
        value = _ESCAPE.sub(r"\1", str(found[0])[1:-1])
        return lambda _save: value

    def path(self, found: list[Any]) -> Formula | _Path | everywhere.Foreign:
        text = str(found[0])
        if text.lower() in _WORDS:
            value = _WORDS[text.lower()]
            return lambda _save: value
        if text.lower().startswith("$objecttype."):
            return everywhere.foreign(self.schema, text)
        *parents, last = text.split(".")
        sobject, hops, root = self.sobject, [], None
        if text.lower().startswith("$setup."):
            sobject, root = everywhere.setting(self.schema, text)
            parents = parents[2:]
        elif text[0] == "$":
            sobject, root = everywhere.root(parents.pop(0) if parents else text, self.schema, text)
        for name in parents:
            hop = sobject.parents.get(name.lower())
            if hop is None or len(hop.targets) > 1:
                raise everywhere.no_field(text)
            hops.append(hop)
            sobject = self.schema.objects[hop.to.lower()]
        item = sobject.get(last)
        if item is None:
            raise everywhere.no_field(text)
        self.uses.add((sobject.name, item.name))
        return _Path(tuple(hops), item, sobject, self.calculated is not None and self.calculated.blank_as_zero, root)

    def any_of(self, found: list[Any]) -> Formula:
        parts = [_evaluated(part) for part in found]
        return lambda save: any(truth(part(save)) for part in parts)

    def all_of(self, found: list[Any]) -> Formula:
        parts = [_evaluated(part) for part in found]
        return lambda save: all(truth(part(save)) for part in parts)

    def compare(self, found: list[Any]) -> Formula:
        left, symbol, right = _evaluated(found[0]), str(found[1]), _evaluated(found[2])
        return lambda save: compare(symbol, left(save), right(save))

    def concatenate(self, found: list[Any]) -> Formula:
        parts = [_evaluated(part) for part in found]
        return lambda save: "".join(shown(part(save)) for part in parts)

    def fold(self, found: list[Any]) -> Formula:
        first, steps = _evaluated(found[0]), list(zip(found[1::2], map(_evaluated, found[2::2]), strict=True))

        def run(save: Save) -> Value:
            value = first(save)
            for symbol, part in steps:
                value = reckon(str(symbol), value, part(save))
            return value

        return run

    def signed(self, found: list[Any]) -> Formula:
        part, symbol = _evaluated(found[1]), str(found[0])
        return lambda save: reckon(symbol, Decimal(0), part(save))

    def negation(self, found: list[Any]) -> Formula:
        part = _evaluated(found[0])
        return lambda save: not truth(part(save))

    def call(self, found: list[Any]) -> Formula:
        name, arguments = str(found[0]).upper(), found[1:]
        if name in _OF_A_SAVE:
            if self.calculated is not None and name not in _ANY_TIME:
                raise FormulaError(f"Function {name} may not be used in this type of formula")
            least, make = _OF_A_SAVE[name]
            _count(name, arguments, least, least)
            of_itself = least and isinstance(arguments[0], _Path) and not (arguments[0].hops or arguments[0].root)
            if least and not of_itself:
                raise FormulaError(f"{name} takes a field of the record itself")
            return make(*arguments)
        if name == "DATEVALUE":
            _count(name, arguments, 1, 1)
            moment = _evaluated(arguments[0])
            return lambda save: day_of(moment(save), save.zone)
        if name == "VLOOKUP":
            if not self.validation:
                raise FormulaError(f"Function {name} may not be used in this type of formula")
            _count(name, arguments, 3, 3)
            return everywhere.lookup(arguments[0], arguments[1], _evaluated(arguments[2]))
        table = LENIENT if name in LENIENT else STRICT
        if name not in table:
            raise FormulaError(f"Unknown function {name}. Check spelling.")
        least, most, work = table[name]
        _count(name, arguments, least, most)
        parts = [_evaluated(part) for part in arguments]
        if table is LENIENT:
            return lambda save: work(*(part(save) for part in parts))
        return lambda save: _strictly(work, [part(save) for part in parts])


def _count(name: str, arguments: list[Any], least: int, most: int) -> None:
    if not least <= len(arguments) <= most:
        wanted, given = least if len(arguments) < least else most, len(arguments)
        raise FormulaError(
            f"Incorrect number of parameters for function '{name}()'. Expected {wanted}, received {given}"
        )


def _strictly(work: Callable[..., Value], values: list[Value]) -> Value:
    if any(value is None for value in values):
        return None
    try:
        return work(*values)
    except (ArithmeticError, TypeError, ValueError, AttributeError):
        return None


def _changed(path: _Path) -> Formula:
    def run(save: Save) -> bool:
        return save.old is not None and stored(save.old, path.item) != stored(save.new, path.item)

    return run


def _prior(path: _Path) -> Formula:
    return lambda save: stored(save.new if save.old is None else save.old, path.item)


_OF_A_SAVE: dict[str, tuple[int, Callable[..., Formula]]] = {
    "ISNEW": (0, lambda: lambda save: save.old is None), "ISCHANGED": (1, _changed), "PRIORVALUE": (1, _prior),
    "NOW": (0, lambda: lambda save: datetime.fromtimestamp(int(save.at), UTC)),
    "TODAY": (0, lambda: lambda save: local_day(save.at, save.zone)),
}  # fmt: skip
"""Functions of the save itself: how many fields they take, and what makes them."""

_ANY_TIME = frozenset(("NOW", "TODAY"))
