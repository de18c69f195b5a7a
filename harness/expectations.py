"""A story's own expectations, compared with books and the core's lists."""

from collections.abc import Mapping

from harness.canon import Canon
from harness.evidence import Evidence
from harness.money import text
from harness.scenario.steps import DEAL_STATES, Expect


def unmet(expect: Expect, evidence: Evidence, opportunities: Mapping[str, str]) -> list[str]:
    """What is not as the story says, as sentences. `opportunities`: name of a deal in the story -> its id."""
    found = []
    if expect.exceptions is not None:
        rows = evidence.open_exceptions()
        kinds = sorted(row["kind"] for row in rows)
        if kinds != sorted(expect.exceptions):
            reasons = "".join(f"; {row['kind']}: {row['reason']}" for row in rows)
            wanted = ", ".join(sorted(expect.exceptions)) or "none"
            found.append(f"open exceptions are {', '.join(kinds) or 'none'}, expected {wanted}{reasons}")
    if expect.dead_letters is not None and len(evidence.dead_letters()) != expect.dead_letters:
        causes = "; ".join(f"{row['process']} {row['subject']}: {row['cause']}" for row in evidence.dead_letters())
        found.append(f"{len(evidence.dead_letters())} dead letters, expected {expect.dead_letters} ({causes})")
    for name, wanted_state in expect.deals.items():
        if name not in opportunities:
            found.append(f"deal {name} was never made")
            continue
        state = deal_state(evidence.canon, opportunities[name])
        if state != wanted_state:
            found.append(f"deal {name} is {state}, expected {wanted_state}")
    if expect.tie_out == "holds":
        found += [
            f"{one.entity} {one.currency} {one.name}: unexplained {text(one.unexplained, one.currency)}"
            for one in evidence.identities
            if not one.holds
        ]
    return found


def deal_state(canon: Canon, opportunity: str) -> str:
    """How far a deal has come: the last of open, won, contracted, billed, posted, paid that the books show."""
    reached = 0
    if any(deal.id == opportunity for deal in canon.deals):
        reached = DEAL_STATES.index("won")
    if any(contract.system == "subscriptions" and contract.deal == opportunity for contract in canon.contracts):
        reached = DEAL_STATES.index("contracted")
    bills = [bill for bill in canon.bills() if bill.kind == "invoice" and bill.deal == opportunity]
    if not bills:
        return DEAL_STATES[reached]
    numbers = {bill.key for bill in bills}
    postings = [one for one in canon.postings() if one.kind == "invoice" and one.key in numbers]
    copies = [one for one in canon.of("salesforce") if one.key in numbers]
    if {one.key for one in postings} != numbers:
        return "billed"
    if {one.key for one in copies} != numbers or any(one.open for one in (*bills, *postings, *copies)):
        return "posted"
    return "paid"
