"""A company's own export over real sockets: the story in live, and `windtunnel load` into a sandbox that is up."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

ROOT = Path(__file__).parents[2]
SMALL = ROOT / "scenarios/exports/crm-small"
LOAD = ("load", "--map", str(ROOT / "scenarios/crm-export.mapping.yaml"), *sorted(str(one) for one in SMALL.glob("*")))


def windtunnel(home: Path, *words: str, code: int = 0) -> Any:
    """Run the command in a home of its own; what it printed as JSON, or its complaint."""
    done = subprocess.run(
        [sys.executable, "-m", "harness.cli", *words], env={**os.environ, "WINDTUNNEL_HOME": str(home)},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr[-4000:]
    return json.loads(done.stdout) if "--json" in words and not code else done.stderr


@pytest.mark.live
def test_the_export_story_holds_live(tmp_path: Path) -> None:
    """Its first six deals: each day on which one closes costs live some seconds."""
    story = tmp_path / "crm-export.yaml"
    story.write_text((ROOT / "scenarios/crm-export.yaml").read_text().replace("- load: {", "- load: {limit: 6, "))
    (run,) = windtunnel(tmp_path, "run", str(story), "--mode", "live", "--export", str(SMALL), "--json")["runs"]
    assert (run["story"], run["mode"], run["outcome"]) == ("crm-export", "live", "holds")
    won = next(row for row in run["tie_out"] if row["identity"] == "won = contracted")
    assert won["a"]["amount"] == won["b"]["amount"] != "0.00" == won["unexplained"]


@pytest.mark.live
def test_an_export_is_loaded_into_a_sandbox_that_is_up(tmp_path: Path) -> None:
    up = ("up", "--detach", "--ports", "0", "--world", "crm", "--genesis", "2017-03-01")
    windtunnel(tmp_path, *up)
    try:
        loaded = windtunnel(tmp_path, *LOAD, "--json")["loaded"]
        assert loaded == {"accounts": 12, "products": 5, "opportunities": 32}
        assert "32 of these deals are in Salesforce already" in windtunnel(tmp_path, *LOAD, code=2)
        sales, path = salesforce(windtunnel(tmp_path, "env", "--json"))
        query = "SELECT Id, Amount FROM Opportunity WHERE IsClosed = false ORDER BY External_Id__c"
        found = sales.get(f"{path}/query", params={"q": query}, timeout=30).json()["records"]
        assert (len(found), sum(row["Amount"] for row in found)) == (32, 57_409)
        won = {"StageName": "Closed Won"}
        assert sales.patch(f"{path}/sobjects/Opportunity/{found[0]['Id']}", json=won, timeout=30).status_code == 204
        windtunnel(tmp_path, "clock", "advance", "1h")
        books = windtunnel(tmp_path, "books", "--json")
        line = {row["identity"]: (row["a"]["amount"], row["b"]["amount"]) for row in books["tie_out"]}
        assert line["won = contracted"] == line["billed = posted"] == ("1,000.00", "1,000.00")
        assert all(row["holds"] for row in books["tie_out"]) and books["exceptions"] == []
    finally:
        windtunnel(tmp_path, "down")


def salesforce(env: dict[str, str]) -> tuple[requests.Session, str]:
    """A signed-in session by what `windtunnel env` says, and the path of the REST API."""
    form = {"grant_type": "client_credentials", "client_id": env["SALESFORCE_CLIENT_ID"],
            "client_secret": env["SALESFORCE_CLIENT_SECRET"]}  # fmt: skip
    session = requests.Session()
    session.trust_env = False
    token = session.post(f"{env['SALESFORCE_URL']}/services/oauth2/token", data=form, timeout=30).json()
    session.headers["Authorization"] = f"Bearer {token['access_token']}"
    return session, f"{env['SALESFORCE_URL']}/services/data/v60.0"
