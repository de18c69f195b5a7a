"""The core put together as the simulation does it: an inline database, another engine, no threads."""

import asyncio
import dataclasses
import subprocess
import sys
import threading
from typing import Any

import pytest

from synccore import bootstrap
from synccore.ports.engine import Run, Tick
from synccore.ports.outcomes import Later
from synccore.ports.stores import Inbox, Signal, Unit
from tests.synccore.worlds import DeadTransport, Even, HandClock, HandEngine, environment, memory

CLOUD = {"erp_cloud_url": "https://x", "erp_cloud_client_id": "c", "erp_cloud_certificate_id": "k"}
ITEM = {"kind": "charge", "erp_item": "SVC"}


def ports(engine: HandEngine, clock: HandClock) -> bootstrap.Ports:
    return bootstrap.Ports(clock, Even(), DeadTransport(), None, memory(), engine)


def test_all_processes_and_tickers_are_registered_and_initial_mappings_loaded_once() -> None:
    async def story() -> None:
        engine, clock = HandEngine(), HandClock()
        outside = ports(engine, clock)
        for name in ("first", "second"):
            mappings = {"items": {"A": {**ITEM, "erp_item": name}}}
            core = bootstrap.build(bootstrap.settings_of(environment()), outside, mappings=mappings)
            await core.start()
            await core.close()
        assert {"order-activation", "invoice-publication", "payment-status"} <= set(engine.processes)
        assert {"dispatch", "salesforce-changes", "platform-events"} <= set(engine.tickers)
        value = await outside.database.run(lambda unit: unit.mappings.get("items", "A"))
        assert value["erp_item"] == "first", "what a person may have changed is not overwritten"

    asyncio.run(story())


def test_a_core_starts_no_thread() -> None:
    async def story() -> None:
        before = threading.active_count()
        engine = HandEngine()
        core = bootstrap.build(bootstrap.settings_of(environment()), ports(engine, HandClock()))
        await core.start()
        await engine.tickers["dispatch"]()
        await core.close()
        assert threading.active_count() == before

    asyncio.run(story())


class Forgetful:
    """An inbox that knows nothing: a planted defect."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    def accept(self, signal: Signal) -> bool:
        return True

    def find(self, *given: Any) -> list[Signal]:
        return []


def test_single_parts_can_be_replaced() -> None:
    def forget(unit: Unit) -> Unit:
        return dataclasses.replace(unit, inbox=Forgetful(unit.inbox))  # type: ignore[type-var]

    async def story() -> None:
        def change(parts: bootstrap.Parts) -> bootstrap.Parts:
            return dataclasses.replace(parts, unit=forget)

        settings = bootstrap.settings_of(environment())
        core = bootstrap.build(settings, ports(HandEngine(), HandClock()), change)
        signal = Signal("subscriptions", "ev_1", "x", {}, 1.0)
        for _ in range(2):
            assert await core.database.run(lambda unit: unit.inbox.accept(signal))

    asyncio.run(story())


def test_rest_means_that_every_ticker_looked_since_the_last_change() -> None:
    found = [Tick(False)]

    async def look() -> Tick:
        if not found:
            raise Later(30.0, "down")
        return found[0]

    async def process(run: Run, argument: Any) -> None:
        return None

    async def story() -> None:
        def change(parts: bootstrap.Parts) -> bootstrap.Parts:
            return dataclasses.replace(
                parts, processes=lambda _: {"p": process}, tickers=lambda _: [("source", 60.0, look)]
            )

        engine, clock = HandEngine(), HandClock()
        core = bootstrap.build(bootstrap.settings_of(environment()), ports(engine, clock), change)
        await core.start()
        assert not core.quiet()
        await engine.tickers["source"]()
        await engine.tickers["dispatch"]()
        assert core.quiet()
        await core.database.run(lambda unit: unit.work.add("p", "k", "s", None, 0.0, "test"))
        await core.kick()
        await engine.drain()
        assert not core.quiet()
        await engine.tickers["dispatch"]()
        assert not core.quiet(), "the source has not been looked at since"
        found.clear()
        tick = await engine.tickers["source"]()
        assert not core.quiet(), "an outage is not rest"
        assert tick == Tick(True, clock.at + 30.0)
        found.append(Tick(False))
        await engine.tickers["source"]()
        assert core.quiet()

    asyncio.run(story())


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"port": "seventy"}, "SYNCCORE_PORT: Input should be a valid integer"),
        ({"salesforce_url": "ftp://x"}, "SYNCCORE_SALESFORCE_URL: an http(s) URL is needed"),
        ({"databse_url": "sqlite:///x"}, "SYNCCORE_DATABSE_URL is not a setting of the core"),
        ({"salesforce_client_id": ""}, "SYNCCORE_SALESFORCE_CLIENT_ID is not set"),
        ({"admin_token": "short"}, "SYNCCORE_ADMIN_TOKEN: a secret needs at least 8 characters"),
        ({"poll_platform_events_s": "often"}, "SYNCCORE_POLL_PLATFORM_EVENTS_S: Input should be a valid number"),
        ({"poll_moon_s": "3"}, "SYNCCORE_POLL_MOON_S: no such ticker"),
        ({"erp_cloud_url": "https://x"}, "needed with its address: SYNCCORE_ERP_CLOUD_CLIENT_ID"),
        (
            {**CLOUD, "erp_cloud_private_key": "/nowhere.pem"},
            "SYNCCORE_ERP_CLOUD_PRIVATE_KEY: /nowhere.pem: No such file",
        ),
        ({**CLOUD, "erp_cloud_private_key": "-----BEGIN NOTHING"}, "SYNCCORE_ERP_CLOUD_PRIVATE_KEY: an unencrypted"),
        ({"mappings": "/nowhere.yaml"}, "SYNCCORE_MAPPINGS: /nowhere.yaml: "),
    ],
)
def test_each_wrong_setting_is_named(change: dict[str, str], problem: str) -> None:
    with pytest.raises(bootstrap.ConfigError) as caught:
        bootstrap.build(bootstrap.settings_of(environment(**change)), ports(HandEngine(), HandClock()))
    assert any(text.startswith(problem) for text in caught.value.problems), caught.value.problems


def test_a_mapping_that_does_not_fit_its_kind_is_refused_at_the_start() -> None:
    settings = bootstrap.settings_of(environment())
    wrong = {"items": {"A": {"kind": "gadget"}}, "planets": {}}
    with pytest.raises(bootstrap.ConfigError) as caught:
        bootstrap.build(settings, ports(HandEngine(), HandClock()), mappings=wrong)
    assert len(caught.value.problems) == 2


def test_the_core_knows_neither_harness_nor_simulators() -> None:
    code = (
        "import sys, synccore.bootstrap, synccore.engine.live, synccore.engine.dbos_engine, synccore.__main__\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('harness', 'simulators')])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
