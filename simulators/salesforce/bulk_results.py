"""What became of a Bulk 2.0 ingest job's rows: three CSV files, made while they are read."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from simulators.kit.calls import Answer
from simulators.kit.store import Doc
from simulators.salesforce import bulk_csv
from simulators.salesforce.bulk_jobs import FINAL, INGEST, find
from simulators.salesforce.bulk_rows import CHUNK
from simulators.salesforce.errors import failed
from simulators.salesforce.state import DATA, ROWS
from simulators.salesforce.web import Context

PLAIN_ROWS = 2_000  # up to so many rows an answer is made in one piece
CSV_TYPE = "text/csv;charset=UTF-8"
Pick = Callable[[list[Any]], list[Any] | None]


async def successful(ctx: Context, job: str) -> Answer:
    """GET …/successfulResults."""
    return _results(ctx, job, ("sf__Id", "sf__Created"), lambda result: None if result[2] else result[:2])


async def failures(ctx: Context, job: str) -> Answer:
    """GET …/failedResults."""
    return _results(ctx, job, ("sf__Id", "sf__Error"), lambda result: [result[0], result[2]] if result[2] else None)


async def unprocessed(ctx: Context, job: str) -> Answer:
    """GET …/unprocessedRecords: rows of an aborted or failed job that were never tried."""
    return _results(ctx, job, (), None)


def _results(ctx: Context, job: str, lead: tuple[str, ...], pick: Pick | None) -> Answer:
    found = find(ctx, job, INGEST)
    if found["state"] not in FINAL:
        raise failed("JOB_NOT_COMPLETE", "The job has not completed yet, results are not available", 412)
    text = (ctx.org.store.get(DATA.name, found["id"]) or {"text": ""})["text"]
    try:
        header = bulk_csv.checked(text, found["columnDelimiter"])
        table = _table(ctx, found, text, [*lead, *header], pick)
    except bulk_csv.BadCsv:
        table = iter([list(lead)])
    return csv_answer(table, found, found["processed"])


def csv_answer(
    table: Iterator[Sequence[Any]], job: Doc, size: int, headers: dict[str, str] | None = None, kind: str = CSV_TYPE
) -> Answer:
    """A CSV answer of about `size` rows: in one piece when it is small, as a stream when it is not."""
    stream = bulk_csv.blocks(table, job["columnDelimiter"], job["lineEnding"])
    answer = Answer(200, b"", kind, headers or {}, stream)
    return answer if size > PLAIN_ROWS else answer.whole()


def _table(ctx: Context, job: Doc, text: str, head: list[str], pick: Pick | None) -> Iterator[Sequence[Any]]:
    """The header and the picked rows; each chunk of results is read when it is needed."""
    yield head
    rows = islice(bulk_csv.rows(text, job["columnDelimiter"]), 1, None)
    if pick is None:
        yield from islice(rows, job["processed"], None)
        return
    for number in range(-(-job["processed"] // CHUNK)):
        kept = ctx.org.store.get(ROWS.name, f"{job['id']}/{number:07d}") or {"results": []}
        for result, row in zip(kept["results"], islice(rows, CHUNK), strict=False):
            picked = pick(result)
            if picked is not None:
                yield [*picked, *row]
