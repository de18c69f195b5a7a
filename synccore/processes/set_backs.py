"""A system that its vendor has restored from a copy: noticed by names that it gives twice, and made whole again.

What we have written there since may be gone, and what it numbers on gets the same numbers again: by the name that we
remember, another thing is found. So nothing is written there by such names from then on, until a person has said since
when all that is to be doubted.
"""

import json

from synccore.domain.findings import Finding
from synccore.ports.outcomes import Parked
from synccore.ports.stores import Unit
from synccore.processes.context import Context

CLOUD = "erp_cloud"
SKEW_S = 60.0  # clocks differ: what was written so shortly before the copy is doubted too, which does no harm


def suspicion_key(system: str) -> str:
    """Where it is remembered why a system may have been set back, '' if nothing speaks for it."""
    return f"set-back/{system}"


def topic(system: str) -> str:
    """What waits until a person has said since when it is to be doubted."""
    return f"set-back:{system}"


def note_name(ctx: Context, unit: Unit, kind: str, ours: str, theirs: str) -> None:
    """What the cloud ledger calls a thing of ours. A name that is another's already is none that can be trusted."""
    known = unit.links.canonical(kind, CLOUD, theirs)
    if known in (None, ours) or (kind == "customer" and ctx.keys.account_of(str(known)) == ctx.keys.account_of(ours)):
        unit.links.put(kind, ours, CLOUD, theirs)
        return
    if not unit.cursors.get(suspicion_key(CLOUD)):
        why = f"{CLOUD} calls {kind} {ours} {theirs}, which was {known} before"
        unit.cursors.set(suspicion_key(CLOUD), why)
        unit.audit.add("synccore", "set-back-suspected", CLOUD, {"why": why}, ctx.clock.now())


def held_while_set_back(unit: Unit, system: str) -> None:
    """Raise Parked while a person has to look at a system that seems to have been set back."""
    why = unit.cursors.get(suspicion_key(system))
    if why:
        reason = (
            f"{why}: it seems that the system was restored from a copy. Say since when what was written there is to be"
            f" doubted (POST /systems/{system}/set-back)"
        )
        raise Parked(reason, (Finding("system_set_back", reason, "integration", ("tell_set_back",), (topic(system),)),))


def doubt(unit: Unit, system: str, since: float, at: float) -> int:
    """All that we have written there since then is looked for before it is believed, and has no name any more; how
    much that is. What waits for it is due.
    """
    called = unit.effects.unsure(system, since - SKEW_S)
    for name in dict.fromkeys(one if isinstance(one, str) else json.dumps(one) for one in called):
        unit.links.drop(system, name)
    unit.cursors.set(suspicion_key(system), "")
    unit.work.wake(topic(system), at)
    return len(called)
