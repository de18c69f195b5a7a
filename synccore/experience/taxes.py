"""What the ledgers declare as tax: totals by entity, month of the tax point and ledger, each document once."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel

from synccore.experience.access import REFUSALS, At, Viewer
from synccore.experience.problem import Problem
from synccore.experience.strict import StrictRoute
from synccore.ports.outcomes import Later
from synccore.ports.systems import Rejected

router = APIRouter(tags=["reconciliation"], route_class=StrictRoute)


class TaxTotalView(BaseModel):
    """What one ledger declares; `period` is the month of the tax point, amounts in minor units, credits negative."""

    entity: str
    period: str
    ledger: Literal["erp_cloud", "erp_legacy"]
    currency: str
    documents: int
    net: int
    tax: int


class TaxReportView(BaseModel):
    """`not_posted`: issued, and in no ledger yet. `given_up`: booked with or without its share of tax, by policy; the
    ledgers know. Both are in no total.
    """

    at: float
    totals: list[TaxTotalView]
    not_posted: list[str]
    given_up: list[str]


@router.get("/taxes", operation_id="getTaxes", responses=REFUSALS)
async def get_taxes(
    core: At, _: Viewer,
    entity: Annotated[str, Query(description="only this one's totals", max_length=64)] = "",
    period: Annotated[str, Query(description="only this year's or month's", pattern=r"^(\d{4}(-\d{2})?)?$")] = "",
) -> TaxReportView:  # fmt: skip
    """The platform's bills by the ledgers that have posted them, read now: what is declared while entities move.

    Each document counts once, in the ledger that posted it; an open item that moved declares nothing, a voided document
    is given back on the day of the void.

    503 when the platform cannot be read.
    """
    try:
        report = await core.taxes()
    except (Later, Rejected) as away:
        delay = f"{max(1, int(away.delay_s))}" if isinstance(away, Later) else "60"
        raise Problem(503, f"the platform's bills cannot be read: {away}", {"Retry-After": delay}) from None
    totals = [TaxTotalView.model_validate(one, from_attributes=True) for one in report.totals
              if entity in ("", one.entity) and one.period.startswith(period)]  # fmt: skip
    return TaxReportView(
        at=report.at, totals=totals, not_posted=list(report.not_posted), given_up=list(report.given_up)
    )  # fmt: skip
