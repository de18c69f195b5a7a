"""The tie-out of contracts: won = contracted + parked, and contract value = billed - credited + to be billed."""

from collections.abc import Iterable, Mapping
from typing import Any

from harness.agreements import Agreement, Change, decided_by, prorated
from harness.canon import Canon, Deal, Document, Term
from harness.reconciling import Break, Excuses, Identity, Item


class _Reckoning:
    """Items and breaks of one entity and currency as they are found."""

    def __init__(self, excuses: Excuses, billed: Mapping[str, int]) -> None:
        self.excuses, self.billed = excuses, billed  # by deal: what was billed beside its contract
        self.items: list[Item] = []
        self.breaks: list[Break] = []

    def of_contract(self, deal: Deal) -> int:
        """What of a deal's value its contract must show: a change's services are billed beside it, and must be."""
        return deal.net - (deal.once if deal.kind != "new" else 0)

    def services(self, deal: Deal) -> None:
        """What a renewal or an amendment sold once is billed once."""
        missing = deal.once - self.billed.get(deal.id, 0)
        if missing:
            self.missing(deal, missing, f"services of {deal.kind} {deal.name} were won and are not billed as agreed")

    def rounded(self, agreement: Agreement, change: Change) -> None:
        """What rounding has left of a change that was taken back."""
        if change.effect:
            reason = f"rounding of what was taken back from {change.day} on"
            self.items.append(Item("proration", agreement.contract.key, -change.effect, reason))

    def missing(self, deal: Deal, amount: int, reason: str, contract: str = "") -> None:
        """A deal whose value is not there: the core says why, or it is a break."""
        item = self.excuses.item((deal.id, f"opportunity:{deal.id}", contract), deal.id, amount)
        if item is not None:
            self.items.append(item)
        else:
            self.breaks.append(Break(deal.id, amount, reason))


def _pick(rows: Iterable[Any], entity: str, currency: str) -> list[Any]:
    return [row for row in rows if row.entity == entity and row.currency == currency]


def won_is_contracted(
    canon: Canon, contracts: list[Agreement], excuses: Excuses, entity: str, currency: str
) -> Identity:
    """Won value (net) = contracts of the platform + bills without a contract + what is parked or still to come."""
    deals = _pick(canon.deals, entity, currency)
    known = {deal.id for deal in deals}
    billed, left = _billed_beside(canon, entity, currency)
    reckoning = _Reckoning(excuses, billed)
    contracted, seen = 0, set()
    for agreement in contracts:
        contract = agreement.contract
        if contract.currency != currency or not (contract.deal in known or contract.entity == entity):
            continue
        contracted += sum(term.value for term in agreement.terms)
        seen |= _reckon(agreement, reckoning)
    parted = _reckon_milestones(canon, known, reckoning)
    for deal in deals:
        missing = deal.net - billed.get(deal.id, 0) - parted.get(deal.id, 0)
        if missing and deal.id not in seen:
            reckoning.missing(deal, missing, f"deal {deal.name} was won and is not contracted in full")
    for deal_id, amount in billed.items():
        if deal_id in known:
            continue
        if left[deal_id] == 0:
            reckoning.items.append(Item("taken back", deal_id, -amount, "the deal is open again, its bill credited"))
        elif (item := excuses.item((deal_id, f"opportunity:{deal_id}"), deal_id, -amount)) is not None:
            reckoning.items.append(item)
        else:
            reckoning.breaks.append(Break(deal_id, -amount, "billed for a deal that is not won"))
    return Identity(
        "won = contracted", entity, currency, "Salesforce, won net", sum(deal.net for deal in deals),
        "platform, contracted net", contracted + sum(billed.values()), tuple(reckoning.items),
        tuple(reckoning.breaks),
    )  # fmt: skip


def _reckon_milestones(canon: Canon, deals: set[str], reckoning: _Reckoning) -> dict[str, int]:
    """Each accepted milestone is billed once, no other is. By deal: what its milestones lack in bills."""
    billed: dict[str, int] = {}
    for bill in canon.bills():
        if bill.kind == "invoice" and bill.milestone and bill.deal in deals:
            billed[bill.milestone] = billed.get(bill.milestone, 0) + bill.net
    explained: dict[str, int] = {}
    for one in (one for one in canon.milestones if one.deal in deals):
        lacking = one.amount - billed.pop(one.id, 0)
        explained[one.deal] = explained.get(one.deal, 0) + lacking
        if not one.accepted and lacking == one.amount:
            reason = f"milestone {one.name} is not accepted yet"
            reckoning.items.append(Item("waiting for window", one.id, lacking, reason))
            continue
        stands = "accepted" if one.accepted else "not accepted"
        if not one.accepted:
            reckoning.breaks.append(Break(one.id, lacking, f"milestone {one.name} is {stands}, and is billed"))
        elif lacking:
            item = reckoning.excuses.item((one.id, f"milestones:{one.deal}", one.deal), one.id, lacking)
            reason = f"milestone {one.name} is {stands}, and is not billed once"
            reckoning.items += [item] if item is not None else []
            reckoning.breaks += [] if item is not None else [Break(one.id, lacking, reason)]
    reckoning.breaks += [Break(name, -amount, "billed for a milestone that sales has not") for name, amount in
                         billed.items()]  # fmt: skip
    return explained


