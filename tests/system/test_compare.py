"""`demo --compare naive`: two cores over real processes, convicted in plain sentences, and nothing left running."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def left_behind(home: Path) -> list[str]:
    """Processes that still know the sandbox's folder."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            text = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
        except (OSError, ValueError):
            continue
        if process.name.isdigit() and int(process.name) != os.getpid() and str(home).encode() in text:
            found.append(text.decode("utf-8", "replace")[-200:])
    return found


@pytest.mark.live
def test_a_point_to_point_script_is_convicted_beside_the_real_core(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "harness.cli", "demo", "--compare", "naive", "--json"],
        env={**os.environ, "WINDTUNNEL_HOME": str(tmp_path)}, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    told = json.loads(done.stdout)
    assert (told["ours"]["outcome"], told["theirs"]["outcome"]) == ("holds", "broken")
    assert told["ours"]["story"] == told["theirs"]["story"] and told["ours"]["seed"] == told["theirs"]["seed"]
    assert any("2 invoices for one bill" in one and "136,093.75 USD posted twice" in one for one in told["differences"])
    assert any("booked twice" in one and "58,000.00" in one for one in told["differences"])
    assert {one["unexplained"] for one in told["ours"]["tie_out"]} == {"0.00"}
    convicted = {one["invariant"] for one in told["theirs"]["verdicts"] if one["outcome"] == "broken"}
    assert {"I1", "I5", "I31"} <= convicted
    assert left_behind(tmp_path) == []
