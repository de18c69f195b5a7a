"""Won deals against contracts and first bills, contracts against their copies, and customers in all systems."""

from collections import Counter, defaultdict

from synccore.domain.books import BookContract, BookDeal, BookDocument
from synccore.ports.reports import Difference
from synccore.reconciliation.matching import WON, Matching
from synccore.reconciliation.words import SYSTEMS, finding


def match(matching: Matching) -> None:
    """Deals, contracts, customers."""
    contracts = {one.deal: one for one in matching.books.platform.contracts if one.deal}
    billed = first_bills(matching)
    for deal in matching.books.salesforce.deals:
        if deal.changes:
            _change(matching, deal)
        else:
            _deal(matching, deal, contracts.get(deal.id), billed.get(deal.id, []))
    _contracts(matching)
    _customers(matching)


def first_bills(matching: Matching) -> dict[str, list[BookDocument]]:
    """The invoices of the earliest date of each deal: what it was won for; later terms are bills of their own.

    A contract begins with one bill: what an amendment of the same day adds is none of the deal's. A deal that is billed
    by milestones was won for all of its bills.
    """
    contracted = {one.deal for one in matching.books.platform.contracts if one.deal}
    found: dict[str, list[BookDocument]] = defaultdict(list)
    for bill in matching.books.bills():
        if bill.kind == "invoice" and bill.deal:
            found[bill.deal].append(bill)
    parted = {deal.id for deal in matching.books.salesforce.deals if deal.milestones}
    for deal, bills in found.items():
        if deal in parted:
            continue
        first = min(one.on or "" for one in bills)
        bills[:] = [bill for bill in bills if bill.on == first]
        if deal in contracted:
            first_bill = min(bills, key=lambda one: one.number)
            bills[:] = [first_bill, *_corrections(matching, deal, first_bill)]
    return found


def _corrections(matching: Matching, deal: str, first: BookDocument) -> list[BookDocument]:
    """What came of it that a contract was corrected from its first day on: bills and credit notes of just that term.

    An amendment of that very day that came later cannot be told from it.
    """
    if deal not in matching.names.corrected:
        return []
    bills = {bill.number: bill for bill in matching.books.bills()}
    return [
        bill for bill in bills.values() if bill.number != first.number and bill.starts == first.starts
        and (bill.deal == deal or (bill.of in bills and bills[bill.of].deal == deal))
    ]  # fmt: skip


def net_of(bill: BookDocument) -> int:
    """Net of a bill, less than nothing for a credit note."""
    return -(bill.net or 0) if bill.kind == "credit" else bill.net or 0


def _deal(matching: Matching, deal: BookDeal, contract: BookContract | None, bills: list[BookDocument]) -> None:
    matching.outcome.compared += 1
    place = (deal.entity, deal.currency)
    lacking = deal.net - sum(net_of(bill) for bill in bills)
    if deal.unaccepted and lacking:
        matching.item("waiting for window", deal.id, place, {WON: deal.unaccepted}, "milestones not accepted yet")
        lacking -= deal.unaccepted
    if not lacking:
        return
    if contract is not None and contract.status == "future" and not bills:
        text = f"contracted, billed from {contract.start} on"
        matching.item("waiting for window", deal.id, place, {WON: lacking}, text)
        return
    if matching.excused((deal.id, f"opportunity:{deal.id}"), deal.id, place, {WON: lacking}):
        return
    what = f"deal {deal.name}"
    if not bills and contract is None:
        cause = f"{what} was won on {deal.closed_on} and has neither contract nor bill in the subscription platform"
        matching.add(finding("missing", "subscriptions", "deal", deal.id, *place, lacking, cause, matching.now))
        return
    is_, should = sum(net_of(bill) for bill in bills), deal.net
    fields = (Difference("net", str(is_), str(should)),)
    cause = f"{what} was won for {should} and billed for {is_} (minor units, net)"
    matching.add(
        finding("amount_differs", "subscriptions", "deal", deal.id, *place, lacking, cause, matching.now, fields)
    )


def _change(matching: Matching, deal: BookDeal) -> None:
    """A renewal or an amendment is seen in its contract's copy, which is compared; here only: was it carried out?"""
    matching.outcome.compared += 1
    place = (deal.entity, deal.currency)
    quoted, billed = matching.names.quotes.get(deal.id, (0, 0))
    if deal.carried and quoted != billed:
        text = f"proration policy: quoted by months at {quoted}, billed by days at {billed} (minor units)"
        matching.item("out of scope", deal.id, place, {"": quoted - billed}, text)
    if deal.carried or matching.excused((deal.id, f"opportunity:{deal.id}"), deal.id, place, {}):
        return
    cause = f"deal {deal.name} was won on {deal.closed_on} and has not changed the contract that it names"
    matching.add(finding("missing", "subscriptions", "deal", deal.id, *place, deal.net, cause, matching.now))


