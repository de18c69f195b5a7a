"""A container as a part of a stack: how it starts, ends, freezes, and what it says when it does not.

The engine is a stand-in here; `.ci/containers/try` plays stories against a real one.
"""

import asyncio
import io
import tarfile
from typing import Any, cast

import pytest
from docker.errors import APIError
from docker.models.containers import Container

from harness.stack.engine import SERVICE, ServiceContainer
from harness.stack.problem import StackProblem


class Engine:
    """One container as the SDK shows it."""

    def __init__(self) -> None:
        self.labels = {SERVICE: "core"}
        self.state: dict[str, Any] = {"Running": False, "Paused": False, "ExitCode": 0}
        self.files: dict[str, bytes] = {}
        self.dies_with: int | None = None
        self.asked: list[str] = []

    @property
    def attrs(self) -> dict[str, Any]:
        return {"State": self.state, "NetworkSettings": {"Ports": {"8080/tcp": [{"HostPort": "7705"}], "1/tcp": None}}}

    def reload(self) -> None:
        """As the SDK's: the state is read anew."""

    def start(self) -> None:
        self.asked.append("start")
        self.state = {"Running": self.dies_with is None, "Paused": False, "ExitCode": self.dies_with or 0}

    def stop(self, timeout: int) -> None:
        self.asked.append(f"stop within {timeout}")
        self.state = {"Running": False, "Paused": False, "ExitCode": 143}

    def kill(self) -> None:
        if not self.state["Running"]:
            raise APIError("is not running")
        self.asked.append("kill")
        self.state = {"Running": False, "Paused": False, "ExitCode": 137}

    def wait(self) -> dict[str, int]:
        return {"StatusCode": self.state["ExitCode"]}

    def pause(self) -> None:
        self.state["Paused"] = True

    def unpause(self) -> None:
        self.state["Paused"] = False

    def exec_run(self, command: list[str]) -> tuple[int, bytes]:
        return (0, b"done") if command[0] == "true" else (3, b"no such table")

    def get_archive(self, path: str) -> tuple[list[bytes], dict[str, Any]]:
        return [self.files[path]], {}

    def put_archive(self, folder: str, packed: bytes) -> bool:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            self.files[f"{folder}/{archive.getmembers()[0].name}"] = packed
        return True

    def logs(self, tail: int) -> bytes:
        return b"\n".join([b"one", b"the last word"][-tail:])


def part(engine: Engine, ready: bool = True) -> ServiceContainer:
    async def answers() -> bool:
        return ready

    return ServiceContainer(cast("Container", engine), answers)


def test_it_starts_and_its_ports_are_found() -> None:
    engine = Engine()
    core = part(engine)
    asyncio.run(core.start())
    assert core.exit_code is None
    assert core.port(8080) == 7705
    with pytest.raises(StackProblem, match="publishes no port 1\n"):
        core.port(1)


def test_one_that_dies_at_its_start_is_shown_with_its_last_words() -> None:
    engine = Engine()
    engine.dies_with = 2
    with pytest.raises(StackProblem, match=r"exit code 2\)(.|\n)*the last word"):
        asyncio.run(part(engine, ready=False).start())


def test_a_kill_is_final_and_may_come_too_late() -> None:
    engine = Engine()
    core = part(engine)
    asyncio.run(core.start())
    asyncio.run(core.kill())
    assert core.exit_code == 137
    asyncio.run(core.kill())
    assert engine.asked == ["start", "kill"]


def test_a_paused_one_has_not_ended() -> None:
    engine = Engine()
    core = part(engine)
    asyncio.run(core.start())
    asyncio.run(core.pause())
    engine.state["Running"] = False
    assert core.exit_code is None
    asyncio.run(core.unpause())
    assert core.exit_code == 0


def test_files_go_in_and_out_whole() -> None:
    engine = Engine()
    core = part(engine)
    asyncio.run(core.write("/run/windtunnel/mappings.json", b'{"items": {}}', 10001))
    assert asyncio.run(core.read("/run/windtunnel/mappings.json")) == b'{"items": {}}'


def test_a_command_that_fails_says_what_it_said() -> None:
    core = part(Engine())
    assert asyncio.run(core.run("true")) == "done"
    with pytest.raises(StackProblem, match="core: psql -c x: exit code 3: no such table"):
        asyncio.run(core.run("psql", "-c", "x"))
