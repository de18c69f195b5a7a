"""A story's own expectations, compared with books and the core's lists."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from harness.agreements import in_force
from harness.canon import Canon, Document
from harness.evidence import Evidence
from harness.money import exponent, minor, text
from harness.scenario.agreements import ContractState
from harness.scenario.steps import DealState, Expect


def unmet(
    expect: Expect, evidence: Evidence, opportunities: Mapping[str, str], loaded: Iterable[str] = ()
) -> list[str]:
    """What is not as the story says, as sentences. `opportunities`: name of a deal in the story -> its id.

    `loaded`: ids of the deals that an export brought.
    """
    found = []
    if expect.exceptions is not None:
        rows = evidence.open_exceptions()
        kinds = sorted(row["kind"] for row in rows)
        if kinds != sorted(expect.exceptions):
            reasons = "".join(f"; {row['kind']}: {row['reason']}" for row in rows)
            wanted = ", ".join(sorted(expect.exceptions)) or "none"
            found.append(f"open exceptions are {', '.join(kinds) or 'none'}, expected {wanted}{reasons}")
    if expect.exception_counts is not None:
        counts = dict(Counter(row["kind"] for row in evidence.open_exceptions()))
        if counts != expect.exception_counts:
            found.append(f"open exceptions are {_counted(counts)}, expected {_counted(expect.exception_counts)}")
    if expect.dead_letters is not None and len(evidence.dead_letters()) != expect.dead_letters:
        causes = "; ".join(f"{row['process']} {row['subject']}: {row['cause']}" for row in evidence.dead_letters())
        found.append(f"{len(evidence.dead_letters())} dead letters, expected {expect.dead_letters} ({causes})")
    found += _sums(expect, evidence)
    if expect.loaded:
        found += _loaded(expect, evidence.canon, loaded)
    for name, wanted_state in expect.deals.items():
        if name not in opportunities:
            found.append(f"deal {name} was never made")
            continue
        state = deal_state(evidence.canon, opportunities[name])
        if state != wanted_state:
            found.append(f"deal {name} is {state}, expected {wanted_state}")
    begun = {one.deal: one.start for one in evidence.canon.contracts if one.system == "subscriptions"}
    for name, day in expect.starts.items():
        has = begun.get(opportunities.get(name, ""), "nothing")
        if has != day.isoformat():
            found.append(f"the contract of deal {name} starts on {has}, expected {day}")
    shown = {name: evidence.canon.shown.get(opportunities.get(name, ""), "nothing") for name in expect.sync}
    found += [
        f"deal {name} is shown as {shown[name]!r}, expected {wanted!r}"
        for name, wanted in expect.sync.items() if shown[name] != wanted
    ]  # fmt: skip
    found += _rated(expect, evidence.canon, opportunities)
    found += _contracts(expect, evidence.canon, opportunities)
    found += _accounts(expect, evidence.canon)
    found += _debts(expect, evidence.canon, opportunities)
    if expect.tie_out == "holds":
        found += [
            f"{one.entity} {one.currency} {one.name}: unexplained {text(one.unexplained, one.currency)}"
            for one in evidence.identities
            if not one.holds
        ]
    return found


def _rated(expect: Expect, canon: Canon, opportunities: Mapping[str, str]) -> list[str]:
    """Usage in the metered lines of final bills, summed over all meters of a deal."""
    deals = {one.key: one.deal for one in canon.contracts if one.system == "subscriptions"}
    sums: dict[str, Decimal] = {}
    for line in canon.metered:
        deal = deals.get(line.subscription, "")
        sums[deal] = sums.get(deal, Decimal(0)) + line.quantity
    has = {name: sums.get(opportunities.get(name, "?"), Decimal(0)) for name in expect.rated}
    return [f"usage of deal {name} is rated as {has[name]}, expected {wanted}"
            for name, wanted in expect.rated.items() if has[name] != wanted]  # fmt: skip


def _accounts(expect: Expect, canon: Canon) -> list[str]:
    """What stands on accounts of the ledgers, summed over all entities, in the documents' own currency."""
    found = []
    for name, wanted in expect.accounts.items():
        system, number, currency = name.split("/")
        lines = (one for one in canon.ledger if (one.system, one.account, one.currency) == (system, number, currency))
        has = sum(one.amount for one in lines)
        if has != minor(wanted, currency):
            found.append(f"account {name} stands at {text(has, currency)}, expected {wanted:,.2f}")
    return found


def _debts(expect: Expect, canon: Canon, opportunities: Mapping[str, str]) -> list[str]:
    """How the accounts behind deals stand with what they owe, as Salesforce shows it."""
    accounts = {deal.id: canon.accounts.get(deal.account) for deal in canon.deals}
    found = []
    for name, wanted in expect.debts.items():
        account = accounts.get(opportunities.get(name, ""))
        status, overdue = (account.collections, account.overdue) if account is not None else ("", Decimal(0))
        if wanted.status is not None and status != wanted.status:
            found.append(f"the account of deal {name} is {status or 'not on any list'}, expected {wanted.status}")
        if wanted.overdue is not None and overdue != wanted.overdue:
            found.append(f"the account of deal {name} is overdue with {overdue:f}, expected {wanted.overdue:f}")
    return found


