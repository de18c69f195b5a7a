"""The metering as a system of the kit: token, routes, the daily export, books and acts."""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar

from simulators.kit.calls import Answer, Call
from simulators.kit.jobs import Job
from simulators.kit.kinds import Kind
from simulators.kit.limits import Limits
from simulators.kit.system import Rows, System
from simulators.kit.wire import Refusal
from simulators.metering import acts, books, seed
from simulators.metering.errors import Refused, problem
from simulators.metering.pact_states import States
from simulators.metering.routes import ACTIONS, Action
from simulators.metering.schemas import KINDS
from simulators.metering.state import EXPORT, State

REFUSALS: dict[Refusal, tuple[int, str]] = {
    "too_large": (413, "the body is larger than 2 MB"),
    "long_target": (414, "path and query are longer than 64 KB"),
    "large_head": (431, "the headers are too large"),
    "limit": (429, "more than 600 requests a minute"),
    "daily_limit": (429, "the day's requests are used up"),
    "concurrency": (429, "more than 20 requests at once"),
    "unavailable": (503, "the metering is down for a moment"),
    "internal_error": (500, "internal error"),
}


class Metering(System):
    """The product's usage counter: a feed of what was recorded, and a CSV a day."""

    name: ClassVar[str] = "metering"
    kinds: ClassVar[tuple[Kind, ...]] = KINDS
    limits: ClassVar[Limits] = Limits(per_window=600, window_s=60.0, concurrent=20)
    max_body = 2 * 1024 * 1024

    def build(self) -> None:
        """See `System`."""
        self.state = State(self.store, self.chance, self.jobs)
        self._token = (self.settings.credentials or {}).get("token")
        self._revoked = False
        for method, path, operation, action in ACTIONS:
            self.routes.add(method, path, operation, self._endpoint(action))
        self.jobs.handler(EXPORT, self._export)
        acts.install(self)
        self.states.update(States(self).table())

    def forget(self) -> None:
        """Nothing but a revoked token lives outside the store."""
        self._revoked = False

    def seed(self, data: Mapping[str, Any]) -> dict[str, int]:
        """See `seed.load`."""
        return seed.load(self.store, data)

    def books(self) -> dict[str, Rows]:
        """See `books.dump`."""
        return books.dump(self.store)

    async def _export(self, job: Job) -> None:
        with self.store.transaction():
            self.state.export(job.payload["day"], job.due)

    # -- calls --------------------------------------------------------------------------------

    def authenticate(self, call: Call) -> Answer | None:
        """A bearer token; without a configured one any is good."""
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        good = scheme.lower() == "bearer" and bool(token)
        if good and self._token is not None:
            good = hmac.compare_digest(token.encode(), self._token.encode())
        if good and not self._revoked:
            call.principal = "token"
            return None
        self._revoked = False
        answer = problem(401, "send Authorization: Bearer with the metering's token")
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer

    def expire_credentials(self) -> None:
        """Tokens do not expire: it is refused once, as while somebody rotates it."""
        self._revoked = True

    def refuse(self, reason: Refusal, call: Call, *, status: int, retry_after_s: int | None) -> Answer:
        """Limits, outages and defects as problem details."""
        del call
        own, text = REFUSALS[reason]
        answer = problem(status if reason == "unavailable" else own, text)
        if own == 429:
            answer.headers["Retry-After"] = str(retry_after_s or 1)
        return answer

    async def handle(self, call: Call) -> Answer:
        """One call."""
        match = self.match(call)
        try:
            if match.route is None:
                if match.allowed:
                    raise Refused(405, f"{call.method} is not served here; {', '.join(match.allowed)} is")
                raise Refused(404, f"there is nothing at {call.raw_path}")
            return await match.route.endpoint(call, **match.arguments)
        except Refused as refused:
            return refused.answer()

    def _endpoint(self, action: Action) -> Callable[..., Awaitable[Answer]]:
        async def endpoint(call: Call, **arguments: str) -> Answer:
            if call.method == "GET":
                return action(self.state, call, **arguments)
            with self.store.transaction():
                return action(self.state, call, **arguments)

        return endpoint
