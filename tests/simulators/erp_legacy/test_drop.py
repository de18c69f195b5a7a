"""The drop in process: folders, rights and every fault that can strike a file operation."""

import asyncio
import time
from typing import Any

import pytest

from simulators.kit.faults import Fault

from .world import World, story

NAME = "/inbound/x.DAT"


def fault(world: World, kind: str, operation: str, **more: Any) -> None:
    world.erp.faults.add(Fault(id="f", kind=kind, operation=operation, delay_s=0.0, **more))  # type: ignore[arg-type]


def test_write_rename_read_remove() -> None:
    async def body(world: World) -> None:
        drop = world.drop
        await drop.write("subhub", f"{NAME}.tmp", b"one")
        await drop.write("subhub", f"{NAME}.tmp", b"two")
        await drop.rename("subhub", f"{NAME}.tmp", NAME)
        assert await drop.listdir("subhub", "inbound") == ["x.DAT"]
        assert await drop.read("subhub", NAME) == b"two"
        assert await drop.listdir("bank01", "/inbound") == []
        assert await drop.listdir("subhub", "/") == ["archive", "error", "inbound", "outbound"]
        await drop.remove("subhub", NAME)
        with pytest.raises(FileNotFoundError):
            await drop.read("subhub", NAME)

    story(body)


def test_rename_needs_a_free_name_unless_told() -> None:
    async def body(world: World) -> None:
        for name, data in ((NAME, b"old"), ("/inbound/y", b"new")):
            await world.drop.write("subhub", name, data)
        with pytest.raises(FileExistsError):
            await world.drop.rename("subhub", "/inbound/y", NAME)
        await world.drop.rename("subhub", "/inbound/y", NAME, replace=True)
        assert await world.drop.read("subhub", NAME) == b"new"
        with pytest.raises(FileNotFoundError):
            await world.drop.rename("subhub", "/inbound/y", "/inbound/z")

    story(body)


@pytest.mark.parametrize("path", ["/outbound/x", "/archive/x", "/error/x", "/x", "/inbound/a/b", "/../inbound/x",
                                  "/inbound/../../x", "/elsewhere/x", "/inbound", "/"])  # fmt: skip
def test_writing_elsewhere_is_refused(path: str) -> None:
    async def body(world: World) -> None:
        with pytest.raises(PermissionError):
            await world.drop.write("subhub", path, b"x")
        assert world.erp.store.find("file") == []

    story(body)


@pytest.mark.parametrize("name", ["x" * 256, "a\\b", "a\nb", "a\x00b", "東京.DAT"])
def test_names_that_no_file_has(name: str) -> None:
    async def body(world: World) -> None:
        for call in (world.drop.write("subhub", f"/inbound/{name}", b""), world.drop.read("subhub", f"/inbound/{name}"),
                     world.drop.listdir("subhub", f"/{name}")):  # fmt: skip
            with pytest.raises(OSError):
                await call

    story(body)


def test_strangers_and_unknown_folders() -> None:
    async def body(world: World) -> None:
        with pytest.raises(PermissionError):
            await world.drop.listdir("nobody", "/inbound")
        for folder in ("/elsewhere", "/inbound/deeper"):
            with pytest.raises(FileNotFoundError):
                await world.drop.listdir("subhub", folder)
        assert world.drop.authenticate("subhub", "subhub-secret")
        assert not world.drop.authenticate("subhub", "") and not world.drop.authenticate("nobody", "")

    story(body)


def test_what_the_batch_has_in_hand_is_not_changed() -> None:
    async def body(world: World) -> None:
        base = await world.put("CUST_SUBHUB_20260105_000001", b"", b"")
        await world.act("break_step", step="check", when="before")
        await world.run()
        for call in (world.drop.write("subhub", f"/inbound/{base}.DAT", b"other"),
                     world.drop.remove("subhub", f"/inbound/{base}.CTL"),
                     world.drop.rename("subhub", f"/inbound/{base}.CTL", "/inbound/away")):  # fmt: skip
            with pytest.raises(PermissionError, match="In use"):
                await call
        assert await world.drop.read("subhub", f"/inbound/{base}.DAT") == b""

    story(body)


BEFORE = {"refuse": ConnectionError, "timeout": TimeoutError, "server_error_before": OSError, "limit": OSError,
          "expire_credentials": PermissionError}  # fmt: skip
AFTER = {"lost_answer": ConnectionResetError, "server_error_after": OSError, "truncated_body": ConnectionResetError}


