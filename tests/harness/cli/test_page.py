"""Command ui before anything starts: a port that is taken is named, and what to do about it."""

import socket
from pathlib import Path

import pytest

from tests.sandbox import windtunnel


@pytest.mark.parametrize("option", ["--page-port", "--ports"])
def test_a_taken_port_is_named(option: str, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = windtunnel("ui", option, str(port), home=tmp_path)
    assert done.returncode == 2 and f"port {port} (wanted for" in done.stderr and "Traceback" not in done.stderr
