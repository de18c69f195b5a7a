"""HTTP over real sockets: what certainly had no effect, and what may have had one."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from synccore.engine.live.http import HttpTransport
from synccore.ports.transport import NoAnswer, NotSent, Request, Response

pytestmark = pytest.mark.live

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def told(data: bytes, abort: bool = False) -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(data)
        await writer.drain()
        if abort:
            writer.transport.abort()
        else:
            writer.close()

    return answer


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


def exchange(answer: Answer, method: str = "PUT", timeout_s: float = 5.0) -> tuple[Response | Exception, int]:
    """What became of one request, and how many times the server was called."""
    calls = 0

    async def counted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        await answer(reader, writer)

    async def story() -> Response | Exception:
        server = await asyncio.start_server(counted, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        transport = HttpTransport()
        try:
            return await transport.send(
                Request(method, f"http://127.0.0.1:{port}/a%2Fb?x=1", {"X-A": "1"}, b"{}", timeout_s)
            )
        except (NotSent, NoAnswer) as error:
            return error
        finally:
            await transport.close()
            server.close()

    return asyncio.run(story()), calls


def test_an_answer_comes_as_it_is_whatever_its_status() -> None:
    data = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\nno"
    answer, calls = exchange(told(data))
    assert isinstance(answer, Response)
    assert (answer.status, answer.headers["retry-after"], answer.body, calls) == (302, "7", b"no", 1)


def test_the_path_goes_out_as_it_was_encoded() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        line = head.split(b"\r\n")[0]
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(line), line))
        writer.close()

    answer, _ = exchange(echo)
    assert isinstance(answer, Response) and answer.body == b"PUT /a%2Fb?x=1 HTTP/1.1"


@pytest.mark.parametrize(
    "answer",
    [
        told(b"", abort=True),
        told(b""),
        told(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"),
        told(b"HTTP/1.1 200 OK\r\nContent-Le", abort=True),
        told(b"what is this\r\n\r\n"),
    ],
)
def test_an_answer_that_broke_off_is_of_unknown_outcome_and_nothing_is_sent_twice(answer: Answer) -> None:
    found, calls = exchange(answer)
    assert isinstance(found, NoAnswer)
    assert calls == 1


def test_a_time_out_is_of_unknown_outcome() -> None:
    found, calls = exchange(silent, timeout_s=0.1)
    assert isinstance(found, NoAnswer)
    assert calls == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://no-such-host.invalid/"])
def test_without_a_connection_nothing_was_sent(url: str) -> None:
    async def story() -> None:
        transport = HttpTransport()
        with pytest.raises(NotSent):
            await transport.send(Request("POST", url))
        await transport.close()

    asyncio.run(story())


def test_a_connection_closed_while_idle_is_never_used_for_a_second_try() -> None:
    """A server that closes after its answer without saying so: the next PUT must not be repeated behind our back."""
    calls = 0

    async def story() -> None:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal calls
            while True:
                try:
                    await reader.readuntil(b"\r\n\r\n")
                except asyncio.IncompleteReadError:
                    return
                calls += 1
                if calls == 2:
                    writer.transport.abort()
                    return
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        transport = HttpTransport()
        assert (await transport.send(Request("PUT", url))).status == 200
        with pytest.raises(NoAnswer):
            await transport.send(Request("PUT", url))
        assert calls == 2
        await transport.close()
        server.close()

    asyncio.run(story())
