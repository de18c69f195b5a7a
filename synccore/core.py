"""A core: its ports to the outside, the parts it is made of, and one incarnation of it."""

import asyncio
import base64
import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from synccore import processes as process_apis
from synccore import systems as system_apis
from synccore.config import ConfigError, Settings
from synccore.domain.drift import FieldMaps
from synccore.domain.service_levels import Level, Objective
from synccore.engine.dispatch import TICKER, Dispatcher
from synccore.engine.holding import Held
from synccore.engine.meter import Meter
from synccore.engine.pulse import Pulse
from synccore.engine.rehearsal import Reading, Undoing, rehearse, telling
from synccore.engine.retry import RetryPolicy
from synccore.experience.desk import TickerView
from synccore.ports.chance import Chance
from synccore.ports.clock import Clock
from synccore.ports.database import Database
from synccore.ports.engine import Engine, Process, StepTaken, Ticker
from synccore.ports.exports import Exports
from synccore.ports.files import FileDrop
from synccore.ports.holding import KEPT_S, LOST_AFTER_S
from synccore.ports.outcomes import Away
from synccore.ports.rehearsals import PlannedWrite, Rehearsed
from synccore.ports.reports import KeptReport, TaxReport
from synccore.ports.stores import Signal, Unit
from synccore.ports.streams import Channel
from synccore.ports.transport import Transport
from synccore.processes.context import SALES, WATCH, Context
from synccore.reconciliation import DailyReconciliation, Reconciliation, compare, plan_next
from synccore.systems import credentials

T = TypeVar("T")
Mappings = Mapping[str, Mapping[str, Any]]
Step = Callable[[], Awaitable[None]]
Receive = Callable[[Any], Awaitable[bool]]  # a platform event stored with its work; False: known; ValueError: no sense
Replay = Callable[[Sequence[Signal], str], Awaitable[int]]  # signals turned into work again (of a customer); how many


async def _none_foreign() -> int:
    return 0


def _alone() -> bool:
    return True


async def _nothing(*_: float) -> None:
    return None


@dataclass(frozen=True)
class Ports:
    """The outside of a core. `opening` runs before the engine starts, `closing` after it has ended, in order."""

    clock: Clock
    chance: Chance
    transport: Transport
    files: FileDrop | None
    database: Database
    engine: Engine
    channel: Channel | None = None  # to the sales system's event bus
    opening: tuple[Step, ...] = ()
    closing: tuple[Step, ...] = ()
    foreign_runs: Callable[[], Awaitable[int]] = _none_foreign
    alone: Callable[[], bool] = _alone  # no other process works under this worker's name


def _same_unit(unit: Unit) -> Unit:
    return unit


def _same_transport(transport: Transport) -> Transport:
    return transport


def _same_context(context: Context) -> Context:
    return context


def basic_auth_matches(authorization: str, user: str, password: str) -> bool:
    """Whether an Authorization header holds these basic credentials; takes as long for a near miss as for any."""
    expected = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    return hmac.compare_digest(authorization.encode("utf-8", "replace"), expected.encode())


@dataclass(frozen=True)
class Parts:
    """What a core is made of, by name; tests of the tests replace single parts by wrong ones."""

    unit: Callable[[Unit], Unit] = _same_unit
    transport: Callable[[Transport], Transport] = _same_transport
    adapters: Callable[..., system_apis.Adapters] = system_apis.adapters
    context: Callable[[Context], Context] = _same_context
    processes: Callable[[Context], dict[str, Process]] = process_apis.processes
    tickers: Callable[[Context], list[tuple[str, float, Ticker]]] = process_apis.tickers
    intake: Callable[[Context], Receive] = process_apis.intake
    replay: Callable[[Context], Replay] = process_apis.replay
    service_levels: Callable[[Context, Unit], list[tuple[Objective, Level]]] = process_apis.service_levels
    compare: Callable[..., Any] = compare
    webhook_verified: Callable[[str, str, str], bool] = basic_auth_matches
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    lost_after_s: float = LOST_AFTER_S
    exception_due_s: Mapping[str, float] = field(default_factory=lambda: {"": 86400.0})


class _Memory:
    """The database as the stores' replaceable part sees it."""

    def __init__(self, database: Database, unit: Callable[[Unit], Unit]) -> None:
        self._database, self._unit = database, unit

    async def run(self, fn: Callable[[Unit], T]) -> T:
        """See `ports.database.Database`."""
        return await self._database.run(lambda unit: fn(self._unit(unit)))


def _exports(folder: str) -> Exports | None:
    if not folder:
        return None
    from synccore.reconciliation.exports import DuckDbExports  # noqa: PLC0415 - a library that only those need who ask

    return DuckDbExports(folder)


