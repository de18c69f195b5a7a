"""Query endpoints: /query, /queryAll, and the pages of a snapshot cursor."""

from typing import Any

from simulators.kit.calls import Answer
from simulators.kit.fidelity import exact
from simulators.salesforce import recycling
from simulators.salesforce.errors import failed
from simulators.salesforce.ids import make_id
from simulators.salesforce.soql.plan import Aggregate, Count
from simulators.salesforce.soql.runner import Run
from simulators.salesforce.state import CURSOR
from simulators.salesforce.web import Context, reply

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
    run = Run(ctx.org, text, ctx.call.at, ctx.root, with_deleted)
    body = run.plan.body
    if isinstance(body, Count):
        return reply(200, {"totalSize": run.count(), "done": True, "records": []})
    if isinstance(body, Aggregate):
        records = run.aggregates(PAGE)
        return reply(200, {"totalSize": len(records), "done": True, "records": records})
    most = _page_size(ctx)
    records, more = run.first(most)
    if not more:
        return reply(200, {"totalSize": len(records), "done": True, "records": records})
    return _open_cursor(ctx, run, records, with_deleted, most)


def _page_size(ctx: Context) -> int:
    options = ctx.call.headers.get("sforce-query-options", "")
    name, _, number = options.partition("=")
    if name.strip().lower() != "batchsize" or not number.strip().isdecimal():
        return PAGE
    return max(SMALLEST_PAGE, min(PAGE, int(number)))


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
        cursor is None or cursor["user"] != ctx.call.principal or not place.isdecimal()
        or ctx.call.at - cursor["opened"] > CURSOR_LIFE_S
    ):  # fmt: skip
        raise failed("INVALID_QUERY_LOCATOR", "invalid query locator")
    start, keys = int(place), cursor["keys"]
    run = Run(ctx.org, cursor["text"], ctx.call.at, ctx.root, cursor["with_deleted"])
    end = start + (_page_size(ctx) if "sforce-query-options" in ctx.call.headers else cursor["page"])
    shown: dict[str, Any] = {"totalSize": len(keys), "done": end >= len(keys)}
    if end < len(keys):
        shown["nextRecordsUrl"] = f"{ctx.root}/query/{cursor_id}-{end}"
    return reply(200, shown | {"records": run.page(keys[start:end])})


def _explained(ctx: Context, text: str) -> Answer:
    """GET /query?explain=…: whether an index leads, by SQLite's own plan."""
    run = Run(ctx.org, text, ctx.call.at, ctx.root)
    body = run.plan.body
    sql = body.sql
    steps = [row[3] for row in ctx.org.store.db.execute(f"EXPLAIN QUERY PLAN {sql}", run.parameters)]
    leading = "Index" if any("USING INDEX" in step or "COVERING" in step for step in steps[:1]) else "TableScan"
    return reply(200, {"plans": [{
        "cardinality": 0, "fields": [], "leadingOperationType": leading,
        "notes": [{"description": step} for step in steps],
        "relativeCost": 0.1 if leading == "Index" else 1.0, "sobjectCardinality": 0,
        "sobjectType": getattr(getattr(body, "sobject", None), "name", ""),
    }]})  # fmt: skip
