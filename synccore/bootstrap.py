"""The composition root: how a core is put together, in production and in simulation alike."""

import sqlite3
from collections.abc import Callable

from pydantic import ValidationError

from synccore.config import ConfigError, Settings, initial_mappings, settings_of
from synccore.core import Core, Mappings, Parts, Ports
from synccore.domain.mappings import KINDS, shape_of
from synccore.engine.database import InlineDatabase, prepare
from synccore.engine.log import configure as configure_logs
from synccore.experience.app import api
from synccore.governance.compatibility import Incompatibility, incompatibilities
from synccore.governance.event_schemas import asyncapi, event_schemas
from synccore.governance.openapi import api_incompatibilities
from synccore.ports.database import Database
from synccore.systems.layouts import layouts
from synccore.systems.subscriptions import EVENTS as PLATFORM_EVENTS

__all__ = [
    "PLATFORM_EVENTS", "ConfigError", "Core", "Incompatibility", "Parts", "Ports", "Settings", "api",
    "api_incompatibilities", "asyncapi", "build", "configure_logs", "event_schemas", "incompatibilities",
    "inline_database", "layouts", "live", "parts", "prepare", "settings_of",
]  # fmt: skip


def parts() -> Parts:
    """The parts of the real core."""
    return Parts()


def build(
    settings: Settings, ports: Ports, change: Callable[[Parts], Parts] | None = None, mappings: Mappings | None = None
) -> Core:
    """A core that is ready to start. `mappings` {kind: {key: value}} replace those of the settings' file.

    Raises ConfigError when settings name what does not exist or a mapping does not fit its kind.
    """
    if mappings is None:
        mappings = initial_mappings(settings.mappings)
    _check(mappings)
    made_of = parts()
    return Core(settings, ports, made_of if change is None else change(made_of), mappings)


def _check(mappings: Mappings) -> None:
    wrong = []
    for kind, values in mappings.items():
        if kind not in KINDS:
            wrong.append(f"SYNCCORE_MAPPINGS: there is no kind of mapping '{kind}'")
            continue
        for key, value in values.items():
            try:
                shape_of(kind, key).model_validate(value)
            except ValidationError as error:
                wrong += [f"SYNCCORE_MAPPINGS: {kind}/{key}: {item['msg']}" for item in error.errors()]
    if wrong:
        raise ConfigError(wrong)


def inline_database(connection: sqlite3.Connection) -> Database:
    """The core's memory on a connection of the caller, without threads; its tables exist (see `prepare`)."""
    return InlineDatabase(connection)


def live(settings: Settings) -> Ports:
    """The ports of a real deployment; called in the running event loop that everything will run on."""
    # The simulation needs neither of these, nor the time that their import takes.
    from synccore.engine import live  # noqa: PLC0415
    from synccore.engine.dbos_engine import DbosEngine  # noqa: PLC0415
    from synccore.engine.names import WorkerName  # noqa: PLC0415

    chance = live.SystemChance()
    transport = live.HttpTransport()
    clock = live.clock_of(settings.time_source, settings.time_source_poll_s)
    database = live.ThreadDatabase(settings.database_url)
    files = None
    if settings.erp_legacy_host:
        from synccore.engine.live.sftp import SftpDrop  # noqa: PLC0415

        files = SftpDrop(
            settings.erp_legacy_host, settings.erp_legacy_port, settings.erp_legacy_user,
            settings.erp_legacy_password.get_secret_value(), settings.erp_legacy_host_key, settings.timeout_s,
        )  # fmt: skip
    channel = None
    if settings.pubsub():
        from synccore.engine.live.streams import GrpcChannel  # noqa: PLC0415

        channel = GrpcChannel(settings.pubsub(), settings.salesforce_pubsub_ca)
    engine = DbosEngine(
        settings.engine_url(), clock, settings.application_version, settings.executor, settings.concurrency,
        settings.queue_poll_s,
    )  # fmt: skip
    name = WorkerName(settings.engine_url(), engine.worker)
    drops = (*(() if files is None else (files.close,)), *(() if channel is None else (channel.close,)))
    return Ports(
        clock, chance, transport, files, database, engine, channel, opening=(name.take, clock.start, database.start),
        closing=(transport.close, *drops, clock.close, database.close, name.release),
        foreign_runs=engine.foreign_runs, alone=lambda: name.alone,
    )  # fmt: skip