class Core:
    """One incarnation of the core; `experience.desk.Desk` says what its API asks of it."""

    def __init__(self, settings: Settings, ports: Ports, made_of: Parts, mappings: Mappings) -> None:
        self.settings, self.ports, self.parts = settings, ports, made_of
        self.clock, self.engine, self.version = ports.clock, ports.engine, settings.application_version
        same = made_of.unit is _same_unit
        self.database: Database = ports.database if same else _Memory(ports.database, made_of.unit)
        self.meter = Meter()
        self.pulse = Pulse(self.meter, ports.clock)
        self.dispatcher = Dispatcher(
            self.database, ports.engine, ports.clock, ports.chance, self.meter, self.pulse, made_of.retry,
            made_of.exception_due_s, self._missed, made_of.lost_after_s,
        )  # fmt: skip
        self._mappings = mappings
        self._tokens = _tokens(settings)
        self.ready = False
        self.fields = FieldMaps()
        self.context = made_of.context(self._context(Held(self.database), made_of.transport(ports.transport)))
        self._receive, self._replay = made_of.intake(self.context), made_of.replay(self.context)
        self._exports = _exports(settings.exports)
        self._reconciliation = Reconciliation(self.context, made_of.compare, self._exports)
        self._reconciling = asyncio.Lock()
        for name, process in made_of.processes(self.context).items():
            self.dispatcher.register(name, process)
        self.dispatcher.register("reconciliation", DailyReconciliation(
            self.database, ports.clock, self._when_to_reconcile, self.reconcile
        ))  # fmt: skip
        self._watches = False
        for name, interval_s, ticker in made_of.tickers(self.context):
            self._watches = self._watches or name == WATCH
            ports.engine.every(name, interval_s, self.pulse.watched(name, ticker))
        ports.engine.every(TICKER, settings.dispatch_s, self.pulse.watched(TICKER, self.dispatcher.tick))

    def _missed(self, away: Away) -> None:
        """Work waits for a system: the watch looks when its breaker lets a call through."""
        if self._watches:
            self.ports.engine.alarm(WATCH, self.clock.now() + away.delay_s)

    def _heard(self) -> None:
        """The sales system has told something: look at once."""
        self.pulse.changed()
        self.ports.engine.alarm(SALES, self.clock.now())

    def _context(self, database: Database, transport: Transport) -> Context:
        adapters = self.parts.adapters(
            access_of(self.settings), transport, self.ports.files, self.clock, self.ports.chance, self.meter.api_call,
            self.fields, self.ports.channel, self._heard,
        )  # fmt: skip
        context = Context(
            database, self.clock, self.ports.chance, adapters.salesforce, adapters.platform, adapters.cloud,
            adapters.legacy, adapters.metering, self.dispatcher.kick, partner=self.settings.erp_legacy_partner,
            fields=self.fields, feed=adapters.feed, restored=self.settings.restored,
        )  # fmt: skip
        unknown = sorted(set(self.settings.poll_s) - set(context.intervals))
        if unknown:
            raise ConfigError([f"SYNCCORE_POLL_{name.upper().replace('-', '_')}_S: no such ticker" for name in unknown])
        context.intervals.update(self.settings.poll_s)
        return context

    async def start(self) -> None:
        """Open the ports, load mappings that are absent, recover what was under way and begin."""
        for step in self.ports.opening:
            await step()
        await self.database.run(self._load)
        await self.engine.start()
        self.ready = True

    def _load(self, unit: Unit) -> None:
        unit.workers.forget(self.clock.now() - KEPT_S)
        unit.workers.beat(self.engine.worker, self.clock.now())
        for kind, values in self._mappings.items():
            for key, value in values.items():
                if unit.mappings.get(kind, key) is None:
                    unit.mappings.put(kind, key, value, "configuration", self.clock.now())
        self.context.read_fields(unit)
        self._plan(unit)

    def _plan(self, unit: Unit) -> None:
        plan_next(unit, self._when_to_reconcile(unit), self.clock.now())
        process_apis.plan_waves(self.context, unit)

    def _when_to_reconcile(self, unit: Unit) -> dict[str, Any]:
        return self.context.policy(unit, "reconciliation")

    async def close(self) -> None:
        """Stop taking up work and let go of the ports; what was under way is taken up by the next start."""
        self.ready = False
        await self.engine.close()
        for step in self.ports.closing:
            await step()

    # -- the desk ---------------------------------------------------------------------------

    @property
    def changes(self) -> int:
        """Grows with every change."""
        return self.pulse.changes

    def role_of(self, token: str) -> str:
        """The role of a bearer token, '' for a wrong one."""
        found = ""
        for role, secret in self._tokens:
            if hmac.compare_digest(token.encode("utf-8", "replace"), secret):
                found = role
        return found

    def webhook_verified(self, authorization: str) -> bool:
        """Whether an Authorization header is the platform's."""
        password = self.settings.webhook_password.get_secret_value()
        return self.parts.webhook_verified(authorization, self.settings.webhook_user, password)

    async def receive(self, event: Mapping[str, Any]) -> bool:
        """Store a platform event and its work; False when it was known."""
        fresh = await self._receive(event)
        self.meter.count("synccore_signals", "subscriptions", "new" if fresh else "known")
        return fresh

    async def replay(self, signals: Sequence[Signal], customer: str = "") -> int:
        """Translate stored signals again; returns how many mean work (of a customer, if one is named)."""
        return await self._replay(signals, customer)

    async def doubt(self, system: str, since: float) -> int:
        """What was written to a system since then may be gone: it was set back. How many writes that are."""
        at = self.clock.now()
        return await self.database.run(lambda unit: process_apis.doubt(unit, system, since, at))

    async def rehearse(self, signals: Sequence[Signal], customer: str = "") -> list[Rehearsed]:
        """What a replay of these signals would do: nothing is stored or sent, what reads is really read."""
        memory = Undoing(self.database)
        dry = self._context(memory, Reading(self.parts.transport(self.ports.transport)))
        dry, told = self.parts.context(replace(dry, kick=_nothing)), list[PlannedWrite]()
        await self.parts.replay(dry)(signals, customer)
        dry = replace(dry, once=telling(dry.once, told), level=telling(dry.level, told))
        return await rehearse(self.parts.processes(dry), dict(memory.found), told)

    async def reconcile(self, by: str, heals: bool = False) -> KeptReport:
        """Compare all books now, one reconciliation at a time; raises Later or Rejected when one cannot be read."""
        async with self._reconciling:
            kept = await self._reconciliation.make(by, heals)
        if kept.content["healed"]:
            await self.kick()
        return kept

    async def taxes(self) -> TaxReport:
        """What the ledgers declare as tax; raises Later or Rejected when the platform cannot be read."""
        return await self._reconciliation.taxes()

    def exports(self, report_id: str) -> Path | None:
        """The file with the books of a report, as far as it is kept here."""
        return self._exports.of(report_id) if self._exports is not None else None

    async def positions(self) -> Mapping[str, str]:
        """How far each source has been read, by the cursor's name."""
        return await self.database.run(lambda unit: process_apis.positions(self.context, unit))

    def service_levels(self, unit: Unit) -> Sequence[tuple[Objective, Level]]:
        """What the core promises of its flows, and how far it keeps that now."""
        return self.parts.service_levels(self.context, unit)

    async def steps(self, run_id: str) -> Sequence[StepTaken]:
        """The steps that the engine remembers of a run."""
        return await self.engine.steps(run_id)

    async def kick(self) -> None:
        """Work was added or woken: hand it over now."""
        await self.dispatcher.kick()

    async def reload(self) -> None:
        """Field maps or policies have changed."""
        await self.context.renew_fields()
        await self.database.run(self._plan)

    def touch(self) -> None:
        """Note a change."""
        self.pulse.changed()

    def quiet(self) -> bool:
        """Every ticker has looked since the last change and found nothing."""
        return self.pulse.quiet()

    def tickers(self) -> Mapping[str, TickerView]:
        """All tickers by name."""
        return {
            name: TickerView(
                beat.rounds, beat.quiet_since == self.changes, beat.next_due, beat.error, beat.away, beat.looking
            )
            for name, beat in self.pulse.beats.items()
        }

    async def foreign_runs(self) -> int:
        """Unfinished runs of other application versions."""
        return await self.ports.foreign_runs()

    @property
    def alone(self) -> bool:
        """No other process works under this worker's name."""
        return self.ports.alone()

    def taken_over_at(self) -> Mapping[str, float]:
        """Runs that other workers hold, and when this one looks at each again, to end it or to begin it anew."""
        return self.dispatcher.watch.due

    def metrics(self, gauges: Mapping[str, tuple[str, float]]) -> bytes:
        """Counters and the given gauges as Prometheus text."""
        return self.meter.text(gauges)


