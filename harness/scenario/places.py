"""YAML read with the place of every value, so that a complaint can name line and column."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

Way = tuple[str | int, ...]

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)$")
_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]*)\.[0-9]+$")
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "~": None, "": None}
# YAML 1.1 would read NO (the country) as false and 01234 (a postal code) as octal; these three rules do not.


@dataclass(frozen=True)
class Complaint:
    """What is wrong at a place (1-based), and what would be right."""

    line: int
    column: int
    message: str


class StoryError(ValueError):
    """A file that cannot be used; `str()` gives one line a complaint, `file:line:column: message`."""

    def __init__(self, file: str, complaints: Iterable[Complaint]) -> None:
        self.file = file
        self.complaints = tuple(sorted(complaints, key=lambda found: (found.line, found.column)))
        super().__init__("\n".join(f"{file}:{one.line}:{one.column}: {one.message}" for one in self.complaints))


@dataclass
class Placed:
    """A document as plain values, with the place of each by its way from the root."""

    file: str
    value: Any = None
    places: dict[Way, tuple[int, int]] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)

    def at(self, way: Way) -> tuple[int, int]:
        """The place of a value, or of the nearest thing around it."""
        while way and way not in self.places:
            way = way[:-1]
        return self.places.get(way, (1, 1))

    def complain(self, way: Way, message: str) -> None:
        """Note what is wrong there."""
        self.complaints.append(Complaint(*self.at(way), message))

    def blame(self, way: Way, error: ValidationError, model: type[BaseModel]) -> None:
        """Note what the model says of the value that stands at `way`."""
        errors = error.errors()
        for found in errors:
            if found["type"] == "too_short" and any(len(one["loc"]) > len(found["loc"]) for one in errors):
                continue  # too short only because an item of it was refused
            inner = tuple(part for part in found["loc"] if not str(part).startswith("function-"))
            self.complain((*way, *inner), _sentence(found, model, inner))

    def settle(self) -> None:
        """Raise StoryError if there is any complaint."""
        if self.complaints:
            raise StoryError(self.file, self.complaints)


def read_yaml(path: Path) -> Placed:
    """The file as plain values; StoryError when it is missing or not YAML."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise StoryError(str(path), [Complaint(1, 1, "there is no such file")]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise StoryError(str(path), [Complaint(1, 1, f"cannot be read: {error}")]) from None
    return parse_yaml(text, str(path))


def parse_yaml(text: str, file: str) -> Placed:
    """YAML text as plain values with places; dates stay text, only true/false/null and decimal numbers are not."""
    placed = Placed(file)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise StoryError(file, [Complaint(*place, f"not YAML: {error.problem or error.context}")]) from None
    except yaml.YAMLError as error:
        raise StoryError(file, [Complaint(1, 1, f"not YAML: {error}")]) from None
    if node is None:
        raise StoryError(file, [Complaint(1, 1, "the file is empty")])
    placed.value = _plain(node, (), placed, ())
    return placed


def _plain(node: yaml.Node, way: Way, placed: Placed, above: tuple[int, ...]) -> Any:
    placed.places.setdefault(way, (node.start_mark.line + 1, node.start_mark.column + 1))
    if id(node) in above:
        placed.complain(way, "an alias that contains itself")
        return None
    above = (*above, id(node))
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(child, (*way, index), placed, above) for index, child in enumerate(node.value)]
    found: dict[str, Any] = {}
    for key_node, child in node.value:
        key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "?"
        mark = key_node.start_mark
        if key in found:
            placed.complaints.append(Complaint(mark.line + 1, mark.column + 1, f"'{key}' is said twice"))
        placed.places[(*way, key)] = (mark.line + 1, mark.column + 1)
        found[key] = _plain(child, (*way, key), placed, above)
    return found


def _scalar(node: yaml.ScalarNode) -> Any:
    text: str = node.value
    if node.style in ("'", '"', "|", ">"):
        return text
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _INTEGER.match(text):
        return int(text)
    return float(text) if _NUMBER.match(text) else text


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` or the list of what is known."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, 1)
    return f"; did you mean '{close[0]}'?" if close else f"; known are: {', '.join(names) or '(none)'}"


def _sentence(found: ErrorDetails, model: type[BaseModel], way: Way) -> str:
    name = str(way[-1]) if way else "this"
    if found["type"] == "extra_forbidden":
        return f"unknown field '{name}'{nearest(name, _fields(model, way[:-1]))}"
    if found["type"] == "missing":
        return f"'{name}' is missing"
    given = found.get("input")
    shown = f" (given: {given!r})" if isinstance(given, str | int | float | bool) or given is None else ""
    message = found["msg"].removeprefix("Value error, ")
    return f"'{name}': {message[:1].lower()}{message[1:]}{shown}"


def _fields(model: type[BaseModel], way: Way) -> list[str]:
    """Names of the fields of the model that stands at the way within `model`."""
    current: Any = model
    for part in way:
        if isinstance(part, int) or not (isinstance(current, type) and issubclass(current, BaseModel)):
            continue
        info = current.model_fields.get(str(part))
        current = _inner_model(info.annotation) if info else None
    if isinstance(current, type) and issubclass(current, BaseModel):
        return [info.alias or name for name, info in current.model_fields.items()]
    return []


def _inner_model(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        inner = _inner_model(argument)
        if inner is not None:
            return inner
    return None
