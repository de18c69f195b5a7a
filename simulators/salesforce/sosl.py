"""SOSL as far as clients use it: what is looked for, in which fields, and what is returned of which objects (pure)."""

import fnmatch
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from simulators.salesforce.errors import ApiError, failed
from simulators.salesforce.schemas import Field, SObject

MOST = 2_000  # records of one search
MOST_CHARACTERS, MOST_OF_TERM = 100_000, 10_000
# The patterns take time by the length of a text, not by its square: each begins where a word does, and no two of
# their repetitions can share the same blanks.
_HEAD = re.compile(
    r"\s*FIND\s*\{(?P<term>(?:[^{}\\]|\\.)*+)\}(?:\s++IN\s++(?P<group>ALL|NAME|EMAIL|PHONE|SIDEBAR)\s++FIELDS)?"
    r"(?:\s++RETURNING(?=\s))?",
    re.IGNORECASE | re.DOTALL,
)
_WITH = re.compile(r"\sWITH\s", re.IGNORECASE)
_WITHIN = re.compile(r"[\w =']+")
_LIMIT = re.compile(r"\sLIMIT\s++(\d{1,9})\Z", re.IGNORECASE | re.ASCII)
_OFFSET = re.compile(r"\sOFFSET\s++(\d{1,9})\Z", re.IGNORECASE | re.ASCII)
_SPEC = re.compile(r"(?P<name>\w+)(?:\s*\((?P<inner>.*)\))?\Z", re.DOTALL)
_FIELDS = re.compile(r"\s*[\w.]+(?:\s*,\s*[\w.]+)*\s*\Z")
_REST = re.compile(r"\s(?=(?:WHERE|ORDER\s+BY)\s)", re.IGNORECASE)
_TOKEN = re.compile(r'"(?P<phrase>(?:[^"\\]|\\.)*)"|(?P<mark>[()])|(?P<word>(?:[^\s()"\\]|\\.)+)')
_WORD = re.compile(r"[^\W_]+")

_GROUPS: dict[str, Callable[[Field], bool]] = {
    "ALL": lambda item: item.type in ("string", "email", "phone", "url", "textarea", "autonumber"),
    "NAME": lambda item: item.is_name or item.name in ("FirstName", "LastName"),
    "EMAIL": lambda item: item.type == "email", "PHONE": lambda item: item.type == "phone",
}  # fmt: skip
_GROUPS["SIDEBAR"] = _GROUPS["ALL"]


@dataclass(frozen=True, slots=True)
class Returning:
    """What is returned of one object: its fields, further SOQL clauses, and how many of it."""

    sobject: str
    fields: str = "Id"
    rest: str = ""
    limit: int = MOST
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Search:
    """A search; no `returning` means every searchable object."""

    term: str
    group: str
    returning: tuple[Returning, ...]
    limit: int = MOST


Match = Callable[[Sequence[str]], bool]
"""Whether the texts of a record's fields fit a search term."""


def parse(text: str) -> Search:
    """A SOSL text; MALFORMED_SEARCH for what is none."""
    if len(text) > MOST_CHARACTERS:
        raise malformed(f"SOSL statements cannot be longer than {MOST_CHARACTERS} characters.")
    found = _HEAD.match(text)
    if found is None:
        raise malformed("No search term found. The search term must be enclosed in braces.")
    rest, limit = _cut(text[found.end() :].rstrip(), _LIMIT)
    rest = _without_with(rest).strip()
    returning_said = found.group().upper().endswith("RETURNING")
    if bool(rest) != returning_said:
        raise malformed(f"unexpected token: '{rest[:40] or '<EOF>'}'")
    specs = tuple(_spec(one) for one in _split(rest))
    return Search(found["term"], (found["group"] or "ALL").upper(), specs, min(MOST if limit is None else limit, MOST))


def _cut(text: str, clause: re.Pattern[str]) -> tuple[str, int | None]:
    """A text without the numbered clause that it ends with, and the number; None when it ends otherwise."""
    found = clause.search(text)
    return (text, None) if found is None else (text[: found.start()].rstrip(), int(found[1]))


def _without_with(text: str) -> str:
    """A text without the WITH clauses at its end, which are read and have no effect."""
    end = len(text)
    for start in reversed([found.span() for found in _WITH.finditer(text)]):
        if not _WITHIN.fullmatch(text, start[1], end):
            break
        end = start[0]
    return text[:end]


def malformed(message: str) -> ApiError:
    """MALFORMED_SEARCH."""
    return failed("MALFORMED_SEARCH", message)


