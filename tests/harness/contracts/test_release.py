"""The release matrix and its answers: yes, no with who would break where, unknown with what would tell."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness.contracts.apps import present_version
from harness.contracts.documents import differences
from harness.contracts.matrix import DOCUMENTS, Matrix, Row
from harness.contracts.pacts import PactFile, read_pact, read_pacts
from harness.contracts.publish import take_in
from harness.contracts.release import EXIT, Answer, can_release
from harness.contracts.verify import Problem

GROSS = Problem("invoice-issued with its tax", "$.data.gross", "Expected an integer")


def pact_text(consumer: str, provider: str, field: str = "gross") -> str:
    body = {"content": {field: 1}}
    one = {"description": f"{field} is read", "type": "Asynchronous/Messages", "contents": body}
    return json.dumps({"consumer": {"name": consumer}, "provider": {"name": provider}, "interactions": [one]})


class Desk:
    """A release manager's files: two pacts, sources of the apps, and a matrix."""

    def __init__(self, folder: Path) -> None:
        self.root, self.contracts = folder, folder / "contracts"
        for name in ("synccore", "simulators/kit", "simulators/salesforce"):
            (folder / name).mkdir(parents=True)
            (folder / name / "code.py").write_text(name)
        (self.contracts / "pacts").mkdir(parents=True)
        self.write("synccore", "salesforce")
        self.write("warehouse", "synccore")
        self.deploy(salesforce="present", warehouse="present")

    def write(self, consumer: str, provider: str, field: str = "gross") -> Path:
        path = self.contracts / "pacts" / f"{consumer}-{provider}.json"
        path.write_text(pact_text(consumer, provider, field))
        return path

    def deploy(self, **apps: str) -> None:
        matrix = Matrix.load(self.contracts)
        matrix.deployments.setdefault("production", {}).update(apps)
        matrix.save_deployments()

    def version(self, app: str) -> str:
        return present_version(app, self.pacts(), self.root)

    def pacts(self) -> list[PactFile]:
        return read_pacts(self.contracts)

    def verified(self, success: bool = True, only: str = "", **more: Any) -> None:
        """What `verify` would write."""
        matrix = Matrix.load(self.contracts)
        for pact in self.pacts():
            if only in ("", pact.consumer):
                problems = () if success else (GROSS,)
                given = {"pending": 0, "problems": problems, **more}
                matrix.add([Row(pact.consumer, self.version(pact.consumer), pact.sha, pact.provider,
                                self.version(pact.provider), success, at="2026-01-05T09:00:00Z",
                                file=f"pacts/{pact.path.name}", **given)])  # fmt: skip
        matrix.add([Row(DOCUMENTS, "", "", "synccore", self.version("synccore"), True, 0, "2026-01-05T09:00:00Z", "")])
        matrix.save_evidence()

    def ask(self, app: str = "synccore", version: str | None = None) -> Answer:
        return can_release(self.contracts, app, "production", version, self.root)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_yes_when_all_that_runs_there_was_verified(desk: Desk) -> None:
    desk.verified()
    answer = desk.ask()
    assert (answer.verdict, EXIT[answer.verdict]) == ("yes", 0)
    assert {(one.consumer, one.provider) for one in answer.reasons} == {
        ("synccore", "salesforce"), ("warehouse", "synccore"), (DOCUMENTS, "synccore"),
    }  # fmt: skip


def test_no_names_consumer_field_and_contract(desk: Desk) -> None:
    desk.verified()
    desk.verified(success=False, only="warehouse")
    answer = desk.ask()
    (refused,) = [one for one in answer.reasons if one.verdict == "no"]
    assert (answer.verdict, EXIT[answer.verdict]) == ("no", 1)
    assert (refused.consumer, refused.fields, refused.file) == (
        "warehouse", ("$.data.gross",), "pacts/warehouse-synccore.json",
    )  # fmt: skip
    assert desk.ask("salesforce").verdict == "yes", "a vendor does not care who reads our events"


def test_unknown_names_what_is_missing_and_the_command(desk: Desk) -> None:
    assert {one.command for one in desk.ask().reasons} == {
        "windtunnel contracts verify salesforce", "windtunnel contracts verify synccore",
    }  # fmt: skip
    desk.verified()
    (desk.root / "synccore" / "code.py").write_text("changed since")
    answer = desk.ask()
    assert (answer.verdict, EXIT[answer.verdict]) == ("unknown", 3)
    assert {one.consumer for one in answer.reasons if one.verdict == "unknown"} == {"warehouse", DOCUMENTS}


def test_a_vendor_that_changed_is_unknown_until_verified_again(desk: Desk) -> None:
    desk.verified()
    (desk.root / "simulators/salesforce/code.py").write_text("a field renamed")
    (unknown,) = [one for one in desk.ask().reasons if one.verdict == "unknown"]
    assert (unknown.provider, unknown.command) == ("salesforce", "windtunnel contracts verify salesforce")


