"""All reviewed pacts against the systems and the core of this tree, and what the command answers a script."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from harness.cli import app
from harness.contracts.documents import CONTRACTS
from harness.contracts.pacts import read_pacts
from harness.contracts.told import told_events

Ask = Callable[..., tuple[int, Any]]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """The command on a copy of the contracts, verified once."""
    folder = tmp_path_factory.mktemp("gate") / "contracts"
    shutil.copytree(CONTRACTS, folder, ignore=shutil.ignore_patterns("verifications.json"))

    def run(*words: str) -> tuple[int, Any]:
        ran = CliRunner().invoke(app, ["contracts", *words, "--contracts", str(folder)])
        return ran.exit_code, json.loads(ran.stdout) if "--json" in words else ran.stdout

    run.verified = run("verify", "--json")  # type: ignore[attr-defined]
    return run


def test_every_interaction_of_every_pact_holds(ask: Ask) -> None:
    code, answer = ask.verified  # type: ignore[attr-defined]
    problems = [(one["provider"], problem) for one in answer["verifications"] for problem in one["problems"]]
    assert (code, problems) == (0, [])
    checked = {one["file"]: one["checked"] for one in answer["verifications"]}
    for pact in read_pacts(CONTRACTS):
        assert checked[pact.name] == len(pact.interactions) > 0


def test_every_event_that_the_core_tells_is_what_its_dataschema_says() -> None:
    reviewed = {schema["$id"]: schema for path in (CONTRACTS / "events").glob("*.json")
                if (schema := json.loads(path.read_text()))}  # fmt: skip
    envelope = json.loads((CONTRACTS / "asyncapi" / "events.json").read_text())["components"]["schemas"]["envelope"]
    told = told_events(["new-business"])
    assert len(told) >= 8
    for event in told.values():
        Draft202012Validator(reviewed[event["dataschema"]]).validate(event["data"])
        Draft202012Validator(envelope).validate(event)


def test_each_app_of_the_tree_may_go_to_production(ask: Ask) -> None:
    for name in ("synccore", "salesforce", "subscriptions", "erp_cloud", "erp_legacy", "metering", "finance-warehouse"):
        code, answer = ask("can-release", name, "--to", "production", "--json")
        if name == "finance-warehouse":  # reads of a core whose version in production nobody has recorded
            assert (code, answer["verdict"]) == (3, "unknown")
            assert answer["reasons"][0]["command"] == "windtunnel contracts record-deployment synccore --to production"
            assert ask("record-deployment", "synccore", "--to", "production")[0] == 0
            code, answer = ask("can-release", name, "--to", "production", "--json")
        assert (code, answer["verdict"]) == (0, "yes"), answer


def test_exit_codes_are_the_same_for_people_and_scripts(ask: Ask) -> None:
    for words, expected in ((("synccore",), 0), (("synccore", "--version", "0" * 12), 3)):
        assert ask("can-release", *words, "--to", "production")[0] == expected
        assert ask("can-release", *words, "--to", "production", "--json")[0] == expected
    assert ask("diff", "--json") == (0, {"breaks": False, "differences": []})
    assert ask("publish", "--json") == (0, {"written": [], "refused": []})


def test_a_consumers_pact_is_taken_in_and_waits_for_its_verification(ask: Ask, tmp_path: Path) -> None:
    pact = json.loads((CONTRACTS / "pacts" / "finance-warehouse-synccore.json").read_text())
    pact["consumer"]["name"] = "tax-office"
    file = tmp_path / "ours.json"
    file.write_text(json.dumps(pact))
    assert ask("publish", str(file), "--version", "7", "--json") == (
        0, {"taken": ["pacts/tax-office-synccore.json"], "refused": []},
    )  # fmt: skip
    assert ask("record-deployment", "tax-office", "--to", "production", "--version", "7")[0] == 0
    code, answer = ask("can-release", "synccore", "--to", "production", "--json")
    assert (code, [one["consumer"] for one in answer["reasons"] if one["verdict"] != "yes"]) == (3, ["tax-office"])
    assert ask("verify", "tax-office", "--json")[0] == 0
    assert ask("can-release", "synccore", "--to", "production", "--json")[0] == 0