def _billed_beside(canon: Canon, entity: str, currency: str) -> tuple[dict[str, int], dict[str, int]]:
    """By deal: what was billed outside of contracts (net), and what credits have left of it."""
    billed: dict[str, int] = {}
    left: dict[str, int] = {}
    bills = [bill for bill in _pick(canon.bills(), entity, currency) if not bill.subscription]
    for bill in bills:
        if bill.kind == "invoice" and bill.deal:
            credited = sum(note.net for note in bills if note.kind == "credit" and note.of == bill.key)
            billed[bill.deal] = billed.get(bill.deal, 0) + bill.net
            left[bill.deal] = left.get(bill.deal, 0) + bill.net - credited
    return billed, left


def _reckon(agreement: Agreement, reckoning: _Reckoning) -> set[str]:
    """Explain the value of every term of a contract; returns the deals that are accounted for."""
    contract, origin = agreement.contract, agreement.origin
    seen = set()
    if origin is not None and not agreement.terms and contract.status == "future" and contract.value == origin.net:
        reason = f"contracted, billed from {contract.start} on"
        reckoning.items.append(Item("waiting for window", origin.id, origin.net, reason))
        seen.add(origin.id)
    for index, term in enumerate(agreement.terms):
        owner = origin if index == 0 else agreement.renewals.get(term.id)
        _reckon_term(agreement, term, owner, index, reckoning)
        changed = [deal for change in agreement.of_term(term) for deal in decided_by(change)]
        concerned = [*changed, *agreement.joined.get(term.id, ()), *((owner,) if owner is not None else ())]
        for deal in {deal.id: deal for deal in concerned if deal.kind != "new" and deal is not origin}.values():
            reckoning.services(deal)
        seen |= {deal.id for deal in concerned}
    for deal in agreement.pending:
        if agreement.scheduled(deal):
            reason = f"in force from the end of the term on ({contract.end})"
            reckoning.items.append(Item("waiting for window", deal.id, reckoning.of_contract(deal), reason))
        elif deal.recurring:  # else services alone, and they are billed
            what = f"{deal.kind} {deal.name} was won and is neither in force nor scheduled"
            reckoning.missing(deal, reckoning.of_contract(deal), what, contract.key)
        reckoning.services(deal)
        seen.add(deal.id)
    return seen


def _reckon_term(agreement: Agreement, term: Term, owner: Deal | None, index: int, reckoning: _Reckoning) -> None:
    """The term's value = its deal + amendments, each prorated by days + what the customer did in the platform."""
    own = agreement.renewals.get(term.id)
    expected = 0 if owner is None else reckoning.of_contract(owner) if own is not None else owner.net
    strange: list[str] = []  # days on which more changed than sales decided
    for change in agreement.of_term(term):
        expected += _reckon_change(agreement, term, change, strange, reckoning)
    expected += _from_the_start(agreement, term, owner if index else None, reckoning)
    rest = term.value - expected
    if not rest:
        return
    contract = agreement.contract
    name = f"{contract.key} from {term.start}"
    if index and owner is None:
        reckoning.items.append(Item("born in the platform", name, -rest, "the contract was renewed by the platform"))
    elif (waiting := _for_people(agreement, term, strange, reckoning.excuses, -rest)) is not None:
        reckoning.items.append(waiting)
    elif _taken_back(agreement):
        reckoning.items.append(Item("taken back", name, -rest, "the deal is open again, all of its contract credited"))
    elif _customers_own(agreement, strange, reckoning.excuses):
        reckoning.items.append(Item("born in the platform", name, -rest, "the customer changed it in the platform"))
    elif owner is not None:
        reckoning.missing(owner, -rest, f"{name} is worth {term.value}, its deals come to {expected} (minor units)")
    else:
        reckoning.breaks.append(Break(name, -rest, "contracted for a deal that is not won"))


def _reckon_change(
    agreement: Agreement, term: Term, change: Change, strange: list[str], reckoning: _Reckoning
) -> int:  # fmt: skip
    """What the deals behind a change add to its term; its day is `strange` when more has changed than they say."""
    if change.late is not None:
        return _late(agreement, term, change, reckoning)
    if change.corrects is not None:  # it makes the term what its own deal says
        return 0
    if change.undone:
        reckoning.rounded(agreement, change)
        return change.effect
    added = 0
    shares = {deal.id: prorated(deal.recurring, agreement, change) for deal in change.deals}
    promised = sum(share for share, _ in shares.values())
    if abs(change.effect - promised) > change.tolerance and not 0 < change.effect - promised <= change.credited:
        strange.append(change.day)
    for deal in change.deals:
        share, cycles = shares[deal.id]
        exact = change.effect - promised + share if deal is change.deals[0] and change.day not in strange else share
        worth = exact + cycles * deal.recurring
        added += worth
        if worth != reckoning.of_contract(deal):
            reason = f"prorated by days from {change.day} to the end of the term"
            reckoning.items.append(Item("proration", deal.id, reckoning.of_contract(deal) - worth, reason))
    return added


