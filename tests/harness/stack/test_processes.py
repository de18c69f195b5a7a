"""Child processes: never left behind, ready or clearly not, with their last words."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.stack.home import QUIET_PORTS, Lock, alive, check_free, free_port, load_state, write_private
from harness.stack.problem import StackProblem
from harness.stack.process import Child

READY = 'import time; print(\'{"ready": "x", "port": 1}\', flush=True); time.sleep(60)'


def child(tmp_path: Path, code: str) -> Child:
    return Child("toy", [sys.executable, "-c", code], tmp_path / "toy.log")


def test_a_child_is_ready_and_ends(tmp_path: Path) -> None:
    async def story() -> None:
        toy = child(tmp_path, READY)
        assert (await toy.start())["port"] == 1
        pid = toy.pid
        assert pid is not None and alive(pid)
        await toy.stop()
        assert toy.pid is None and not alive(pid)
        assert (await toy.start())["ready"] == "x"  # and again
        await toy.kill()

    asyncio.run(story())


def test_one_that_dies_at_its_start_is_shown_with_its_last_words(tmp_path: Path) -> None:
    code = "import sys; print('not json'); sys.stderr.write('SYNCCORE_PORT: no such port\\n'); sys.exit(2)"
    with pytest.raises(StackProblem) as caught:
        asyncio.run(child(tmp_path, code).start())
    words = str(caught.value)
    assert "toy ended at its start (exit code 2)" in words and "SYNCCORE_PORT: no such port" in words


def test_a_program_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(StackProblem, match=r"toy cannot be started: /no/such: No such file") as caught:
        asyncio.run(Child("toy", ["/no/such"], tmp_path / "log").start())
    assert caught.value.exit_code == 2


def test_one_that_ignores_sigterm_is_killed_with_all_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.stack.process.STOP_S", 0.2)
    code = (
        "import signal, subprocess, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "inner = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        'print(\'{"ready": "x", "inner": %d}\' % inner.pid, flush=True); inner.wait()'
    )

    async def story() -> int:
        toy = child(tmp_path, code)
        inner = int((await toy.start())["inner"])
        await toy.stop()
        return inner

    gone(asyncio.run(story()))


@pytest.mark.skipif(sys.platform != "linux", reason="the parent's death is signalled by Linux alone")
def test_children_die_with_a_harness_that_is_killed(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys, time; from pathlib import Path; from harness.stack.process import Child\n"
        f"toy = Child('toy', [sys.executable, '-c', {READY!r}], Path({str(tmp_path / 'log')!r}))\n"
        "async def main():\n    await toy.start(); print(toy.pid, flush=True); await asyncio.sleep(60)\n"
        "asyncio.run(main())"
    )
    harness = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert harness.stdout is not None
    pid = int(harness.stdout.readline())
    assert alive(pid)
    harness.send_signal(signal.SIGKILL)
    harness.wait()
    harness.stdout.close()
    gone(pid)


def gone(pid: int) -> None:
    """It ends within five seconds (a zombie that nobody reaps counts as ended)."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if not alive(pid) or Path(f"/proc/{pid}/stat").read_text().split(")")[-1].split()[0] == "Z":
            return
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    pytest.fail(f"process {pid} was left behind")


def test_a_second_copy_is_told_about_the_first(tmp_path: Path) -> None:
    first = Lock(tmp_path).take("up")
    with pytest.raises(StackProblem, match=rf"running here already \(windtunnel up, process {os.getpid()}\)"):
        Lock(tmp_path).take("demo")
    first.release()
    Lock(tmp_path).take("demo").release()


def test_a_taken_port_is_named_with_what_wanted_it() -> None:
    import socket  # noqa: PLC0415

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StackProblem, match=rf"port {port} \(wanted for salesforce") as caught:
            check_free("127.0.0.1", {"salesforce": port, "core": free_port("127.0.0.1")}, "--ports FROM")
    assert caught.value.exit_code == 2 and "--ports FROM" in str(caught.value)


def test_state_is_private_and_a_stale_or_damaged_one_is_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WINDTUNNEL_HOME", str(tmp_path))
    with pytest.raises(StackProblem, match="no sandbox is running"):
        load_state()
    write_private(tmp_path / "stack.json", '{"pid": 999999999}')
    assert (tmp_path / "stack.json").stat().st_mode & 0o777 == 0o600
    with pytest.raises(StackProblem, match="has ended"):
        load_state()
    write_private(tmp_path / "stack.json", "{")
    with pytest.raises(StackProblem, match="is damaged"):
        load_state()


def test_a_free_port_is_none_that_the_kernel_gives_away(monkeypatch: pytest.MonkeyPatch) -> None:
    held = free_port("127.0.0.1")
    assert held in QUIET_PORTS
    with socket.create_server(("127.0.0.1", held)):
        monkeypatch.setattr("harness.stack.home.QUIET_PORTS", range(held, held + 1))
        with pytest.raises(StackProblem, match="no free port"):
            free_port("127.0.0.1")
