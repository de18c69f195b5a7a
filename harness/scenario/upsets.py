"""What goes wrong in a story: disturbances of single calls and events, and whole systems that are away."""

from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from harness.scenario.part import Part
from harness.scenario.values import Name, Seconds
from harness.world import Release, SystemName
from simulators.kit.faults import CALL_FAULTS, EVENT_FAULTS, RECORD_FAULTS, STREAM_FAULTS

OUTAGES = ("refuse", "timeout", "server_error_before")


class KillsCore(Part):
    """The core is killed while a system holds its answer to a write that it has applied.

    `release`: which one starts then, on the store that the killed one left in the midst of its work (F19).
    `elsewhere`: under another name, so that the killed one is a worker that is lost for good (F18). `wakes_after`: it
    is not killed but stopped, and wakes up so long after, when another worker has long been there; in simulation.
    """

    restart_after: Seconds = 1.0
    release: Release = ""
    elsewhere: bool = False
    wakes_after: Seconds | None = None


class Disturbance(Part):
    """What goes wrong: where, at which operation, from the `nth` match on, how often. Its hits are its probe.

    `lasts`: it ends by itself after so much business time (and strikes without end until then, unless `times` says so).
    """

    id: Name
    system: SystemName
    kind: str
    operation: str = "*"
    contains: str = ""
    nth: int = Field(default=1, ge=1)
    times: int = Field(default=1, ge=0)
    delay: Seconds | None = None
    retry_after: Seconds | None = None
    status: int | None = Field(default=None, ge=500, le=599)
    copies: int | None = Field(default=None, ge=1)
    find: str = ""
    put: str = ""
    lasts: Seconds | None = None
    kills_core: KillsCore | None = None

    @model_validator(mode="after")
    def _fits(self) -> "Disturbance":
        known = (*CALL_FAULTS, *EVENT_FAULTS, *RECORD_FAULTS, *STREAM_FAULTS)
        if self.kind not in known:
            raise ValueError(f"there is no fault '{self.kind}'; known are: {', '.join(known)}")
        if self.kills_core is not None and self.kind != "hold_answer":
            raise ValueError("`kills_core` needs kind: hold_answer, so that there is a moment to kill in")
        if (self.kind == "altered_body") != bool(self.find):
            raise ValueError("`find` and `put` go with kind: altered_body, which needs them")
        if self.kind == "altered_body" and self.system == "erp_legacy":
            raise ValueError("erp_legacy answers by files, whose lines have a length: altered_body would only break it")
        if self.kind in RECORD_FAULTS and self.system != "salesforce":
            raise ValueError(f"{self.system} has no records that {self.kind} could befall")
        if self.kind in STREAM_FAULTS and self.system != "salesforce":
            raise ValueError(f"{self.system} has no stream of changes that {self.kind} could disturb")
        if self.kind in EVENT_FAULTS and self.system not in ("subscriptions", "salesforce"):
            raise ValueError(f"{self.system} tells no events that {self.kind} could disturb")
        return self

    @property
    def is_outage(self) -> bool:
        """Whether it takes the whole system away."""
        return self.kind in OUTAGES and self.operation == "*" and not self.fault(0.0)["times"]

    def fault(self, at: float) -> dict[str, Any]:
        """As a row of the system's fault table, put in place at a business time."""
        given = {
            "delay_s": self.delay, "status": self.status, "copies": self.copies,
            "retry_after_s": None if self.retry_after is None else int(self.retry_after),
            "until": None if self.lasts is None else at + self.lasts,
            "find": self.find or None, "put": self.put if self.find else None,
        }  # fmt: skip
        times = 0 if self.lasts is not None and "times" not in self.model_fields_set else self.times
        return {
            "id": self.id, "kind": self.kind, "operation": self.operation, "contains": self.contains,
            "nth": self.nth, "times": times,
        } | {name: value for name, value in given.items() if value is not None}  # fmt: skip


class DisturbStep(Disturbance):
    """From here on something goes wrong."""


class TakeDownStep(Part):
    """A system is away: nobody answers there, until `bring_up`, or for as long as it `lasts` in business time."""

    short: ClassVar[str] = "system"
    system: SystemName
    lasts: Seconds | None = None
    answers: Literal["nothing", "503"] = "nothing"

    def disturbance(self) -> Disturbance:
        """As what goes wrong."""
        kind = "refuse" if self.answers == "nothing" else "server_error_before"
        given = {"id": outage_of(self.system), "system": self.system, "kind": kind, "times": 0, "lasts": self.lasts}
        return Disturbance.model_validate({name: value for name, value in given.items() if value is not None})


class BringUpStep(Part):
    """A system that was taken down answers again."""

    short: ClassVar[str] = "system"
    system: SystemName


class BackUpStep(Part):
    """A vendor's system is copied as it is now, whole."""

    short: ClassVar[str] = "system"
    system: SystemName


class SetBackStep(Part):
    """A vendor's system is restored from its latest copy, its clock apart: all that came later is gone there, and what
    it numbers on gets the same numbers again.
    """

    short: ClassVar[str] = "system"
    system: SystemName


class MakeWholeStep(Part):
    """An operator tells the core that a system was set back to its copy: what the core had written there since is
    looked for, and written again where it is gone.
    """

    short: ClassVar[str] = "system"
    system: SystemName


def outage_of(system: str) -> str:
    """The id of the disturbance that keeps a system away."""
    return f"{system}-away"


class RepairStep(Part):
    """A disturbance ends."""

    short: ClassVar[str] = "id"
    id: Name
