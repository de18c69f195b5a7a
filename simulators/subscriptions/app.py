"""The platform as a system of the kit: transport, authentication, idempotency, transactions, jobs and acts."""

import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any, ClassVar

from simulators.kit.calls import Answer, Call, json_answer
from simulators.kit.fidelity import approximate, exact
from simulators.kit.jobs import Job
from simulators.kit.kinds import Kind
from simulators.kit.limits import Limits
from simulators.kit.system import Rows, System
from simulators.kit.wire import Refusal
from simulators.subscriptions import (
    acts,
    books,
    downloads,
    exports,
    idempotency,
    moving,
    seed,
    site_moves,
    time_machine,
    usage_files,
)
from simulators.subscriptions.errors import JSON, Refused, wrong
from simulators.subscriptions.events import RETRY_SCHEDULE_S
from simulators.subscriptions.forms import Malformed, Tree, form_tree, json_tree
from simulators.subscriptions.invoices import Kept
from simulators.subscriptions.listing import Query
from simulators.subscriptions.older_catalog import OlderCatalog, of_older_catalog
from simulators.subscriptions.pact_states import States
from simulators.subscriptions.params import Params, params_of
from simulators.subscriptions.routes import ACTIONS, LISTS, ROWS
from simulators.subscriptions.schemas import KINDS, Action, Listing
from simulators.subscriptions.timetable import JOBS
from simulators.subscriptions.work import Parts, Work, shown

exact(
    "basic auth with the API key as user",
    source="observed, documented",
    held_by="test_transport",
)
exact(
    "150 requests a minute on a test site, everything refused until the window clears, 429 with Retry-After",
    source="documented",
    held_by="test_transport",
)
exact(
    "header `chargebee-business-entity-id`: only what belongs to that entity is seen, new records are its",
    source="observed, documented",
    held_by="test_customers",
)
approximate(
    "too many calls at once",
    "429 `api_request_limit_exceeded`, Retry-After 1",
    source="ours",
)
approximate(
    "API keys",
    "without a configured one, any key is accepted; an expired one (fault) is refused once",
    source="ours",
)

BASE = "/api/v2"

PARENTS = {"parent_item_id": "item"}  # the kind of a list's path, where its member is not named by it
BODY_MAX = 2 * 1024 * 1024
SIGNED = frozenset((*usage_files.SIGNED, *exports.SIGNED, *downloads.SIGNED))  # whose address is the credential
MUTE_HEADERS = ("chargebee-event-webhook", "chargebee-event-actions")

REFUSALS: dict[Refusal, tuple[str, str]] = {
    "too_large": ("invalid_request", "the request is too large"),
    "long_target": ("invalid_request", "path and query are too long"),
    "large_head": ("invalid_request", "the headers are too large"),
    "limit": ("api_request_limit_exceeded", "the site's limit of API requests per minute is exceeded"),
    "daily_limit": ("api_request_limit_exceeded", "the site's limit of API requests is exceeded"),
    "concurrency": ("api_request_limit_exceeded", "too many API requests at the same time"),
    "unavailable": ("internal_temporary_error", "the site is temporarily unavailable"),
    "internal_error": ("internal_error", "internal error"),
}
OWN_STATUS: dict[Refusal, int] = {"internal_error": 500, "too_large": 413, "long_target": 414, "large_head": 431}


