"""The folder of the running sandbox: its lock, its state file, its logs."""

import errno
import fcntl
import json
import os
import secrets
import socket
from pathlib import Path
from typing import Any

from harness.stack.problem import StackProblem

STATE, LOCK = "stack.json", "lock"
QUIET_PORTS = range(20_000, 32_000)  # below those that Linux hands out for port 0 and outgoing connections
TRIES = 200
PORTS_END = 65_536


def home() -> Path:
    """`.windtunnel` in the present folder, or what WINDTUNNEL_HOME says."""
    return Path(os.environ.get("WINDTUNNEL_HOME", ".windtunnel")).absolute()


def private_folder(path: Path) -> Path:
    """Make a folder that only its owner can look into."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600, whole or not at all."""
    temporary = path.with_suffix(path.suffix + ".tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    temporary.replace(path)


class Lock:
    """Held while a sandbox runs; the kernel lets go of it when the holder dies."""

    def __init__(self, folder: Path) -> None:
        self._path = private_folder(folder) / LOCK
        self._file = self._path.open("a+")

    def take(self, what: str) -> "Lock":
        """StackProblem when another copy holds it."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
            self._file.seek(0)
            holder = self._file.read().strip() or "another process"
            self._file.close()
            raise StackProblem(
                f"a sandbox is running here already ({holder}).\n"
                "  `windtunnel env` shows it, `windtunnel down` ends it; "
                "for a second one set WINDTUNNEL_HOME to another folder.",
                2,
            ) from None
        self._file.seek(0)
        self._file.truncate()
        self._file.write(f"windtunnel {what}, process {os.getpid()}")
        self._file.flush()
        return self

    def release(self) -> None:
        """Let the next one in."""
        self._file.close()


def save_state(state: dict[str, Any]) -> None:
    """Later commands find the stack by this file."""
    write_private(private_folder(home()) / STATE, json.dumps(state, indent=1))


def load_state() -> dict[str, Any]:
    """The running stack's state; StackProblem when there is none."""
    path = home() / STATE
    try:
        state: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        raise StackProblem("no sandbox is running here; `windtunnel up` starts one", 2) from None
    except ValueError as error:
        raise StackProblem(f"{path} is damaged ({error}); delete it and start again with `windtunnel up`", 2) from None
    if not alive(state["pid"]):
        path.unlink(missing_ok=True)
        raise StackProblem("the sandbox that ran here has ended; `windtunnel up` starts a new one", 2)
    return state


def forget_state() -> None:
    """There is no stack any more."""
    (home() / STATE).unlink(missing_ok=True)


def alive(pid: int) -> bool:
    """Whether a process exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def check_free(host: str, ports: dict[str, int], option: str) -> None:
    """StackProblem naming every port that does not exist or that another program listens on."""
    taken = []
    for name, port in ports.items():
        if not 0 < port < PORTS_END:
            raise StackProblem(
                f"there is no port {port} (wanted for {name}): ports go from 1 to {PORTS_END - 1}.\n"
                f"  Choose others with {option}, or 0 for any free ones.", 2,
            )  # fmt: skip
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                taken.append(f"{port} (wanted for {name}: {error.strerror or error})")
    if taken:
        listed = ", ".join(taken)
        raise StackProblem(f"port {listed} is taken.\n  Choose others with {option}, or 0 for any free ones.", 2)


def free_port(host: str) -> int:
    """A port that is free now and that the kernel gives to nobody who asks for any: its owner binds it later.

    StackProblem when none is found.
    """
    for _ in range(TRIES):
        port = QUIET_PORTS.start + secrets.randbelow(len(QUIET_PORTS))
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
        return port
    raise StackProblem(f"no free port found on {host} between {QUIET_PORTS.start} and {QUIET_PORTS.stop}")
