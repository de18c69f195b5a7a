"""Which term a renewal that sales has decided is of, and what becomes of the decision: pure rules."""

from datetime import date, timedelta
from typing import Any, Literal

from synccore.domain.agreements import Agreement, Unfit
from synccore.domain.calendar import day
from synccore.domain.deals import Deal

Target = Literal["next", "current", "holdover"]
"""The term behind the one in force; the one in force, which the platform began unbidden; or, after a term's end
without another, the billing term that runs."""

Decision = dict[str, Any]
"""{deal, kind: won | declined | withdrawn, term: id of the term that it follows, until: its end, begun: id or start of
the term that was in force already, changes: are the items others than before, before: {action, cycles, renewal} of the
contract, which come back when it is withdrawn}"""


def decided(prior: Decision | None, agreement: Agreement) -> bool:
    """Is the term in force one that sales has decided?"""
    term = agreement.term
    if prior is None or term is None or prior["kind"] != "won":
        return False
    return 0 <= term.start - int(prior["until"]) <= 1


def target_of(
    deal: Deal, agreement: Agreement, prior: Decision | None, late_days: int, zone: str
) -> Target | Unfit:  # fmt: skip
    """The term that a won renewal is of. Never two renewals for one term, nor one for a year that nobody spoke of.

    A deal that says when its term starts is taken at its word. One that does not, and is won shortly after a term
    began, is of that term when nobody has decided it; when somebody has, a person says whether it is the next one's.
    """
    term = agreement.term
    if term is None:
        return "holdover"
    if prior is not None and prior["kind"] == "won" and prior["term"] == term.id and prior["deal"] != deal.id:
        text = f"deal {prior['deal']} has renewed {agreement.id} for the term behind {day(term.end, zone)} already"
        return Unfit("renewal_decided", text)
    began = day(term.start, zone)
    if not agreement.renewed or not _late(deal, began, late_days):
        return "next"
    if not decided(prior, agreement):
        return "current"
    if prior is not None and prior["deal"] == deal.id:
        return "next"
    what = f"the term of {agreement.id} that began on {began} is deal {prior['deal'] if prior else ''}'s"
    return Unfit("renewal_decided", f"{what}: a renewal of the next term says when it starts")


def _late(deal: Deal, began: date, late_days: int) -> bool:
    if deal.start is not None:
        return deal.start <= began
    return deal.closed_on <= began + timedelta(days=late_days)


def undecided_term_began(deal: Deal, agreement: Agreement, prior: Decision | None, late_days: int, zone: str) -> bool:
    """Has a term begun unbidden that a lost renewal was about?"""
    if agreement.term is None or not agreement.renewed or decided(prior, agreement):
        return False
    return _late(deal, day(agreement.term.start, zone), late_days)


def renewed_by_another(deal: Deal, agreement: Agreement, prior: Decision | None, late_days: int, zone: str) -> bool:
    """Has another deal renewed what this one lost, be it for the next term or for one that began shortly before?"""
    term = agreement.term
    if prior is None or prior["kind"] != "won" or prior["deal"] == deal.id or term is None:
        return False
    return prior["term"] == term.id or (decided(prior, agreement) and _late(deal, day(term.start, zone), late_days))
