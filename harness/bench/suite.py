"""The whole story suite in simulation, by the command that CI uses: from its start to its exit."""

import json
import os
import subprocess
import sys
import time

from harness.bench.measure import Figure
from harness.scenario import STORIES

BAR_S = "60"


def suite() -> list[Figure]:
    """Seconds for all stories with one seed, with CPU time beside, and each story's own."""
    before, begun = os.times(), time.monotonic()
    ran = subprocess.run(
        [sys.executable, "-m", "harness.cli", "run", str(STORIES), "--json"], stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    took, after = time.monotonic() - begun, os.times()
    said = json.loads(ran.stdout or b"{}")
    if ran.returncode:
        raise RuntimeError(f"the suite is {said.get('outcome', 'unknown')} (exit code {ran.returncode})")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    runs = said["runs"]
    return [
        Figure(f"all {len(runs)} stories in sim", took, "s", bar=BAR_S, note=f"one process, {cpu:.1f} s of CPU"),
        *(Figure(f"{run['story']} in sim", run["took_s"], "s") for run in runs),
    ]
