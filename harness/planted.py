"""Books that a story's people have edited: what the core's reconciliation says, and what the judges must find."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.canon import Canon
from harness.checkers.case import PlantedBreak, Reconciliation, Verdict
from harness.evidence import Evidence
from harness.money import minor
from harness.scenario.bookwork import Reconciled
from harness.world import Unreachable, World

PATIENCE, AGAIN_S = 3, 30.0
_PLACE = re.compile(r"\{([\w-]+)\}")


def records(
    canon: Canon, opportunities: Mapping[str, str], accounts: Mapping[str, str], edits: Mapping[str, str]
) -> dict[str, str]:
    """What the names of a story stand for: a deal for its (youngest) bill, a customer for its number in the platform,
    an edit for the record that it touched. A deal without a bill is called by its own id. `<deal>/payment` and
    `<deal>/credit` are what was paid on that bill in the platform, and credited.
    """
    numbers = {one.account: one.id for one in canon.customers if one.system == "subscriptions"}
    bills: dict[str, str] = {}
    for bill in canon.of("subscriptions"):
        if bill.kind == "invoice" and bill.deal:
            bills[bill.deal] = max(bill.key, bills.get(bill.deal, ""))
    named = {name: bills.get(deal, deal) for name, deal in opportunities.items()}
    deals = {bill: name for name, bill in named.items()}
    of_bill = [(bill, "payment", one.key) for one in canon.receipts_of("subscriptions") for bill, _ in one.applied]
    of_bill += [(one.of, "credit", one.key) for one in canon.of("subscriptions") if one.kind == "credit"]
    settled = {f"{deals[bill]}/{what}": key for bill, what, key in of_bill if bill in deals}
    customers = {name: numbers[account] for name, account in accounts.items() if account in numbers}
    return {**customers, **named, **settled, **edits}


async def reconciled(
    world: World, evidence: Evidence, wanted: Reconciled, names: Mapping[str, str]
) -> Reconciliation | str:
    """The core's report of this moment with what the story expects of it, or why there is none."""
    try:
        status, report = await _asked(world)
    except Unreachable as error:
        return f"the core does not answer to POST /reconciliations: {error}"
    if status != 201:
        detail = report.get("detail", report) if isinstance(report, dict) else report
        return f"the core answered {status} to POST /reconciliations: {detail}"
    currencies = {row["document"]: row["currency"] for row in report["breaks"]}

    def planted(code: str, system: str, about: str, amount: object) -> PlantedBreak:
        document = names.get(about, about)
        worth = None if amount is None else minor(str(amount), currencies.get(document) or "USD")
        return PlantedBreak(code, system, document, worth)

    breaks = tuple(planted(one.code, one.system, one.about, one.amount) for one in wanted.breaks)
    items = None
    if wanted.items is not None:
        items = tuple((str(one.kind), names.get(one.about, one.about)) for one in wanted.items)
    return Reconciliation(report, evidence.canon, evidence.excuses, breaks, items)


async def _asked(world: World) -> tuple[int, Any]:
    """As a person would: once more when a system was not to be read, or the core died of it and is up again."""
    for _ in range(PATIENCE):
        try:
            status, report = await world.core("POST", "/reconciliations")
        except Unreachable:
            await world.settle()
            continue
        if status != 503:
            return status, report
        await asyncio.sleep(AGAIN_S)
    return await world.core("POST", "/reconciliations")


def excused(
    verdicts: Sequence[Verdict], broken: Mapping[str, Sequence[str]], names: Mapping[str, str]
) -> list[Verdict]:
    """Verdicts on books that are broken on purpose: one whose findings are exactly those that the story names holds;
    any other finding, and any that fails to appear, leaves or makes it broken. `{name}` stands for a record of the
    story, `*` for one word that differs from run to run.
    """
    judged = []
    for verdict in verdicts:
        if verdict.invariant not in broken or verdict.outcome == "unknown":
            judged.append(verdict)
            continue
        wanted = [_PLACE.sub(lambda match: names.get(match[1], match[0]), one) for one in broken[verdict.invariant]]
        found = list(verdict.findings) if verdict.outcome == "broken" else []
        for one in list(wanted):
            pattern = re.escape(one).replace(r"\*", r"\S+")
            same = next((finding for finding in found if re.fullmatch(pattern, finding)), None)
            if same is not None:
                wanted.remove(one)
                found.remove(same)
        wrong = [*found, *(f"planted and not found: {one}" for one in wanted)]
        title = f"{verdict.title}, but for the {len(broken[verdict.invariant])} findings that the story plants"
        outcome = replace(verdict, outcome="broken" if wrong else "holds", title=title, findings=tuple(wrong))
        judged.append(outcome)
    return judged
