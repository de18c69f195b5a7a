"""Exports: what a list would give, as CSV in a zip, made by a job and fetched from a signed address."""

import base64
import csv
import io
import zipfile
from typing import TYPE_CHECKING, Any

import orjson

from simulators.kit.calls import Answer, Call
from simulators.kit.fidelity import absent, approximate
from simulators.kit.jobs import Job
from simulators.kit.store import Doc
from simulators.subscriptions import schemas
from simulators.subscriptions.errors import not_found
from simulators.subscriptions.listing import Query
from simulators.subscriptions.params import Params
from simulators.subscriptions.work import Work, shown

if TYPE_CHECKING:
    from simulators.subscriptions.app import Subscriptions

approximate(
    "exports",
    "customers, subscriptions, invoices, credit notes, transactions, item families, items and item prices; ready after "
    "two seconds, to be fetched for a day; one column a member, nested ones as `group.member`, lists as JSON",
    source="ours",
)
absent("exports of revenue recognition, deferred revenue, orders, plans and addons")

Result = dict[str, Any]

KINDS = {
    # path: what can be filtered
    "customers": schemas.CUSTOMERS, "subscriptions": schemas.SUBSCRIPTIONS, "invoices": schemas.INVOICES,
    "credit_notes": schemas.CREDIT_NOTES, "transactions": schemas.TRANSACTIONS, "item_families": schemas.ITEM_FAMILIES,
    "items": schemas.ITEMS, "item_prices": schemas.ITEM_PRICES,
}  # fmt: skip
WORK_S = 2
KEPT_S = 86_400
ROWS_MAX = 1_000_000
SIGNED = ("export.download",)
"""Operations that a token in their address opens, and no API key."""
_STAMP = (1980, 1, 1, 0, 0, 0)  # the same bytes for the same rows


def install(system: "Subscriptions", base: str) -> None:
    """Register the operations."""
    for name in KINDS:
        system.routes.add("POST", f"{base}/exports/{name}", f"export.{name}", system.endpoint(_asked(name)))
    system.routes.add("GET", f"{base}/exports/{{key}}", "export.retrieve", system.endpoint(retrieve))

    async def download(call: Call, key: str, **_: str) -> Answer:
        export = system.store.get("export", key)
        if export is None or call.query != f"token={export['_token']}" or "_zip" not in export:
            raise not_found(None, key)
        name = f"attachment; filename={export['operation_type']}.zip"
        return Answer(200, base64.b64decode(export["_zip"]), "application/zip", {"Content-Disposition": name})

    system.routes.add("GET", f"{base}/exports/{{key}}/download", SIGNED[0], download)


def _asked(name: str) -> Any:
    def action(work: Work, params: Params) -> Result:
        """POST /exports/<name>: filters as the list takes them, under the name of the record."""
        kind = KINDS[name].kind
        group = params.group(kind)
        Query(KINDS[name], group, work.site["timezone"], {})  # refuses what cannot be filtered
        params.choice("export_type", ("data", "import_friendly_data"))
        key, token = f"exp_{work.token('export')}", work.token("signature", 32)
        export: Doc = {
            "id": key, "operation_type": name, "mime_type": "zip", "status": "in_process", "created_at": work.at,
            "object": "export", "_token": token, "_base": work.base_url, "_filters": group.tree(),
        }  # fmt: skip
        work.jobs.schedule(work.at + WORK_S, "export", {"id": key}, key=f"export/{key}")
        return {"export": work.keep("export", export)}

    return action


def retrieve(work: Work, _params: Params, key: str) -> Result:
    """GET /exports/{id}."""
    return {"export": work.need("export", key)}


def made(work: Work, job: Job) -> None:
    """Write the rows down."""
    export = work.need("export", job.payload["id"])
    listing = KINDS[export["operation_type"]]
    query = Query(listing, Params(export["_filters"]), work.site["timezone"], {})
    query.limit = ROWS_MAX
    docs, _ = query.run(work.store)
    rows = [dict(_flat(shown(doc))) for doc in docs]
    names = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, names or ["id"], lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(f"{export['operation_type']}.csv", _STAMP), out.getvalue())
    export["_zip"] = base64.b64encode(packed.getvalue()).decode()
    export["status"] = "completed"
    export["download"] = {
        "download_url": f"{export['_base']}/api/v2/exports/{export['id']}/download?token={export['_token']}",
        "valid_till": work.at + KEPT_S, "mime_type": "application/zip", "object": "download",
    }  # fmt: skip
    work.keep("export", export)


def _flat(doc: Doc, prefix: str = "") -> list[tuple[str, Any]]:
    cells: list[tuple[str, Any]] = []
    for name, value in doc.items():
        if name == "object":
            continue
        if isinstance(value, dict):
            cells += _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            cells.append((f"{prefix}{name}", orjson.dumps(value).decode()))
        elif isinstance(value, bool):
            cells.append((f"{prefix}{name}", str(value).lower()))
        else:
            cells.append((f"{prefix}{name}", value))
    return cells
