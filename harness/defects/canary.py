"""The canary: a core so wrong that judges who call it sound see nothing at all; and the real one beside it."""

from dataclasses import dataclass, replace

from harness.defects.planted import broken
from harness.scenario import read_story
from harness.simulation import Flight, play
from synccore.bootstrap import Parts

MUST_SEE = frozenset(("I2", "I5"))
STORY = read_story("""
story: canary
title: A deal is won
steps:
  - customer: {id: finch, name: Finch and Sons, entity: US, country: US, state: IL, city: Chicago, pays_by: transfer}
  - deal: {id: finch-1, customer: finch, lines: [{sku: ONBOARD}]}
  - close: finch-1
  - settle
""")


@dataclass(frozen=True)
class Canary:
    """What became of it: it must be red for the judges named, and the same story green with the real core."""

    seen_by: tuple[str, ...]
    findings: tuple[str, ...]
    real: str

    @property
    def dead(self) -> bool:
        """All who must see it have, and they do not see red everywhere."""
        return set(self.seen_by) >= MUST_SEE and self.real == "holds"

    @property
    def says(self) -> str:
        """In a sentence."""
        if self.dead:
            return f"the canary is dead, seen by {' '.join(self.seen_by)}; the real core holds in its place"
        if self.real != "holds":
            return f"the real core is {self.real} in the canary's story: what the judges call wrong proves nothing"
        blind = " ".join(sorted(MUST_SEE - set(self.seen_by)))
        return f"THE CANARY LIVES: {blind} did not see a core that does nothing, so no verdict here means anything"


def deaf(parts: Parts) -> Parts:
    """A core that never asks any system what is new."""
    return replace(parts, tickers=lambda _context: [])


def fly_canary() -> Canary:
    """Fly it, and the real core in its story."""
    found = broken([play(STORY, flight=Flight(deaf))])
    findings = tuple(f"{judge} {one}" for judge in sorted(found) for one in found[judge])
    return Canary(tuple(sorted(found)), findings, play(STORY).outcome)
