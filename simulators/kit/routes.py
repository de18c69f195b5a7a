"""A route table on raw path segments: split before decoding, trailing slash optional, case as the vendor has it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import unquote

from simulators.kit.calls import Answer, Call

Endpoint = Callable[..., Awaitable[Answer]]
_KNOWN_MAX = 1_024


@dataclass(frozen=True)
class Route:
    """One operation: where it lives, its stable name, and who does it. `{name}` segments become keyword arguments."""

    method: str
    path: str
    operation: str
    endpoint: Endpoint
    names: tuple[str, ...] = ()


@dataclass
class _Node:
    fixed: dict[str, "_Node"] = field(default_factory=dict)
    variable: "_Node | None" = None
    routes: dict[str, Route] = field(default_factory=dict)


@dataclass(frozen=True)
class Match:
    """What a path led to: a route with its path arguments, or the methods that would have been allowed."""

    route: Route | None
    arguments: dict[str, str]
    allowed: tuple[str, ...] = ()


class Routes:
    """All operations of a system. Fixed segments win over variable ones."""

    def __init__(self, ignore_case: bool = False) -> None:
        self._root = _Node()
        self._ignore_case = ignore_case
        self.table: list[Route] = []
        self._known: dict[tuple[str, str], Match] = {}  # by method and path as sent: the same ones come again and again

    def add(self, method: str, path: str, operation: str, endpoint: Endpoint) -> None:
        """Register an operation."""
        node = self._root
        segments, names = _template(path)
        for segment in segments:
            if segment.startswith("{"):
                node.variable = node.variable or _Node()
                node = node.variable
            else:
                node = node.fixed.setdefault(self._fold(segment), _Node())
        route = Route(method, path, operation, endpoint, names)
        node.routes[method] = route
        self.table.append(route)
        self._known.clear()

    def match(self, call: Call) -> Match:
        """Find the route of a call; path arguments are percent-decoded after the split."""
        asked = (call.method, call.raw_path)
        found = self._known.get(asked)
        if found is None:
            if len(self._known) >= _KNOWN_MAX:
                self._known.clear()
            found = self._known[asked] = self._found(call)
        return found

    def _found(self, call: Call) -> Match:
        segments = _segments(call.raw_path)
        if "%" in call.raw_path:
            segments = [unquote(segment) for segment in segments]
        places: list[int] = []
        node = _walk(self._root, [self._fold(segment) for segment in segments], 0, places)
        if node is None:
            return Match(None, {})
        route = node.routes.get(call.method)
        if route is None:
            return Match(None, {}, tuple(sorted(node.routes)))
        return Match(route, {name: segments[at] for name, at in zip(route.names, places, strict=True)})

    def _fold(self, segment: str) -> str:
        return segment.lower() if self._ignore_case else segment


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]


@lru_cache(maxsize=4_096)
def _template(path: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """A registered path's segments and the names of its variable ones; the same paths come with each new system."""
    segments = tuple(_segments(path))
    return segments, tuple(segment.strip("{}") for segment in segments if segment.startswith("{"))


def _walk(node: _Node, segments: list[str], at: int, places: list[int]) -> _Node | None:
    """The node that the segments lead to; `places` gets the positions of those that are variable."""
    while at < len(segments):
        child = node.fixed.get(segments[at])
        if child is not None and node.variable is not None:
            kept = len(places)
            found = _walk(child, segments, at + 1, places)
            if found is not None:
                return found
            del places[kept:]
            child = None
        if child is None:
            if node.variable is None:
                return None
            places.append(at)
            child = node.variable
        node, at = child, at + 1
    return node if node.routes else None
