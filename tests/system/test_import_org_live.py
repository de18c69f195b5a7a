"""`windtunnel import-org` as a user runs it: files of an org, and then the running simulator enforces what they say."""

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.system.test_crm_live import salesforce, windtunnel


def field(name: str, kind: str = "string", **more: Any) -> dict[str, Any]:
    """One field as a describe result tells it."""
    return {
        "name": name, "type": kind, "label": name, "length": 40, "createable": True, "updateable": True,
        "nillable": True, "defaultedOnCreate": False, "filterable": True, "sortable": True, "picklistValues": [],
        **more,
    }  # fmt: skip


LEVELS = [{"value": one, "label": one, "active": True, "defaultValue": False} for one in ("Gold", "Silver")]
SET = {"createable": False, "updateable": False}
LICENCE = {
    "name": "Licence__c", "label": "Licence", "labelPlural": "Licences", "keyPrefix": "a0X", "custom": True,
    "createable": True, "updateable": True, "childRelationships": [], "fields": [
        field("Id", "id", **SET), field("Name", nameField=True, length=80, nillable=False),
        field("Key__c", unique=True, externalId=True, idLookup=True),
        field("Level__c", "picklist", restrictedPicklist=True, nillable=False, picklistValues=LEVELS),
        field("Account__c", "reference", referenceTo=["Account"], relationshipName="Account__r", length=18),
        field("Seats__c", "double", precision=4, scale=0),
        field("Twice__c", "double", precision=6, scale=0, calculated=True, calculatedFormula="Seats__c * 2", **SET),
    ],
}  # fmt: skip
SEATS = {
    "FullName": "Licence__c.Some_Seats", "Metadata": {
        "active": True, "errorConditionFormula": 'AND($User.Alias = "integ", Seats__c < 1)',
        "errorDisplayField": "Seats__c", "errorMessage": "At least one seat",
    },
}  # fmt: skip


def refusal(sales: requests.Session, path: str, **values: Any) -> tuple[str, list[str]]:
    reply = sales.post(f"{path}/sobjects/Licence__c", json=values, timeout=30)
    assert reply.status_code == 400, reply.text
    [problem] = reply.json()
    return problem["errorCode"], problem.get("fields", [])


def refuse_bad_files(home: Path) -> None:
    """Each leaves the org as it is, and says what is wrong with which file."""
    bad = {
        "broken.json": ("{", "broken.json: no JSON"),
        "list.json": ('{"sobjects": [{"name": "Account"}]}', "save GET /sobjects/<name>/describe of each object"),
        "name.json": (json.dumps({**LICENCE, "name": 'x"; DROP TABLE y'}), "no legal name"),
        "twice.json": (json.dumps({**LICENCE, "fields": [*LICENCE["fields"], field("KEY__C")]}), "same name"),
    }  # fmt: skip
    for name, (text, problem) in bad.items():
        (home / name).write_text(text)
        said = said_by(home, home / name)
        assert all("".join(part.split()) in said for part in ("nothing was imported", problem)), (name, said)
    assert "missing.json" in said_by(home, home / "missing.json")


def said_by(home: Path, file: Path) -> str:
    """What the refused import says, without white space: a terminal may break its lines within a path."""
    return "".join(windtunnel(home, "import-org", str(file), code=2).split())


@pytest.mark.live
def test_the_running_org_enforces_what_the_files_say(tmp_path: Path) -> None:
    described, rules = tmp_path / "licence.json", tmp_path / "rules.json"
    described.write_text(json.dumps({"status": 0, "result": LICENCE}), encoding="utf-8-sig")
    rules.write_text(json.dumps({"status": 0, "result": {"records": [SEATS], "totalSize": 1}}))
    windtunnel(tmp_path, "up", "--detach", "--ports", "0")
    try:
        sales, path = salesforce(windtunnel(tmp_path, "env", "--json"))
        refuse_bad_files(tmp_path)
        assert sales.get(f"{path}/sobjects/Licence__c/describe", timeout=30).status_code == 404
        done = windtunnel(tmp_path, "import-org", str(described), str(rules), "--json")
        assert (done["objects"], done["notes"]) == (["Licence__c"], [])
        known = {row["name"] for row in sales.get(f"{path}/sobjects", timeout=30).json()["sobjects"]}
        assert {"Licence__c", "Opportunity"} <= known
        good = {"Name": "L", "Level__c": "Gold", "Key__c": "K1", "Seats__c": 3}
        made = sales.post(f"{path}/sobjects/Licence__c", json=good, timeout=30)
        assert made.status_code == 201 and made.json()["id"].startswith("a0X"), made.text
        shown = sales.get(f"{path}/sobjects/Licence__c/Key__c/K1", timeout=30).json()
        assert (shown["Seats__c"], shown["Twice__c"]) == (3.0, 6.0)
        assert refusal(sales, path, Name="L") == ("REQUIRED_FIELD_MISSING", ["Level__c"])
        assert refusal(sales, path, **good) == ("DUPLICATE_VALUE", [])
        other = {**good, "Key__c": "K2"}
        bad_level = ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ["Level__c"])
        assert refusal(sales, path, **{**other, "Level__c": "Lead"}) == bad_level
        assert refusal(sales, path, **{**other, "Seats__c": 0}) == ("FIELD_CUSTOM_VALIDATION_EXCEPTION", ["Seats__c"])
        assert refusal(sales, path, **{**other, "Twice__c": 1})[0] == "INVALID_FIELD_FOR_INSERT_UPDATE"
        count = {"q": "SELECT COUNT() FROM Licence__c"}
        assert sales.get(f"{path}/query", params=count, timeout=30).json()["totalSize"] == 1
    finally:
        windtunnel(tmp_path, "down")
