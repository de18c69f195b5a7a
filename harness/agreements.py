"""What became of contracts, read from the books: their terms, their changes in mid-term, and whose doing each was."""

import calendar
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

from harness.canon import Canon, Contract, Deal, Document, Term

LATE_DAYS = 30  # a renewal that does not say when it starts is of a term that began at most so long ago
TOLERANCE = 2  # minor units a deal: credit and charge of a change are rounded each by itself


@dataclass
class Change:
    """One day on which a contract changed in mid-term: what was billed less what was credited, net."""

    subscription: str
    day: str
    effect: int = 0
    documents: list[str] = field(default_factory=list)
    deals: list[Deal] = field(default_factory=list)
    late: tuple[Deal, int] | None = None  # a renewal won after its term began, and what it adds per billing period
    corrects: Deal | None = None  # the deal of the contract itself, edited: the change brings the first bill up to it
    credited: int = 0  # what had been credited otherwise of bills of which the change credits all that was left

    @property
    def tolerance(self) -> int:
        """Each credit and charge is rounded by itself, and a change that was corrected has several of them."""
        return TOLERANCE * max(len(self.deals), len(self.documents) // 2)

    @property
    def undone(self) -> bool:
        """Nothing of it is left: it was taken back from the day on which it began."""
        return not self.deals and self.late is None and abs(self.effect) <= self.tolerance


@dataclass
class Agreement:
    """One contract of the platform with its terms and changes, and the deals of sales that concern it."""

    contract: Contract
    terms: list[Term]
    changes: list[Change]
    bills: list[Document]
    origin: Deal | None = None
    renewals: dict[str, Deal] = field(default_factory=dict)  # by the term that each began
    joined: dict[str, list[Deal]] = field(default_factory=dict)  # amendments that began with a term
    pending: list[Deal] = field(default_factory=list)  # won, and nothing of it is in force yet
    not_won: list[Deal] = field(default_factory=list)  # set back: sales was told of what they had changed

    def of_term(self, term: Term) -> list[Change]:
        """The changes within a term."""
        return [change for change in self.changes if term.start <= change.day <= term.end]

    def scheduled(self, deal: Deal) -> bool:
        """Will the deal's wish come true at the term's end, as the platform stands?"""
        renewal = next((one for one in self.pending if one.kind == "renewal"), None)
        upcoming = [one for one in self.pending if one.kind == "amendment" and one.start > self.contract.end]
        if deal.kind == "amendment" and deal not in upcoming:
            return False
        if renewal is not None:
            base = renewal.recurring + sum(one.recurring for one in self.later(renewal))
        else:
            base = self.contract.recurring
        wanted = base + sum(one.recurring for one in upcoming)
        return self.contract.renews and self.contract.next_recurring == wanted

    def later(self, renewal: Deal) -> list[Deal]:
        """Amendments of the running term that were won after its renewal had been decided: they add to it."""
        return [
            deal for change in self.changes for deal in change.deals
            if deal.closed_on >= renewal.closed_on and deal.won > renewal.won
        ]  # fmt: skip


def agreements(canon: Canon) -> list[Agreement]:
    """All contracts of the platform, in the order of the books."""
    deals = {deal.id: deal for deal in canon.deals}
    about: dict[str, list[Deal]] = {}
    subscriptions = {one.id: one.key for one in canon.contracts if one.system == "salesforce"}
    told = {row.deal for row in canon.told}
    begun = {one.deal for one in canon.contracts if one.system == "subscriptions"}  # also by a customer won back
    for deal in canon.deals:
        if deal.kind != "new" and deal.id not in begun:
            about.setdefault(subscriptions.get(deal.contract, ""), []).append(deal)
    bills: dict[str, list[Document]] = {}
    for bill in canon.bills():
        for part in of_each_contract(bill):
            bills.setdefault(part.subscription, []).append(part)
    terms: dict[str, list[Term]] = {}
    for term in sorted(canon.terms, key=lambda one: one.start):
        terms.setdefault(term.subscription, []).append(term)
    found = []
    for contract in canon.contracts:
        if contract.system == "subscriptions":
            own, issued = terms.get(contract.key, []), bills.get(contract.key, [])
            one = Agreement(contract, own, changes_of(contract, own, issued), issued)
            one.origin = deals.get(contract.deal)
            one.not_won = [
                deal for deal in canon.not_won if deal.id in told and subscriptions.get(deal.contract) == contract.key
            ]
            _claim_correction(one)
            _claim(one, sorted(about.get(contract.key, ()), key=lambda deal: (deal.closed_on, deal.won)))
            found.append(one)
    return found


def of_each_contract(bill: Document) -> list[Document]:
    """A bill as each of its contracts sees it: with its own share of the net."""
    if bill.subscription:
        return [bill]
    return [
        replace(bill, subscription=one.subscription, deal=one.deal, starts=one.starts, net=one.net, shares=())
        for one in bill.shares
    ]


def changes_of(contract: Contract, terms: list[Term], bills: Iterable[Document]) -> list[Change]:
    """Bills that begin within a billing term, and credit notes for a change, by the day of the platform's site."""
    edges = {edge for term in terms for edge in boundaries(term, contract.months)[:-1]}
    found: dict[str, Change] = {}
    ordered = sorted(bills, key=lambda one: (one.at, one.key))
    for bill in ordered:
        own = bill.kind != "credit" and bill.net != bill.metered and bill.starts in edges
        edges -= {bill.starts} if own else set()  # a billing term has one bill: what else begins that day is a change
        changes = bill.reason == "subscription_change" if bill.kind == "credit" else not own
        if not changes or not bill.starts or not terms:
            continue
        change = found.setdefault(bill.starts, Change(contract.key, bill.starts))
        change.effect += -bill.net if bill.kind == "credit" else bill.net - bill.metered
        change.documents.append(bill.key)
        change.credited += _credited_before(bill, ordered)
    return [found[day] for day in sorted(found)]


def _credited_before(note: Document, documents: list[Document]) -> int:
    """What was credited of a bill for other reasons, when a change credits all that is left: then it cannot give back
    the whole rest of the term. Credit notes are numbered in their order.
    """
    bill = next((one for one in documents if note.of and one.key == note.of), None)
    before = [one for one in documents if one.kind == "credit" and one.of == note.of and one.key < note.key]
    if bill is None or sum(one.net for one in before) + note.net != bill.net:
        return 0
    return sum(one.net for one in before if one.reason != "subscription_change")


def boundaries(term: Term, months: int) -> list[str]:
    """Days on which the billing terms of a contract term begin, and last the day after its end."""
    start = date.fromisoformat(term.start)
    return [_months_later(start, index * months).isoformat() for index in range(term.cycles + 1)] if months else []


def _months_later(start: date, months: int) -> date:
    index = start.year * 12 + start.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))


