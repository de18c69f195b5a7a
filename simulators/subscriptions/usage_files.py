"""Usage files: a CSV put on a signed address, ingested by a job, with the rows that failed in a file of their own."""

import csv
import io
from typing import TYPE_CHECKING, Any

from simulators.kit.calls import Answer, Call, json_answer
from simulators.kit.fidelity import approximate
from simulators.kit.jobs import Job
from simulators.kit.store import Doc
from simulators.subscriptions import usage_events
from simulators.subscriptions.errors import JSON, Refused, not_found
from simulators.subscriptions.params import Params
from simulators.subscriptions.work import Work

if TYPE_CHECKING:
    from simulators.subscriptions.app import Subscriptions

approximate(
    "usage files",
    "CSV of subscription_id, deduplication_id, usage_timestamp (ms) and the properties as further columns; put to "
    "`upload_details.url`, processed two seconds later; no limit of 12 hours; the file of failed rows has a column "
    "`error`",
    source="ours",
)

Result = dict[str, Any]

KEYS = ("subscription_id", "deduplication_id", "usage_timestamp")
OPEN_S = 15 * 60
WORK_S = 2

SIGNED = ("usage_file.content", "usage_file.errors")
"""Operations that a token in their address opens, and no API key."""


def install(system: "Subscriptions", base: str) -> None:
    """Register the operations and the job."""
    place = f"{base}/usage_files"
    system.routes.add("POST", f"{place}/upload_url", "usage_file.upload_url", system.endpoint(upload_url))
    system.routes.add(
        "GET", f"{place}/{{key}}/processing_status", "usage_file.processing_status", system.endpoint(processing_status)
    )

    async def content(call: Call, key: str, **_: str) -> Answer:
        with system.store.transaction():
            work = system.work(call.at, "api")
            file = _signed(work, call, key)
            if file["status"] != "queued" or call.at > file["upload_details"]["expires_at"]:
                raise Refused("invalid_state_for_request", "the upload address has expired or was used")
            file |= {"_content": call.body.decode("utf-8", "replace"), "status": "imported", "uploaded_at": work.at,
                     "file_size_in_bytes": len(call.body), "uploaded_by": "full_access_key_v1"}  # fmt: skip
            work.save("usage_file", file)
            work.jobs.schedule(work.at + WORK_S, "usage_file", {"id": key}, key=f"usage_file/{key}")
            work.flush()
        return json_answer(200, {}, JSON)

    async def errors(call: Call, key: str, **_: str) -> Answer:
        file = _signed(system.work(call.at, "api"), call, key)
        return Answer(200, file.get("_errors", "").encode(), "text/csv; charset=utf-8")

    system.routes.add("PUT", f"{place}/{{key}}/content", SIGNED[0], content)
    system.routes.add("GET", f"{place}/{{key}}/errors", SIGNED[1], errors)


def _signed(work: Work, call: Call, key: str) -> Doc:
    file = work.get("usage_file", key)
    if file is None or call.query != f"token={file['_token']}":
        raise not_found(None, key)
    return file


def upload_url(work: Work, params: Params) -> Result:
    """POST /usage_files/upload_url."""
    kind = params.need("mime_type")
    if kind not in ("text/csv", "application/csv"):
        raise params.wrong("mime_type", "should be text/csv")
    key, token = f"uf_{work.token('usage_file')}", work.token("signature", 32)
    file: Doc = {
        "id": key, "name": params.need("file_name"), "mime_type": kind, "status": "queued", "deleted": False,
        "object": "usage_file", "_token": token, "_base": work.base_url, "upload_details": {
            "url": f"{work.base_url}/api/v2/usage_files/{key}/content?token={token}", "expires_at": work.at + OPEN_S,
            "object": "upload_detail",
        },
    }  # fmt: skip
    return {"usage_file": work.save("usage_file", file)}


def processing_status(work: Work, _params: Params, key: str) -> Result:
    """GET /usage_files/{id}/processing_status."""
    file = work.need("usage_file", key)
    return {"usage_file": {name: value for name, value in file.items() if name != "upload_details"}}


def processed(work: Work, job: Job) -> None:
    """Ingest the rows of a file, each by itself."""
    file = work.get("usage_file", job.payload["id"])
    if file is None or file["status"] != "imported":
        return
    file["processing_started_at"] = work.at
    rows = csv.DictReader(io.StringIO(file.pop("_content")))
    if not rows.fieldnames or not set(KEYS) <= set(rows.fieldnames):
        file |= {"status": "failed", "error_code": "invalid_header", "error_reason": f"needs columns {', '.join(KEYS)}"}
    else:
        _ingest(work, file, rows)
        file["status"] = "processed"
    file["processing_completed_at"] = work.at
    work.save("usage_file", file)
    work.emit("usage_file_ingested", usage_file=file)


def _ingest(work: Work, file: Doc, rows: "csv.DictReader[str]") -> None:
    failed, count = [], 0
    for row in rows:
        count += 1
        cells = {name: value for name, value in row.items() if name is not None}
        properties = {name: value for name, value in cells.items() if name not in KEYS and value not in (None, "")}
        try:
            usage_events.ingest(
                work, Params({**{name: cells[name] for name in KEYS}, "properties": properties}), old=True
            )
        except Refused as refused:
            failed.append({**cells, "error": refused.message})
    file |= {"total_records_count": count, "processed_records_count": count - len(failed),
             "failed_records_count": len(failed)}  # fmt: skip
    if failed:
        out = io.StringIO()
        writer = csv.DictWriter(out, [*(rows.fieldnames or ()), "error"])
        writer.writeheader()
        writer.writerows(failed)
        file["_errors"] = out.getvalue()
        file["error_file_url"] = f"{file['_base']}/api/v2/usage_files/{file['id']}/errors?token={file['_token']}"