def _split(text: str) -> list[str]:
    """The comma-separated specs; commas within brackets and strings do not separate."""
    parts, depth, quoted, start, place = [], 0, False, 0, 0
    while place < len(text):
        char = text[place]
        if quoted:
            place += char == "\\"
            quoted = char != "'"
        elif char == "'":
            quoted = True
        elif char == "," and not depth:
            parts.append(text[start:place])
            start = place + 1
        else:
            depth += (char == "(") - (char == ")")
        place += 1
    return [part.strip() for part in (*parts, text[start:]) if part.strip()]


def _spec(text: str) -> Returning:
    found = _SPEC.match(text)
    if found is None:
        raise malformed(f"unexpected token: '{text[:40]}'")
    inner = found["inner"]
    if inner is None:
        return Returning(found["name"])
    inner, offset = _cut(inner.rstrip(), _OFFSET)
    inner, limit = _cut(inner, _LIMIT)
    fields, *rest = _REST.split(inner, maxsplit=1)
    return returning(found["name"], fields, "".join(rest), MOST if limit is None else limit, offset or 0)


def returning(sobject: str, fields: str, rest: str, limit: int, offset: int) -> Returning:
    """A checked spec: fields are names and nothing else."""
    if not _FIELDS.match(fields):
        raise malformed(f"unexpected token: '{fields[:40]}'")
    return Returning(sobject, fields.strip(), rest.strip(), limit, offset)


def searched(spec: SObject, group: str) -> list[Field]:
    """The fields of an object that a search looks into."""
    return [
        item for item in spec.fields.values() if _GROUPS[group](item) and item.family == "text" and not item.formula
    ]


def words(term: str) -> list[str]:
    """The longest plain part of each word of a term: what any matching record must have (a superset of matches)."""
    if re.search(r"\b(?:OR|NOT)\b", term):
        return []
    return [max(re.split(r"[*?]", word.lower()), key=len) for word in re.findall(r"[\w*?]+", term) if word != "AND"]


def matcher(term: str) -> Match:
    """What a term means: words (`*` and `?` stand for letters) and phrases, AND, OR, AND NOT, brackets.

    A term of more than 10,000 characters finds nothing.
    """
    if len(term) > MOST_OF_TERM:
        return lambda _texts: False
    tokens = [(kind, found[kind]) for found in _TOKEN.finditer(term) if (kind := found.lastgroup or "")]
    if len(re.sub(r"[^\w]", "", term)) < 2:
        raise malformed(f"search term must be longer than one character: {term}")
    reader = _Reader(tokens)
    match = reader.any_of()
    if reader.place < len(tokens):
        raise malformed(f"unexpected token: '{tokens[reader.place][1]}'")
    return match


class _Reader:
    """Recursive descent over the tokens of a term."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens, self.place, self.depth = tokens, 0, 0

    def _next(self) -> tuple[str, str]:
        return self.tokens[self.place] if self.place < len(self.tokens) else ("", "")

    def any_of(self) -> Match:
        parts = [self.all_of()]
        while self._next() == ("word", "OR"):
            self.place += 1
            parts.append(self.all_of())
        return lambda texts: any(part(texts) for part in parts)

    def all_of(self) -> Match:
        parts = [self.one()]
        while self._next()[0] and self._next() not in (("word", "OR"), ("mark", ")")):
            if self._next() == ("word", "AND"):
                self.place += 1
            parts.append(self.one())
        return lambda texts: all(part(texts) for part in parts)

    def one(self) -> Match:
        kind, text = self._next()
        self.place += 1
        if (kind, text) == ("word", "NOT"):
            inner = self.one()
            return lambda texts: not inner(texts)
        if (kind, text) == ("mark", "("):
            self.depth += 1
            if self.depth > 50:
                raise malformed("the search term is nested too deeply")
            inner = self.any_of()
            if self._next() != ("mark", ")"):
                raise malformed("unexpected token: '<EOF>'")
            self.place += 1
            return inner
        if kind not in ("word", "phrase"):
            raise malformed(f"unexpected token: '{text or '<EOF>'}'")
        return _words_in_a_row(re.sub(r"\\(.)", r"\1", text))


def _words_in_a_row(text: str) -> Match:
    patterns = [
        re.compile(fnmatch.translate(word))  # its stars do not try one another's choices again
        for word in re.findall(r"[\w*?]+", text.lower().replace("_", " "))
    ]
    size = len(patterns)

    def match(texts: Sequence[str]) -> bool:
        for one in texts:
            found = _WORD.findall(one.lower())
            for start in range(len(found) - size + 1):
                if all(pattern.fullmatch(found[start + place]) for place, pattern in enumerate(patterns)):
                    return True
        return False

    return match
