"""The golden stories: small enough to be explored whole, and between them the core asks all that it ever asks."""

import json
import re
from pathlib import Path

import pytest

from harness.scenario import load_story
from harness.simulation import Flight, fly
from tests.sandbox import windtunnel

ROOT = Path(__file__).parents[3]
GOLDEN = sorted((ROOT / "scenarios/golden").glob("*.yaml"))
# What the contracts name and an undisturbed story of small scope never asks, with the reason.
ELSEWHERE = {
    "GET /api/*/customers/nobody": "a contract's example of what is not there",
    "GET /api/*/invoices/*/payments": "a look for a payment whose answer was lost",
    "GET /services/rest/record/v1/customerPayment/eid:*": "likewise",
    "GET /services/rest/record/v1/customerRefund/eid:*": "likewise for a refund",
    "GET /services/rest/record/v1/invoice/*": "likewise for a bill",
    "GET /services/rest/record/v1/creditMemo/*": "likewise for a credit memo that is paid out by then",
    "POST /api/*/credit_notes/*/record_refund": "the ledger's clerk pays a credit memo out: applied-and-paid-out",
    "POST /api/*/invoices/*/apply_payments": "the ledger's clerk sets money on account against an older bill: likewise",
    "POST /services/data/*/jobs/query": "thousands of changes are asked for in bulk",
    "GET /services/data/*/jobs/query/*": "likewise",
    "GET /services/data/*/jobs/query/*/results": "likewise",
    "GET /services/data/*/query/*": "the second page of thousands",
}


def shape(request: str) -> str:
    """A request with what names one record left out."""
    known = re.sub(r"eid:[^/]+", "eid:*", request)
    return re.sub(r"(?<=[/(])(?!v1/|oauth2)[^/ ]*\d[^/ ]*", "*", known) if "eid:" not in known else known


def contracted() -> set[str]:
    """What the pacts say that the core asks, by HTTP."""
    found = set()
    for path in (ROOT / "contracts/pacts").glob("synccore-*.json"):
        for one in json.loads(path.read_text())["interactions"]:
            if "path" in (asked := one.get("request") or {}):
                found.add(shape(f"{asked['method']} {asked['path']}"))
    return found


@pytest.fixture(scope="module")
def asked() -> set[str]:
    """What the core asks in all of them; each holds."""
    found = set()
    for path in GOLDEN:
        scenario = load_story(path)
        assert scenario.story == path.stem and not scenario.disturbances
        result, world = fly(scenario, "1", flight=Flight(traced=True), replay=False)
        assert result.outcome == "holds", (path.stem, result.findings)
        found |= {shape(what) for _, what in world.requests}
    return found


def test_there_are_twenty() -> None:
    assert len(GOLDEN) == 20


def test_they_ask_all_that_the_contracts_name(asked: set[str]) -> None:
    named = contracted()
    assert len(named) > 60
    assert named - asked == set(ELSEWHERE)
    assert {"list", "read", "write", "rename"} <= asked
    assert any(one.startswith("RPC ") for one in asked)


def test_several_stories_are_explored_with_one_verdict(tmp_path: Path) -> None:
    """A small part of two of them, by the names that a person would use."""
    two = [str(path) for path in GOLDEN if path.stem.startswith("sold-and")]
    done = windtunnel("chaos", *two, "--shard", "1/300", "--workers", "1", "--json", home=tmp_path)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["outcome"] == "holds" and [one["story"] for one in said["stories"]] == [Path(one).stem for one in two]
    assert all(one["runs"] > 0 and not one["never_hit"] for one in said["stories"])
