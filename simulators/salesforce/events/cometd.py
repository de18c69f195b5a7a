"""The Streaming API: Bayeux messages over HTTP long polling, on the same events as the Pub/Sub API.

A client is what a handshake has made: its channels, and how far each has been told. It lives in memory, for as long as
its connects follow each other; who comes later, or after a restart, is unknown and shakes hands anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from simulators.kit.calls import Answer, Call
from simulators.kit.fidelity import absent, approximate, exact
from simulators.salesforce.auth import bearer
from simulators.salesforce.events import topics
from simulators.salesforce.events.bus import Event, Lost
from simulators.salesforce.events.shown import Shown
from simulators.salesforce.web import reply

if TYPE_CHECKING:
    from simulators.salesforce.app import Salesforce

exact(
    "Streaming API at /cometd/NN.0: handshake, connect (held up to 110 s, the first answered at once with advice), "
    "subscribe with `ext.replay` -1, -2 or a replay id, unsubscribe, disconnect; unknown clients, invalid "
    "authentication, channels and replay ids as the vendor words them",
    source="documented, observed, reported",
    held_by="test_cometd",
)
approximate("CometD sessions", "are known by client id alone, without cookies; limits of clients are not enforced")
approximate("Publishing by CometD", "is refused with words of ours; the vendor has none of it either")
absent("PushTopic (`/topic`), generic streaming (`/u`) and `/systemTopic` channels: unknown to subscribe")

TIMEOUT_S = 110.0  # so long a connect is held when there is nothing to tell; wire seconds
GONE_S = 40.0  # so long a client may stay away between two connects; wire seconds
BATCH = 200  # events of one answer
OLDEST = 23.0  # the first API version that knows the Streaming API
_REPLAYS = {"replay": True, "payload.format": True}
_AGAIN = {"interval": 0, "reconnect": "handshake"}
_NEVER = {"reconnect": "none", "interval": 0}
Message = dict[str, Any]


@dataclass
class Client:
    """One client: the token it shook hands with, and the place up to which each of its channels was told."""

    id: str
    token: str
    seen: float  # wire time of its last sign of life
    places: dict[str, int] = field(default_factory=dict)
    met: bool = False  # its first connect was answered
    held: asyncio.Event | None = None  # what wakes the connect that is held now


class CometD:
    """All clients of the org's Streaming API."""

    def __init__(self, system: Salesforce) -> None:
        self._system, self._shown = system, Shown(system.bus)
        self._clients: dict[str, Client] = {}
        self._made = 0
        self._meta: dict[str, Callable[[Message, Client], Awaitable[list[Message]]]] = {
            "/meta/connect": self._connect, "/meta/subscribe": self._subscribe,
            "/meta/unsubscribe": self._unsubscribe, "/meta/disconnect": self._disconnect,
        }  # fmt: skip

    def forget(self) -> None:
        """Know no client any more, as after a restart."""
        for client in list(self._clients.values()):
            self._drop(client)

    async def answer(self, call: Call, messages: list[Message]) -> list[Message]:
        """The answers to messages, in their order, each behind the events that go with it."""
        token, found = bearer(call), []
        for message in messages:
            channel = str(message.get("channel") or "")
            if channel == "/meta/handshake":
                found.append(self._handshake(message, token, call.at))
                continue
            client = self._client(message, token)
            if isinstance(client, dict):
                found.append(client)
            elif channel in self._meta:
                call.principal = self._system.sessions.user(token, call.at) or ""
                found += await self._meta[channel](message, client)
            else:
                found.append(_reply(message, error="403::Publish denied", clientId=client.id))
        return found

    # -- who it is ------------------------------------------------------------------------------

    def _handshake(self, message: Message, token: str, at: float) -> Message:
        if self._system.sessions.user(token, at) is None:
            why = "401::Authentication invalid" if token else "401::Request requires authentication"
            ext = {"sfdc": {"failureReason": why}, **_REPLAYS}
            return _reply(message, error="403::Handshake denied", advice={"reconnect": "none"}, ext=ext)
        asked = message.get("supportedConnectionTypes")
        if not isinstance(asked, list) or "long-polling" not in asked:
            return _reply(message, error=f"400::Invalid connection type {asked}", advice=_NEVER)
        self._made += 1
        name = self._system.chance.token("cometd", self._made, 26, "0123456789abcdefghijklmnopqrstuvwxyz")
        self._clients[name] = Client(name, token, _wire())
        return _reply(
            message, clientId=name, version="1.0", minimumVersion="1.0",
            supportedConnectionTypes=["long-polling"], ext=_REPLAYS,
        )  # fmt: skip

    def _client(self, message: Message, token: str) -> Client | Message:
        """The client that a message is of, or why it is refused."""
        client = self._clients.get(str(message.get("clientId")))
        if client is not None and client.held is None and _wire() - client.seen > GONE_S:
            self._drop(client)
            client = None
        if client is None:
            return _reply(message, error="403::Unknown client", advice=_AGAIN)
        if not token or not self._system.sessions.prolong(token, self._system.clock.now()):
            return self._barred(message, client, token)
        client.token, client.seen = token, _wire()
        return client

    def _signed_in(self, client: Client) -> bool:
        """Whether its session lives; asking keeps it alive, since its client streams."""
        return self._system.sessions.prolong(client.token, self._system.clock.now())

    def _barred(self, message: Message, client: Client, token: str) -> Message:
        self._drop(client)
        why = "401::Authentication invalid" if token else "401::Request requires authentication"
        return _reply(message, error=why, clientId=client.id, advice=_NEVER)

    def _drop(self, client: Client) -> None:
        self._clients.pop(client.id, None)
        if client.held is not None:
            client.held.set()

    # -- what it asks ---------------------------------------------------------------------------

    async def _connect(self, message: Message, client: Client) -> list[Message]:
        if message.get("connectionType") != "long-polling":
            why = f"400::Invalid connection type {message.get('connectionType')}"
            return [_reply(message, error=why, clientId=client.id)]
        if not client.met:
            client.met = True
            advice = {"interval": 0, "timeout": round(TIMEOUT_S * 1000), "reconnect": "retry"}
            return [*self._events(client), _reply(message, clientId=client.id, advice=advice)]
        if client.held is not None:
            client.held.set()  # the connect before it is answered with nothing
        events = await self._awaited(client, _patience(message))
        if client.id not in self._clients:
            return [_reply(message, error="403::Unknown client", advice=_AGAIN)]
        if not self._signed_in(client):
            return [self._barred(message, client, client.token)]
        client.seen = _wire()
        if events and self._cut(client):
            self._drop(client)
            return [_reply(message, error="403::Unknown client", advice=_AGAIN)]
        return [*events, _reply(message, clientId=client.id)]

    async def _awaited(self, client: Client, patience_s: float) -> list[Message]:
        """What there is to tell, waited for."""
        bus = self._system.bus
        mine = client.held = bus.watch()
        try:
            await asyncio.sleep(0)  # a time-out needs a task
            async with asyncio.timeout(patience_s):
                while True:
                    mine.clear()
                    if client.id not in self._clients or not self._signed_in(client):
                        return []
                    events = self._events(client)
                    if events:
                        return events
                    await mine.wait()
                    if client.held is not mine:
                        return []
        except TimeoutError:
            return []
        finally:
            bus.unwatch(mine)
            if client.held is mine:
                client.held = None

    async def _subscribe(self, message: Message, client: Client) -> list[Message]:
        channels = message.get("subscription")
        names = channels if isinstance(channels, list) else [channels]
        given = message.get("ext")
        replays = given.get("replay") if isinstance(given, dict) else None
        for name in names:
            why = self._begin(client, name, replays.get(name, -1) if isinstance(replays, dict) else -1)
            if why:
                return [_reply(message, error=why, clientId=client.id, subscription=channels)]
        if client.held is not None:
            client.held.set()  # what is retained is told at once
        return [_reply(message, clientId=client.id, subscription=channels)]

    def _begin(self, client: Client, name: Any, replay: Any) -> str:
        """Take up a channel; says what is wrong with it."""
        if not isinstance(name, str) or not name:
            return "400::Channel name not specified"
        if not name.startswith("/"):
            return "400::Channel subscriptions must start with a leading '/'"
        if topics.find(self._system.org.schema, name) is None:
            return f"400::The channel you requested to subscribe to does not exist {{{name}}}"
        bus, now = self._system.bus, self._system.clock.now()
        bus.expire(now)
        try:
            if replay is None or replay in (-1, "-1"):
                client.places[name] = bus.tip
            elif replay in (-2, "-2"):
                client.places[name] = 0
            else:
                fault = self._system.faults.strike(("expire_cursor",), "cometd.subscribe", lambda: name, now)
                if fault is not None or isinstance(replay, float | bool):
                    raise Lost(str(replay))
                client.places[name] = bus.checked(int(replay))
        except (ValueError, TypeError):
            return (
                f"400::The replayId {{{replay}}} you provided was invalid.  Please provide a valid ID, "
                "-2 to replay all events, or -1 to replay only new events."
            )
        return ""

    async def _unsubscribe(self, message: Message, client: Client) -> list[Message]:
        channels = message.get("subscription")
        for name in channels if isinstance(channels, list) else [channels]:
            client.places.pop(str(name), None)
        return [_reply(message, clientId=client.id, subscription=channels)]

    async def _disconnect(self, message: Message, client: Client) -> list[Message]:
        self._drop(client)
        return [_reply(message, clientId=client.id)]

    # -- what it is told ------------------------------------------------------------------------

    def _events(self, client: Client) -> list[Message]:
        """The next events of all its channels in their order; its places move behind them."""
        found: list[tuple[int, str, Event]] = []
        for name, place in client.places.items():
            topic = topics.find(self._system.org.schema, name)
            if topic is not None:  # else a schema change has taken it away
                found += [(event.replay, name, event) for event in self._system.bus.after(place, topic.entities, BATCH)]
        told = sorted(found, key=lambda one: one[:2])[:BATCH]
        for replay, name, _ in told:
            client.places[name] = replay
        return [{"channel": name, "data": self._shown.data(event)} for _, name, event in told]

    def _cut(self, client: Client) -> bool:
        names, now = " ".join(client.places), self._system.clock.now()
        return self._system.faults.strike(("cut_stream",), "cometd.connect", lambda: names, now) is not None


