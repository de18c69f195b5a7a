"""A real process, a real SIGKILL: what was under way is finished by the next one, each step once, and not before."""

import subprocess
import sys
from pathlib import Path

import pytest

WORKER = [sys.executable, "-m", "tests.synccore.engine.worker"]


def launched(folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen([*WORKER, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.live
def test_a_killed_core_finishes_its_work_and_repeats_no_step(tmp_path: Path) -> None:
    worker = launched(tmp_path)
    assert worker.stdout is not None
    assert [worker.stdout.readline() for _ in range(2)] == ["middle\n", "middle\n"], "two customers, side by side"
    second = launched(tmp_path)
    _, why = second.communicate(timeout=60)
    assert second.returncode == 1 and "SYNCCORE_EXECUTOR: another process works on this store as" in why
    worker.kill()
    worker.communicate()
    assert sorted((tmp_path / "diary").read_text().splitlines()) == ["a first", "a second", "b first", "b second"]
    (tmp_path / "go").touch()
    said, _ = launched(tmp_path).communicate(timeout=60)
    assert said == "finished\n"
    assert sorted((tmp_path / "diary").read_text().splitlines()) == [
        "a first", "a second", "a third", "b first", "b second", "b third"
    ]  # fmt: skip
