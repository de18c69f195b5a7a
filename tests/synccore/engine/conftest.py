"""A PostgreSQL server of our own for the tests that need one."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


def program(name: str) -> str | None:
    """On the path, or where Debian puts it."""
    packaged = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(packaged[-1]) if packaged else None)


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an empty database."""
    initdb, pg_ctl = program("initdb"), program("pg_ctl")
    if initdb is None or pg_ctl is None:
        pytest.skip("PostgreSQL's initdb and pg_ctl are not here (on Debian: apt-get install postgresql)")
    folder = tmp_path_factory.mktemp("postgresql")
    as_user: list[str] = []
    if os.geteuid() == 0:  # the server refuses to run as root
        if shutil.which("setpriv") is None:
            pytest.skip("PostgreSQL does not run as root, and setpriv is not on the path")
        shutil.chown(folder, "nobody")
        for parent in folder.parents[:2]:
            parent.chmod(0o755)
        as_user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
    data, log = str(folder / "data"), str(folder / "log")
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"

    def run(*command: str) -> None:
        subprocess.run([*as_user, *command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    run(initdb, "-D", data, "-U", "core", "-A", "trust", "-N")
    run(pg_ctl, "-D", data, "-o", options, "-w", "-l", log, "start")
    yield f"postgresql://core@/postgres?host={folder}"
    run(pg_ctl, "-D", data, "-m", "immediate", "stop")
