"""HTTP on a connection: ordinary calls are answered at once, as soon as they are whole; the rest goes uvicorn's way."""

import asyncio
import urllib.parse
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from simulators.kit.calls import Answer
from simulators.kit.eager import rest
from simulators.kit.system import System
from simulators.kit.wire import App, Head, Receive, Scope, Send, Wire

if TYPE_CHECKING:
    from simulators.kit.wire import Conclusion

PARSED_URL = 65_535  # bytes of a target that the parser of URLs can count
HEAD_MAX = 1024 * 1024  # bytes of request line and headers; who sends more is cut off before any system hears of it
PLAIN_MAX = 64 * 1024  # bytes of a body that is waited for, or leaves with its head
HEAD_REFUSED = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class SystemProtocol(HttpToolsProtocol):
    """The connection of a `System`: an ASGI scope, a queue of messages and a task are a third of what a record costs.

    A call that is alone on its connection and has come whole is worked on where it stands, as far as it goes without a
    wait; so no vendor's code may need a task before that. Large bodies, closing connections and whatever else is out
    of the ordinary are served as ASGI, with `scope["extensions"]["abort"]`: the system did its work and the caller
    never hears of it. A target of any length reaches the system, which refuses it in its own words.
    """

    _head = 0  # bytes so far of a head that is not whole
    _held: list[bytes] | None = None  # the body so far of a call that nobody has heard of
    _held_size = 0
    _head_before = Head([], {}, 0)  # of the last call that was answered at once
    _begun: Any = None  # an App: what is left of a call that waits
    _idle_since = 0.0
    _idle_timer: asyncio.TimerHandle | None = None

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        system = getattr(self.app, "__self__", None)
        self._wire: Wire | None = system.wire if isinstance(system, System) else None

    # -- what comes ---------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """No head grows without end."""
        super().data_received(data)
        if self._head:
            self._head += len(data)
            if self._head > HEAD_MAX and not self.transport.is_closing():
                self.transport.write(HEAD_REFUSED)
                self.transport.close()

    def on_message_begin(self) -> None:
        """Uvicorn's scope is made when it turns out that somebody needs one."""
        self.url, self.headers = b"", []
        self.expect_100_continue = False
        self._head = 1

    def on_headers_complete(self) -> None:
        """Hold an ordinary call until it is whole."""
        self._head = 0
        if self._ordinary():
            self._held, self._held_size = [], 0
        else:
            self._hand_over()

    def on_body(self, body: bytes) -> None:
        """A body that turns out to be large goes uvicorn's way, which does not let it come faster than it is read."""
        if self._held is None:
            super().on_body(body)
            return
        self._held.append(body)
        self._held_size += len(body)
        if self._held_size > PLAIN_MAX:
            self._hand_over()

    def on_message_complete(self) -> None:
        """Answer what was held."""
        if self._held is None:
            super().on_message_complete()
        else:
            self._answer_at_once(self._held)

    def _ordinary(self) -> bool:
        if self._wire is None or (self.cycle is not None and not self.cycle.response_complete):
            return False
        url, parser = self.url, self.parser
        return (
            url.startswith(b"/") and not url.startswith(b"/_") and len(url) <= PARSED_URL and b"#" not in url
            and url.isascii() and parser.get_http_version() == "1.1" and parser.should_keep_alive()
            and not self.expect_100_continue and not parser.should_upgrade() and parser.get_method() != b"HEAD"
            and not self.flow.write_paused
        )  # fmt: skip

    def _hand_over(self) -> None:
        """Let uvicorn have the call as if it came now."""
        url, headers, expect, chunks = self.url, self.headers, self.expect_100_continue, self._held
        self._held = None
        super().on_message_begin()
        self.url, self.headers, self.expect_100_continue = url, headers, expect
        extensions: dict[str, Any] = {"abort": self._abort}
        self.scope["headers"], self.scope["extensions"] = headers, extensions
        if len(url) <= PARSED_URL:
            super().on_headers_complete()
        else:  # longer than its parser can count
            path, _, query = url.partition(b"?")
            self.url = b"/"
            super().on_headers_complete()  # the request's task reads the scope later
            self.scope["path"] = urllib.parse.unquote(path.decode("latin-1"))
            self.scope["raw_path"], self.scope["query_string"] = path, query
        for chunk in chunks or ():
            super().on_body(chunk)

    def _unsupported_upgrade_warning(self) -> None:
        """Silence: no system speaks websockets, and clients that ask first (Bayeux) expect to be refused."""

    # -- what is answered at once -------------------------------------------------------------

    def _answer_at_once(self, chunks: list[bytes]) -> None:
        if self.transport.is_closing():
            return  # cut by the call before, of which this one's sender shall not hear either
        wire, method = self._wire, self.parser.get_method().decode("ascii")
        assert wire is not None
        raw_path, _, query = self.url.decode("ascii").partition("?")
        body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        if self._head_before.raw != self.headers:  # a client says the same with most of its calls
            self._head_before = Head.of(self.headers)
        call = wire.call(method, raw_path, query, self._head_before, body, self.scheme or "http")
        coroutine = wire.conclude(call, self._head_before, len(body))
        try:
            waiting_for = coroutine.send(None)
        except StopIteration as end:
            if not self._written(wire, *end.value):
                self._go_on(_said(wire, end.value))
        except BaseException as error:
            self._go_on(_failing(error))
        else:
            self._go_on(_waiting(wire, coroutine, waiting_for))

    def _go_on(self, app: App) -> None:
        """Finish a call that was begun here as ASGI."""
        self._begun = app
        self._hand_over()
        super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        begun, self._begun = self._begun, None
        super()._start_asgi_task(cycle, app if begun is None else begun)

    def _written(self, wire: Wire, answer: Answer | None, _fault: object) -> bool:
        """Write an answer with one call of the system; False: it has to go the usual way, nothing was written."""
        self._held = None
        if answer is None:
            self.transport.abort()
            return True
        if answer.stream is not None or len(answer.body) > PLAIN_MAX or "Connection" in answer.headers:
            return False
        head = wire.head(answer)
        if not "".join([value for _, value in head]).isprintable():
            return False  # a line break in a header: uvicorn refuses it
        lines = "\r\n".join([f"{name}: {value}" for name, value in head])
        text = lines.encode("latin-1", "replace")
        self.transport.write(b"%b%b\r\n\r\n%b" % (STATUS_LINE[answer.status], text, answer.body))
        self.server_state.total_requests += 1
        self._idle_since = self.loop.time()
        if self._idle_timer is None:
            self._idle_timer = self.loop.call_later(self.timeout_keep_alive, self._look_whether_idle)
        return True

    def _abort(self, applied: bool) -> None:
        del applied  # the caller cannot tell the difference, and neither may the wire
        self.transport.abort()

    # -- an idle connection -------------------------------------------------------------------

    def _look_whether_idle(self) -> None:
        """Close a connection that has been silent for the keep-alive time; one timer looks, and none is set a call."""
        self._idle_timer = None
        if self.timeout_keep_alive_task is not None or self.transport.is_closing():
            return  # uvicorn minds it
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._idle_timer = self.loop.call_later(left, self._look_whether_idle)
        elif self._held is None and (self.cycle is None or self.cycle.response_complete):
            self.timeout_keep_alive_handler()

    def connection_lost(self, exc: Exception | None) -> None:
        """Look no more whether it is idle."""
        super().connection_lost(exc)
        if self._idle_timer is not None:
            self._idle_timer.cancel()


def _said(wire: Wire, conclusion: "Conclusion") -> App:
    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        await wire.respond(scope, send, *conclusion)

    return app


def _waiting(wire: Wire, coroutine: Any, waiting_for: Any) -> App:
    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        await wire.respond(scope, send, *await rest(coroutine, waiting_for))

    return app


def _failing(error: BaseException) -> App:
    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise error

    return app
