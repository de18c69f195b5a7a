"""The cloud ERP as one system: parts put together, routes, life."""

import asyncio
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from simulators.erp_cloud.access import Access
from simulators.erp_cloud.acts import Acts
from simulators.erp_cloud.asyncjobs import AsyncJobs
from simulators.erp_cloud.books import books
from simulators.erp_cloud.errors import Problem, error_answer, not_found
from simulators.erp_cloud.metadata import Metadata
from simulators.erp_cloud.moments import stamp
from simulators.erp_cloud.month_end import MonthEnd
from simulators.erp_cloud.oauth2 import TOKEN_PATH
from simulators.erp_cloud.pact_states import States
from simulators.erp_cloud.records import Records
from simulators.erp_cloud.render import SERVICES, SINGULAR, Renderer
from simulators.erp_cloud.restlets import PATH as RESTLET
from simulators.erp_cloud.restlets import Restlets, restlet_error
from simulators.erp_cloud.routes import RecordApi
from simulators.erp_cloud.schemas import RECORD_TYPES
from simulators.erp_cloud.seed import load
from simulators.erp_cloud.state import DEFAULTS, KINDS, State
from simulators.erp_cloud.suiteql import QueryApi
from simulators.erp_cloud.tables import SCHEMA
from simulators.kit.calls import Answer, Call, json_answer
from simulators.kit.fidelity import absent, approximate, exact
from simulators.kit.kinds import Kind
from simulators.kit.limits import Limits
from simulators.kit.system import Rows, System
from simulators.kit.wire import Refusal

exact(
    "five calls at once for the account (profile `vendor`), 429 CONCURRENCY_LIMIT_EXCEEDED without Retry-After; "
    "body limit 104 MB",
    source="documented",
    held_by="test_system",
)
exact(
    "`system/v1/serverTime` in UTC whatever the user's zone, no permission needed",
    source="documented",
    held_by="test_system",
)
approximate(
    "OPTIONS of `services/rest/*`",
    "answers 200 with the methods that records know: what clients' first examples ask",
    source="observed",
)
approximate("calls under profile `vendor`", "are held `holdMs` (20) each, so that parallel calls meet", source="ours")
absent("per-integration limits, 1-minute and 24-hour frequency limits", "request timeout of 15 minutes")

ACCOUNT_CONCURRENCY = 5
CREDENTIALS = {
    "account": "TSTDRV123_SB1",
    "consumer_key": "windtunnel-consumer-key",
    "consumer_secret": "windtunnel-consumer-secret",
    "token_id": "windtunnel-token-id",
    "token_secret": "windtunnel-token-secret",
    "clerk_token_id": "windtunnel-clerk-id",
    "clerk_token_secret": "windtunnel-clerk-secret",
    "controller_token_id": "windtunnel-controller-id",
    "controller_token_secret": "windtunnel-controller-secret",
}
# reason -> (status, code, text) where the wire does not say the status itself
REFUSALS: dict[str, tuple[int, str, str]] = {
    "too_large": (413, "INVALID_CONTENT", "The request payload is larger than allowed."),
    "long_target": (414, "INVALID_REQUEST", "The request URI is longer than allowed."),
    "large_head": (431, "INVALID_REQUEST", "The request headers are larger than allowed."),
    "limit": (429, "CONCURRENCY_LIMIT_EXCEEDED", "Concurrent request limit exceeded. Request blocked."),
    "daily_limit": (429, "CONCURRENCY_LIMIT_EXCEEDED", "Concurrent request limit exceeded. Request blocked."),
    "concurrency": (429, "CONCURRENCY_LIMIT_EXCEEDED", "Concurrent request limit exceeded. Request blocked."),
}


