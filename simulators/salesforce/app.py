"""The Salesforce org as a simulated system: naming, authenticating and answering calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulators.kit.calls import Answer, Call
from simulators.kit.fidelity import absent, approximate, exact
from simulators.kit.limits import Limits
from simulators.kit.system import Rows, Settings, System
from simulators.kit.wire import Refusal
from simulators.salesforce import acts, birth, books, bulk_one, definition, naming, routes, seed
from simulators.salesforce.assertions import CERTIFICATE, load_certificate
from simulators.salesforce.auth import DEFAULT_CREDENTIALS, Sessions, bearer
from simulators.salesforce.calculated import sql_function
from simulators.salesforce.errors import ApiError, Problem, answer_error, failed, not_found
from simulators.salesforce.events.bus import TABLES, Bus
from simulators.salesforce.events.capture import Capture
from simulators.salesforce.events.cometd import CometD
from simulators.salesforce.events.managed import MANAGED, ManagedSubscriptions
from simulators.salesforce.events.pubsub import PubSub
from simulators.salesforce.events.subscription import COMMITS
from simulators.salesforce.pact_states import States
from simulators.salesforce.soql.functions import register
from simulators.salesforce.state import KINDS, OrgState
from simulators.salesforce.web import Context, read_version

exact(
    "concurrent-request limit: five calls that run for 20 s or more; the sixth call is refused",
    source="documented",
    held_by="test_limits",
)
exact(
    "401 as a JSON list; `Sforce-Limit-Info`; 403 REQUEST_LIMIT_EXCEEDED, 503, 500, 413 as JSON lists",
    source="observed, documented",
    held_by="test_auth, test_refusals",
)
exact(
    "a URI of more than 16,384 bytes (414), URI and headers together of more than that (431): HTML that begins with "
    "`<h1>Bad Message`, before any session or limit is looked at",
    source="documented, reported",
    held_by="test_long_requests",
)
approximate("what counts as a request", "login does; composite members do not")
absent("TLS and the vendor's own host names: they are the edge's (`simulators/edge`), not this server's")

LONGEST_HEAD = 16_384  # bytes of URI and headers; longer queries go by a composite request or a bulk job
DAILY_REQUESTS = 15_000  # a Developer Edition's calls per 24 hours
LONG_RUNNING = 5  # its calls that may run for twenty seconds or more at once

_REFUSALS: dict[str, tuple[int, str, str]] = {
    "too_large": (413, "REQUEST_ENTITY_TOO_LARGE", "The request entity is too large"),
    "limit": (403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."),
    "concurrency": (403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."),
    "daily_limit": (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    "unavailable": (503, "SERVER_UNAVAILABLE", "The server is currently unavailable. Please try again later."),
    "internal_error": (500, "UNKNOWN_EXCEPTION", "An unexpected error occurred. Please include this ErrorId"),
}
# what the HTTP server before the API says: help article 000386264; as jsforce issue 1134, simple-salesforce 271 show it
_BAD_MESSAGES: dict[str, tuple[int, str]] = {
    "long_target": (414, "URI Too Long"),
    "large_head": (431, "Request Header Fields Too Large"),
}


class Salesforce(System):
    """One org, its users' sessions and its API."""

    name = "salesforce"
    kinds = (*KINDS, COMMITS, MANAGED)
    schema = TABLES
    never_again = ("id/",)  # record ids are unique for ever, whatever becomes of the records
    limits = Limits(per_day=DAILY_REQUESTS, concurrent=LONG_RUNNING, running_s=20.0)
    ignore_case = True
    max_target = max_head = LONGEST_HEAD
    max_body = 160 * 1024 * 1024  # a Bulk 2.0 upload may have 150 MB

    def __init__(self, settings: Settings) -> None:
        self.credentials = {**DEFAULT_CREDENTIALS, **(settings.credentials or {})}
        self.certificate = load_certificate(self.credentials.get("certificate_pem") or CERTIFICATE.read_text())
        super().__init__(settings)

    # -- life -------------------------------------------------------------------------------

    def build(self) -> None:
        """See `System.build`."""
        register(self.store.db)
        self.org = OrgState(self.store)
        formula = sql_function(lambda: self.org, self.clock.now)
        self.store.db.create_function("soql_formula", 3, formula)
        self.org.faults = self.faults
        self.sessions = Sessions(self)
        self.bus = Bus(self.store, self.chance)
        self.org.leaving_schema = self.bus.settle
        self.capture = Capture(self)
        self.managed = ManagedSubscriptions(self)
        self.pubsub = PubSub(self)
        self.cometd = CometD(self)
        routes.register(self)
        acts.register(self)
        self.states.update(States(self).table())

    def begin(self) -> None:
        """See `System.begin`."""
        with self.store.transaction():
            self.org.set_schema(definition.load())
            birth.begin(self.org, self.settings.genesis, self.credentials["username"])

    def forget(self) -> None:
        """See `System.forget`."""
        self.org.forget()
        self.sessions.forget()
        self.bus.forget()
        self.cometd.forget()

    def seed(self, data: Mapping[str, Any]) -> dict[str, int]:
        """See `System.seed`: rows by sObject in dependency order."""
        return seed.load(self.org, data, self.clock.now())

    def books(self) -> dict[str, Rows]:
        """See `System.books`."""
        return books.of(self.org)

    def release(self) -> None:
        """See `System.release`."""
        self.cometd.forget()

    def metered(self, call: Call) -> bool:
        """See `wire.Vendor`: the Streaming API counts against no limit of API requests."""
        return not call.operation.startswith("cometd.")

    def expire_credentials(self) -> None:
        """See `wire.Vendor`."""
        self.sessions.expire_all()

    # -- the wire ---------------------------------------------------------------------------

    def operation(self, call: Call) -> str:
        """See `wire.Vendor`; a leading `<domain>.salesforce.com` segment is a client's habit and is dropped."""
        naming.normalise(call)
        return naming.operation(self, call, super().operation(call))

    def authenticate(self, call: Call) -> Answer | None:
        """See `wire.Vendor`."""
        match = self.match(call)
        if match.route is not None and match.route.operation in routes.PUBLIC:
            return None
        if match.route is None and not call.raw_path.lower().startswith("/services/data/v"):
            return None
        user = self.sessions.user(bearer(call), call.at)
        if user is None and call.raw_path.lower().startswith("/services/async"):
            return bulk_one.refuse(call, "InvalidSessionId", "Invalid session id")
        if user is None:
            return answer_error(failed("INVALID_SESSION_ID", "Session expired or invalid"))
        call.principal = user
        return None

    def refuse(self, reason: Refusal, call: Call, *, status: int, retry_after_s: int | None) -> Answer:
        """See `wire.Vendor`; Salesforce never says when to come back."""
        del call, retry_after_s
        if reason in _BAD_MESSAGES:
            known, message = _BAD_MESSAGES[reason]
            page = f"<h1>Bad Message {known}</h1><pre>reason: {message}</pre>"
            return Answer(known, page.encode(), "text/html;charset=iso-8859-1", {"Connection": "close"})
        known, code, message = _REFUSALS[reason]
        if reason == "unavailable" and status != 503:
            known, code, message = status, *_REFUSALS["internal_error"][1:]
        return answer_error(ApiError(Problem(code, message), known))

    async def handle(self, call: Call) -> Answer:
        """See `wire.Vendor`."""
        answer = await self.perform(call)
        if call.principal and call.raw_path.startswith("/services/data"):
            answer.headers["Sforce-Limit-Info"] = f"api-usage={self.meter.used_today}/{self.daily_limit}"
        return answer

    async def perform(self, call: Call) -> Answer:
        """Answer one admitted call; also used for the members of composite requests."""
        match = self.match(call)
        try:
            if match.route is None:
                raise _nowhere(call, match.allowed)
            if "{version}" in match.route.path and match.route.operation not in routes.PUBLIC:
                arguments = dict(match.arguments)
                version = read_version(arguments.pop("version"))
                return await match.route.endpoint(Context(self, call, version), **arguments)
            return await match.route.endpoint(self, call, **match.arguments)
        except ApiError as error:
            return answer_error(error)
        except RecursionError:
            return answer_error(failed("JSON_PARSER_ERROR", "The request is nested too deeply"))

    @property
    def daily_limit(self) -> int:
        """The calls a day that the org tells its clients about."""
        return self.meter.limits.per_day or DAILY_REQUESTS


def _nowhere(call: Call, allowed: tuple[str, ...]) -> ApiError:
    if not allowed:
        return not_found()
    message = f"HTTP Method '{call.method}' not allowed. Allowed are {','.join(allowed)}"
    return failed("METHOD_NOT_ALLOWED", message)
