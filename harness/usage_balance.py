"""Usage counted: each event that holds stands in one rated line, or waits with a reason; nothing else is rated."""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from harness.canon import Canon
from harness.usage_canon import CreditedUsage, MeteredLine, RecordedUsage, UsageEvent

Reason = tuple[str, str]  # event (or usage, or line), what is said of it


@dataclass
class Balance:
    """One entity's events: `held` of them count, `rated` of those stand in a rated line."""

    held: int = 0
    rated: int = 0
    waiting: list[Reason] = field(default_factory=list)  # recorded, its term not billed yet
    missing: list[Reason] = field(default_factory=list)  # needs a reason of the core's
    wrong: list[Reason] = field(default_factory=list)  # cannot be excused


def entities(canon: Canon) -> dict[str, str]:
    """Entity by subscription, from the accounts behind the platform's contracts."""
    return {
        contract.key: canon.accounts[contract.account].entity
        for contract in canon.contracts
        if contract.system == "subscriptions" and contract.account in canon.accounts
    }


def balance(canon: Canon, entity: str) -> Balance:
    """Compare the metering's events with the platform's usages and lines."""
    home = entities(canon)
    recorded: dict[str, list[RecordedUsage]] = defaultdict(list)
    for usage in canon.recorded:
        recorded[usage.event].append(usage)
    chains: dict[str, list[UsageEvent]] = defaultdict(list)
    for event in canon.usage:
        if home.get(event.subscription, "") == entity:
            chains[event.root].append(event)
    found = Balance()
    credited = {one.event: one for one in canon.credited_usage}
    lowered: dict[str, Decimal] = defaultdict(Decimal)
    for chain in chains.values():
        _chain(chain, recorded, credited, lowered, found)
    _strangers(canon, home, entity, found)
    _lines(canon, home, entity, found)
    _credits(canon, home, entity, lowered, found)
    return found


def _chain(
    chain: list[UsageEvent], recorded: dict[str, list[RecordedUsage]], credited: dict[str, CreditedUsage],
    lowered: dict[str, Decimal], found: Balance,
) -> None:  # fmt: skip
    """An event and its corrections are one fact: the last one counts. `lowered`: units by line that were credited."""
    holds = next(event for event in chain if event.holds)
    mine = recorded.get(holds.id, [])
    found.held += 1
    before = _billed_before(chain, holds, recorded, credited, lowered)
    if not mine and before == holds.quantity:
        found.rated += 1
        return
    lacked = len(mine) == 1 and before is not None and before + mine[0].quantity == holds.quantity
    for event in chain:
        for usage in recorded.get(event.id, ()) if event is not holds else ():
            said = f"event {event.id} was corrected by {holds.id} and still counts"
            if mine or not usage.bill:
                found.wrong += [] if lacked and usage.bill else [(holds.id, said)]
            elif not any(key == holds.id for key, _ in found.missing):
                found.missing.append((holds.id, said))
    if len(mine) > 1:
        found.wrong.append((holds.id, f"event {holds.id} is recorded {len(mine)} times"))
    elif not mine:
        if not any(key == holds.id for key, _ in found.missing):
            found.missing.append((holds.id, f"event {holds.id} is not in the platform"))
    elif mine[0].quantity != holds.quantity and not lacked:
        found.wrong.append((holds.id, f"event {holds.id} is {mine[0].quantity} there, not {holds.quantity}"))
    elif mine[0].bill or not mine[0].quantity:
        found.rated += 1
    elif mine[0].waits:
        found.waiting.append((holds.id, "its term is not billed yet"))
    else:
        found.missing.append((holds.id, f"event {holds.id} lies in a term that was billed without it"))


def _billed_before(
    chain: list[UsageEvent], holds: UsageEvent, recorded: dict[str, list[RecordedUsage]],
    credited: dict[str, CreditedUsage], lowered: dict[str, Decimal],
) -> Decimal | None:  # fmt: skip
    """What earlier versions come to on their bills after all credits, None if none is billed. Notes what was credited.

    What a later version says beyond that is billed by itself.
    """
    billed = [usage for event in chain if event is not holds for usage in recorded.get(event.id, ()) if usage.bill]
    total = Decimal(0)
    for usage in billed:
        told = [
            event.quantity for event in chain
            if event.id in credited and credited[event.id].line == usage.line and event.quantity is not None
        ]  # fmt: skip
        left = min([usage.quantity, *told])
        lowered[usage.line] += usage.quantity - left
        total += left
    return total if billed else None


def _credits(
    canon: Canon, home: dict[str, str], entity: str, lowered: dict[str, Decimal], found: Balance
) -> None:  # fmt: skip
    """What was credited of a line is what its bill charged for the last units, which were none."""
    given: dict[str, int] = defaultdict(int)
    for note in canon.credited_usage:
        given[note.line] += note.net
    for line in canon.metered:
        if home.get(line.subscription, "") != entity or not (given[line.id] or lowered[line.id]):
            continue
        wanted = line.amount - _price(line, line.quantity - lowered[line.id])
        if given[line.id] != wanted:
            said = f"line {line.id} of {line.bill}: credited {given[line.id]} for {lowered[line.id]}, not {wanted}"
            found.wrong.append((line.bill, said))


def _price(line: MeteredLine, units: Decimal) -> int:
    """Net of so many units of a line at its bill's own prices, the first ones first."""
    total, before = Decimal(0), Decimal(0)
    for size, price in line.steps:
        inside = max(Decimal(0), min(units - before, size))
        total += (inside * price).quantize(Decimal(1), ROUND_HALF_UP)
        before += size
    return int(total)


def _strangers(canon: Canon, home: dict[str, str], entity: str, found: Balance) -> None:
    known = {event.id for event in canon.usage}
    for usage in canon.recorded:
        if usage.event not in known and home.get(usage.subscription, "") == entity:
            found.wrong.append((usage.id, f"usage {usage.id} of {usage.quantity} is no event of the metering"))


def _lines(canon: Canon, home: dict[str, str], entity: str, found: Balance) -> None:
    """A rated line says what its usages come to (the sum: what the worlds' metered items are billed by)."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for usage in canon.recorded:
        sums[usage.line] += usage.quantity
    for line in canon.metered:
        if home.get(line.subscription, "") == entity and line.quantity != sums[line.id]:
            said = f"line {line.id} of {line.bill} bills {line.quantity}, its usages come to {sums[line.id]}"
            found.wrong.append((line.bill, said))