def prorated(recurring: int, agreement: Agreement, change: Change) -> tuple[int, int]:
    """So much more per billing term: what it comes to for the rest of one by days, and how many whole ones follow."""
    for term in agreement.terms:
        edges = boundaries(term, agreement.contract.months)
        for begin, end in pairwise(edges):
            if begin <= change.day < end:
                left, whole = _days(change.day, end), _days(begin, end)
                share = (Decimal(recurring) * left / whole).quantize(Decimal(1), ROUND_HALF_UP)
                return int(share), sum(1 for edge in edges[:-1] if edge > change.day)
    return 0, 0


def _days(start: str, end: str) -> int:
    return (date.fromisoformat(end) - date.fromisoformat(start)).days


def _claim_correction(agreement: Agreement) -> None:
    """A change from the contract's first day on that makes its first bill what its deal says by now."""
    origin, terms = agreement.origin, agreement.terms
    if origin is None or not terms:
        return
    own = [bill for bill in agreement.bills if bill.starts == terms[0].start and bill.kind != "credit"]
    first = min(own, key=lambda one: (one.at, one.key), default=None)
    change = next((one for one in agreement.changes if one.day == terms[0].start), None)
    if first is None or change is None:
        return
    billed = first.net - first.metered
    if billed != origin.recurring + origin.once and billed + change.effect == origin.recurring + origin.once:
        change.corrects = origin


def _claim(agreement: Agreement, deals: list[Deal]) -> None:
    """Which change or term each deal stands behind."""
    found = _claim_days(agreement, deals)
    for deal in deals:
        if deal.id in found:
            continue
        earliest = (date.fromisoformat(deal.closed_on) - timedelta(days=1)).isoformat()
        if deal.kind == "renewal":
            term = _term_of(agreement, deal, earliest)
            if term is not None:
                agreement.renewals[term.id] = deal
                _claim_late(agreement, deal, term, earliest)
                continue
        else:
            begun = [term for term in agreement.terms[1:] if term.start <= deal.start <= term.end]
            if begun:
                agreement.joined.setdefault(begun[0].id, []).append(deal)
                continue
            change = _change_of(agreement, deal)
            if change is not None:
                change.deals.append(deal)
                continue
        agreement.pending.append(deal)
    _claim_together(agreement)


