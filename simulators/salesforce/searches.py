"""Search endpoints: /search with SOSL, and /parameterizedSearch with the same in parameters or a body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulators.kit.calls import Answer
from simulators.kit.fidelity import absent, approximate, exact
from simulators.salesforce import sosl, tables
from simulators.salesforce.errors import failed
from simulators.salesforce.schemas import SObject
from simulators.salesforce.soql.plan import Rows
from simulators.salesforce.soql.runner import Run
from simulators.salesforce.sosl import MOST, Returning, Search
from simulators.salesforce.web import reply, whole_number

if TYPE_CHECKING:
    from simulators.salesforce.web import Context

exact(
    "SOSL: FIND {…} IN … FIELDS RETURNING … with WHERE, ORDER BY, LIMIT and OFFSET; parameterizedSearch, GET and POST",
    source="documented, observed", held_by="test_sosl",
)  # fmt: skip
exact(
    "a search term of more than 10,000 characters finds nothing, a SOSL text of more than 100,000 is refused",
    source="documented", held_by="test_hostile_clients",
)  # fmt: skip
approximate("what a search finds", "whole words or wildcards in text fields, at once and in order of ids, not by rank")
absent("SOSL's WITH clauses (read and without effect), snippets, spelling and synonyms")


async def search(ctx: Context) -> Answer:
    """GET /search?q=FIND …."""
    text = ctx.parameters().get("q")
    if not text:
        raise failed("MALFORMED_SEARCH", "A search string has to be specified")
    return _found(ctx, sosl.parse(text))


async def by_parameters(ctx: Context) -> Answer:
    """GET /parameterizedSearch?q=…&sobject=Account&Account.fields=Id,Name&Account.limit=5&in=ALL."""
    given = ctx.parameters()
    specs = []
    for name in [one for one in given.get("sobject", "").split(",") if one]:
        fields = given.get(f"{name}.fields", given.get("fields", "Id"))
        limit = given.get(f"{name}.limit", given.get("defaultLimit", ""))
        rest = " WHERE " + given[f"{name}.where"] if f"{name}.where" in given else ""
        specs.append(sosl.returning(name, fields, rest, _count(limit), 0))
    return _found(ctx, _search(given.get("q"), given.get("in"), specs, given.get("overallLimit")))


async def by_body(ctx: Context) -> Answer:
    """POST /parameterizedSearch {"q", "in", "fields", "sobjects": [{"name", "fields", "limit", "where"}], …}."""
    given = ctx.json_object()
    named = given.get("sobjects") or []
    if not isinstance(named, list) or not all(isinstance(one, dict) for one in named):
        raise failed("INVALID_INPUT", "sobjects must be a list of objects")
    specs = []
    for one in named:
        fields = one.get("fields") or given.get("fields") or ["Id"]
        rest = f" WHERE {one['where']}" if one.get("where") else ""
        rest += f" ORDER BY {one['orderBy']}" if one.get("orderBy") else ""
        limit = one.get("limit", given.get("defaultLimit"))
        listed = ",".join(map(str, fields)) if isinstance(fields, list) else str(fields)
        specs.append(
            sosl.returning(str(one.get("name", "")), listed, rest, _count(limit), _count(one.get("offset"), 0))
        )
    return _found(ctx, _search(given.get("q"), given.get("in"), specs, given.get("overallLimit")))


def _search(term: Any, group: Any, specs: list[Returning], limit: Any) -> Search:
    if not isinstance(term, str) or not term:
        raise failed("MALFORMED_SEARCH", "The q parameter is required")
    known = str(group or "ALL").upper().removesuffix(" FIELDS")
    if known not in ("ALL", "NAME", "EMAIL", "PHONE", "SIDEBAR"):
        raise failed("INVALID_INPUT", f"in must be ALL, NAME, EMAIL, PHONE or SIDEBAR, and is {group}")
    return Search(term, known, tuple(specs), _count(limit))


def _count(given: Any, without: int = MOST) -> int:
    return min(whole_number(str(given if given is not None else ""), without), MOST)


def _found(ctx: Context, asked: Search) -> Answer:
    match = sosl.matcher(asked.term)
    objects = ctx.org.schema.objects.values()
    wanted = asked.returning or tuple(Returning(spec.name) for spec in objects if spec.writable)
    records: list[dict[str, Any]] = []
    for one in wanted:
        room = asked.limit - len(records)
        text = f"SELECT {one.fields} FROM {one.sobject} {one.rest}"
        run = Run(ctx.org, text, ctx.call.at, ctx.root, user=ctx.call.principal, version=ctx.version)
        if not isinstance(run.plan.body, Rows):
            raise sosl.malformed("A search returns records, not groups of them")
        hits = _matching(ctx, run.plan.body.sobject, asked, match)
        found = run.keys() if hits else []
        keys = [key for key in found if key in hits]
        records += run.page(keys[one.offset :][: min(one.limit, room)])
    return reply(200, {"searchRecords": records})


def _matching(ctx: Context, spec: SObject, asked: Search, match: sosl.Match) -> set[str]:
    """Ids of the object's live records that fit: SQLite leaves out what cannot, the matcher decides."""
    fields = sosl.searched(spec, asked.group)
    if not fields:
        return set()
    columns = ", ".join(tables.column(item) for item in fields)
    joined = " || ' ' || ".join(f"ifnull({tables.column(item)}, '')" for item in fields)
    needed = [f"%{word}%" for word in sosl.words(asked.term) if word.isascii() and "_" not in word]
    where = "".join(f" AND ({joined}) LIKE ?" for _word in needed[:8])
    sql = f'SELECT key, {columns} FROM "{spec.name}" WHERE "IsDeleted" = 0{where}'
    rows = ctx.org.store.rows(sql, needed[:8])
    return {row[0] for row in rows if match([text for text in row[1:] if text])}