async def endpoint(system: Salesforce, call: Call, version: str = "") -> Answer:
    """POST /cometd/NN.0, one message or a list of them."""
    try:
        known = float(version) >= OLDEST
    except ValueError:
        known = False
    if not known:
        why = "Unsupported API version. Only API versions '23.0' and above are supported" if version else (
            "API version in the URI is mandatory")  # fmt: skip
        return Answer(400, f"{why}. URI format: '/cometd/60.0'".encode(), "text/plain")
    messages = read(call)
    if messages is None:
        return Answer(400, b"The request is no list of Bayeux messages.", "text/plain")
    return reply(200, await system.cometd.answer(call, messages))


def read(call: Call) -> list[Message] | None:
    """The messages of a call, None if it has none that can be read."""
    try:
        found = orjson.loads(call.body)
    except orjson.JSONDecodeError:
        return None
    messages = found if isinstance(found, list) else [found]
    return messages if messages and all(isinstance(one, dict) for one in messages) else None


def operation(call: Call) -> str:
    """`cometd.connect` and the like, by the first message; faults and journals speak of it."""
    messages = read(call)
    channel = str(messages[0].get("channel") or "") if messages else ""
    name = channel.removeprefix("/meta/")
    return f"cometd.{name}" if channel.startswith("/meta/") and name.isalpha() else "cometd.publish"


def _reply(message: Message, error: str = "", **members: Any) -> Message:
    answer: Message = {**members, "channel": message.get("channel"), "successful": not error}
    if "id" in message:
        answer["id"] = message["id"]
    if error:
        answer["error"] = error
    return answer


def _patience(message: Message) -> float:
    """A client may ask to be answered sooner."""
    advice = message.get("advice")
    asked = advice.get("timeout") if isinstance(advice, dict) else None
    return min(TIMEOUT_S, max(0, asked) / 1000) if isinstance(asked, int | float) else TIMEOUT_S


def _wire() -> float:
    return asyncio.get_running_loop().time()
