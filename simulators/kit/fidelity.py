"""Marks that say, beside the code they speak of, how true it is to the vendor; FIDELITY.md is made of them.

A mark is a call at the top level of a module of a system:

    exact("tokens `<orgId>!…`", source="observed", held_by="test_auth")
    approximate("sessions", "last two hours of business time; real ones are prolonged by use", source="assumed")
    absent("merge", "the recycle bin's 15 days")

They do nothing when the module runs: `page` reads them from the source. Their arguments are plain strings.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

TEMPLATE, PAGE, PLACE = "FIDELITY.in.md", "FIDELITY.md", "<!-- marks -->"

SOURCES = {
    "documented": "the vendor's public documentation",
    "observed": "what unmodified clients send and parse, seen on the wire or in their code",
    "recorded": "traffic of real accounts that others published",
    "reported": "texts quoted in public issues and articles",
    "assumed": "common knowledge that no source here confirmed",
    "ours": "our own choice where the vendor says nothing, or has no such thing",
}
"""How sure a mark can be; a mark may name several, separated by commas."""


def exact(what: str, *, source: str, held_by: str) -> None:
    """This is as the source says, and the tests `held_by` (modules, or `module::function`, by commas) hold it."""


def approximate(what: str, how: str, *, source: str = "assumed") -> None:
    """This is there, but resembles the vendor only in the way that `how` says."""


def absent(*what: str) -> None:
    """These are not there; a caller gets the vendor's answer for what does not exist, if nothing else is said."""


class MarkError(ValueError):
    """A mark that cannot be read or is not true; the message names file and line."""


@dataclass(frozen=True)
class Mark:
    """One mark as read: `module` is relative to the system's folder, with `/`."""

    kind: str
    module: str
    line: int
    texts: tuple[str, ...]
    named: dict[str, str] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """File and line, for messages."""
        return f"{self.module}:{self.line}"


_SHAPES = {"exact": (1, 1, {"source", "held_by"}), "approximate": (2, 2, {"source"}), "absent": (1, 99, set[str]())}


def marks(folder: Path) -> list[Mark]:
    """All marks of a system's package, by module and line. Raises MarkError for one that is not plain."""
    found: list[Mark] = []
    for path in sorted(folder.rglob("*.py")):
        module = path.relative_to(folder).as_posix()
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                call = node.value
                if isinstance(call.func, ast.Name) and call.func.id in _SHAPES:
                    found.append(_mark(call.func.id, call, module))
    return found


def _mark(kind: str, call: ast.Call, module: str) -> Mark:
    place = f"{module}:{call.lineno}"
    try:
        texts = tuple(ast.literal_eval(one) for one in call.args)
        named = {str(one.arg): ast.literal_eval(one.value) for one in call.keywords}
    except ValueError:
        raise MarkError(f"{place}: a mark's arguments are plain strings") from None
    least, most, names = _SHAPES[kind]
    if not least <= len(texts) <= most or not set(named) <= names:
        raise MarkError(f"{place}: {kind} has arguments that it does not take")
    if not all(isinstance(one, str) and one for one in (*texts, *named.values())):
        raise MarkError(f"{place}: a mark's arguments are strings that are not empty")
    if kind == "approximate":
        named.setdefault("source", "assumed")
    if unknown := [one for one in _several(named.get("source", "")) if one not in SOURCES]:
        raise MarkError(f"{place}: {unknown[0]!r} is no source; there are {', '.join(SOURCES)}")
    if kind == "exact" and not (named.get("source") and named.get("held_by")):
        raise MarkError(f"{place}: exact needs a source, and a test that holds it")
    return Mark(kind, module, call.lineno, texts, named)


def _several(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


def unheld(found: list[Mark], tests: Path) -> Iterator[str]:
    """The marks whose `held_by` names a test module or function that is not there, as sentences."""
    known: dict[str, set[str]] = {}
    for path in tests.rglob("test_*.py"):
        names = (node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef))
        known.setdefault(path.stem, set()).update(names)
    for mark in found:
        for name in _several(mark.named.get("held_by", "")):
            module, _, function = name.partition("::")
            if module not in known or (function and function not in known[module]):
                yield f"{mark.where}: no test {name}"


def page(folder: Path) -> str:
    """FIDELITY.md of a system: its template with the tables in place of the line `<!-- marks -->`."""
    template = (folder / TEMPLATE).read_text(encoding="utf-8")
    if template.count(PLACE) != 1:
        raise MarkError(f"{TEMPLATE}: {PLACE} must stand there once")
    return template.replace(PLACE, "\n".join(_tables(marks(folder))))


def _tables(found: list[Mark]) -> Iterator[str]:
    used = {one for mark in found for one in _several(mark.named.get("source", ""))}
    yield (
        "Made from the marks in the code (`simulators/kit/fidelity.py`). Sources: "
        + "; ".join(f"**{name}**, {meaning}" for name, meaning in SOURCES.items() if name in used)
        + "."
    )
    if rows := _of(found, "exact"):
        yield from ("", "## Exact", "", "| what | source | held by | code |", "|---|---|---|---|")
    for mark in rows:
        held = ", ".join(f"`{name}`" for name in _several(mark.named["held_by"]))
        yield f"| {_cell(mark.texts[0])} | {mark.named['source']} | {held} | `{mark.module}` |"
    if rows := _of(found, "approximate"):
        yield from ("", "## Approximate", "", "| what | how | source | code |", "|---|---|---|---|")
        for mark in rows:
            what, how = map(_cell, mark.texts)
            yield f"| {what} | {how} | {mark.named['source']} | `{mark.module}` |"
    if rows := _of(found, "absent"):
        yield from ("", "## Absent", "")
        for mark in rows:
            yield f"- {' · '.join(mark.texts)}"


def _of(found: list[Mark], kind: str) -> list[Mark]:
    return [mark for mark in found if mark.kind == kind]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
