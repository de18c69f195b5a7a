"""Lists: filters and sort orders of a call become one SQL query with keyset paging."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from simulators.kit.fidelity import exact
from simulators.kit.store import Doc, Store
from simulators.subscriptions import schemas
from simulators.subscriptions.errors import wrong
from simulators.subscriptions.forms import literal
from simulators.subscriptions.params import INTEGER_MAX, MOMENT_MAX, Params
from simulators.subscriptions.schemas import Listing

exact(
    "list paging by limit (10, at most 100), opaque next_offset, `include_deleted`; filter operators by "
    "type; `cf_*` filters",
    source="observed, documented",
    held_by="test_transport, test_sdk",
)
exact(
    "`sort_by` on a list that knows no sort order is read and not acted on",
    source="observed",
    held_by="test_transport",
)

LIMIT_DEFAULT = 10
LIMIT_MAX = 100
CUSTOM_INDEXES_MAX = 16
_CUSTOM_NAME = re.compile(r"cf_[A-Za-z0-9_]{1,60}")
_COMPARE = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">=", "after": ">", "before": "<"}


class Query:
    """One list call: where, order and page."""

    def __init__(self, listing: Listing, params: Params, zone: str, fixed: dict[str, str]) -> None:
        self.listing, self.zone = listing, zone
        self.custom: list[str] = []
        self._where: list[str] = []
        self._values: list[Any] = []
        self.limit = params.integer("limit", least=1, most=LIMIT_MAX) or LIMIT_DEFAULT
        self._page(params)
        if not params.boolean("include_deleted") and listing.kind != "event":
            self._where.append("json_extract(doc, '$.deleted') IS NOT 1")
        for name, value in fixed.items():
            clause, values = self._test(name, schemas.STRING, "is", value, name)
            self._add(clause, *values)
        for name in params.names():
            kind = listing.filters.get(name)
            if kind is None and listing.custom_fields and _CUSTOM_NAME.fullmatch(name):
                kind = schemas.STRING
                self.custom.append(name)
            if kind is not None:
                self._filter(name, kind, params.raw(name))
        params.refuse_unread()

    def run(self, store: Store) -> tuple[list[Doc], str | None]:
        """The page's documents and the offset of the next page."""
        for name in self.custom[:CUSTOM_INDEXES_MAX]:
            index_custom_field(store, self.listing.kind, name)
        direction = "DESC" if self._descending else "ASC"
        sql = (
            f'SELECT doc, rowid, {self._sort} FROM "{self.listing.kind}" WHERE {" AND ".join(self._where) or "1"} '
            f"ORDER BY {self._sort} {direction}, rowid {direction} LIMIT {self.limit + 1}"
        )
        rows = list(store.rows(sql, self._values))
        more = len(rows) > self.limit
        docs = [orjson.loads(row[0]) for row in rows[: self.limit]]
        if not more:
            return docs, None
        last = rows[self.limit - 1]
        return docs, orjson.dumps([str(last[2]), str(last[1])]).decode()

    # -- parts ------------------------------------------------------------------------------

    def _add(self, clause: str, *values: Any) -> None:
        self._where.append(clause)
        self._values.extend(values)

    def _column(self, name: str) -> str:
        if name in schemas.INDEXED[self.listing.kind]:
            return f'"{name}"'
        return "key" if name == "id" else f"json_extract(doc, '$.{name}')"

    def _page(self, params: Params) -> None:
        name, self._descending = self.listing.order, True
        sort = params.group("sort_by")
        if not self.listing.sorts:
            sort.read_all()
        for direction in ("asc", "desc") if self.listing.sorts else ():
            asked = sort.choice(direction, self.listing.sorts)
            if asked is not None:
                name, self._descending = asked, direction == "desc"
        self._sort = self._column(name)
        offset = params.text("offset", longest=1_000)
        if offset is None:
            return
        try:
            value, rowid = orjson.loads(offset)
            number = value.lstrip("-").isdigit() and len(value) < 19 and name not in ("id", "name")
            place = (int(value) if number else value, max(-INTEGER_MAX, min(INTEGER_MAX, int(rowid))))
        except (ValueError, TypeError, AttributeError):
            raise wrong("offset", "invalid value: pass back what next_offset said") from None
        self._add(f"({self._sort}, rowid) {'<' if self._descending else '>'} (?, ?)", *place)

    def _filter(self, name: str, kind: str, node: Any) -> None:
        tests = node if isinstance(node, dict) else {"is": node}
        for operator, value in tests.items():
            label = f"{name}[{operator}]"
            if operator not in schemas.OPERATORS[kind] or isinstance(value, dict):
                raise wrong(label, f"the operators of this filter are {', '.join(schemas.OPERATORS[kind])}")
            clause, values = self._test(name, kind, operator, value, label)
            self._add(clause, *values)

    def _test(self, name: str, kind: str, operator: str, value: Any, label: str) -> tuple[str, list[Any]]:
        column = self._column(name)
        if name in self.listing.inside:
            return self._test_inside(name, operator, value, label)
        if operator == "is_present":
            return f"{column} IS {'NOT ' if _flag(value, label) else ''}NULL", []
        if kind == schemas.BOOLEAN:
            return f"coalesce({column}, 0) = ?", [int(_flag(value, label))]
        if operator in ("in", "not_in"):
            listed = _many(value, kind, label)
            marks = ",".join("?" * len(listed))
            clause = f"{column} IN ({marks})"
            return (clause if operator == "in" else f"({column} IS NULL OR {column} NOT IN ({marks}))"), listed
        if operator == "between":
            listed = _many(value, kind, label)
            if len(listed) != 2:
                raise wrong(label, "needs two values")
            return f"{column} BETWEEN ? AND ?", listed
        if operator == "on":
            return f"({column} >= ? AND {column} < ?)", list(_day(int(_one(value, kind, label)), self.zone))
        if operator == "starts_with":
            return f"substr({column}, 1, ?) = ?", [len(str(value)), str(value)]
        if operator in _COMPARE:
            return f"{column} {_COMPARE[operator]} ?", [_one(value, kind, label)]
        return f"{column} IS {'' if operator == 'is' else 'NOT '}?", [_one(value, kind, label)]

    def _test_inside(self, name: str, operator: str, value: Any, label: str) -> tuple[str, list[Any]]:
        listed = [value] if operator in ("is", "is_not") else _many(value, schemas.STRING, label)
        negated = "NOT " if operator in ("is_not", "not_in") else ""
        inside = self.listing.inside[name]
        marks = ",".join("?" * len(listed))
        return f"{negated}EXISTS (SELECT 1 FROM ({inside}) WHERE it IN ({marks}))", listed


