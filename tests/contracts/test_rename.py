"""A field renamed in a copy of this tree: the gate refuses and names the consumer, the field and the contract."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("synccore", "simulators", "harness", "scenarios", "contracts")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    (tmp_path / "contracts" / "matrix" / "verifications.json").unlink(missing_ok=True)
    return tmp_path


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text, f"{path.name} does not say {before!r} any more: rename something else"
    path.write_text(text.replace(before, after))


def contracts(copy: Path, *words: str) -> tuple[int, Any]:
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run(
        [sys.executable, "-m", "harness.cli", "contracts", *words, "--json"], cwd=copy, env=environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.stdout, ran.stderr
    return ran.returncode, json.loads(ran.stdout)


def refusals(answer: Any) -> dict[str, Any]:
    return {one["consumer"]: one for one in answer["reasons"] if one["verdict"] == "no"}


def test_a_field_of_an_event_renamed_in_the_core(copy: Path) -> None:
    edit(copy / "synccore/domain/payloads.py", "    gross: Minor\n    currency: Currency\n    tax",
         "    total: Minor\n    currency: Currency\n    tax")  # fmt: skip
    edit(copy / "synccore/processes/intake.py", 'gross=invoice.get("total")', 'total=invoice.get("total")')
    assert contracts(copy, "verify", "synccore")[0] == 1
    code, answer = contracts(copy, "can-release", "synccore", "--to", "production")
    refused = refusals(answer)
    assert (code, answer["verdict"], set(refused)) == (
        1, "no", {"finance-warehouse", "account-team-feed", "contract documents"}
    )  # fmt: skip
    warehouse = refused["finance-warehouse"]
    assert (warehouse["fields"], warehouse["file"]) == (["$.data.gross"], "pacts/finance-warehouse-synccore.json")
    assert "invoice-issued" in warehouse["why"]
    documents = refused["contract documents"]
    assert documents["file"] == "events/invoice-issued.v1.json"
    assert "/properties/gross" in documents["fields"]
    assert contracts(copy, "publish")[0] == 1, "what breaks readers is not published either"


def test_a_field_renamed_in_a_vendors_answer(copy: Path) -> None:
    edit(copy / "simulators/subscriptions/work.py",
         '    return {name: value for name, value in doc.items() if name[0] != "_"}',
         '    return {("amount_open" if name == "amount_due" else name): value for name, value in doc.items()\n'
         '            if name[0] != "_"}')  # fmt: skip
    assert contracts(copy, "verify", "subscriptions")[0] == 1
    code, answer = contracts(copy, "can-release", "synccore", "--to", "production")
    refused = refusals(answer)["synccore"]
    assert (code, refused["provider"], refused["file"]) == (1, "subscriptions", "pacts/synccore-subscriptions.json")
    assert "$.invoice.amount_due" in refused["fields"]


def test_a_field_renamed_in_the_org(copy: Path) -> None:
    for name in ("org.yaml", "pact_states.py"):
        edit(copy / "simulators/salesforce" / name, "PO_Number__c", "Purchase_Order__c")
    code, answer = contracts(copy, "verify", "salesforce")
    (found,) = [one for one in answer["verifications"] if not one["success"]]
    assert (code, found["consumer"], found["provider"]) == (1, "synccore", "salesforce")
    assert {one["at"] for one in found["problems"]} == {"PO_Number__c"}
    assert all("No such column 'PO_Number__c'" in one["problem"] for one in found["problems"])
