"""`windtunnel exceptions` and `letters` against a running sandbox: a deal that parks is cared for and given up."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from harness.events import EventStream
from harness.runner import run_story
from tests.broken import stories
from tests.harness.cli.running import sandbox, windtunnel

PARKS = stories.story(
    "unregistered",
    "customer: {id: merlion, name: Merlion Freight, entity: SG, country: SG, city: Singapore, pays_by: transfer}",
    "deal: {id: merlion-1, customer: merlion, lines: [{sku: PLAT-ANNUAL, quantity: 6}]}", "close: merlion-1", "settle",
    expect="expect: {exceptions: [missing_tax_profile]}",
)  # fmt: skip


@pytest.mark.live
def test_what_waits_for_a_person_is_listed_cared_for_and_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WINDTUNNEL_HOME", str(tmp_path))

    async def worked() -> None:
        async with sandbox(tmp_path) as stack:
            code, out, _ = await windtunnel("exceptions", "list")
            assert code == 0 and "nothing waits for a person" in out
            await run_story(PARKS, stack.world, EventStream(stack.world.now), replay=False)
            code, out, _ = await windtunnel("exceptions", "list", "--json")
            (one,) = json.loads(out)
            assert (code, one["kind"], one["notes"]) == (0, "missing_tax_profile", [])
            await cared_for(one)
            code, out, error = await windtunnel("exceptions", "abandon", one["id"], "--why", "the deal was a test")
            assert code == 0 and "abandoned" in out, error
            code, _, error = await windtunnel("exceptions", "retry", one["id"])
            assert code == 2 and "is abandoned already" in error
            code, out, error = await windtunnel("signals", "replay", "--dry", "--source", "salesforce")
            assert code == 0 and "nothing" not in out and "1 of them would do something" in out, out + error
            code, out, _ = await windtunnel("signals", "replay", "--json", "--since", "2020-01-01T00:00:00Z")
            assert code == 0 and "rehearsed" not in json.loads(out)
            code, _, error = await windtunnel("signals", "replay", "--since", "yesterday")
            assert code == 2 and "--since" in error
            code, out, _ = await windtunnel("letters", "list")
            assert code == 0 and "no dead letters" in out
            code, _, error = await windtunnel("letters", "show", "d00000001")
            assert code == 2 and "there is no dead letter d00000001" in error
            await shown_and_told()

    async def cared_for(one: dict[str, Any]) -> None:
        code, out, error = await windtunnel("exceptions", "assign", one["id"], "--to", "mia", "--tag", "march")
        assert code == 0 and "(mia)" in out, error
        code, out, _ = await windtunnel("exceptions", "note", one["id"], "asked sales")
        assert code == 0 and "asked sales" in out
        code, out, _ = await windtunnel("exceptions", "list", "--tag", "march", "--assignee", "mia")
        assert code == 0 and one["id"] in out and "#march" in out
        code, out, _ = await windtunnel("exceptions", "list", "--tag", "april")
        assert code == 0 and "nothing waits" in out
        code, out, _ = await windtunnel("exceptions", "retry", one["id"])
        assert code == 0 and "due now" in out

    async def shown_and_told() -> None:
        code, out, error = await windtunnel("core", "health")
        assert code == 0 and "salesforce-changes" in out, error
        code, out, _ = await windtunnel("core", "cursors", "--json")
        assert code == 0 and "salesforce/place/data/OpportunityChangeEvent" in json.loads(out)
        code, out, _ = await windtunnel("core", "effects")
        assert code == 0 and "0 writes of unknown outcome" in out
        code, out, _ = await windtunnel("core", "work")
        assert code == 0 and "of open work" in out
        code, out, _ = await windtunnel("core", "work", "--json")
        (one,) = json.loads(out)["open"]  # by the replay
        code, out, error = await windtunnel("core", "steps", one["id"])
        assert code == 0 and "order activation" in out, error
        code, _, error = await windtunnel("core", "rerun", one["id"], "--from", "nonsense")
        assert code == 2 and "its steps are" in error
        code, out, error = await windtunnel("mappings", "put", "policies", "compensation", '{"reopened": "ask"}')
        assert code == 0 and "version" in out, error
        code, out, _ = await windtunnel("mappings", "show", "policies", "compensation", "--history", "--json")
        assert code == 0 and json.loads(out)[-1]["value"] == {"reopened": "ask"}
        code, _, error = await windtunnel("mappings", "put", "policies", "compensation", "nonsense")
        assert code == 2 and "no JSON" in error
        code, _, error = await windtunnel("mappings", "list", "nonsense")
        assert code == 2 and "kind" in error

    asyncio.run(worked())
