"""I10 few calls in vain while a system is away; I12 its outage delays only what needs it, and that until it is back."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from harness.canon import Deal, Document
from harness.checkers.case import Case
from harness.checkers.homes import home

API_S = 15 * 60.0  # the bound of a channel by API (DOMAIN.md, "When it must be quiet")
WINDOWS = 2  # and of the legacy ledger: the second batch window
CALLS, CALLS_AN_HOUR = 60, 30.0  # in vain: while it is being found out, and afterwards
HARMLESS = ("repeat", "altered_body")  # faults after which a caller has an answer, and in time


def calls_are_few(case: Case) -> tuple[int, list[str]]:
    """I10: whoever finds a system away tries again with growing pauses."""
    findings = []
    for outage in case.outages:
        hours = (outage.end - outage.begin) / 3600
        allowed = CALLS + CALLS_AN_HOUR * hours
        if outage.calls > allowed:
            findings.append(
                f"{outage.system} was away for {hours:.1f} h and called {outage.calls} times ({allowed:.0f} would do)"
            )
    return len(case.outages), findings


def flows_keep_their_bound(case: Case) -> tuple[int, list[str]]:
    """I12: what happens during an outage goes on within its channel's bound: a won deal is billed, a bill is posted.

    Where a system that it needs was away, the bound begins with that one's return; where a call to it came to nothing
    before the bound had run out, with that call: who is refused tries again. A deal needs its ledger too: there it is
    validated. A deal that changes a contract is billed with it, in the contract's own time.
    """
    hindrances = _hindrances(case)
    bills = {bill.deal: bill for bill in reversed(case.canon.bills()) if bill.deal}
    postings = {(one.kind, one.key): one for one in case.canon.postings() if one.key and one.at}
    contracted = {one.deal for one in case.canon.contracts if one.system == "subscriptions"}  # and billed in its time
    checked, findings = 0, []
    for deal in _deals(case):
        ledger = home(case, deal.entity, deal.won_at)
        since = _since(case, hindrances, deal.won_at, ("salesforce", "subscriptions", ledger))
        if since:
            checked += 1
            billed = bills.get(deal.id)
            if billed is None and deal.id in contracted:
                continue
            since = max(since, _agreed_start(case, deal, since))
            if (case.at if billed is None else billed.at) - since > API_S:
                findings.append(_late(f"deal {deal.name}", "billed", since, billed))
    for bill in _bills(case):
        ledger = home(case, bill.entity, bill.at, bill)
        since = _since(case, hindrances, bill.at, ("subscriptions", ledger))
        if since:
            checked += 1
            posting = postings.get((bill.kind, bill.key))
            if _too_late(case, ledger, since, case.at if posting is None else posting.at):
                findings.append(_late(f"{ledger} {bill.key}", "posted", since, posting))
    return checked, findings


def _deals(case: Case) -> list[Deal]:
    return [deal for deal in case.canon.deals if deal.kind == "new" and deal.id not in case.hindered]


def _bills(case: Case) -> list[Document]:
    return [bill for bill in case.canon.bills() if not {bill.key, *bill.deals} & case.hindered]


def _agreed_start(case: Case, deal: Deal, possible: float) -> float:
    """Midnight (UTC, the platform's) of the day on which it was to begin: agreed, or the entity's day when it became
    `possible`.

    What the contract says does not count: a core that carries the deal out late moves that too.
    """
    zone = ZoneInfo(case.zones.get(deal.entity, "UTC"))
    day = deal.start or datetime.fromtimestamp(possible, zone).date().isoformat()
    return datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()


def nothing_to_delay(case: Case) -> str:
    """Why the flows may have nothing to show: no outage, or nothing happened in it. '' otherwise."""
    if not case.outages:
        return "no system was away"
    moments = [*(deal.won_at for deal in _deals(case)), *(bill.at for bill in _bills(case))]
    happened = any(_since(case, [], at, ()) for at in moments)
    return "" if happened else "nothing was won or billed while a system was away, but for what waits for other reasons"


def _hindrances(case: Case) -> list[tuple[float, float, str]]:
    """From when to when which system gave nobody what they asked for: its outages, and calls that a fault struck."""
    if not case.outages:
        return []
    away = [(outage.begin, outage.end, outage.system) for outage in case.outages]
    struck = [
        (call.at, call.at, str(call.facts["system"])) for call in case.calls
        if (fault := call.facts.get("fault")) and str(fault).rpartition(":")[2] not in HARMLESS
    ]  # fmt: skip
    return sorted([*away, *struck])


def _since(case: Case, hindrances: list[tuple[float, float, str]], at: float, needs: tuple[str, ...]) -> float:
    """When the bound begins for something that happened then; 0 if nothing was away at that time."""
    if not any(int(outage.begin) <= at < outage.end for outage in case.outages):
        return 0.0
    since = at
    for begin, end, system in hindrances:  # also what follows before the bound has run out
        if system in needs and int(begin) <= since + API_S:
            since = max(since, end)
    return since


def _late(what: str, done: str, since: float, found: Document | None) -> str:
    late = f"is not {done}" if found is None else f"was {done} {(found.at - since) / 3600:.1f} h late"
    return f"{what} {late}, although nothing hindered it"


def _too_late(case: Case, ledger: str, since: float, at: float) -> bool:
    if ledger != "erp_legacy":
        return at - since > API_S
    return sum(opened > since and closed < at for opened, closed in case.windows) >= WINDOWS
