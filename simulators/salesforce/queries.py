"""Query endpoints: /query, /queryAll, and the pages of a snapshot cursor."""

import re
from typing import Any

import orjson

from simulators.kit.calls import Answer
from simulators.kit.fidelity import exact
from simulators.salesforce import recycling
from simulators.salesforce.errors import failed
from simulators.salesforce.ids import make_id
from simulators.salesforce.moments import stamp
from simulators.salesforce.soql.columns import described
from simulators.salesforce.soql.plan import Aggregate, Count, Rows
from simulators.salesforce.soql.runner import Run
from simulators.salesforce.state import CURSOR
from simulators.salesforce.web import Context, reply, whole_number

exact(
    "query pages: snapshot of ids, 2,000 or `Sforce-Query-Options`, two days, ten per user",
    source="documented",
    held_by="test_paging",
)

PAGE, SMALLEST_PAGE = 2_000, 200
CURSOR_PREFIX = "01g"
CURSOR_LIFE_S = 2 * 86_400.0
CURSORS_PER_USER = 10


async def query(ctx: Context) -> Answer:
    """GET /query?q=…: live rows."""
    return _run(ctx, with_deleted=False)


async def query_all(ctx: Context) -> Answer:
    """GET /queryAll?q=…: with the recycle bin."""
    recycling.purge(ctx.org, ctx.call.at)
    return _run(ctx, with_deleted=True)


def _run(ctx: Context, with_deleted: bool) -> Answer:
    parameters = ctx.parameters()
    if "explain" in parameters:
        return _explained(ctx, parameters["explain"])
    text = parameters.get("q")
    if not text:
        raise failed("MALFORMED_QUERY", "A query string has to be specified")
    run = Run(ctx.org, text, ctx.call.at, ctx.root, with_deleted, ctx.call.principal, ctx.version)
    body = run.plan.body
    if parameters.get("columns", "").lower() == "true":
        return reply(200, described(body))
    if isinstance(body, Count):
        return reply(200, {"totalSize": run.count(), "done": True, "records": []})
    if isinstance(body, Aggregate):
        records = run.aggregates(PAGE)
        return reply(200, {"totalSize": len(records), "done": True, "records": records})
    most = _page_size(ctx)
    records, more = run.first(most)
    _seen(ctx, body, records)
    if not more:
        return reply(200, {"totalSize": len(records), "done": True, "records": records})
    return _open_cursor(ctx, run, records, with_deleted, most)


def _page_size(ctx: Context) -> int:
    options = ctx.call.headers.get("sforce-query-options", "")
    name, _, number = options.partition("=")
    if name.strip().lower() != "batchsize":
        return PAGE
    return max(SMALLEST_PAGE, min(PAGE, whole_number(number.strip(), PAGE)))


def _open_cursor(ctx: Context, run: Run, records: list[Any], with_deleted: bool, most: int) -> Answer:
    """Keep the ids of the whole result, so that later pages do not see what is inserted meanwhile."""
    store = ctx.org.store
    keys = run.keys()
    with store.transaction():
        number = store.next("cursor")
        cursor = {
            "id": make_id(CURSOR_PREFIX, number), "user": ctx.call.principal, "text": run.text, "keys": keys,
            "with_deleted": with_deleted, "opened": ctx.call.at, "page": most,
        }  # fmt: skip
        mine = list(store.rows("SELECT key FROM _cursor WHERE user = ? ORDER BY rowid", (ctx.call.principal,)))
        for (old,) in mine[: max(0, len(mine) + 1 - CURSORS_PER_USER)]:
            store.delete(CURSOR.name, old)
        store.put(CURSOR.name, cursor)
    return reply(200, {
        "totalSize": len(keys), "done": False, "nextRecordsUrl": f"{ctx.root}/query/{cursor['id']}-{most}",
        "records": records,
    })  # fmt: skip


async def more(ctx: Context, locator: str) -> Answer:
    """GET /query/<locator>-<offset>: the next page of a snapshot."""
    cursor_id, _, place = locator.partition("-")
    cursor = ctx.org.store.get(CURSOR.name, cursor_id)
    if (
        cursor is None or cursor["user"] != ctx.call.principal or (start := whole_number(place, -1)) < 0
        or ctx.call.at - cursor["opened"] > CURSOR_LIFE_S
    ):  # fmt: skip
        raise failed("INVALID_QUERY_LOCATOR", "invalid query locator")
    keys = cursor["keys"]
    run = Run(ctx.org, cursor["text"], ctx.call.at, ctx.root, cursor["with_deleted"], cursor["user"], ctx.version)
    end = start + (_page_size(ctx) if "sforce-query-options" in ctx.call.headers else cursor["page"])
    shown: dict[str, Any] = {"totalSize": len(keys), "done": end >= len(keys)}
    if end < len(keys):
        shown["nextRecordsUrl"] = f"{ctx.root}/query/{cursor_id}-{end}"
    return reply(200, shown | {"records": run.page(keys[start:end])})


def _seen(ctx: Context, body: Rows, records: list[dict[str, Any]]) -> None:
    """FOR VIEW and FOR REFERENCE: the records of the first page were looked at now; no other stamp moves."""
    stamps = [name for word, name in _SEEN if word in body.marks and body.sobject.get(name)]
    if not stamps or not records:
        return
    keys = orjson.dumps([record["attributes"]["url"].rpartition("/")[2] for record in records]).decode()
    sets = "".join(f", '$.{name}', ?" for name in stamps)
    ctx.org.store.db.execute(
        f'UPDATE "{body.sobject.name}" SET doc = json_set(doc{sets}) WHERE key IN (SELECT value FROM json_each(?))',
        (*[stamp(ctx.call.at)] * len(stamps), keys),
    )


_SEEN = (("VIEW", "LastViewedDate"), ("VIEW", "LastReferencedDate"), ("REFERENCE", "LastReferencedDate"))


def _explained(ctx: Context, text: str) -> Answer:
    """GET /query?explain=…: the way that SQLite takes, in the vendor's terms; costs are relative to a table scan."""
    run = Run(ctx.org, text, ctx.call.at, ctx.root, user=ctx.call.principal, version=ctx.version)
    body = run.plan.body
    spec = body.sobject
    steps = [row[3] for row in ctx.org.store.db.execute(f"EXPLAIN QUERY PLAN {body.sql}", run.parameters)]
    led = next((found for step in steps if (found := _LED.search(step)) and found["object"] == spec.name), None)
    total = ctx.org.count(spec.name)
    selected = min(run.selected(), total)
    plan = {
        "cardinality": selected if led else total, "fields": [led["field"]] if led else [],
        "leadingOperationType": "Index" if led else "TableScan",
        "notes": [] if led else [{"description": "Not considering filter for optimization because unindexed",
                                  "fields": ["IsDeleted"], "tableEnumOrId": spec.name}],
        "relativeCost": round(selected / total if led and total else 1.0, 3), "sobjectCardinality": total,
        "sobjectType": spec.name,
    }  # fmt: skip
    return reply(200, {"plans": [plan], "sourceQuery": text})


_LED = re.compile(r'USING (?:COVERING )?INDEX "?(?P<object>\w+)~(?P<field>\w+)')
