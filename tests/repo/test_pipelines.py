"""The ready files for GitHub Actions and GitLab: well-formed, and every command, story and target in them exists."""

import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from harness.cli import app
from harness.cli.select import seeds, shard, stories

ROOT = Path(__file__).parents[2]
GITHUB, GITLAB = ROOT / ".github/workflows/windtunnel.yml", ROOT / ".gitlab-ci.yml"
NIGHTLY = ROOT / ".github/workflows/nightly.yml"
GIVEN = {"${{ matrix.part }}": "1", "${{ github.run_number }}": "7", "$CI_NODE_INDEX": "1",
         "$CI_NODE_TOTAL": "2"}  # what the service fills in  # fmt: skip


def jobs(path: Path) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(path.read_text())
    if path in (GITHUB, NIGHTLY):
        assert set(read[True]) in (
            {"push", "pull_request"},
            {"schedule", "workflow_dispatch"},
        )  # YAML 1.1 takes a bare `on` for a boolean; GitHub does not
        found: dict[str, Any] = read["jobs"]
        return found
    return {name: job for name, job in read.items() if "script" in job}


def commands(path: Path) -> Iterator[list[str]]:
    read = yaml.safe_load(path.read_text())
    yield from (shlex.split(line) for line in read.get("default", {}).get("before_script", ()))
    for job in jobs(path).values():
        lines = [step["run"] for step in job.get("steps", ()) if "run" in step] + job.get("script", [])
        for line in lines:
            for name, value in GIVEN.items():
                line = line.replace(name, value)
            assert "$" not in line, line
            yield shlex.split(line)


def parsed(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """The commands of a pipeline by name, with the options that they were given."""
    program: Any = typer.main.get_command(app)
    seen = []
    for words in commands(path):
        if words[0] == "make":
            subprocess.run(["make", "--dry-run", words[1]], cwd=ROOT, check=True, capture_output=True)
            continue
        assert words[0] == ".venv/bin/windtunnel", words
        command, rest, name = program, words[1:], ""
        while hasattr(command, "commands"):
            name, rest = rest[0], rest[1:]
            command = command.commands[name]
        seen.append((name, command.make_context(name, rest).params))
    return seen


@pytest.mark.parametrize("path", [GITHUB, GITLAB], ids=lambda path: path.name)
def test_every_command_of_a_pipeline_exists(path: Path) -> None:
    seen = parsed(path)
    names = [name for name, _ in seen]
    assert names.count("run") == 2 and names.index("verify") < names.index("can-release")
    for params in (params for name, params in seen if name == "run"):
        chosen = stories([str(ROOT / one) if "/" in one else one for one in params["names"]])
        assert not params["part"] or shard(params["part"], chosen, ["1", "2"])


def test_a_night_searches_and_fails_when_a_cell_is_empty() -> None:
    (_, search), (_, coverage) = parsed(NIGHTLY)
    parts = jobs(NIGHTLY)["swarm"]["strategy"]["matrix"]["part"]
    assert len(seeds(search["swarm_seeds"])) == 4_000 and search["part"] == f"1/{len(parts)}"
    assert [str(one) for one in coverage["records"]] == [f"night-{part}.jsonl" for part in parts]
    assert coverage["aim"]


def test_a_job_keeps_its_reports_also_when_it_fails() -> None:
    for job in jobs(GITHUB).values():
        for step in job["steps"]:
            if "upload-artifact" in step.get("uses", ""):
                assert step["if"] == "always()"
    assert [job["artifacts"]["when"] for job in jobs(GITLAB).values() if "artifacts" in job] == ["always", "always"]


def test_a_wrong_pipeline_would_be_seen(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(GITLAB.read_text().replace("--shard", "--sharp"))
    with pytest.raises(Exception, match="No such option: --sharp"):
        test_every_command_of_a_pipeline_exists(wrong)
    wrong.write_text(GITLAB.read_text().replace("month-end-night", "month-end-noon"))
    with pytest.raises(Exception, match="month-end-noon"):
        test_every_command_of_a_pipeline_exists(wrong)
