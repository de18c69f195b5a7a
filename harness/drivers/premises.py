"""What people and vendors set up around the systems: a month is locked, limits are the vendors' own."""

from typing import Any

from harness.checkers import Closing
from harness.drivers.stage import Stage
from harness.world import SYSTEMS


async def lock_period(stage: Stage, facts: Any) -> str:
    """Finance does it on a page of the cloud ERP that no public API offers."""
    verb = "unlock_period" if facts.unlock else "lock_period"
    arguments = {"period": facts.period, "what": facts.what}
    await stage.world.control("erp_cloud", "POST", f"/_control/act/{verb}", arguments)
    if facts.unlock:
        _opened(stage, facts.period)
    elif facts.what != "ap":
        stage.closings.append(Closing(facts.period, False, stage.world.now()))
    whom = {"ar": " for receivables", "ap": " for payables", "all": ""}[facts.what]
    return f"the cloud ERP's period {facts.period} is {'open again' if facts.unlock else 'locked'}{whom}"


async def close_period(stage: Stage, facts: Any) -> str:
    """The controller's month-end close, in the order that the ERP insists on."""
    if facts.reopen:
        await stage.world.control("erp_cloud", "POST", "/_control/act/open_period", {"period": facts.period})
        _opened(stage, facts.period)
        return f"the cloud ERP's period {facts.period} is reopened"
    arguments = {"period": facts.period, "lock": True, "earlier": True}
    await stage.world.control("erp_cloud", "POST", "/_control/act/close_period", arguments)
    stage.closings.append(Closing(facts.period, True, stage.world.now()))
    return f"the cloud ERP's books are closed up to {facts.period}"


def _opened(stage: Stage, month: str) -> None:
    """A month is open again; what was closed with it, before it, stays so."""
    now = stage.world.now()
    for one in [one for one in stage.closings if one.end > now and one.month == month]:
        one.end = now
        if one.earlier:
            stage.closings.append(Closing(_before(month), True, one.begin))


def _before(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    return f"{year - 1}-12" if number == 1 else f"{year}-{number - 1:02d}"


async def recognize_revenue(stage: Stage, facts: Any) -> str:
    """The journals that the ERP makes at month end."""
    made = await stage.world.control(
        "erp_cloud", "POST", "/_control/act/recognize_revenue", {"period": facts.period}
    )  # fmt: skip
    return f"revenue up to {facts.period} is recognised by {len(made['journals'])} journals"


async def limits(stage: Stage, facts: Any) -> str:
    """All systems at once."""
    for system in SYSTEMS:
        await stage.world.control(system, "PUT", "/_control/limits", {"profile": facts.profile})
    return "requests are limited as the vendors do" if facts.profile == "vendor" else "limits are roomy again"


async def consolidate_invoices(stage: Stage, facts: Any) -> str:
    """A setting of the site."""
    site = {"consolidated_invoicing": facts.on}
    await stage.world.control("subscriptions", "POST", "/_control/seed", {"site": site})
    return f"a customer's renewals of one day are {'one invoice' if facts.on else 'billed each by itself'}"
