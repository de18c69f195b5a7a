"""Reconciliation on demand, and its reports: evidence, each chained to the one before by its hash."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel

from synccore.experience.access import REFUSALS, At, Operator, Viewer
from synccore.experience.links import leads_to
from synccore.experience.problem import Problem, declared
from synccore.experience.strict import StrictRoute
from synccore.ports.outcomes import Later
from synccore.ports.reports import Code, ItemKind, KeptReport
from synccore.ports.systems import Rejected

router = APIRouter(tags=["reconciliation"], route_class=StrictRoute)

ReportId = Annotated[str, Path(pattern=r"^r[0-9]{8}$", description="as listed")]


class DifferenceView(BaseModel):
    """One field of a record: what it is, and what it should be."""

    name: str
    found: str
    expected: str


class BreakView(BaseModel):
    """A difference that nothing explains; `amount` in minor units; `since` is when it was first seen."""

    code: Code
    system: str
    kind: str
    document: str
    entity: str
    currency: str
    amount: int
    cause: str
    action: str
    owner: str
    since: float
    fields: list[DifferenceView]


class ItemView(BaseModel):
    """A difference with a reason; `line` is the tie-out line in whose sum it stands, '' for none."""

    kind: ItemKind
    document: str
    entity: str
    currency: str
    amount: int
    reason: str
    line: str
    overdue: bool


class LineView(BaseModel):
    """`a` - `items` = `b`, else `unexplained` is not zero; minor units."""

    name: str
    entity: str
    currency: str
    a_name: str
    a: int
    b_name: str
    b: int
    items: int
    unexplained: int


class HealedView(BaseModel):
    """A copy that is being written anew, and by which process."""

    system: str
    kind: str
    document: str
    process: str


class CountView(BaseModel):
    """A second count, by source ids alone: what two books have of one thing; amounts in minor units."""

    name: str
    entity: str
    currency: str
    source: int
    source_amount: int
    target: int
    target_amount: int
    missing: int
    extra: int
    differing: int


class ReportSummary(BaseModel):
    """A report in a list."""

    id: str
    at: float
    by: str
    verdict: Literal["agrees", "breaks"]
    breaks: int
    hash: str
    previous: str


class ReportView(BaseModel):
    """A whole report. `hash` is the SHA-256 of its canonical JSON without `id` and `hash`."""

    id: str
    at: float
    by: str
    verdict: Literal["agrees", "breaks"]
    documents: int
    as_of: dict[str, str]
    lines: list[LineView]
    items: list[ItemView]
    breaks: list[BreakView]
    previous: str
    hash: str
    healed: list[HealedView] = []
    held: str = ""
    counts: list[CountView] = []
    not_exported: str = ""


def _whole(kept: KeptReport) -> ReportView:
    return ReportView.model_validate({**kept.content, "id": kept.id, "hash": kept.hash})


def _summary(kept: KeptReport) -> ReportSummary:
    content: dict[str, Any] = kept.content
    return ReportSummary(
        id=kept.id, at=kept.at, by=content["by"], verdict=content["verdict"], breaks=len(content["breaks"]),
        hash=kept.hash, previous=content["previous"],
    )  # fmt: skip


_LEADS = leads_to(201, getReconciliation={"report_id": "$response.body#/id"})


@router.post(
    "/reconciliations", operation_id="reconcile", status_code=201, responses=REFUSALS | _LEADS,
    response_model_exclude_unset=True,
)  # fmt: skip
async def reconcile(
    core: At, caller: Operator, response: Response,
    heal: Annotated[bool, Query(description="write copies that differ anew, as far as the policy allows")] = False,
) -> ReportView:  # fmt: skip
    """Pull all books through the systems' own APIs and compare them now; the answer is the report.

    With `heal`, copies in Salesforce and missing customers of the cloud ERP are brought to the truth that they copy;
    bills, postings and payments are facts, which people correct. `held` says why nothing was healed.

    503 when a system cannot be read: then nothing is known, and nothing is kept.
    """
    try:
        kept = await core.reconcile(caller.name, heal)
    except Later as later:
        raise Problem(503, f"not all books can be read: {later}", {"Retry-After": f"{max(1, int(later.delay_s))}"}) \
            from None  # fmt: skip
    except Rejected as refusal:
        raise Problem(503, f"not all books can be read: {refusal}") from None
    core.touch()
    response.headers["Location"] = f"/reconciliations/{kept.id}"
    return _whole(kept)


@router.get("/reconciliations", operation_id="listReconciliations", responses=REFUSALS)
async def list_reconciliations(
    core: At, _: Viewer, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> list[ReportSummary]:
    """Reports, the youngest first."""
    return [_summary(kept) for kept in await core.database.run(lambda unit: unit.reports.list(limit))]


@router.get(
    "/reconciliations/{report_id}", operation_id="getReconciliation", responses=REFUSALS | declared(404),
    response_model_exclude_unset=True,
)  # fmt: skip
async def get_reconciliation(core: At, _: Viewer, report_id: ReportId) -> ReportView:
    """One report as it was made: what an older core did not write is not added, so that its hash is its content's."""
    kept = await core.database.run(lambda unit: unit.reports.get(report_id))
    if kept is None:
        raise Problem(404, f"there is no reconciliation {report_id}")
    return _whole(kept)


_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/vnd.duckdb": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.get(
    "/reconciliations/{report_id}/exports", operation_id="getReconciliationExports", response_class=FileResponse,
    responses=REFUSALS | declared(404) | _FILE,
)  # fmt: skip
async def get_exports(core: At, _: Operator, report_id: ReportId) -> FileResponse:
    """The books of a report and what was found in them, as a DuckDB file; kept where SYNCCORE_EXPORTS says so."""
    path = core.exports(report_id)
    if path is None:
        raise Problem(404, f"no exports of reconciliation {report_id} are kept here")
    return FileResponse(path, media_type="application/vnd.duckdb", filename=path.name)
