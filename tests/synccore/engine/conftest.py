"""A PostgreSQL server of our own for the tests that need one."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


def program(name: str) -> str | None:
    """On the path, or where Debian puts it."""
    packaged = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(packaged[-1]) if packaged else None)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of an empty database; the server is a child of this process and ends with the tests."""
    initdb, postgres = program("initdb"), program("postgres")
    if initdb is None or postgres is None:
        pytest.skip("PostgreSQL's initdb and postgres are not here (on Debian: apt-get install postgresql)")
    with tempfile.TemporaryDirectory(prefix="synccore-postgresql-", ignore_cleanup_errors=True) as folder:
        as_user: list[str] = []
        if os.geteuid() == 0:  # the server refuses to run as root
            if shutil.which("setpriv") is None:
                pytest.skip("PostgreSQL does not run as root, and setpriv is not on the path")
            shutil.chown(folder, "nobody")
            as_user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        data = f"{folder}/data"
        subprocess.run(
            [*as_user, initdb, "-D", data, "-U", "core", "-A", "trust", "-N"], check=True, capture_output=True
        )
        server = subprocess.Popen(
            [*as_user, postgres, "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"],
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert server.stderr is not None
        said = []
        for line in server.stderr:
            said.append(line)
            if "ready to accept connections" in line:
                break
        else:
            pytest.fail(f"PostgreSQL did not start: {said}")
        try:
            yield f"postgresql://core@/postgres?host={folder}"
        finally:
            server.send_signal(signal.SIGQUIT)  # end at once
            server.communicate(timeout=30)
