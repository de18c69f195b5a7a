"""Whatever is uploaded to a bulk job: never a 500, and what is written is what the rows say, row by row."""

import csv
import io
import os
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulators.salesforce.org import Org
from tests.simulators.salesforce.test_bulk import CSV, settle, table

EXAMPLES = int(os.environ.get("WINDTUNNEL_FUZZ_EXAMPLES", "60"))
ORG = Org().login()

CELLS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(['"', ",", "\n", "\r\n", "#N/A", "\0", "5", "true", "2026-02-30", "' OR 1=1"]),
    st.integers(200, 40_000).map(lambda size: "x" * size),
)  # fmt: skip
COLUMNS = st.lists(
    st.sampled_from(("Name", "Site", "NumberOfEmployees", "Website", "name", "Nope__c", "Owner.Username", "Id", "")),
    min_size=1, max_size=4,
)  # fmt: skip


@st.composite
def uploads(draw: Any) -> bytes:
    """Files that are nearly right, and bytes that are not."""
    if draw(st.integers(0, 4)) == 0:
        return draw(st.binary(max_size=400))
    header = draw(COLUMNS)
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator=draw(st.sampled_from(("\n", "\n", "\n", "\r\n", "\r"))))
    writer.writerow(header)
    for _ in range(draw(st.integers(0, 5))):
        width = len(header) + draw(st.sampled_from((0, 0, 0, 0, 1, -1)))
        writer.writerow([draw(CELLS) for _ in range(max(width, 0))])
    data = out.getvalue().encode("utf-8", "surrogatepass")
    return data if draw(st.integers(0, 5)) else data + draw(st.binary(max_size=5))


@given(uploads(), st.sampled_from(("insert", "update", "delete", "upsert")), st.sampled_from(("COMMA", "PIPE")))
@settings(max_examples=EXAMPLES, deadline=None)
def test_any_upload_ends_in_a_final_state_and_no_row_is_half_written(
    data: bytes, operation: str, delimiter: str
) -> None:
    body = {"object": "Account", "operation": operation, "columnDelimiter": delimiter}
    if operation == "upsert":
        body["externalIdFieldName"] = "Billing_Customer_Id__c"
    before = ORG.system.org.count("Account")
    job = ORG.rest("POST", "jobs/ingest", body).json["id"]
    assert ORG.rest("PUT", f"jobs/ingest/{job}/batches", data, **CSV).status == 201
    assert ORG.rest("PATCH", f"jobs/ingest/{job}", {"state": "UploadComplete"}).status == 200
    settle(ORG)
    shown = ORG.rest("GET", f"jobs/ingest/{job}").json
    assert ORG.system.jobs.failures == []
    made = ORG.system.org.count("Account") - before
    if shown["state"] == "Failed":
        assert made == 0 and shown["numberRecordsProcessed"] == 0 and shown["errorMessage"]
        return
    assert shown["state"] == "JobComplete"
    replies = {
        kind: ORG.rest("GET", f"jobs/ingest/{job}/{kind}")
        for kind in ("successfulResults", "failedResults", "unprocessedRecords")
    }
    assert all(reply.status == 200 for reply in replies.values())
    good, bad, untouched = (len(table(reply, "," if delimiter == "COMMA" else "|")) - 1 for reply in replies.values())
    assert (good + bad, bad, untouched) == (shown["numberRecordsProcessed"], shown["numberRecordsFailed"], 0)
    assert made == (good if operation in ("insert", "upsert") else 0)
