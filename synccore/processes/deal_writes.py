"""What a deal does to its contract in the platform: the keys of its writes, and how it is refused."""

import json
from typing import Any

from synccore.domain.agreements import Unfit, finding
from synccore.domain.deals import Deal
from synccore.ports.outcomes import Parked
from synccore.ports.stores import Unit
from synccore.processes.context import Context
from synccore.processes.write_back import BLOCKED, report_deal

AMENDMENT, CORRECTION, REVERSAL = "Amendment", "Correction", "Reversal"  # kinds of changes that sales is told of
BACK = "taken-back"  # in place of the fingerprint of what a renewal or an amendment was carried out as


def untold_key(deal: str) -> str:
    """Where it is remembered whose contract a deal's change was taken back of, until sales has been told."""
    return f"back-untold/{deal}"


def deal_key(ctx: Context, kind: str, deal: str) -> str:
    """Effect key of a write of the deal's to the platform."""
    return ctx.keys.effect("subscriptions", kind, deal)


def corrections_key(deal: str) -> str:
    """Where the corrections of a deal are remembered, see `corrections_of`."""
    return f"corrections/{deal}"


def corrections_of(unit: Unit, deal: str) -> dict[str, Any]:
    """{n: how many were begun, open: the one that is under way or None, done: versions of the contract and their kinds,
    strangers: versions with the deal's mark that others made just before the last of them}

    `done` begins with the version that the deal itself has led to; kinds are those of Contract_Change__c.
    """
    known = json.loads(unit.cursors.get(corrections_key(deal)) or "{}")
    return {"n": 0, "open": None, "done": [], "strangers": [], **known}


def kind_of_change(unit: Unit, deal: str, version: int) -> str:
    """What a change of a contract by a deal is called that is told with this version: versions may be skipped."""
    done = corrections_of(unit, deal)["done"]
    return next((str(kind) for known, kind in done if version <= int(known)), AMENDMENT)


def corrected_before(unit: Unit, deal: str, version: int) -> bool:
    """Had the deal been corrected when its change came to this version?"""
    done = corrections_of(unit, deal)["done"]
    return bool(done) and version > int(done[0][0])


def correction_key(ctx: Context, deal: str, count: int) -> str:
    """Effect key of one correction of a deal; they are counted."""
    return deal_key(ctx, "correction", f"{deal}/{count}")


def correcting(ctx: Context, unit: Unit, deal: str) -> str:
    """Effect key of the deal's correction that is begun and has not looked back at what it came upon, '' for none."""
    known = corrections_of(unit, deal)
    return correction_key(ctx, deal, known["n"]) if known["open"] and not known["open"].get("looked") else ""


def withdrawals_key(deal: str) -> str:
    """Where it is counted how often a renewal was withdrawn: {n, open: what is under way, or None}."""
    return f"withdrawals/{deal}"


def withdrawals_of(unit: Unit, deal: str) -> dict[str, Any]:
    """See `withdrawals_key`."""
    return {"n": 0, "open": None, **json.loads(unit.cursors.get(withdrawals_key(deal)) or "{}")}


def turn_of(unit: Unit, deal: str) -> str:
    """A renewal's name in the keys of its writes: another one after each withdrawal, for then they are made anew."""
    count = int(withdrawals_of(unit, deal)["n"])
    return f"{deal}/{count}" if count else deal


def said(why: str, reason: str) -> str:
    """What a person is told of a deal that is not put right without one."""
    return f"{why}; it is not put right by itself: {reason}"


async def refuse(ctx: Context, deal: Deal, unfit: Unfit) -> None:
    """The deal waits for a person, and sales sees why. Raises Parked."""
    await report_deal(ctx, deal, BLOCKED, unfit.reason)
    raise Parked(unfit.reason, (finding(deal, unfit),))
