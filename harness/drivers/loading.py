"""A company's own export in a story: brought in, closed deal by deal on its days, and paid by transfer."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import groupby
from typing import Any

from harness.drivers.cloud_clerk import OpenItem
from harness.drivers.quiet import settle
from harness.drivers.stage import Stage, StepFailed
from harness.load.send import CHUNK, LoadedDeal, send_plan
from harness.load.source import Unusable, placed_plan
from harness.scenario import STORIES
from harness.scenario.values import iso

OFFICE_HOUR = time(15, tzinfo=UTC)  # the same calendar day in every zone from -15 to +8
BILLS_A_PAYMENT = 50


async def load(stage: Stage, facts: Any) -> str:
    """Read, place and send the export; nothing is sent when one row of it cannot be placed."""
    if stage.loaded:
        raise StepFailed("an export was loaded before; a story brings one")
    try:
        plan = placed_plan(STORIES / facts.map, stage.scenario.files_of(facts), facts.pseudonymise)
    except Unusable as error:
        raise StepFailed(str(error)) from error
    plan = plan.first(facts.most(stage.world.mode))
    if not plan.opportunities:
        raise StepFailed("there is no deal in the export")
    stage.loaded = (await send_plan(plan, stage.sales)).deals
    return (
        f"loaded {len(plan.accounts)} accounts, {len(plan.products)} products and {len(plan.opportunities)} open deals "
        f"worth {plan.total:,.2f} {plan.currency}"
    )


async def close_loaded(stage: Stage, facts: Any) -> str:
    """Day by day, in order of the export's close dates."""
    last = (facts.until or date.max).isoformat()
    due = [deal for deal in stage.loaded[stage.closed :] if deal.closes_on <= last]
    days = 0
    for day, group in groupby(due, key=lambda deal: deal.closes_on):
        deals = list(group)
        await _reach(stage, day, deals[0])
        for chunk in _chunks(deals, CHUNK):
            won = {"StageName": "Closed Won", "CloseDate": day}
            await stage.sales.update_many("Opportunity", [{"Id": deal.opportunity_id, **won} for deal in chunk])
        stage.closed += len(deals)
        days += 1
        await settle(stage)
    if not days:
        raise StepFailed("no loaded deal is left to be closed" + (f" until {last}" if facts.until else ""))
    return f"{len(due)} deals were won on {days} days, {due[0].closes_on} to {due[-1].closes_on}"


async def _reach(stage: Stage, day: str, first: LoadedDeal) -> None:
    if day < stage.today().isoformat():
        raise StepFailed(f"deal {first.key} closes on {day}, but it is {iso(stage.world.now())} already")
    at = datetime.combine(date.fromisoformat(day), OFFICE_HOUR).timestamp()
    if at > stage.world.now():
        await stage.world.advance(at)


async def pay_loaded(stage: Stage, facts: Any) -> str:
    """Per customer one receipt for all open bills (at most 50 on one), as remittances come."""
    del facts
    references = {deal.opportunity_id for deal in stage.loaded[: stage.closed]}
    numbers = {bill["id"] for bill in await stage.platform.open_bills() if stage.platform.deal_of(bill) in references}
    by_customer: dict[tuple[str, str, str], list[OpenItem]] = defaultdict(list)
    for item in await stage.cloud_clerk.open_items():
        if item.number in numbers:
            numbers.discard(item.number)
            by_customer[item.customer, item.subsidiary, item.currency].append(item)
    if numbers:
        raise StepFailed(f"the cloud ERP has no open item for {len(numbers)} bills, {min(numbers)} among them")
    if not by_customer:
        raise StepFailed("no bill of a loaded deal is open")
    receipts, bills, sum_ = 0, 0, Decimal(0)
    for items in by_customer.values():
        for chunk in _chunks(items, BILLS_A_PAYMENT):
            await stage.cloud_clerk.receive(chunk, stage.today().isoformat())
            receipts, bills = receipts + 1, bills + len(chunk)
            sum_ += sum((item.unpaid for item in chunk), Decimal(0))
    await settle(stage)
    return f"{len(by_customer)} customers pay {bills} bills with {receipts} transfers, {sum_:,.2f} in all"


def _chunks(rows: Sequence[Any], size: int) -> Iterator[Any]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