class ErpCloud(System):
    """NetSuite's SuiteTalk REST record service and SuiteQL over a double-entry ledger."""

    name: ClassVar[str] = "erp_cloud"
    kinds: ClassVar[tuple[Kind, ...]] = KINDS
    schema: ClassVar[str] = SCHEMA
    limits: ClassVar[Limits] = Limits(concurrent=ACCOUNT_CONCURRENCY)
    max_body: int = 104 * 1024 * 1024
    ignore_case: ClassVar[bool] = True

    def build(self) -> None:
        """Register routes and acts."""
        self.state = State(self.store)
        self.records = Records(self.state)
        credentials = {**CREDENTIALS, **(self.settings.credentials or {})}
        self.access = Access(credentials, self.store, self.chance, self.clock.wire)
        self.async_jobs = AsyncJobs(self)
        self.month_end = MonthEnd(self)
        RecordApi(self.state, self.records, self.access).register(self.routes)
        self.renderer, self.queries = Renderer(self.state), QueryApi(self.state, self.access, self.clock.now)
        self.queries.register(self.routes)
        self.restlets = Restlets(self)
        Metadata(self.state).register(self.routes)
        self.async_jobs.register(self.routes)
        self.routes.add("POST", TOKEN_PATH, "token", self._token)
        self.routes.add("GET", f"{SERVICES}/system/v1/governanceLimits", "governanceLimits", self._governance)
        self.routes.add("GET", f"{SERVICES}/system/v1/serverTime", "serverTime", self._server_time)
        self.routes.add("OPTIONS", f"{SERVICES}/*", "options", self._options)
        for path in ("/rest/tokeninfo", f"{SERVICES}/tokeninfo"):
            self.routes.add("GET", path, "tokeninfo", self._token_info)
        self.acts.update(Acts(self).table())
        self.states.update(States(self).table())

    def begin(self) -> None:
        """A fresh account has its preferences and nothing else; the seed brings its set-up."""
        self.store.put("preference", dict(DEFAULTS))

    def forget(self) -> None:
        """Drop caches and nonces."""
        self.state.forget()
        self.access.forget()

    def operation(self, call: Call) -> str:
        """The route's name, with the record type for record operations: `record.upsert:invoice`."""
        name = super().operation(call)
        if name == "restlet":
            script = dict(parse_qsl(call.query)).get("script", "")
            return f"{name}:{script[:60]}"
        if name.startswith("record."):
            arguments = self.match(call).arguments
            given = arguments.get("target") or arguments["type"]
            record = RECORD_TYPES.get(given.lower())
            return f"{name}:{record.name if record else given[:60]}"
        return name

    def authenticate(self, call: Call) -> Answer | None:
        """Everything but the token endpoint needs a bearer token or a TBA signature."""
        refused = None if call.operation == "token" else self.access.refuse(call)
        if refused is not None and call.raw_path == RESTLET:
            return restlet_error(401, "INVALID_LOGIN_ATTEMPT", "Invalid login attempt.", refused.headers)
        return refused

    async def handle(self, call: Call) -> Answer:
        """One call: to its route, or the vendor's not-found and not-allowed."""
        if self.meter.profile == "vendor":
            await self._hold()
            call.at = self.clock.now()
        match = self.match(call)
        if match.route is None:
            if match.allowed:
                allow = (("Allow", ", ".join(match.allowed)),)
                return error_answer(
                    Problem(405, "METHOD_NOT_ALLOWED", f"{call.method} is not allowed here.", headers=allow)
                )
            return error_answer(not_found())
        if self.async_jobs.wanted(call):
            return self.async_jobs.accept(call)
        return await match.route.endpoint(call, **match.arguments)

    async def _hold(self) -> None:
        """Requests take time at the vendor's, else parallel calls would never meet the concurrency limit."""
        hold_ms = self.state.preferences["holdMs"]
        if hold_ms:
            await asyncio.sleep(hold_ms / 1000)

    def refuse(self, reason: Refusal, call: Call, *, status: int, retry_after_s: int | None) -> Answer:
        """Limits answer 429 without Retry-After (the vendor documents none); failures answer 5xx with an error id."""
        del retry_after_s
        known = REFUSALS.get(reason)
        if call.raw_path == RESTLET and known is not None and known[0] == 429:
            return restlet_error(429, "SSS_REQUEST_LIMIT_EXCEEDED", known[2])
        if known is not None:
            return error_answer(Problem(*known))
        error_id = self.chance.token("error", int(call.at * 1000), 12)
        return error_answer(Problem(status, "UNEXPECTED_ERROR", f"An unexpected error occurred. Error ID: {error_id}"))

    def expire_credentials(self) -> None:
        """Every bearer token dies; the next TBA call loses its session."""
        self.access.expire()

    def seed(self, data: Mapping[str, Any]) -> dict[str, int]:
        """Load the company's set-up; see `simulators.erp_cloud.seed`."""
        return load(self, data)

    def books(self) -> dict[str, Rows]:
        """Customers, documents, lines, applications and ledger lines."""
        return books(self.state)

    # -- small endpoints ----------------------------------------------------------------------

    async def _token(self, call: Call) -> Answer:
        return self.access.issue(call)

    async def _governance(self, call: Call) -> Answer:
        del call
        limit = self.meter.limits.concurrent
        return json_answer(200, {
            "links": [], "accountConcurrencyLimit": limit, "accountUnallocatedConcurrencyLimit": limit,
            "integrationConcurrencyLimit": None, "integrationLimitType": "accountLimit",
        }, SINGULAR)  # fmt: skip

    async def _server_time(self, call: Call) -> Answer:
        return json_answer(200, {"serverTime": f"{stamp(call.at)[:-1]}.000Z"}, SINGULAR)

    async def _options(self, call: Call) -> Answer:
        del call
        return Answer(200, b"", None, {"Allow": "GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS"})

    async def _token_info(self, call: Call) -> Answer:
        return json_answer(200, {
            "companyName": self.state.preferences["companyName"], "companyId": self.access.account,
            "roleName": call.principal, "roleId": call.principal, "scope": ["rest_webservices"],
        })  # fmt: skip
