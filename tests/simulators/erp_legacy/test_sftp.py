"""The drop over real sockets, driven by two unmodified client libraries against a real process."""

import asyncio
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncssh
import httpx
import paramiko
import pytest

from simulators.erp_legacy.sftp import DropServer

from .partner import Bill, customer, pair
from .world import GENESIS, SEED

ROOT = Path(__file__).parents[3]
TOKEN = {"X-Control-Token": "control"}
KUNNR = "0000100001"

pytestmark = pytest.mark.live


class Server:
    """One started process."""

    def __init__(self, *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "simulators.erp_legacy", "--port", "0", "--genesis", str(GENESIS), *options],
            cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert self.process.stdout is not None
        self.ready = json.loads(self.process.stdout.readline())
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.ready['port']}", headers=TOKEN, timeout=30)

    def control(self, path: str, **body: Any) -> Any:
        answer = self.http.post(f"/_control/{path}", json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def kill(self) -> None:
        self.http.close()
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextmanager
def started(*options: str) -> Iterator[Server]:
    server = Server(*options)
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="module")
def key() -> asyncssh.SSHKey:
    return asyncssh.generate_private_key("ssh-ed25519")


@pytest.fixture(scope="module")
def server(key: asyncssh.SSHKey) -> Iterator[Server]:
    with started() as server:
        partners = [{**SEED["partners"][0], "public_keys": [key.export_public_key().decode()]}, SEED["partners"][1]]
        server.control("seed", **{**SEED, "partners": partners})
        yield server


@contextmanager
def by_paramiko(server: Server, user: str = "subhub", password: str = "subhub-secret") -> Iterator[paramiko.SFTPClient]:
    transport = paramiko.Transport(("127.0.0.1", server.ready["sftp_port"]))
    try:
        transport.connect(username=user, password=password)
        client = paramiko.SFTPClient.from_transport(transport)
        assert client is not None
        yield client
    finally:
        transport.close()


def by_asyncssh(server: Server, user: str = "subhub", **login: Any) -> Any:
    login = login or {"password": "subhub-secret"}
    return asyncssh.connect("127.0.0.1", server.ready["sftp_port"], username=user, known_hosts=None, config=None,
                            client_keys=login.pop("client_keys", None), **login)  # fmt: skip


def test_paramiko_sends_a_file_pair_and_reads_the_answer(server: Server) -> None:
    base, content, control = pair("CUST", 1, [customer("1", KUNNR)])
    with by_paramiko(server) as sftp:
        assert sorted(sftp.listdir("/")) == ["archive", "error", "inbound", "outbound"]
        for suffix, body in ((".DAT", content), (".CTL", control)):
            sftp.putfo(io.BytesIO(body), f"/inbound/{base}{suffix}.tmp")
            sftp.rename(f"/inbound/{base}{suffix}.tmp", f"/inbound/{base}{suffix}")
        assert sftp.stat(f"/inbound/{base}.DAT").st_size == len(content)
        server.control("act/run_window")
        with sftp.open(f"/outbound/{base}.ACK") as answer:
            assert answer.read().startswith(b"ACK" + base.encode())


def test_asyncssh_with_a_key_does_the_same(server: Server, key: asyncssh.SSHKey, tmp_path: Path) -> None:
    base, content, control = pair("BILL", 1, [Bill("SG-000001").idoc("2")])

    async def run() -> None:
        async with by_asyncssh(server, client_keys=[key]) as connection, connection.start_sftp_client() as sftp:
            for suffix, body in ((".DAT", content), (".CTL", control)):
                (tmp_path / "f").write_bytes(body)
                await sftp.put(str(tmp_path / "f"), f"/inbound/{base}{suffix}.tmp")
                await sftp.rename(f"/inbound/{base}{suffix}.tmp", f"/inbound/{base}{suffix}")
            server.control("act/run_window")
            assert f"{base}.ACK" in await sftp.listdir("/outbound")
            await sftp.get(f"/outbound/{base}.ACK", str(tmp_path / "answer"))

    asyncio.run(run())
    assert (tmp_path / "answer").read_bytes()[160 + 2 :].startswith(b"DOC2")
    books = server.http.get("/_control/books").json()
    assert [row["XBLNR"] for row in books["document"] if row["object"] == "BKPF"] == ["SG-000001"]


