"""A running sandbox for tests that need one: started by the command, ended whatever happens, driven over its API."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx

COMMAND = [sys.executable, "-m", "harness.cli"]
_clicks = count(1)


def windtunnel(*words: str, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "WINDTUNNEL_HOME": str(home), "COLUMNS": "160"}
    return subprocess.run([*COMMAND, *words], env=environment, capture_output=True, text=True, timeout=120, check=False)


@contextmanager
def sandbox(home: Path) -> Iterator[dict[str, str]]:
    """Its environment variables, as `windtunnel env` prints them."""
    up = windtunnel("up", "--detach", "--ports", "0", home=home)
    assert up.returncode == 0, up.stdout + up.stderr
    try:
        yield json.loads(windtunnel("env", "--json", home=home).stdout)
    finally:
        down = windtunnel("down", home=home)
    assert down.returncode == 0, down.stderr


def click() -> str:
    """An action's id, as the page makes them."""
    return f"test-{os.getpid()}-{next(_clicks):06d}"


class Caller:
    """Somebody with the harness API's address and token."""

    def __init__(self, environment: dict[str, str]) -> None:
        token = environment["WINDTUNNEL_API_TOKEN"]
        self.http = httpx.Client(
            base_url=environment["WINDTUNNEL_API"], headers={"authorization": f"Bearer {token}"}, timeout=60,
            trust_env=False,
        )  # fmt: skip

    def get(self, path: str) -> Any:
        answer = self.http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def act(self, verb: str, facts: dict[str, Any] | None = None, seen: str = "", id: str = "") -> httpx.Response:
        order = {"id": id or click(), "verb": verb, "facts": facts or {}}
        return self.http.post("/actions", params={"wait_s": 20}, headers={"if-match": seen}, json=order)

    def do(self, verb: str, facts: dict[str, Any] | None = None, seen: str = "") -> str:
        """It must succeed; what happened, in words."""
        answer = self.act(verb, facts, seen)
        assert answer.status_code == 200, answer.text
        action = answer.json()
        while action["state"] == "running":
            action = self.get(f"/actions/{action['id']}?wait_s=20")
        assert action["state"] == "done", action["said"]
        return str(action["said"])

    def deal(self, name: str) -> dict[str, Any]:
        return next(one for one in self.get("/deals")["deals"] if one["id"] == name)

    def until(self, what: Callable[[], Any], patience_s: float = 30.0) -> Any:
        """Look until it is so."""
        deadline = time.monotonic() + patience_s
        while not (found := what()):
            assert time.monotonic() < deadline, "it did not come to be so"
            time.sleep(0.1)
        return found