def _tokens(settings: Settings) -> list[tuple[str, bytes]]:
    given = {"viewer": settings.viewer_token, "operator": settings.operator_token, "admin": settings.admin_token}
    return [(role, token.get_secret_value().encode()) for role, token in given.items() if token is not None]


def access_of(settings: Settings) -> credentials.SystemsAccess:
    """Where the systems are and how to sign in there."""
    cloud = legacy = metering = None
    if settings.metering_url:
        metering = credentials.MeteringAccess(settings.metering_url, settings.metering_token.get_secret_value())
    if settings.erp_cloud_url:
        cloud = credentials.CloudErpAccess(
            settings.erp_cloud_url, settings.erp_cloud_client_id, settings.erp_cloud_certificate_id,
            settings.private_key_pem(),
        )  # fmt: skip
    if settings.erp_legacy_host:
        legacy = credentials.LegacyErpAccess(
            settings.erp_legacy_partner, settings.erp_legacy_receiver, settings.erp_legacy_client
        )  # fmt: skip
    return credentials.SystemsAccess(
        credentials.SalesforceAccess(
            settings.salesforce_url, settings.salesforce_client_id,
            settings.salesforce_client_secret.get_secret_value(), settings.salesforce_api_version,
            tuple(topic for topic in settings.salesforce_topics.split(",") if topic), settings.salesforce_bulk_above,
        ),
        credentials.SubscriptionsAccess(settings.subscriptions_url, settings.subscriptions_api_key.get_secret_value()),
        cloud, legacy, metering, settings.timeout_s,
    )  # fmt: skip
