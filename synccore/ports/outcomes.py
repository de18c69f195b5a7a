"""How a run of a process ends when it does not simply succeed; the dispatcher alone acts on these."""

from synccore.domain.findings import Finding

__all__ = ["Away", "Finding", "Later", "Limited", "Parked"]


class Parked(Exception):
    """The work lacks something that a person or another event brings: it waits, with one exception per finding.

    Findings may be empty (`waiting_on` then says what event is awaited, as when a child came before its parent).
    """

    def __init__(self, cause: str, findings: tuple[Finding, ...] = (), waiting_on: tuple[str, ...] = ()) -> None:
        super().__init__(cause, findings, waiting_on)  # as given, so that an engine can store and restore it
        self.cause, self.findings = cause, findings
        self.waiting_on = (*waiting_on, *(topic for finding in findings for topic in finding.waiting_on))

    def __str__(self) -> str:
        return self.cause


class Later(Exception):
    """Try again after `delay_s` seconds (a limit, an outage, an unknown outcome); `counts`: it uses up the budget."""

    def __init__(self, delay_s: float, cause: str, counts: bool = True) -> None:
        super().__init__(delay_s, cause, counts)  # as given, so that an engine can store and restore it
        self.delay_s, self.cause, self.counts = delay_s, cause, counts

    def __str__(self) -> str:
        return self.cause


class Limited(Later):
    """A system takes no more for now: the work keeps its place among its customer's of its kind. Uses up no budget."""

    def __init__(self, delay_s: float, cause: str) -> None:
        super().__init__(delay_s, cause, counts=False)
        self.args = (delay_s, cause)  # as given, likewise


class Away(Later):
    """A system is not there (an outage, not a limit): work that needs it waits until somebody has seen it again.

    `delay_s`: when it is looked for next. `others`: systems that are away as well, and whose return brings the work
    further likewise. Uses up no budget.
    """

    def __init__(self, system: str, delay_s: float, cause: str, *others: str) -> None:
        super().__init__(delay_s, cause, counts=False)
        self.system, self.others = system, others
        self.args = (system, delay_s, cause, *others)  # as given, likewise

    @property
    def topics(self) -> tuple[str, ...]:
        """What waits for the system waits on these; the first that is woken wakes it."""
        return tuple(f"{AWAY}{system}" for system in dict.fromkeys((self.system, *self.others)))

    def also(self, other: "Away") -> "Away":
        """Two parts of the same work each miss a system: it goes on as soon as one of them is seen again."""
        cause = f"{self.cause}; {other.cause}"
        return Away(self.system, min(self.delay_s, other.delay_s), cause, *self.others, other.system, *other.others)


AWAY = "system:"