def index_custom_field(store: Store, kind: str, name: str) -> None:
    """Look-ups by a custom field must not scan a large site: the first one makes an index."""
    store.db.execute(f'CREATE INDEX IF NOT EXISTS "{kind}_{name}" ON "{kind}" (json_extract(doc, \'$.{name}\'))')


def _one(value: Any, kind: str, label: str) -> Any:
    if kind in (schemas.NUMBER, schemas.TIMESTAMP):
        most = MOMENT_MAX if kind == schemas.TIMESTAMP else INTEGER_MAX  # beyond it there is nothing to be found
        try:
            return max(-most, min(most, int(value)))
        except (TypeError, ValueError):
            raise wrong(label, "should be a whole number") from None
    return str(value)


def _many(value: Any, kind: str, label: str) -> list[Any]:
    """A list as JSON (most clients) or as Python's repr with numbers in quotes (the Python one)."""
    if isinstance(value, str):
        try:
            value = literal(value)
        except ValueError:
            raise wrong(label, "should be a list") from None
    if not isinstance(value, list | tuple) or len(value) > 500:
        raise wrong(label, "should be a list of at most 500 values")
    return [_one(each, kind, label) for each in value]


def _flag(value: Any, label: str) -> bool:
    if value in ("true", "True", True):
        return True
    if value in ("false", "False", False):
        return False
    raise wrong(label, "should be true or false")


def _day(at: int, zone: str) -> tuple[int, int]:
    try:
        local = datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(zone))
    except (OverflowError, ValueError, OSError):
        raise wrong("on", "is not a time") from None
    start = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return int(start.timestamp()), int((start + timedelta(days=1)).timestamp())
