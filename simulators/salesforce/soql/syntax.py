"""The syntax tree of a query, and the parser that makes it. Every name and literal knows where it stands."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken

from simulators.salesforce.soql.problems import malformed

MAX_CHARACTERS = 100_000
MAX_DEPTH = 60


@dataclass(frozen=True, slots=True)
class Name:
    """A dotted path as written, and where."""

    parts: tuple[str, ...]
    at: int

    @property
    def text(self) -> str:
        """The path with dots."""
        return ".".join(self.parts)


@dataclass(frozen=True, slots=True)
class Literal:
    """A literal: what it is and where; its value comes from the slots."""

    kind: str
    at: int


@dataclass(frozen=True, slots=True)
class Word:
    """A word in a value's place: null, true, a date literal, perhaps with `:n`."""

    text: str
    at: int
    number: Literal | None = None


@dataclass(frozen=True, slots=True)
class Money:
    """An amount with its currency, such as USD5000."""

    currency: str
    amount: str
    at: int


@dataclass(frozen=True, slots=True)
class Function:
    """A function call."""

    name: str
    arguments: tuple[Any, ...]
    at: int


Operand = Name | Function
Value = Literal | Word | Money


@dataclass(frozen=True, slots=True)
class Compare:
    """`operand op value`; LIKE included."""

    operand: Operand
    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class InValues:
    """`operand IN (values)`, NOT IN, INCLUDES, EXCLUDES."""

    operand: Operand
    operator: str
    values: tuple[Value, ...]
    at: int


@dataclass(frozen=True, slots=True)
class InQuery:
    """A semi- or anti-join."""

    operand: Operand
    operator: str
    query: "Query"
    at: int


@dataclass(frozen=True, slots=True)
class Junction:
    """All of or any of the parts."""

    operator: str  # AND, OR
    parts: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """NOT."""

    part: Any


