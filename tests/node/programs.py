"""Runs a Node script of this folder with the locked SDKs, as a user's program: environment in, one JSON value out."""

import fcntl
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
PACKAGES = HERE / "node_modules"
PATIENCE = 120.0


def installed() -> str:
    """The `node` to use, with the packages of `package-lock.json` in place (installed once, under a lock)."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        pytest.skip("node and npm are not here (on Debian: apt-get install nodejs npm)")
    with (HERE / ".npm.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = (HERE / "package-lock.json").read_bytes()
        stamp = PACKAGES / ".windtunnel"
        if not stamp.exists() or stamp.read_bytes() != wanted:
            done = subprocess.run(
                [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                cwd=HERE, capture_output=True, text=True, timeout=PATIENCE, check=False,
            )  # fmt: skip
            assert done.returncode == 0, f"npm ci failed:\n{done.stdout}{done.stderr}"
            stamp.write_bytes(wanted)
    return node


def run_script(name: str, **environment: str) -> Any:
    """What `NAME.mjs` prints last, read as JSON; fails with all that it printed when it does not end well."""
    node = installed()
    done = subprocess.run(
        [node, str(HERE / f"{name}.mjs")],
        env={**os.environ, **environment}, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{name}.mjs ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return json.loads(done.stdout.splitlines()[-1])
