"""A target longer than the HTTP parser can count reaches the system, and each refuses it in its own words."""

import asyncio
import importlib

import aiohttp
import orjson
import pytest
import yarl

from simulators.kit.protocol import HEAD_MAX, PARSED_URL
from simulators.kit.system import Settings, System
from tests.simulators.kit.test_server import served
from tests.simulators.kit.toy import Receiver, ask, run, toy

REFUSED = {
    "salesforce": b"<h1>Bad Message 414</h1>", "subscriptions": b'"http_status_code":414',
    "erp_cloud": b'"o:errorCode":"INVALID_REQUEST"', "erp_legacy": b'"long_target"', "metering": b'"status":414',
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_every_system_refuses_by_name_and_writes_it_down(name: str) -> None:
    settings = Settings(wire=lambda: 0.0, sender=Receiver(), genesis=1_767_225_600.0)
    system: System = importlib.import_module(f"simulators.{name}").create(settings)
    status, _, body = run(ask(system, "GET", "/" + "x" * 100_000))
    assert status == (503 if name == "erp_legacy" else 414), "a system without an API has no words of its own"
    assert REFUSED[name] in body
    (entry,) = [one for one in system.journal.after(0)[0] if one["kind"] == "call"]
    assert len(entry["target"]) == 100_001


@pytest.mark.live
@pytest.mark.parametrize("more", [-1, 0, 1, 500_000])
def test_what_the_parser_cannot_count_is_split_and_decoded_all_the_same(more: int) -> None:
    async def story() -> tuple[int, dict[str, str], int]:
        system, _, _ = toy()
        system.max_target = 2 * HEAD_MAX
        label = "a/b" + "x" * (PARSED_URL + more - len("/things/a%2Fb?c=%20"))
        system.store.put("thing", {"id": label, "color": "long"})
        async with served(system) as url, aiohttp.ClientSession() as client:
            target = yarl.URL(f"{url}/things/{label.replace('/', '%2F')}?c=%20", encoded=True)
            async with client.get(target) as answer:
                found = await answer.json(content_type=None)
            async with client.get(f"{url}/things/0") as answer:
                after = answer.status
        (first, _) = [one for one in system.journal.after(0)[0] if one["kind"] == "call"]
        assert len(first["target"]) == PARSED_URL + more and first["target"].endswith("?c=%20")
        return first["status"], found, after

    status, found, after = run(story())
    assert (status, found["color"], after) == (200, "long", 200)


@pytest.mark.live
def test_a_head_that_never_ends_is_cut_off() -> None:
    async def story() -> bytes:
        system, _, _ = toy()
        async with served(system) as url:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
            begin = b"POST /things HTTP/1.1\r\nx-long: "
            writer.write(begin + b"h" * (HEAD_MAX - len(begin)))
            answer = await reader.read()
            writer.close()
            async with aiohttp.ClientSession() as client, client.get(f"{url}/things/0") as after:
                assert after.status == 200
            large = orjson.dumps({"color": "x" * (2 * HEAD_MAX)})
            async with aiohttp.ClientSession() as client, client.post(f"{url}/things", data=large) as after:
                assert orjson.loads(await after.read()) == {"error": "too_large"}, "a body has its own bound"
        assert len([one for one in system.journal.after(0)[0] if one["kind"] == "call"]) == 2
        return answer

    assert run(story()).startswith(b"HTTP/1.1 431 ")
