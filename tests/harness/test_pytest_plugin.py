"""The plugin as another project meets it: found by its entry point, out of the way until a test asks for a sandbox."""

import os
import shutil
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/pytest"

ORDINARY = """
import sys

def test_ordinary():
    ours = ("harness", "simulators", "synccore")
    loaded = sorted(name for name in sys.modules if name.partition(".")[0] in ours)
    assert loaded == ["harness", "harness.pytest_plugin"]
    assert "sqlalchemy" not in sys.modules and "fastapi" not in sys.modules
"""

ACME = "- customer: {id: acme, name: Acme, entity: US, country: US, state: IL, city: Chicago}"
OTHERS = f'''
import pytest
from datetime import UTC, datetime
from harness.scenario import StoryError

STEPS = """
{ACME}
- deal: {{id: acme-1, customer: acme, lines: [{{sku: ONBOARD}}]}}
- close: acme-1
"""

def test_each_test_begins_anew(sandbox, clock, books):
    assert clock.now == datetime(2026, 1, 5, 9, tzinfo=UTC)
    assert books.side_by_side() == [] and books.exceptions() == []
    assert sandbox.play(STEPS)[0] == "Acme is a customer of entity US"

def test_steps_go_on_where_they_were(sandbox, clock, books):
    sandbox.play(STEPS)
    sandbox.settle()
    sandbox.play("- pay_by_card: acme-1")
    assert clock.until("2026-01-06T00:00:00Z").day == 6
    assert books.state("acme-1") == "paid" and books.unexplained() == {{}}
    assert books.verdicts()["I27"] == "not applicable"
    with pytest.raises(ValueError, match="only goes forward"):
        clock.until("2026-01-01")
    with pytest.raises(StoryError, match="no deal 'acme-2'"):
        sandbox.play("- close: acme-2")

def test_red_expectation(sandbox):
    sandbox.play(STEPS + "- expect: {{deals: {{acme-1: paid}}}}")

def test_red_books(sandbox, books):
    sandbox.play(STEPS)
    sandbox.settle()
    sandbox.play("- edit_book: {{id: gone, system: erp_cloud, act: delete_invoice, deal: acme-1}}")
    books.assert_hold()
'''

LIVE = f'''
def test_addresses(sandbox):
    assert sandbox.env["SALESFORCE_URL"].startswith("http://127.0.0.1:") and sandbox.env["CHARGEBEE_API_KEY"]
    sandbox.play("{ACME}")

def test_begins_anew(sandbox, books):
    assert books.side_by_side() == []
'''


def run(folder: Path, *words: str) -> dict[str, str]:
    """pytest in a project, with the entry point that `pyproject.toml` declares; outcome or complaint by test."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["pytest11"]
    metadata = folder / "site" / "declared-0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: declared\nVersion: 0\n")
    lines = [f"{name} = {target}" for name, target in declared.items()]
    (metadata / "entry_points.txt").write_text("\n".join(["[pytest11]", *lines, ""]))
    environment = {**os.environ, "PYTHONPATH": f"{metadata.parent}{os.pathsep}{ROOT}"}
    environment.pop("PYTEST_ADDOPTS", None)
    command = [sys.executable, "-m", "pytest", "-p", "no:pact", "-p", "no:schemathesis", "--junit-xml", "out.xml"]
    ran = subprocess.run([*command, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode in (0, 1), ran.stdout + ran.stderr
    cases = ET.parse(folder / "out.xml").getroot().iter("testcase")
    return {str(case.get("name")): _complaint(case) for case in cases}


def _complaint(case: ET.Element) -> str:
    return next((str(child.get("message")) for child in case if child.tag in ("failure", "error")), "passed")


def test_an_ordinary_run_is_not_disturbed(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(ORDINARY)
    assert run(tmp_path) == {"test_ordinary": "passed"}


def test_the_example_and_what_else_a_test_may_do(tmp_path: Path) -> None:
    lines = (EXAMPLE / "test_first_deal.py").read_text().partition("def test")[2].strip().splitlines()
    assert len(lines) - 1 <= 12, "an example of ten lines or so"
    shutil.copytree(EXAMPLE, tmp_path / "project")
    (tmp_path / "project/test_others.py").write_text(OTHERS)
    said = run(tmp_path / "project")
    expectation, books = said.pop("test_red_expectation"), said.pop("test_red_books")
    assert said == dict.fromkeys(
        ["test_a_won_deal_becomes_a_paid_invoice", "test_each_test_begins_anew", "test_steps_go_on_where_they_were"],
        "passed",
    )
    assert "deal acme-1 is won, expected paid" in expectation
    assert "I2 broken: bill US-000001 is in no ledger" in books


@pytest.mark.live
def test_live_sandboxes_share_a_stack_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "test_live.py").write_text(LIVE)
    assert run(tmp_path, "--windtunnel-mode", "live") == {"test_addresses": "passed", "test_begins_anew": "passed"}
