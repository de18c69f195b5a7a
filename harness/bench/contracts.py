"""What the release gate costs: the files behind an answer, and verification an interaction."""

import statistics
import time

from harness.bench.measure import Figure
from harness.contracts.documents import CONTRACTS
from harness.contracts.pacts import read_pacts
from harness.contracts.release import can_release
from harness.contracts.verify import verify

ASKED = 20


def contracts() -> list[Figure]:
    """An answer of can-release from files alone, and one verification of each system's pact."""
    took_ms = []
    for _ in range(ASKED):
        begun = time.process_time()
        can_release(CONTRACTS, "synccore", "production")
        took_ms.append((time.process_time() - begun) * 1e3)
    checked, begun = 0, time.process_time()
    for pact in read_pacts(CONTRACTS):
        if not pact.is_messages:
            checked += verify(pact).checked
    each_ms = (time.process_time() - begun) * 1e3 / checked
    return [
        Figure("can-release: work on files, processor time", statistics.median(took_ms), "ms", bar="50"),
        Figure(
            "verification, an interaction, processor time",
            each_ms,
            "ms",
            note=f"{checked} interactions, systems built anew",
        ),
    ]
