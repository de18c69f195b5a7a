"""The query service: SuiteQL over read-only views, every value a text, never able to touch anything else."""

import sqlite3
from collections.abc import Callable
from typing import Any

import orjson

from simulators.erp_cloud.access import Access
from simulators.erp_cloud.body import load_object
from simulators.erp_cloud.errors import Problem, Refused, error_answer, invalid_parameter
from simulators.erp_cloud.moments import MARK, account_format
from simulators.erp_cloud.render import COLLECTION, SERVICES, page_links
from simulators.erp_cloud.routes import paging, query_of
from simulators.erp_cloud.state import State
from simulators.erp_cloud.suiteql_dialect import BadQuery, Translated, translate
from simulators.erp_cloud.suiteql_functions import install
from simulators.erp_cloud.suiteql_template import template
from simulators.kit.calls import Answer, Call
from simulators.kit.fidelity import approximate, exact
from simulators.kit.routes import Routes

exact(
    "SuiteQL: `Prefer: transient`, `?` parameters, lower-case columns, text values, NULL left out, T/F, account "
    "date format, absolute paging links",
    source="documented, observed",
    held_by="test_suiteql, test_netsuite_client",
)
approximate(
    "SuiteQL's safety",
    "one SELECT over read-only views, proved by SQLite's own authorizer; a runaway query is stopped by counting steps",
    source="ours",
)

PATH = f"{SERVICES}/query/v1/suiteql"
STEPS_MAX = 200_000_000  # SQLite steps a query may take: about two seconds
STEPS_AT_ONCE = 100_000
CACHE_MAX = 1_000
_READING = frozenset((sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION))