def _contracts(expect: Expect, canon: Canon, opportunities: Mapping[str, str]) -> list[str]:
    return [
        sentence for name, wanted in expect.contracts.items()
        for sentence in _contract(name, wanted, canon, opportunities)
    ]  # fmt: skip


def _contract(name: str, wanted: ContractState, canon: Canon, opportunities: Mapping[str, str]) -> list[str]:
    """What the platform and its copy in sales say of the contract that a deal began."""
    deal = opportunities.get(name, "")
    both = {one.system: one for one in canon.contracts if one.deal == deal and deal}
    if set(both) != {"subscriptions", "salesforce"}:
        return [f"contract of {name}: is in {', '.join(sorted(both)) or 'no system'} alone"]
    own, copy = both["subscriptions"], both["salesforce"]
    names = {opportunity: story for story, opportunity in opportunities.items()}
    has = {
        "seats": own.quantity, "starts": own.start, "value": own.value, "scheduled": own.scheduled,
        "renewal": copy.renewal, "billing": copy.billing,
        "changes": tuple(
            f"{row.kind.lower()} by {names.get(row.deal, row.deal) or 'the platform'} to {row.quantity}"
            for row in sorted(canon.told, key=lambda row: (row.on, row.id)) if row.contract == copy.id
        ),
    }  # fmt: skip
    said = wanted.model_dump(exclude_unset=True, mode="json")
    if "value" in said:
        said["value"] = minor(wanted.value or 0, own.currency)
    if "changes" in said:
        said["changes"] = tuple(said["changes"])
    return [
        f"contract of {name}: {field} is {has[field]!r}, expected {value!r}"
        for field, value in said.items() if has[field] != value
    ]  # fmt: skip


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())) or "none"


def _sums(expect: Expect, evidence: Evidence) -> list[str]:
    """Net sums of what was won, billed and parked, by currency, as the tie-out has them; the won by month as well."""
    lines = [one for one in evidence.identities if one.name == "won = contracted"]
    found = []
    for what, amounts in (("won", expect.won), ("billed", expect.billed), ("parked", expect.parked)):
        for currency, wanted in amounts.items():
            mine = [one for one in lines if one.currency == currency]
            has = {
                "won": sum(one.a for one in mine),
                "billed": sum(one.b for one in mine),
                "parked": sum(item.amount for one in mine for item in one.items if item.kind == "parked"),
            }[what]
            if has != minor(wanted, currency):
                found.append(f"{what}: {text(has, currency)} {currency}, expected {wanted:,.2f}")
    if expect.won_by_month:
        months: dict[str, Decimal] = {}
        for deal in evidence.canon.deals:
            month = deal.closed_on[:7]
            months[month] = months.get(month, Decimal(0)) + Decimal(deal.net).scaleb(-exponent(deal.currency))
        for month in sorted({*months, *expect.won_by_month}):
            has_, wanted_ = months.get(month, Decimal(0)), expect.won_by_month.get(month, Decimal(0))
            if has_ != wanted_:
                found.append(f"won in {month}: {has_:,.2f}, expected {wanted_:,.2f}")
    return found


def _loaded(expect: Expect, canon: Canon, loaded: Iterable[str]) -> list[str]:
    states = DealStates(canon)
    counts: dict[str, int] = dict(Counter(states.of(opportunity) for opportunity in loaded))
    wanted: dict[str, int] = {str(state): count for state, count in expect.loaded.items()}
    return [] if counts == wanted else [f"loaded deals are {_counted(counts)}, expected {_counted(wanted)}"]


class DealStates:
    """How far each deal has come: the last of open, won, contracted, billed, posted, paid that the books show."""

    def __init__(self, canon: Canon) -> None:
        self._won = {deal.id for deal in canon.deals}
        self._contracted = {one.deal for one in canon.contracts if one.system == "subscriptions"}
        self._contracted |= set(in_force(canon))
        self._bills = _by(lambda one: one.deals, canon.bills())
        self._postings = _by(lambda one: (one.key,), canon.postings())
        self._copies = _by(lambda one: (one.key,), canon.of("salesforce"))

    def of(self, opportunity: str) -> DealState:
        """The state of one deal, by its id in sales."""
        bills = self._bills.get(opportunity, [])
        if not bills:
            if opportunity in self._contracted:
                return "contracted"
            return "won" if opportunity in self._won else "open"
        postings = [one for bill in bills for one in self._postings.get(bill.key, ())]
        copies = [one for bill in bills for one in self._copies.get(bill.key, ())]
        numbers = {bill.key for bill in bills}
        if {one.key for one in postings} != numbers:
            return "billed"
        if {one.key for one in copies} != numbers or any(one.open for one in (*bills, *postings, *copies)):
            return "posted"
        return "paid"


def _by(keys: Callable[[Document], Iterable[str]], documents: Iterable[Document]) -> dict[str, list[Document]]:
    found: dict[str, list[Document]] = {}
    for one in documents:
        if one.kind == "invoice" or one.system == "salesforce":
            for key in keys(one):
                found.setdefault(key, []).append(one)
    return found


def deal_state(canon: Canon, opportunity: str) -> DealState:
    """How far one deal has come, see `DealStates`."""
    return DealStates(canon).of(opportunity)