def test_a_provider_that_is_not_deployed_is_unknown_a_consumer_that_is_not_cannot_break(desk: Desk) -> None:
    desk.verified()
    matrix = Matrix.load(desk.contracts)
    matrix.deployments["production"] = {"salesforce": "present"}
    matrix.save_deployments()
    answer = desk.ask()
    assert answer.verdict == "yes" and "warehouse does not run in production" in answer.notes[0]
    matrix.deployments["production"] = {"warehouse": "present"}
    matrix.save_deployments()
    (unknown,) = [one for one in desk.ask().reasons if one.verdict == "unknown"]
    assert unknown.command == "windtunnel contracts record-deployment salesforce --to production"


def test_a_pact_that_is_published_again_without_a_change_keeps_its_verifications(desk: Desk, tmp_path: Path) -> None:
    desk.verified()
    again = tmp_path / "again.json"
    content = json.loads(pact_text("warehouse", "synccore"))
    again.write_text(json.dumps({**content, "metadata": {"written": "later"}}, indent=8))
    assert take_in(desk.contracts, [again], "2.0") == ["pacts/warehouse-synccore.json"]
    desk.deploy(warehouse="2.0")
    assert desk.ask().verdict == "yes"
    desk.write("warehouse", "synccore", "net")
    assert desk.ask().verdict == "yes", "what runs there is still version 2.0"
    desk.deploy(warehouse="present")
    assert desk.ask().verdict == "unknown"


def test_a_version_that_nobody_published_is_unknown(desk: Desk) -> None:
    desk.verified()
    answer = desk.ask(version="0" * 12)
    assert answer.verdict == "unknown"
    assert any("publish" in one.command for one in answer.reasons)


def test_pending_differences_are_told_and_not_held_against(desk: Desk) -> None:
    desk.verified(pending=1, problems=(Problem("x", "$.net", "not there yet", pending=True),))
    answer = desk.ask()
    assert answer.verdict == "yes"
    assert any("1 pending" in one.why for one in answer.reasons)


@pytest.mark.parametrize(
    ("app", "env", "said"), [("synccroe", "production", "there are"), ("synccore", "moon", "record-deployment")]
)
def test_what_does_not_exist_is_wrong_usage(desk: Desk, app: str, env: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        can_release(desk.contracts, app, env, None, desk.root)


def test_damaged_files_are_named(desk: Desk) -> None:
    (desk.contracts / "matrix" / "verifications.json").write_text('{"rows": [{}]}')
    with pytest.raises(ValueError, match="matrix: not a release matrix"):
        desk.ask()
    path = desk.write("warehouse", "synccore")
    path.write_text("{}")
    with pytest.raises(ValueError, match=r"warehouse-synccore\.json: no pact"):
        read_pact(path)


def test_a_pact_that_expects_nothing_is_not_taken_in(desk: Desk, tmp_path: Path) -> None:
    empty = tmp_path / "empty.json"
    empty.write_text(json.dumps({**json.loads(pact_text("warehouse", "synccore")), "interactions": []}))
    with pytest.raises(ValueError, match="without interactions"):
        take_in(desk.contracts, [empty], None)


# -- planted: the schema of an event ---------------------------------------------------------


def schema(version: int, **properties: str) -> dict[str, Any]:
    members = {name: {"type": kind} for name, kind in properties.items()}
    return {"type": "object", "properties": members, "x-version": version, "x-compatibility": "FULL_TRANSITIVE"}


def kept(folder: Path, *versions: dict[str, Any]) -> Path:
    (folder / "events").mkdir()
    for one in versions:
        (folder / "events" / f"bill-sent.v{one['x-version']}.json").write_text(json.dumps(one))
    return folder


def test_a_member_that_comes_back_with_another_type_is_refused_by_the_history(tmp_path: Path) -> None:
    folder = kept(tmp_path, schema(1, gross="integer", note="string"), schema(2, note="string"))
    back = schema(3, note="string", gross="string")
    (found,) = differences(folder, {"events/bill-sent.v3.json": back})
    assert found.breaks and all("(version 1)" in one for one in found.breaks)
    only_before = {**back, "x-compatibility": "BACKWARD"}
    (found,) = differences(folder, {"events/bill-sent.v3.json": only_before})
    assert found.breaks == [], "compared with its predecessor alone, nobody sees it"


def test_a_published_version_stays_as_it_is(tmp_path: Path) -> None:
    folder = kept(tmp_path, schema(1, gross="integer"))
    more = schema(1, gross="integer", tax="integer")
    (found,) = differences(folder, {"events/bill-sent.v1.json": more})
    assert [one for one in found.breaks if "raise the type's version to 2" in one] == found.breaks
    (found,) = differences(folder, {"events/bill-sent.v2.json": {**more, "x-version": 2}})
    assert found.breaks == []


def test_an_event_that_is_told_no_more_is_named(tmp_path: Path) -> None:
    (found,) = differences(kept(tmp_path, schema(1, gross="integer")), {})
    assert (found.document, "payloads.py" in found.breaks[0]) == ("events/bill-sent.v1.json", True)