@pytest.mark.parametrize("kind", BEFORE)
def test_faults_that_apply_nothing(kind: str) -> None:
    async def body(world: World) -> None:
        fault(world, kind, "drop.write")
        with pytest.raises(BEFORE[kind]):
            await world.drop.write("subhub", NAME, b"0123456789")
        assert await world.drop.listdir("subhub", "/inbound") == []
        await world.drop.write("subhub", NAME, b"0123456789")
        fault(world, kind, "drop.rename")
        with pytest.raises(BEFORE[kind]):
            await world.drop.rename("subhub", NAME, "/inbound/y")
        assert await world.drop.listdir("subhub", "/inbound") == ["x.DAT"]

    story(body)


@pytest.mark.parametrize("kind", AFTER)
def test_faults_after_the_fact(kind: str) -> None:
    async def body(world: World) -> None:
        fault(world, kind, "drop.write", contains="456")
        with pytest.raises(AFTER[kind]):
            await world.drop.write("subhub", NAME, b"0123456789")
        assert len(await world.drop.read("subhub", NAME)) == (5 if kind == "truncated_body" else 10)
        fault(world, kind, "drop.rename")
        with pytest.raises(AFTER[kind]):
            await world.drop.rename("subhub", NAME, "/inbound/y")
        assert await world.drop.listdir("subhub", "/inbound") == ["y"]

    story(body)


def test_faults_on_reading() -> None:
    async def body(world: World) -> None:
        await world.drop.write("subhub", NAME, b"0123456789")
        fault(world, "truncated_body", "drop.read")
        assert await world.drop.read("subhub", NAME) == b"01234"
        fault(world, "invalid_body", "drop.read")
        assert await world.drop.read("subhub", NAME) not in (b"0123456789", b"01234")
        fault(world, "lost_answer", "drop.list")
        with pytest.raises(ConnectionResetError):
            await world.drop.listdir("subhub", "/inbound")
        assert await world.drop.read("subhub", NAME) == b"0123456789"

    story(body)


def test_damage_on_the_way_is_found_by_the_checksum() -> None:
    async def body(world: World) -> None:
        from .partner import customer  # noqa: PLC0415

        fault(world, "invalid_body", "drop.write", contains="EDI_DC40")
        base = await world.send("CUST", 1, customer("1", "0000100001"))
        await world.run()
        (head,) = await world.outbound(f"{base}.REJ")
        assert head[46:58] == "CTL_CHECKSUM"

    story(body)


def test_a_repeated_rename_finds_nothing_the_second_time() -> None:
    async def body(world: World) -> None:
        await world.drop.write("subhub", f"{NAME}.tmp", b"x")
        fault(world, "repeat", "drop.rename")
        with pytest.raises(FileNotFoundError):
            await world.drop.rename("subhub", f"{NAME}.tmp", NAME)
        assert await world.drop.listdir("subhub", "/inbound") == ["x.DAT"]

    story(body)


def test_slow_faults_wait_their_delay() -> None:
    async def body(world: World) -> None:
        world.erp.faults.add(Fault(id="f", kind="slow_applied", operation="drop.write", delay_s=0.01))
        before = time.perf_counter()
        await world.drop.write("subhub", NAME, b"x")
        assert time.perf_counter() - before >= 0.01

    story(body)


def test_each_operation_is_in_the_journal_with_its_outcome() -> None:
    async def body(world: World) -> None:
        fault(world, "lost_answer", "drop.rename")
        await world.drop.write("subhub", NAME, b"content")
        with pytest.raises(ConnectionResetError):
            await world.drop.rename("subhub", NAME, "/inbound/y")
        with pytest.raises(FileNotFoundError):
            await world.drop.remove("subhub", NAME)
        calls = [entry for entry in world.erp.journal.after(0)[0] if entry["kind"] == "call"]
        assert [(entry["operation"], entry["status"], entry["result"], entry["fault"]) for entry in calls] == [
            ("drop.write", 200, "OK", None), ("drop.rename", None, "CONNECTION_LOST", "f:lost_answer"),
            ("drop.remove", 404, "NO_SUCH_FILE", None),
        ]  # fmt: skip
        assert calls[0]["body"] == "content" and calls[0]["principal"] == "subhub"

    story(body)


def test_contents_at_any_offset_and_size() -> None:
    async def run() -> None:
        world = World()
        size = 200_000
        whole = bytes(index * 7 % 251 for index in range(size))
        transfer = await world.drop.open_write("subhub", NAME)
        for start in (150_000, 0, 65_530, 65_536, 100_001, 199_999, 10):
            world.drop.write_at(transfer, start, whole[start : start + 70_000])
        await world.drop.close(transfer)
        assert await world.drop.read("subhub", NAME) == whole
        path = transfer.doc["path"]
        world.erp.files.truncate(transfer.doc["id"], 65_537)
        assert world.erp.files.content(path) == whole[:65_537]
        assert world.erp.files.read_at(transfer.doc["id"], 65_530, 100) == whole[65_530:65_537]

    asyncio.run(run())
