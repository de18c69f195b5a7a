"""`python -m synccore` as a process: its ready line, its end, and what it says when it cannot start."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.synccore.worlds import environment

pytestmark = pytest.mark.live


def launched(folder: Path, **more: str) -> "subprocess.Popen[str]":
    settings = environment(**{"database_url": f"sqlite:///{folder}/data/core.db", "port": "0", **more})
    plain = {name: value for name, value in os.environ.items() if not name.startswith("SYNCCORE_")}
    return subprocess.Popen(
        [sys.executable, "-m", "synccore"], env={**plain, **settings}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def test_it_says_when_it_is_ready_and_stops_cleanly(tmp_path: Path) -> None:
    mappings = tmp_path / "mappings.yaml"
    mappings.write_text("items: {A: {kind: charge, erp_item: SVC}}\n")
    core = launched(tmp_path, mappings=str(mappings))
    assert core.stdout is not None
    ready = json.loads(core.stdout.readline())
    assert ready["ready"] == "synccore"
    with urllib.request.urlopen(f"http://127.0.0.1:{ready['port']}/health") as answer:
        assert json.load(answer)["live"] is True
    request = urllib.request.Request(f"http://127.0.0.1:{ready['port']}/mappings/items/A")
    request.add_header("Authorization", "Bearer viewer-token")
    with urllib.request.urlopen(request) as answer:
        assert json.load(answer)["value"]["erp_item"] == "SVC"
    core.send_signal(signal.SIGTERM)
    _, said = core.communicate(timeout=30)
    assert core.returncode == 0, said
    events = [json.loads(line) for line in said.splitlines()]
    assert events[-1]["event"] == "stopped"
    assert "source not read" in {event["event"] for event in events}, "the systems were not there, and it said so"
    for secret in ("client-secret", "api-key-secret", "webhook-password", "admin-token"):
        assert secret not in said


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"port": "x"}, "synccore: SYNCCORE_PORT: Input should be a valid integer"),
        ({"time_source": "sundial"}, "synccore: SYNCCORE_TIME_SOURCE: 'system' or an http(s) URL is needed"),
        ({"database_url": "sqlite:////proc/nowhere/core.db"}, "synccore: "),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, more: dict[str, str], message: str) -> None:
    core = launched(tmp_path, **more)
    _, said = core.communicate(timeout=60)
    assert core.returncode == 2
    assert said.startswith(message) and len(said.splitlines()) == 1, said


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        core = launched(tmp_path, port=str(other.getsockname()[1]))
        _, said = core.communicate(timeout=60)
    assert core.returncode == 2
    assert said.startswith("synccore: SYNCCORE_PORT: cannot listen on 127.0.0.1:"), said