def test_outbound_is_read_only_and_nobody_leaves_the_root(server: Server) -> None:
    with by_paramiko(server) as sftp:
        for path in ("/outbound/x.TXT", "/archive/x.DAT", "/x.DAT", "/inbound/../outbound/x", "/inbound/deep/er"):
            with pytest.raises(PermissionError):
                sftp.open(path, "w")
        with pytest.raises(OSError, match="too long"):
            sftp.open("/inbound/" + "x" * 300, "w")
        for path in ("/etc/passwd", "/inbound/../../etc/passwd", "../../../etc/passwd"):
            with pytest.raises(OSError):
                sftp.open(path)
        for refused in (lambda: sftp.mkdir("/inbound/new"), lambda: sftp.symlink("/etc", "/inbound/etc")):
            with pytest.raises(PermissionError):
                refused()
        with pytest.raises(FileNotFoundError):
            sftp.open("/outbound/none.ACK")
        assert sftp.normalize("/inbound/../../..") == "/"


def test_partners_see_their_own_root_only(server: Server) -> None:
    with by_paramiko(server, "bank01", "bank-secret") as sftp:
        sftp.putfo(io.BytesIO(b"mine"), "/inbound/mine.tmp")
        assert sftp.listdir("/outbound") == []
    with by_paramiko(server) as sftp:
        assert "mine.tmp" not in sftp.listdir("/inbound")


def test_wrong_password_and_unknown_user_are_refused(server: Server) -> None:
    for user, password in (("subhub", "wrong"), ("nobody", "subhub-secret"), ("bank01", "")):
        with pytest.raises(paramiko.AuthenticationException), by_paramiko(server, user, password):
            pass


def test_large_files_come_through_in_chunks(server: Server) -> None:
    body = bytes(range(256)) * 12_345  # no multiple of any chunk
    with by_paramiko(server) as sftp:
        sftp.putfo(io.BytesIO(body), "/inbound/large.tmp")
        with sftp.open("/inbound/large.tmp") as back:
            back.prefetch()
            assert back.read() == body
        sftp.remove("/inbound/large.tmp")


def test_a_lost_answer_is_a_broken_connection_and_the_file_is_there(server: Server) -> None:
    server.control("faults", id="f3", kind="lost_answer", operation="drop.rename")
    with by_paramiko(server) as sftp:
        sftp.putfo(io.BytesIO(b"x"), "/inbound/lost.tmp")
        with pytest.raises((OSError, EOFError, paramiko.SSHException)):
            sftp.rename("/inbound/lost.tmp", "/inbound/lost")
    with by_paramiko(server) as sftp:
        assert "lost" in sftp.listdir("/inbound")
        sftp.remove("/inbound/lost")


def test_a_transfer_that_breaks_leaves_half_a_file(server: Server) -> None:
    server.control("faults", id="f7", kind="truncated_body", operation="drop.write")
    with by_paramiko(server) as sftp, pytest.raises((OSError, EOFError, paramiko.SSHException)):
        sftp.putfo(io.BytesIO(b"0123456789"), "/inbound/half.tmp")
    with by_paramiko(server) as sftp:
        assert sftp.stat("/inbound/half.tmp").st_size == 5
        sftp.remove("/inbound/half.tmp")


def test_the_journal_tells_who_did_what(server: Server) -> None:
    entries = server.http.get("/_control/journal").json()["entries"]
    calls = [entry for entry in entries if entry["kind"] == "call"]
    assert {"drop.write", "drop.rename", "drop.read", "drop.list"} <= {entry["operation"] for entry in calls}
    assert {entry["principal"] for entry in calls} == {"subhub", "bank01"}
    assert "subhub-secret" not in json.dumps(entries)


def test_every_disk_operation_of_the_library_is_replaced() -> None:
    plain = {"channel", "connection", "env", "logger", "convert_attrs", "format_user", "format_group",
             "format_longname", "map_path", "reverse_map_path", "exit"}  # fmt: skip
    inherited = {name for name in dir(asyncssh.SFTPServer) if not name.startswith("_")}
    kept = {name for name in inherited if getattr(DropServer, name) is getattr(asyncssh.SFTPServer, name)}
    assert kept <= plain


def test_killed_process_goes_on_with_its_data(tmp_path: Path) -> None:
    base, content, control = pair("CUST", 1, [customer("1", KUNNR)])
    with started("--data", str(tmp_path)) as first:
        first.control("seed", **SEED)
        fingerprint = first.ready["sftp_host_key"]
        with by_paramiko(first) as sftp:
            sftp.putfo(io.BytesIO(content), f"/inbound/{base}.DAT")
            sftp.putfo(io.BytesIO(control), f"/inbound/{base}.CTL")
        first.control("act/break_step", step="post", when="during")
        assert first.control("act/run_window")["state"] == "aborted"
    with started("--data", str(tmp_path)) as second:
        assert second.ready["sftp_host_key"] == fingerprint
        assert second.control("act/restart_window")["state"] == "done"
        with by_paramiko(second) as sftp:
            assert f"{base}.ACK" in sftp.listdir("/outbound")
        assert len(second.http.get("/_control/books").json()["party"]) == 2
        assert second.http.get("/no/such/api").status_code == 404
