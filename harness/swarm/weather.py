"""Random weather: per seed which kinds of faults are on at all and how often they come, per day what strikes where."""

from random import Random

from harness.swarm.cells import CALLS, OPERATIONS, Json, bearable

EVENTS = ("duplicate_event", "delay_event", "drop_event")
STREAM = ("gap_event", "overflow_event", "cut_stream", "expire_cursor")
KINDS = (*CALLS, *EVENTS, *STREAM, "lock_row", "late_stamp", "outage", "crash")
RESTARTS: tuple[Json, ...] = (  # what starts when the core has died, or was stopped
    {}, {}, {"release": "new"}, {"release": "old"}, {"elsewhere": True}, {"wakes_after": "2h"},
)  # fmt: skip
LONGEST_H = 12  # weather ends within half a day; then there are days of rest


class Weather:
    """The climate of one story."""

    def __init__(self, chance: Random, calm: bool = False) -> None:
        """`calm`: none at all, for a story that is aimed at something and would miss it in a gale."""
        self._chance = chance
        share = chance.choice((0.15, 0.4, 0.8))
        self.kinds = [] if calm else [kind for kind in KINDS if chance.random() < share]
        self._most = chance.choice((1, 2, 4, 8))
        self._times = chance.choice((1, 2, 5))
        self._count = 0

    def day(self) -> list[Json]:
        """What goes wrong on one day, as steps of a story."""
        if not self.kinds:
            return []
        away: set[str] = set()
        steps = [self._one(away) for _ in range(self._chance.randint(0, self._most))]
        return [step for step in steps if step]

    def _one(self, away: set[str]) -> Json:
        chance, kind = self._chance, self._chance.choice(self.kinds)
        self._count += 1
        if kind == "outage":
            system = chance.choice(list(OPERATIONS))
            if system in away:
                return {}
            away.add(system)
            lasts = chance.choice(("3m", "40m", "5h", f"{LONGEST_H - 1}h"))
            return {"take_down": {"system": system, "lasts": lasts, "answers": chance.choice(("nothing", "503"))}}
        given: Json = {
            "id": f"w{self._count}", **self._place(kind), "nth": self._nth(), "times": chance.randint(1, self._times),
            "lasts": f"{chance.randint(1, LONGEST_H)}h",
        }  # fmt: skip
        if kind == "crash":
            given |= {"times": 1, "delay": "20s", "kills_core": {
                "restart_after": chance.choice(("1s", "90s")), **chance.choice(RESTARTS),
            }}  # fmt: skip
        elif kind == "late_stamp":
            given["delay"] = chance.choice(("10s", "4m"))  # the core's polls look back for five minutes
        elif kind in ("slow_applied", "delay_event", "duplicate_event"):
            given["delay"] = chance.choice(("10s", "45s", "5m", "2h") if kind.endswith("event") else ("10s", "45s"))
        elif kind == "limit" and chance.random() < 0.5:
            given["retry_after"] = chance.choice(("2s", "60s"))
        given["times"] = bearable(given["system"], given.get("operation", ""), kind, given["times"])
        return {"disturb": given}

    def _nth(self) -> int:
        return 1 if self._chance.random() < 0.5 else self._chance.randint(2, 12)

    def _place(self, kind: str) -> Json:
        chance = self._chance
        if kind in EVENTS:
            system = chance.choice(("subscriptions", "salesforce"))
            return {"system": system, "kind": kind}
        if kind in STREAM:
            return {"system": "salesforce", "kind": kind}
        if kind in ("lock_row", "late_stamp"):
            return {"system": "salesforce", "kind": kind, "operation": chance.choice(("insert:*", "update:*"))}
        system = chance.choice(list(OPERATIONS))
        operation = chance.choice(OPERATIONS[system])
        return {"system": system, "kind": "hold_answer" if kind == "crash" else kind, "operation": operation}
