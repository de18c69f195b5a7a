"""`windtunnel reconcile` and `taxes` against a running sandbox: agreement, a planted break, a dead core; exits."""

import asyncio
import csv
import json
from pathlib import Path
from typing import Any

import pytest

from harness.events import EventStream
from harness.runner import run_story
from tests.broken import stories
from tests.harness.cli.running import sandbox, windtunnel


@pytest.mark.live
def test_reconcile_agrees_names_a_planted_edit_and_is_unknown_without_a_core(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WINDTUNNEL_HOME", str(tmp_path))
    story = stories.drifted()

    async def worked() -> None:
        async with sandbox(tmp_path) as stack:
            code, out, _ = await windtunnel("reconcile")
            assert code == 3 and "nothing to compare yet" in out
            result = await run_story(story, stack.world, EventStream(stack.world.now), replay=False)
            assert result.outcome == "holds", result.findings
            code, out, _ = await windtunnel("reconcile", "--json", "--csv", str(tmp_path / "report.csv"))
            report: dict[str, Any] = json.loads(out)
            assert code == 1 and report["previous"]
            assert [(row["code"], row["system"], row["amount"]) for row in report["breaks"]] == [
                ("edited", "erp_cloud", -1)
            ]
            with (tmp_path / "report.csv").open(newline="") as file:
                assert next(csv.DictReader(file))["document"] == report["breaks"][0]["document"]
            code, out, _ = await windtunnel("taxes", "--json", "--csv", str(tmp_path / "taxes.csv"))
            taxed: dict[str, Any] = json.loads(out)
            assert code == 0 and sum(one["documents"] for one in taxed["totals"]) > 0 == len(taxed["differences"])
            with (tmp_path / "taxes.csv").open(newline="") as file:
                assert [row["document"] for row in csv.DictReader(file)] == [
                    one["document"] for one in taxed["documents"]
                ]
            code, out, _ = await windtunnel("taxes", "--period", "2031")
            assert code == 3 and "no ledger has posted anything" in out
            code, out, _ = await windtunnel("reconcile", "--heal", "--html", str(tmp_path / "report.html"))
            assert code == 1 and "being written anew" not in out, "a posting is a fact"
            page = (tmp_path / "report.html").read_text()
            assert "edited in erp_cloud" in page and report["hash"] in page, "chained to the one before"
            query = "SELECT system, count(*) AS n, sum(gross) AS gross FROM documents GROUP BY system ORDER BY system"
            code, out, _ = await windtunnel(
                "reconcile", "--json", "--duckdb", str(tmp_path / "b.duckdb"), "--sql", query
            )
            report = json.loads(out)
            rows = {row["system"]: row for row in report["answer"]}
            assert code == 1 and rows["erp_cloud"]["gross"] == rows["subscriptions"]["gross"] + 1, "the planted edit"
            assert rows["salesforce"]["n"] == rows["subscriptions"]["n"] > 0
            assert (tmp_path / "b.duckdb").stat().st_size > 0
            assert [one["differing"] for one in report["counts"] if one["name"].startswith("invoice")] == [1]
            code, out, error = await windtunnel("reconcile", "--sql", "SELECT * FROM read_csv('/etc/passwd')")
            assert code == 2 and "--sql: Permission Error" in error, "the books and nothing else"
            code, out, _ = await windtunnel("reconcile", "--verify", "--json")
            assert code == 0 and json.loads(out)["broken"] == [] and json.loads(out)["reports"] >= 3
            await stack.world.kill_core()
            code, _, error = await windtunnel("reconcile")
            assert code == 3 and "the core does not answer" in error and "Traceback" not in error

    asyncio.run(worked())