def _claim_days(agreement: Agreement, deals: list[Deal]) -> set[str]:
    """Changes that are just what the amendments won on one day come to; a day of sales may be another at the site."""
    found: set[str] = set()
    later = {term.start for term in agreement.terms[1:]}
    for change in agreement.changes:
        if change.corrects is not None or change.undone:
            continue
        day = date.fromisoformat(change.day)
        for closed_on in (day, day + timedelta(days=1), day - timedelta(days=1)):
            own = [deal for deal in deals if deal.kind == "amendment" and deal.id not in found
                   and deal.closed_on == closed_on.isoformat() and not deal.start]  # fmt: skip
            if len(own) > 1 and change.day not in later and _fits(agreement, change, own):
                change.deals += own
                found |= {deal.id for deal in own}
                break
    return found


def _claim_together(agreement: Agreement) -> None:
    """Several amendments of one day are one change: they fit it together where none of them does alone."""
    for change in agreement.changes:
        waiting = [deal for deal in agreement.pending if deal.kind == "amendment" and _since(deal) <= change.day]
        if waiting and _fits(agreement, change, [*change.deals, *waiting]):
            change.deals += waiting
            agreement.pending = [deal for deal in agreement.pending if deal not in waiting]


def _since(deal: Deal) -> str:
    won = min(deal.closed_on, deal.first_won or deal.closed_on)
    return max((date.fromisoformat(won) - timedelta(days=1)).isoformat(), deal.start)


def _fits(agreement: Agreement, change: Change, deals: list[Deal]) -> bool:
    expected = sum(prorated(one.recurring, agreement, change)[0] for one in deals)
    return abs(change.effect - expected) <= max(TOLERANCE * len(deals), change.tolerance)


def _term_of(agreement: Agreement, deal: Deal, earliest: str) -> Term | None:
    """The term that a renewal is of: the first behind its close, or one that had begun unbidden shortly before."""
    free = [term for term in agreement.terms[1:] if term.id not in agreement.renewals]
    if deal.start:
        return next((term for term in free if deal.start <= term.end), None)
    since = (date.fromisoformat(deal.closed_on) - timedelta(days=LATE_DAYS)).isoformat()
    late = [term for term in free if since <= term.start < earliest]
    return next((term for term in (*late, *free) if term.start >= since), None)


def _claim_late(agreement: Agreement, deal: Deal, term: Term, earliest: str) -> None:
    """What a renewal changes of a term that had begun as it was."""
    own = [bill for bill in agreement.bills if bill.starts == term.start and bill.kind != "credit"]
    first = min(own, key=lambda one: (one.at, one.key), default=None)
    if first is None:
        return
    added = deal.recurring - (first.net - first.metered)
    if not added:
        return
    for change in agreement.of_term(term):
        fits = abs(change.effect - prorated(added, agreement, change)[0]) <= TOLERANCE
        if fits and change.day >= earliest and not decided_by(change):
            change.late = (deal, added)
            return


def _change_of(agreement: Agreement, deal: Deal) -> Change | None:
    possible = [one for one in agreement.changes if one.day >= _since(deal) and one.corrects is None]
    fitting = (change for change in possible if _fits(agreement, change, [*change.deals, deal]))
    return next(fitting, None) or next((one for one in possible if not one.deals and not one.undone), None)


def decided_by(change: Change) -> list[Deal]:
    """The deals of sales behind a change."""
    return [*change.deals, *((change.late[0],) if change.late is not None else ())]


def in_force(canon: Canon) -> Iterator[str]:
    """Ids of renewals and amendments that the platform has carried out or will at the term's end."""
    for agreement in agreements(canon):
        yield from (deal.id for change in agreement.changes for deal in decided_by(change))
        yield from (deal.id for deal in agreement.renewals.values())
        yield from (deal.id for deals in agreement.joined.values() for deal in deals)
        yield from (deal.id for deal in agreement.pending if agreement.scheduled(deal))


def of_their_deals(canon: Canon) -> Canon:
    """The books with each bill of a change or a renewal under the deal that stands behind it, or under none."""
    behind: dict[tuple[str, str], str] = {}  # by bill and contract
    for agreement in agreements(canon):
        whose = agreement.contract.key
        for change in agreement.changes:
            deals = decided_by(change)
            behind |= {(key, whose): deals[0].id if deals else "" for key in change.documents}
        for term in agreement.terms[1:]:
            deal = agreement.renewals.get(term.id)
            for bill in agreement.bills:
                if term.start <= bill.starts <= term.end:
                    behind.setdefault((bill.key, whose), deal.id if deal else "")
    if behind:
        canon.documents = [_under(one, behind) if one.system == "subscriptions" else one for one in canon.documents]
    return canon


def _under(bill: Document, behind: Mapping[tuple[str, str], str]) -> Document:
    shares = tuple(replace(one, deal=behind.get((bill.key, one.subscription), one.deal)) for one in bill.shares)
    return replace(bill, deal=behind.get((bill.key, bill.subscription), bill.deal), shares=shares)
