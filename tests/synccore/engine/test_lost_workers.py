"""F18, live: real processes on one PostgreSQL; one is killed for good, one stopped, and a third does what they had."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

RELAY = [sys.executable, "-m", "tests.synccore.engine.relay"]


@contextmanager
def workers(folder: Path, url: str) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts them; none is left behind."""
    begun: list[subprocess.Popen[str]] = []

    def begin(name: str, *work: str) -> "subprocess.Popen[str]":
        begun.append(subprocess.Popen([*RELAY, str(folder), url, name, *work], stdout=subprocess.PIPE, text=True))
        return begun[-1]

    try:
        yield begin
    finally:
        for worker in begun:
            worker.kill()
            worker.communicate()


def says(worker: "subprocess.Popen[str]") -> str:
    """Its next line."""
    assert worker.stdout is not None
    return worker.stdout.readline().strip()


@pytest.mark.live
def test_another_worker_does_what_a_lost_and_a_stopped_one_had_and_the_late_one_writes_nothing(
    postgresql: str, tmp_path: Path
) -> None:
    with psycopg.connect(postgresql, autocommit=True) as admin:
        admin.execute("CREATE DATABASE relay")
    with workers(tmp_path, postgresql.replace("/postgres?", "/relay?")) as begin:
        lost = begin("ann", "one")
        assert says(lost) == "ann has one"
        late = begin("bob", "two")
        assert says(late) == "bob has two"
        lost.kill()
        late.send_signal(signal.SIGSTOP)
        third = begin("cid")
        assert {says(third), says(third)} == {"cid has one", "cid has two"}
        (tmp_path / "go").touch()
        assert {says(third), says(third)} == {"cid wrote one", "cid wrote two"}
        late.send_signal(signal.SIGCONT)
        assert says(late) == "bob may not write two"
        (tmp_path / "home").touch()
        assert (late.wait(timeout=30), third.wait(timeout=30)) == (0, 0)
    assert sorted((tmp_path / "target").read_text().splitlines()) == ["one by cid", "two by cid"]