def _contracts(matching: Matching) -> None:
    copies = {one.key: one for one in matching.books.salesforce.contracts}
    deals = {deal.id: deal for deal in matching.books.salesforce.deals}
    for contract in matching.books.platform.contracts:
        if not contract.deal:
            continue
        matching.outcome.compared += 1
        copy, deal = copies.get(contract.key), deals.get(contract.deal)
        place = (deal.entity if deal else "", contract.currency)
        keys = (contract.deal, contract.key)
        if copy is None:
            if not matching.excused(keys, contract.key, place, {}):
                cause = f"the contract of subscription {contract.key} is missing in Salesforce"
                matching.add(finding("missing", "salesforce", "contract", contract.key, *place, 0, cause, matching.now))
            continue
        pairs = [("start", copy.start, contract.start), ("end", copy.end, contract.end)]
        if copy.value is not None and contract.value is not None:
            pairs.append(("value", str(copy.value), str(contract.value)))
        fields = tuple(Difference(*pair) for pair in pairs if pair[1] != pair[2] and pair[2])
        if fields and not matching.excused(keys, contract.key, place, {}):
            cause = f"the contract of {contract.key} in Salesforce: {sentence(fields)}"
            found = finding("field_differs", "salesforce", "contract", contract.key, *place, 0, cause, matching.now,
                            fields)  # fmt: skip
            matching.add(found, copy.modified)


def sentence(fields: tuple[Difference, ...]) -> str:
    """What differs, for people."""
    return "; ".join(f"{one.name} is {one.found or 'empty'}, not {one.expected or 'empty'}" for one in fields)


def _customers(matching: Matching) -> None:
    ledgers = {system: {one.key for one in book.customers} for system, book in matching.books.ledgers.items()}
    work = _work(matching)
    for customer in matching.books.platform.customers:
        homes = [system for system in matching.names.ledgers(customer.entity) if system in ledgers]
        if not customer.account or not homes:
            continue
        matching.outcome.compared += 1
        keys = (customer.key, customer.account)
        place = (customer.entity, "")
        held = any(customer.key in ledgers[system] for system in homes)
        if held or matching.excused((*keys, *work[keys]), customer.key, place, {}):
            continue
        cause = f"customer {customer.name or customer.key} is missing in {SYSTEMS[homes[0]]}"
        matching.add(finding("customer_missing", homes[0], "customer", customer.key, *place, 0, cause, matching.now))
    _duplicates(matching)


def _work(matching: Matching) -> dict[tuple[str, str], list[str]]:
    """A customer also comes into being by the work on its deals and bills: their keys by (customer, account)."""
    deals: dict[str, list[str]] = defaultdict(list)
    bills: dict[str, list[str]] = defaultdict(list)
    for deal in matching.books.salesforce.deals:
        deals[deal.account].append(deal.id)
    for bill in matching.books.platform.documents:
        bills[bill.customer].append(bill.number)
    customers = matching.books.platform.customers
    return {(one.key, one.account): [*deals.get(one.account, ()), *bills.get(one.key, ())] for one in customers}


def _duplicates(matching: Matching) -> None:
    """Two customers for one of ours: under the same key, or one without a key under the same name and entity."""
    twice = Counter((one.account, one.entity) for one in matching.books.platform.customers if one.account)
    for (account, entity), count in twice.items():
        if count > 1:
            cause = f"account {account} is {count} customers of entity {entity} in the subscription platform"
            matching.add(finding("customer_duplicate", "subscriptions", "customer", account, entity, "", 0, cause,
                                 matching.now))  # fmt: skip
    for system, book in matching.books.ledgers.items():
        ours = {(one.name.casefold(), one.entity): one.key for one in book.customers if one.key and one.name}
        for one in book.customers:
            key = ours.get((one.name.casefold(), one.entity))
            if key is None or one.key:
                continue
            cause = f"customer {one.id} in {SYSTEMS[system]} has the name of {key} ({one.name}) and none of our keys"
            matching.add(finding("customer_duplicate", system, "customer", key, one.entity, "", 0, cause, matching.now))