@dataclass(frozen=True, slots=True)
class TypeOf:
    """Fields by the type of the record that a polymorphic relationship leads to."""

    path: Name
    branches: tuple[tuple[Name, tuple[Name, ...]], ...]
    otherwise: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One selected thing: a path, a call, a TYPEOF or a child query, perhaps with an alias."""

    what: "Name | Function | TypeOf | Query"
    alias: Name | None = None


@dataclass(frozen=True, slots=True)
class Ordering:
    """One ORDER BY term."""

    operand: Operand
    descending: bool = False
    nulls_last: bool = False


@dataclass(slots=True)
class Query:
    """A whole query or subquery."""

    items: tuple[Item, ...]
    sources: tuple[tuple[Name, Name | None], ...]
    where: Any = None
    group: tuple[Operand, ...] = ()
    grouping: str = ""  # ROLLUP or CUBE over the grouped operands
    having: Any = None
    order: tuple[Ordering, ...] = ()
    limit: Literal | None = None
    offset: Literal | None = None
    all_rows: bool = False
    clauses: dict[str, Any] = field(default_factory=dict)


def _name(token: Token) -> Name:
    return Name(tuple(part.strip() for part in str(token).split(".")), token.start_pos or 0)


class _Build(Transformer[Token, Any]):
    """Lark's callbacks, called while parsing, so that depth costs no Python stack."""

    def start(self, found: list[Any]) -> Query:
        return found[0]  # type: ignore[no-any-return]

    def query(self, found: list[Any]) -> Query:
        query = Query(found[0], found[1])
        for clause, value in found[2:]:
            if not value:
                continue
            if clause == "group":
                query.grouping, value = value
            if hasattr(query, clause):
                setattr(query, clause, value)
            else:
                query.clauses[clause] = value
        return query

    def items(self, found: list[Any]) -> tuple[Item, ...]:
        return tuple(found)

    def plain_item(self, found: list[Any]) -> Item:
        return Item(_name(found[0]), found[1] if len(found) > 1 else None)

    def call_item(self, found: list[Any]) -> Item:
        return Item(found[0], found[1] if len(found) > 1 else None)

    def child_item(self, found: list[Any]) -> Item:
        return Item(found[0])

    def typeof_item(self, found: list[Any]) -> Item:
        return Item(TypeOf(_name(found[0]), tuple(found[1:-1]), found[-1]))

    def when(self, found: list[Any]) -> tuple[Name, tuple[Name, ...]]:
        return _name(found[0]), found[1]

    def otherwise(self, found: list[Any]) -> tuple[Name, ...]:
        return found[0] if found else ()

    def paths(self, found: list[Any]) -> tuple[Name, ...]:
        return tuple(_name(one) for one in found)

    def alias(self, found: list[Any]) -> Name:
        return _name(found[0])

    def sources(self, found: list[Any]) -> tuple[Any, ...]:
        return tuple(found)

    def source(self, found: list[Any]) -> tuple[Name, Name | None]:
        return _name(found[0]), _name(found[1]) if len(found) > 1 else None

    def scope(self, found: list[Any]) -> tuple[str, Any]:
        return "scope", found and _name(found[0])

    def where(self, found: list[Any]) -> tuple[str, Any]:
        return "where", found and found[0]

    def with_clause(self, found: list[Any]) -> tuple[str, Any]:
        return "with", found and _name(found[0])

    def group(self, found: list[Any]) -> tuple[str, Any]:
        first = found[0] if len(found) == 1 else None
        if isinstance(first, Function) and first.name.upper() in ("ROLLUP", "CUBE"):
            return "group", (first.name.upper(), first.arguments)
        return "group", found and ("", tuple(found))

    def having(self, found: list[Any]) -> tuple[str, Any]:
        return "having", found and found[0]

    def order(self, found: list[Any]) -> tuple[str, Any]:
        return "order", tuple(found)

    def ordering(self, found: list[Any]) -> Ordering:
        words = [word.lower() for word in found[1:]]
        return Ordering(found[0], "desc" in words, "last" in words)

    def direction(self, found: list[Any]) -> str:
        return str(found[0])

    def nulls(self, found: list[Any]) -> str:
        return str(found[0])

    def limit(self, found: list[Any]) -> tuple[str, Any]:
        return "limit", found and Literal("integer", found[0].start_pos)

    def offset(self, found: list[Any]) -> tuple[str, Any]:
        return "offset", found and Literal("integer", found[0].start_pos)

    def locking(self, found: list[Any]) -> tuple[str, Any]:
        return "locking", [_name(one) for one in found]

    def all_rows(self, found: list[Any]) -> tuple[str, Any]:
        return "all_rows", bool(found)

    def all_of(self, found: list[Any]) -> Junction:
        return Junction("AND", tuple(found))

    def any_of(self, found: list[Any]) -> Junction:
        return Junction("OR", tuple(found))

    def negation(self, found: list[Any]) -> Negation:
        return Negation(found[0])

    def compare(self, found: list[Any]) -> Compare:
        return Compare(found[0], str(found[1]).upper().replace("<>", "!="), found[2])

    def in_values(self, found: list[Any]) -> InValues:
        operator = " ".join(str(found[1]).upper().split())
        return InValues(found[0], operator, tuple(found[2:]), found[1].start_pos)

    def in_query(self, found: list[Any]) -> InQuery:
        operator = " ".join(str(found[1]).upper().split())
        return InQuery(found[0], operator, found[2], found[1].start_pos)

    def path(self, found: list[Any]) -> Name:
        return _name(found[0])

    def call(self, found: list[Any]) -> Function:
        return Function(str(found[0]), tuple(found[1:]), found[0].start_pos)

    def word(self, found: list[Any]) -> Word:
        number = Literal("integer", found[1].start_pos) if len(found) > 1 else None
        return Word(str(found[0]), found[0].start_pos, number)

    def money(self, found: list[Any]) -> Money:
        text = str(found[0])
        return Money(text[:3].upper(), text[3:], found[0].start_pos)

    def literal(self, found: list[Any]) -> Literal:
        return Literal(found[0].type.lower(), found[0].start_pos)


_PARSER: list[Lark] = []  # built with the first query: it costs more than all else at start


def _parser() -> Lark:
    if not _PARSER:
        grammar = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
        _PARSER.append(Lark(grammar, parser="lalr", transformer=_Build(), propagate_positions=False))
    return _PARSER[0]


def check_length(text: str) -> None:
    """Refuse a text that is longer than a query may be, before anything reads it."""
    if len(text) > MAX_CHARACTERS:
        raise malformed("SOQL statements cannot be longer than 100000 characters.")


def parse(text: str) -> Query:
    """The tree of a query; raises SoqlError MALFORMED_QUERY at the first token that does not fit."""
    _check_depth(text)
    try:
        return _parser().parse(text)  # type: ignore[return-value]
    except UnexpectedToken as error:
        if error.token.type == "$END":
            raise malformed("unexpected token: '<EOF>'", len(text)) from None
        raise malformed(f"unexpected token: '{error.token}'", error.token.start_pos) from None
    except UnexpectedCharacters as error:
        raise malformed(
            f"unexpected token: '{_word_at(text, error.pos_in_stream or 0)}'", error.pos_in_stream
        ) from None
    except (UnexpectedEOF, UnexpectedInput):
        raise malformed("unexpected token: '<EOF>'", len(text)) from None


def _check_depth(text: str) -> None:
    depth = 0
    for place, char in enumerate(text):
        if char == "(":
            depth += 1
            if depth > MAX_DEPTH:
                raise malformed("the query is nested too deeply", place)
        elif char == ")":
            depth -= 1


def _word_at(text: str, at: int) -> str:
    end = at
    while end < len(text) and (text[end].isalnum() or text[end] == "_"):
        end += 1
    return text[at : max(end, at + 1)]
