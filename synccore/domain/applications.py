"""What a ledger's receipt settles, kept alike in ledger and platform: whoever changed it since they last agreed wins.

Maps are bill -> minor units; the bill '' stands for what lies on account. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field

from synccore.domain.deals import Value

ON_ACCOUNT = ""
Amounts = Mapping[str, int]


class Held(Value):
    """A transaction of the platform that stands for (a part of) the receipt."""

    id: str
    applied: dict[str, int] = Field(default_factory=dict)
    unused: int = 0


class Action(Value):
    """One thing to do, in order. `known`: transactions that were there before, so that a look-up finds the new one;
    `before`: what the transaction that is applied has settled of the bill until then.
    """

    do: Literal["remove", "apply", "record", "excess"]
    bill: str = ""
    transaction: str = ""
    amount: int = 0
    known: tuple[str, ...] = ()
    before: int = 0


@dataclass(frozen=True)
class Merged:
    """What both sides should say, what differs in the ledger, and bills that both have changed in different ways, or
    that the platform pays with money which the ledger has set against another one.
    """

    target: dict[str, int] = field(default_factory=dict)
    in_ledger: dict[str, int] = field(default_factory=dict)
    conflicts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Seen:
    """What each side said when they were last brought together. They may differ for good: a legacy ledger cannot be
    told what to set a payment against.
    """

    ledger: Amounts = field(default_factory=dict)
    platform: Amounts = field(default_factory=dict)


def merge(seen: Seen, ledger: Amounts, platform: Amounts) -> Merged:
    """Bill by bill: whoever has moved is followed. What lies on account follows from the rest.

    The money is the ledger's: a platform that has set unused money against a bill is followed, one that has taken the
    payment off a bill is not. That is left as it is, for a reconciliation to find.
    """
    target: dict[str, int] = {}
    in_ledger: dict[str, int] = {}
    conflicts: list[str] = []
    for bill in dict.fromkeys((*ledger, *platform)):
        theirs, ours = ledger.get(bill, 0), platform.get(bill, 0)
        ledger_moved, platform_moved = theirs != seen.ledger.get(bill, 0), ours != seen.platform.get(bill, 0)
        target[bill] = theirs if ledger_moved else ours
        if bill == ON_ACCOUNT or theirs == ours:
            continue
        if ledger_moved and platform_moved:
            conflicts.append(bill)
        elif platform_moved and ours > theirs:
            in_ledger[bill] = ours
    if sum(in_ledger.values()) - sum(ledger.get(bill, 0) for bill in in_ledger) > ledger.get(ON_ACCOUNT, 0):
        conflicts += in_ledger
    used = sum(max(0, amount - ledger.get(bill, 0)) for bill, amount in target.items() if bill != ON_ACCOUNT)
    target[ON_ACCOUNT] = max(0, ledger.get(ON_ACCOUNT, 0) - used)
    return Merged({bill: amount for bill, amount in target.items() if amount}, in_ledger, tuple(conflicts))


def actions(target: Amounts, held: Sequence[Held]) -> list[Action]:
    """How the platform gets there: take off what is too much, set unused money against bills, record what is new."""
    known = tuple(one.id for one in held)
    unused = {one.id: one.unused for one in held}
    planned: list[Action] = []
    have: dict[str, int] = {}
    settled = {(one.id, bill): amount for one in held for bill, amount in one.applied.items()}
    for (_, bill), amount in settled.items():
        have[bill] = have.get(bill, 0) + amount
    for bill in [bill for bill, amount in have.items() if amount > target.get(bill, 0)]:
        for one in held:
            if one.applied.get(bill):
                planned.append(Action(do="remove", bill=bill, transaction=one.id, amount=one.applied[bill]))
                unused[one.id] += settled.pop((one.id, bill))
        have[bill] = 0
    for bill, wanted in target.items():
        need = wanted - have.get(bill, 0)
        if bill == ON_ACCOUNT or need <= 0:
            continue
        for transaction, left in unused.items():
            part = min(left, need)
            if part > 0:
                before = settled.get((transaction, bill), 0)
                planned.append(Action(do="apply", bill=bill, transaction=transaction, amount=part, before=before))
                unused[transaction] -= part
                need -= part
        if need:
            planned.append(Action(do="record", bill=bill, amount=need, known=known))
    more = target.get(ON_ACCOUNT, 0) - sum(unused.values())
    if more > 0:
        planned.append(Action(do="excess", amount=more, known=known))
    return planned
