"""Apps and what a version of one is: a fingerprint of its own sources, so that equal sources have equal proofs.

A commit's name would change with every unrelated commit and say nothing of an uncommitted edit. An app whose sources
are not in this tree (a consumer of events) has its pacts as its version unless its owner names one.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from harness.contracts.pacts import PactFile
from harness.world import SYSTEMS

ROOT = Path(__file__).parents[2]
SOURCES: dict[str, tuple[str, ...]] = {
    "synccore": ("synccore",),
    **{name: (f"simulators/{name}", "simulators/kit") for name in SYSTEMS},
}
SUFFIXES = frozenset((".py", ".yaml", ".lark"))
PRESENT = "present"  # in a deployment: whatever this tree holds, as of a vendor, who asks nobody before a release
LENGTH = 12


def apps(pacts: Iterable[PactFile]) -> list[str]:
    """All apps that pacts name, and those of this tree."""
    return sorted({*SOURCES, *(name for pact in pacts for name in (pact.consumer, pact.provider))})


def present_version(app: str, pacts: Iterable[PactFile], root: Path = ROOT) -> str:
    """The app's version in this tree; ValueError for an app that is neither here nor in a pact."""
    folders = SOURCES.get(app)
    if folders is None:
        shas = sorted(pact.sha for pact in pacts if app in (pact.consumer, pact.provider))
        if not shas:
            raise ValueError(f"there is no app '{app}'; there are {', '.join(apps(pacts))}")
        return hashlib.sha256("".join(shas).encode()).hexdigest()[:LENGTH]
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in SUFFIXES:
                digest.update(f"{path.relative_to(root)}\0".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:LENGTH]
