"""A Docker engine by its SDK: the containers of one Compose project, each started, ended, killed and paused alone."""

import asyncio
import io
import tarfile
import time
from collections.abc import Awaitable, Callable
from typing import Any

import docker
from docker.errors import APIError, DockerException, NotFound
from docker.models.containers import Container

from harness.stack.problem import StackProblem

READY_S = 60.0
LOOK_S = 0.1
STOP_S = 5
PROJECT, SERVICE = "com.docker.compose.project", "com.docker.compose.service"


def engine() -> docker.DockerClient:
    """The engine that DOCKER_HOST, or the local socket, leads to; StackProblem when none answers."""
    try:
        client = docker.from_env(timeout=60)
        client.ping()
    except DockerException as error:
        raise StackProblem(
            f"no Docker engine answers ({error}).\n  Start one, or say by DOCKER_HOST where it is; "
            "`--mode live` plays the same story without containers."
        ) from None
    return client


class ServiceContainer:
    """One container as a part of a stack; `answers` says whether the service in it is ready."""

    def __init__(self, container: Container, answers: Callable[[], Awaitable[bool]]) -> None:
        self._container, self._answers = container, answers
        self.name = str(container.labels[SERVICE])

    @property
    def exit_code(self) -> int | None:
        """How it ended, or None while it runs."""
        self._container.reload()
        state = self._container.attrs["State"]
        return None if state["Running"] or state["Paused"] else int(state["ExitCode"])

    def port(self, inside: int) -> int:
        """Where a port of it is found on this machine."""
        self._container.reload()
        published = self._container.attrs["NetworkSettings"]["Ports"].get(f"{inside}/tcp")
        if not published:
            raise StackProblem(f"container {self.name} publishes no port {inside}\n{self.last_words()}")
        return int(published[0]["HostPort"])

    async def start(self) -> None:
        """Start it and wait until its service answers."""
        await self._do(self._container.start)
        deadline = time.monotonic() + READY_S
        while not await self._answers():
            code = await asyncio.to_thread(lambda: self.exit_code)
            if code is not None:
                raise StackProblem(f"{self.name} ended at its start (exit code {code})\n{self.last_words()}")
            if time.monotonic() > deadline:
                raise StackProblem(f"{self.name} was not ready after {READY_S:.0f} s\n{self.last_words()}")
            await asyncio.sleep(LOOK_S)

    async def stop(self) -> None:
        """SIGTERM, and SIGKILL when it takes too long."""
        await self._do(lambda: self._container.stop(timeout=STOP_S))

    async def kill(self) -> None:
        """SIGKILL; one that has ended already stays ended."""
        try:
            await self._do(self._container.kill)
        except StackProblem:
            if await asyncio.to_thread(lambda: self.exit_code) is None:
                raise
        await self._do(self._container.wait)

    async def pause(self) -> None:
        """Freeze all its processes: connections stay open and nothing answers."""
        await self._do(self._container.pause)

    async def unpause(self) -> None:
        """Let them go on."""
        await self._do(self._container.unpause)

    async def run(self, *command: str) -> str:
        """Run a command in it; StackProblem with what it said when it fails."""
        code, said = await self._do(lambda: self._container.exec_run(list(command)))
        if code != 0:
            raise StackProblem(f"{self.name}: {' '.join(command)}: exit code {code}: {said.decode(errors='replace')}")
        return str(said.decode())

    async def read(self, path: str) -> bytes:
        """A file of it."""
        chunks, _ = await self._do(lambda: self._container.get_archive(path))
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
            file = archive.extractfile(archive.getmembers()[0])
            assert file is not None, f"{path} is no file"
            return file.read()

    async def write(self, path: str, data: bytes, owner: int) -> None:
        """Put a file of mode 0600 there."""
        folder, _, name = path.rpartition("/")
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.uid, entry.gid = len(data), 0o600, owner, owner
            archive.addfile(entry, io.BytesIO(data))
        await self._do(lambda: self._container.put_archive(folder, packed.getvalue()))

    def last_words(self, lines: int = 12) -> str:
        """The end of its log."""
        try:
            text = self._container.logs(tail=lines).decode(errors="replace").rstrip()
        except (APIError, NotFound) as error:
            text = f"(its log cannot be read: {error})"
        shown = "\n".join(f"    {line[:400]}" for line in text.splitlines()) or "    (it said nothing)"
        return f"  last lines of container {self.name}:\n{shown}"

    async def _do(self, work: Callable[[], Any]) -> Any:
        try:
            return await asyncio.to_thread(work)
        except DockerException as error:
            raise StackProblem(f"container {self.name}: {error}") from error


def containers_of(client: docker.DockerClient, project: str) -> dict[str, Container]:
    """The project's containers by service, running or not."""
    found = client.containers.list(all=True, filters={"label": f"{PROJECT}={project}"})
    return {str(one.labels[SERVICE]): one for one in found}
