"""What GitHub shows beside a commit: a workflow command per finding, and the table of a job's summary.

The commands' form and escaping: docs.github.com, "Workflow commands for GitHub Actions".
"""

import re
from collections.abc import Iterable
from pathlib import Path

from harness.report.repeat import place, repeat_command
from harness.runner import RunResult
from harness.scenario import StoryError

SHOWN = 10  # findings in one remark
_LINE = re.compile(r"\bline (\d+)")


def of_run(result: RunResult, more: str = "") -> list[str]:
    """`::error` for what does not hold: an expectation at its own line of the story, an invariant at its beginning."""
    repeat = f"repeat with: {repeat_command(result, more)}"
    found = []
    for verdict in result.verdicts:
        if verdict.outcome in ("broken", "unknown"):
            title = f"{result.story} (seed {result.seed}, {result.mode}): {verdict.invariant} {verdict.outcome}"
            story = verdict.invariant == "story"
            for findings in [[one] for one in verdict.findings] if story else [list(verdict.findings[:SHOWN])]:
                said = "\n".join([verdict.title, *findings, repeat])
                found.append(command(place(result), _line(result, findings), title, said))
    return found


def of_complaints(error: StoryError) -> list[str]:
    """One `::error` for each place of a story that cannot be used."""
    return [command(error.file, one.line, "story", one.message, one.column) for one in error.complaints]


def command(file: str, line: int, title: str, message: str, column: int = 0) -> str:
    """A workflow command."""
    facts = {"file": file, "line": str(line), "col": str(column) if column else "", "title": title}
    given = ",".join(f"{name}={_property(value)}" for name, value in facts.items() if value)
    return f"::error {given}::{_data(message)}"


def summary_table(results: Iterable[RunResult]) -> str:
    """Markdown for $GITHUB_STEP_SUMMARY."""
    lines = ["| story | seed | mode | verdict | what does not hold |", "|---|---|---|---|---|"]
    for result in results:
        bad = [one.invariant for one in result.verdicts if one.outcome in ("broken", "unknown")]
        lines.append(f"| {result.story} | {result.seed} | {result.mode} | {result.outcome} | {', '.join(bad)} |")
    return "\n".join(lines) + "\n"


def _line(result: RunResult, findings: list[str]) -> int:
    """The line that a finding names; what is expected at the end stands under `expect:`; else the file's first."""
    for finding in findings:
        match = _LINE.search(finding)
        if match is not None:
            return int(match[1])
    path = Path(result.source)
    if any(finding.startswith("at the end") for finding in findings) and path.is_file():
        lines = path.read_text(encoding="utf-8").splitlines()
        return next((number for number, text in enumerate(lines, start=1) if text.startswith("expect:")), 1)
    return 1


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
