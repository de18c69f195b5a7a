"""Describe results are found in the files that clients write, and files without one are named."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness.seeding.org_files import OrgFileError, read_org

ACCOUNT, CONTACT = {"name": "Account", "fields": []}, {"name": "Contact", "fields": []}


@pytest.mark.parametrize(
    "value",
    [
        [ACCOUNT, CONTACT],
        {"status": 0, "result": [ACCOUNT, CONTACT]},
        {"compositeResponse": [{"body": ACCOUNT, "httpStatusCode": 200}, {"body": CONTACT}]},
        {"hasErrors": False, "results": [{"statusCode": 200, "result": ACCOUNT}, {"result": CONTACT}]},
    ],
)
def test_describe_results_are_found(tmp_path: Path, value: Any) -> None:
    path = tmp_path / "org.json"
    path.write_text(json.dumps(value))
    assert [one["name"] for one in read_org([path])[0]] == ["Account", "Contact"]


RULE = {"FullName": "Account.Named", "Metadata": {"errorConditionFormula": "ISBLANK(Name)"}}


@pytest.mark.parametrize("value", [RULE, [RULE], {"records": [RULE]}, {"status": 0, "result": {"records": [RULE]}}])
def test_validation_rules_are_found(tmp_path: Path, value: Any) -> None:
    path = tmp_path / "rules.json"
    path.write_text(json.dumps(value))
    assert read_org([path]) == ([], [RULE])


def test_of_one_object_the_last_result_counts(tmp_path: Path) -> None:
    first, second = tmp_path / "a.json", tmp_path / "b.json"
    first.write_text(json.dumps(ACCOUNT))
    second.write_text(json.dumps({**ACCOUNT, "label": "Client"}))
    assert [one.get("label") for one in read_org([first, second])[0]] == ["Client"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "no JSON"),
        ("[]", "holds neither a describe result"),
        ('{"sobjects": [{"name": "Account"}]}', "has no fields"),
    ],
)
def test_a_file_without_one_is_named(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "org.json"
    path.write_text(text)
    with pytest.raises(OrgFileError, match=f"org.json: .*{problem}"):
        read_org([path])
    with pytest.raises(OrgFileError, match=r"none\.json"):
        read_org([tmp_path / "none.json"])
