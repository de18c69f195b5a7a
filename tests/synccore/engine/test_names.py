"""One name, one process: a worker's name on a store is its own while it lives, and it knows when it lost it."""

import asyncio
import sys
from pathlib import Path

import psycopg
import pytest

from synccore.engine import names
from synccore.engine.names import NameTaken, WorkerName
from synccore.ports.holding import Worker

ANN, BOB = Worker("ann", "1"), Worker("bob", "1")
HOLDS = "import asyncio, sys\nfrom synccore.engine.names import WorkerName\nfrom synccore.ports.holding import Worker\n"
HOLDS += "asyncio.run(WorkerName(sys.argv[1], Worker('ann', '1')).take())\nprint('taken', flush=True)\nsys.stdin.read()"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(names, "WAIT_S", 0.3)
    return f"sqlite:///{tmp_path}/runs.db" if request.param == "sqlite" else request.getfixturevalue("postgresql")


@pytest.mark.live
def test_a_name_is_taken_while_its_process_lives_and_no_longer(url: str) -> None:
    async def story() -> None:
        pipe = asyncio.subprocess.PIPE
        other = await asyncio.create_subprocess_exec(sys.executable, "-c", HOLDS, url, stdin=pipe, stdout=pipe)
        assert other.stdout is not None
        assert await other.stdout.readline() == b"taken\n"
        with pytest.raises(NameTaken, match=r"'ann' \(version 1\) and is alive"):
            await WorkerName(url, ANN).take()
        for free in (BOB, Worker("ann", "2")):
            name = WorkerName(url, free)
            await name.take()
            await name.release()
        other.kill()
        await other.wait()
        name = WorkerName(url, ANN)
        await name.take()
        await name.release()

    asyncio.run(story())


@pytest.mark.live
def test_who_has_lost_its_name_with_its_connection_says_so_until_it_has_it_again(
    postgresql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "BEAT_S", 0.05)

    async def until(name: WorkerName, alone: bool) -> None:
        async with asyncio.timeout(20.0):
            while name.alone is not alone:
                await asyncio.sleep(0.01)

    async def story() -> None:
        name, faster = WorkerName(postgresql, ANN), names.lock_of(postgresql, ANN)
        await name.take()
        cut = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
        async with await psycopg.AsyncConnection.connect(postgresql, autocommit=True) as admin:
            monkeypatch.setattr(names, "BEAT_S", 0.5)
            await asyncio.sleep(0.1)
            await admin.execute(cut)
            while not await faster.tried():
                await asyncio.sleep(0.01)
        await until(name, alone=False)
        await faster.close()
        await until(name, alone=True)
        await name.release()

    asyncio.run(story())