class QueryApi:
    """`POST query/v1/suiteql`."""

    def __init__(self, state: State, access: Access, now: Callable[[], float]) -> None:
        self.state, self.access = state, access
        self._translated: dict[str, Translated] = {}
        self._as_written: dict[str, None] = {}  # templates that no translation exists for
        self._steps_left = 0
        install(state.store.db, state, now)

    def register(self, routes: Routes) -> None:
        """Put the endpoint in the route table."""
        routes.add("POST", PATH, "suiteql", self.query)

    async def query(self, call: Call) -> Answer:
        """One page of a query's rows."""
        try:
            return self._page(call)
        except Refused as refused:
            return error_answer(refused.problem)

    def _page(self, call: Call) -> Answer:
        if "transient" not in call.headers.get("prefer", "").lower():
            raise Refused(Problem(
                400, "INVALID_HEADER", "The required request header 'Prefer' is missing or its value is invalid. Use "
                "Prefer: transient.", header="Prefer",
            ))  # fmt: skip
        limit, offset = paging(query_of(call)) if call.query else (1_000, 0)
        body = load_object(call.body)
        text, params = body.get("q"), body.get("params") or []
        if not isinstance(text, str) or not text.strip():
            raise Refused(invalid_parameter("q", "The property 'q' with the query is missing."))
        if not isinstance(params, list) or any(isinstance(one, dict | list) for one in params):
            raise Refused(invalid_parameter("params", "The property 'params' must be a list of plain values."))
        names, rows, total = self._run(text, [_bindable(one) for one in params], limit, offset)
        items = [_item(names, row) for row in rows]
        return Answer(200, orjson.dumps({
            "links": page_links(f"{call.base_url}{PATH}", limit, offset, total), "count": len(items),
            "hasMore": offset + len(items) < total, "items": items, "offset": offset, "totalResults": total,
        }), COLLECTION)  # fmt: skip

    def rows(self, text: str, params: list[Any]) -> list[dict[str, str]]:
        """The first 5,000 rows of a query, as a page has them but without links; Refused as a call would be."""
        names, rows, _ = self._run(text, [_bindable(one) for one in params], 5_000, 0)
        return [{name: value for name, value in _item(names, row).items() if name != "links"} for row in rows]

    def _run(self, text: str, params: list[Any], limit: int, offset: int) -> tuple[list[str], list[Any], int]:
        db = self.state.store.db
        try:
            sql, values = self._statement(text, params)
            self._steps_left = STEPS_MAX // STEPS_AT_ONCE
            db.set_progress_handler(self._step, STEPS_AT_ONCE)
            cursor = db.execute(f"SELECT * FROM ({sql}) LIMIT {limit + 1} OFFSET {offset}", values)
            names = [column[0].lower() for column in cursor.description]
            rows = cursor.fetchall()
            total = offset + len(rows)
            if len(rows) > limit or (offset and not rows):
                total = db.execute(f"SELECT count(*) FROM ({sql})", values).fetchone()[0]
            return names, rows[:limit], total
        except (BadQuery, sqlite3.Error, OverflowError) as error:
            raise Refused(_invalid_query(str(error))) from None
        finally:
            db.set_progress_handler(None, 0)

    def _step(self) -> int:
        self._steps_left -= 1
        return int(self._steps_left <= 0)

    def _statement(self, text: str, params: list[Any]) -> tuple[str, list[Any]]:
        """SQL with its values: by the text's template where that can be translated, else by the text as it is."""
        shape = template(text)
        if shape is not None and shape.slots:
            found = self._translated.get(shape.text)
            if found is None and shape.text not in self._as_written:
                try:
                    found = self._translate(shape.text)
                except BadQuery:
                    self._remember(self._as_written, shape.text, None)
            if found is not None:
                _check_count(shape.needed, params)
                return found.sql, shape.bind(params)
        found = self._translated.get(text) or self._translate(text)
        _check_count(found.parameters, params)
        return found.sql, params

    def _translate(self, text: str) -> Translated:
        found = translate(text)
        self._prove_reading(found)
        self._remember(self._translated, text, found)
        return found

    def _remember(self, memory: dict[str, Any], text: str, value: Any) -> None:
        if len(memory) >= CACHE_MAX:
            memory.clear()
        memory[text] = value

    def _prove_reading(self, found: Translated) -> None:
        """Let SQLite itself say that the statement only reads views and rows, whatever the translation made of it."""
        db, refused = self.state.store.db, []

        def judge(action: int, first: str | None, second: str | None, database: str | None, source: str | None) -> int:
            del database
            through_view = source is not None and source.startswith("suiteql_")
            named = (first or "").startswith("suiteql_") or not first or not second  # no column: rows are counted
            if action not in _READING or (action == sqlite3.SQLITE_READ and not (named or through_view)):
                refused.append((action, first))
                return sqlite3.SQLITE_DENY
            return sqlite3.SQLITE_OK

        try:
            with self.state.store.judged_by(judge):
                db.execute(f"SELECT * FROM ({found.sql}) LIMIT 0", [None] * found.parameters).fetchall()
        except sqlite3.DatabaseError as error:
            raise BadQuery("not permitted" if refused else str(error)) from None


def _check_count(needed: int, params: list[Any]) -> None:
    if len(params) != needed:
        raise BadQuery(f"{needed} parameters are needed, {len(params)} were given")


def _invalid_query(why: str) -> Problem:
    return Problem(
        400, "INVALID_PARAMETER",
        f"Invalid search query. Detailed unprocessed description follows. Search error occurred: {why[:500]}.",
        parameter="q",
    )  # fmt: skip


def _bindable(value: Any) -> Any:
    if isinstance(value, bool):
        return "T" if value else "F"
    return value if value is None or isinstance(value, str | int) else float(value)


def _item(names: list[str], row: tuple[Any, ...]) -> dict[str, Any]:
    item: dict[str, Any] = {"links": []}
    for name, value in zip(names, row, strict=True):
        if value is not None:
            item[name] = _text(value)
    return item


def _text(value: Any) -> str:
    if isinstance(value, str):
        return account_format(value) if value.startswith(MARK) else value
    if isinstance(value, float):
        return f"{round(value, 6) + 0.0:.6f}".rstrip("0").rstrip(".")
    return str(value)