class Subscriptions(System):
    """A test site of the platform."""

    name: ClassVar[str] = "subscriptions"
    kinds: ClassVar[tuple[Kind, ...]] = KINDS
    limits: ClassVar[Limits] = Limits(per_window=150, window_s=60.0, concurrent=100)
    webhook_schedule_s: ClassVar[tuple[float, ...]] = RETRY_SCHEDULE_S
    max_body = BODY_MAX

    def build(self) -> None:
        """Routes from the one page, job handlers, acts."""
        self.parts = Parts(self.store, self.chance, self.jobs, self.outbox)
        self._api_key = (self.settings.credentials or {}).get("api_key")
        self._revoked = False
        for method, path, operation, action in ACTIONS:
            self.routes.add(method, BASE + path, operation, self.endpoint(action))
        for path, operation, listing, member in LISTS:
            self.routes.add("GET", BASE + path, operation, self._list_endpoint(operation, listing, member))
        for kind, run in JOBS.items():
            self.jobs.handler(kind, self._handler(run))
        for module in (time_machine, usage_files, exports, downloads, site_moves):
            module.install(self, BASE)
        acts.install(self)
        self.states.update(States(self).table())

    def forget(self) -> None:
        """Nothing but a revoked key lives outside the store."""
        self._revoked = False

    def seed(self, data: Mapping[str, Any]) -> dict[str, int]:
        """Load site settings, catalog, tax rules and webhook endpoints; see `seed.load`."""
        return seed.load(self.work(self.clock.now(), "admin_console"), data)

    def books(self) -> dict[str, Rows]:
        """See `books.dump`."""
        return books.dump(self.store)

    # -- calls --------------------------------------------------------------------------------

    def authenticate(self, call: Call) -> Answer | None:
        """HTTP basic with the API key as user and no password; without a configured key any key is good."""
        if call.operation in SIGNED:
            return None
        key = _basic_user(call.headers.get("authorization", ""))
        good = bool(key) and (self._api_key is None or hmac.compare_digest(key.encode(), self._api_key.encode()))
        if good and not self._revoked:
            call.principal = "api_key"
            return None
        self._revoked = False
        return Refused("api_authentication_failed", "Sorry, authentication failed. Invalid api key.").answer()

    def expire_credentials(self) -> None:
        """API keys do not expire: the key is refused once, as while somebody rotates it."""
        self._revoked = True

    def refuse(self, reason: Refusal, call: Call, *, status: int, retry_after_s: int | None) -> Answer:
        """Limits, outages and defects in the vendor's error shape."""
        del call
        code, text = REFUSALS[reason]
        answer = Refused(code, text, status=status if reason == "unavailable" else OWN_STATUS.get(reason)).answer()
        if retry_after_s is not None or reason == "concurrency":
            answer.headers["Retry-After"] = str(retry_after_s or 1)
        return answer

    async def handle(self, call: Call) -> Answer:
        """One call: find its operation, replay or run it, turn refusals into answers."""
        match = self.match(call)
        try:
            if match.route is None:
                raise _no_such_operation(call, match.allowed)
            if call.method != "POST":
                return await match.route.endpoint(call, **match.arguments)
            key = idempotency.key_of(call)
            if key is None:
                return await match.route.endpoint(call, **match.arguments)
            return await self._once(key, call, match.route.endpoint, match.arguments)
        except Refused as refused:
            return refused.answer()
        except Malformed as error:
            return Refused("invalid_request", str(error), error.param).answer()

    async def _once(
        self, key: str, call: Call, endpoint: Callable[..., Awaitable[Answer]], arguments: dict[str, str]
    ) -> Answer:
        stored = idempotency.replay(self.store, key, call)
        if stored is not None:
            return stored
        try:
            answer = await endpoint(call, idempotency_key=key, **arguments)
        except Refused as refused:
            answer = refused.answer()
            idempotency.remember(self.store, key, call, answer)
        return answer

    def work(self, at: float, source: str, entity: str | None = None, mute: bool = False) -> Work:
        """A unit of work at an instant."""
        return Work(self.parts, at, source, entity, mute)

    def _work_of(self, call: Call) -> Work:
        headers = call.headers
        mute = "all-disabled" in map(headers.get, MUTE_HEADERS)
        entity = headers.get("chargebee-business-entity-id")
        work = self.work(call.at, "api", entity, mute)
        work.base_url = call.base_url
        if entity is not None and work.get("business_entity", entity) is None:
            raise wrong("chargebee-business-entity-id", f"{entity} is not a business entity of this site")
        return work

    def endpoint(self, action: Action) -> Callable[..., Awaitable[Answer]]:
        """An action as an endpoint: reads stand alone, writes are one transaction with their events and key."""

        async def endpoint(call: Call, idempotency_key: str | None = None, **arguments: str) -> Answer:
            params = parameters(call)
            work = self._work_of(call)
            if call.method == "GET":
                result = action(work, params, **arguments)
                params.refuse_unread()
                return json_answer(200, {name: shown(value) for name, value in result.items()}, JSON)
            with self.store.transaction():
                try:
                    moving.guard(work, call.raw_path, arguments.get("key"))
                    result = action(work, params, **arguments)
                    params.refuse_unread()
                    answer = json_answer(200, {name: shown(value) for name, value in result.items()}, JSON)
                except Kept as kept:
                    answer = kept.refused.answer()
                work.flush()
                if idempotency_key is not None:
                    idempotency.remember(self.store, idempotency_key, call, answer)
            return answer

        return endpoint

    def _list_endpoint(self, operation: str, listing: Listing, member: str | None) -> Callable[..., Awaitable[Answer]]:
        row = ROWS.get(operation)

        async def endpoint(call: Call, key: str | None = None) -> Answer:
            work = self._work_of(call)
            fixed = {} if member is None or key is None else {member: key}
            if key is not None and member is not None:
                work.need(PARENTS.get(member) or member.removesuffix("_id"), key)
            if work.entity is not None and "business_entity_id" in listing.filters:
                fixed["business_entity_id"] = work.entity
            docs, following = Query(listing, parameters(call), work.site["timezone"], fixed).run(self.store)
            rows = [row(work, doc) if row else {listing.kind: doc} for doc in docs]
            listed: dict[str, Any] = {"list": [{name: shown(value) for name, value in each.items()} for each in rows]}
            if following is not None:
                listed["next_offset"] = following
            return json_answer(200, listed, JSON)

        return endpoint

    def _handler(self, run: Callable[[Work, Job], None]) -> Callable[[Job], Awaitable[None]]:
        async def handle(job: Job) -> None:
            with self.store.transaction():
                work = self.work(job.due, "scheduled_job")
                run(work, job)
                work.flush()

        return handle


def parameters(call: Call) -> Params:
    """Query and body of a call; the body is a form unless it says that it is JSON."""
    query = form_tree(call.query)
    if not call.body:
        return Params(query)
    body: Tree
    if "json" in call.headers.get("content-type", ""):
        body = json_tree(call.body)
    else:
        try:
            body = form_tree(call.body.decode("ascii"))
        except UnicodeDecodeError:
            raise Malformed("the body is not a percent-encoded form") from None
    return params_of(query, body)


@lru_cache(maxsize=64)
def _basic_user(header: str) -> str:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _no_such_operation(call: Call, allowed: tuple[str, ...]) -> Refused:
    if of_older_catalog(call):
        return OlderCatalog()
    if allowed:
        return Refused("http_method_not_supported", f"{call.method} is not supported here; {', '.join(allowed)} is")
    return Refused("resource_not_found", f"The request path {call.raw_path} is not found or not supported here")