def _late(agreement: Agreement, term: Term, change: Change, reckoning: _Reckoning) -> int:
    """What of a renewal's value its term lacks, since it began as it was and changed when the renewal was won."""
    assert change.late is not None
    deal, added = change.late
    cycles = prorated(added, agreement, change)[1]
    lacking = added * (term.cycles - cycles) - change.effect
    reason = f"renewed after the term had begun: what is other than before holds from {change.day} on"
    if lacking:
        reckoning.items.append(Item("proration", deal.id, lacking, reason))
    return -lacking


def _for_people(agreement: Agreement, term: Term, strange: list[str], excuses: Excuses, amount: int) -> Item | None:
    """A deal that says otherwise than what it once changed, or is won no longer, and of which the core says that a
    person must decide.
    """
    deals = [deal for change in agreement.of_term(term) if change.day in strange for deal in change.deals]
    deals += agreement.not_won
    found = (excuses.item((deal.id, f"opportunity:{deal.id}"), deal.id, amount) for deal in deals)
    return next((item for item in found if item is not None), None)


def _taken_back(agreement: Agreement) -> bool:
    """Is the deal behind a contract won no longer, the contract over, and all that was billed credited?"""
    net = sum(-bill.net if bill.kind == "credit" else bill.net for bill in agreement.bills)
    return agreement.origin is None and agreement.contract.status == "cancelled" and net == 0


def _customers_own(agreement: Agreement, strange: list[str], excuses: Excuses) -> bool:
    """Can what no deal explains be the customer's doing: on each of those days, at a term's end, or by cancelling?"""
    contract = agreement.contract
    if strange:
        return all(excuses.customer_may_have_changed(contract.key, day) for day in strange)
    at_an_end = len(agreement.terms) > 1 or contract.status == "cancelled"
    return at_an_end and excuses.customer_may_have_changed(contract.key, "")


def _from_the_start(agreement: Agreement, term: Term, renewal: Deal | None, reckoning: _Reckoning) -> int:
    """What amendments add to a whole term: those that began with it, and those won after its renewal was decided."""
    added = 0
    for deal in agreement.joined.get(term.id, ()):
        added += deal.recurring * term.cycles
        rest = reckoning.of_contract(deal) - deal.recurring * term.cycles
        if rest:
            reason = f"part of all {term.cycles} billing terms from {term.start} on"
            reckoning.items.append(Item("proration", deal.id, rest, reason))
    for deal in _carried(agreement, term, renewal) if renewal is not None else ():
        added += deal.recurring * term.cycles
        reason = f"won after the renewal, and part of the term from {term.start} on as well"
        reckoning.items.append(Item("proration", deal.id, -deal.recurring * term.cycles, reason))
    return added


def _carried(agreement: Agreement, term: Term, owner: Deal) -> list[Deal]:
    earlier = [change for change in agreement.changes if change.day < term.start]
    return [deal for change in earlier for deal in change.deals if deal in agreement.later(owner)]


def contract_is_billed(contracts: list[Agreement], entity: str, currency: str) -> Identity:
    """Contract value = billed - credited for changes and cancellations + what is to be billed; without usage."""
    value = billed = to_come = 0
    breaks = []
    for agreement in contracts:
        contract = agreement.contract
        evergreen = not contract.running and contract.status != "cancelled"
        if contract.entity != entity or contract.currency != currency or not agreement.terms or evergreen:
            continue
        worth = sum(term.value for term in agreement.terms)
        net, left = sum(_counted(bill) for bill in agreement.bills), contract.remaining * contract.recurring
        value, billed, to_come = value + worth, billed + net, to_come + left
        if worth != net + left:
            text = f"{contract.key} is worth {worth}, billed {net} and {left} to come (minor units)"
            breaks.append(Break(contract.key, worth - net - left, text))
    return Identity(
        "contract = billed + to come", entity, currency, "platform, contract value", value,
        "platform, billed and to be billed", billed + to_come, (), tuple(breaks),
    )  # fmt: skip


def _counted(bill: Document) -> int:
    """What of a document is the contract's: neither usage, nor one-off bills, nor goodwill and write-offs."""
    if bill.kind == "credit":
        return -bill.net if bill.reason.startswith("subscription_") else 0
    return bill.net - bill.metered if bill.starts else 0
