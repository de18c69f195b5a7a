"""JUnit XML: a test suite a run, a test case an invariant; broken is a failure, unknown an error, what the story did
not ask is skipped with its reason.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def write_junit(path: Path, summaries: Iterable[dict[str, Any]]) -> None:
    """Write the summaries of runs (see `summary`) as one file."""
    root = ET.Element("testsuites", name="windtunnel")
    for run in summaries:
        suite = ET.SubElement(
            root, "testsuite", name=f"{run['story']} (seed {run['seed']}, {run['mode']})", time=str(run["took_s"]),
            tests=str(len(run["verdicts"])),
            failures=str(sum(one["outcome"] == "broken" for one in run["verdicts"])),
            errors=str(sum(one["outcome"] == "unknown" for one in run["verdicts"])),
            skipped=str(sum(one["outcome"] == "not applicable" for one in run["verdicts"])),
        )  # fmt: skip
        properties = ET.SubElement(suite, "properties")
        for name in ("seed", "mode", "digest"):
            ET.SubElement(properties, "property", name=name, value=str(run[name]))
        for verdict in run["verdicts"]:
            _case(suite, run, verdict)
    ET.indent(root)
    path.parent.mkdir(parents=True, exist_ok=True)
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _case(suite: ET.Element, run: dict[str, Any], verdict: dict[str, Any]) -> None:
    name = f"{verdict['invariant']} {verdict['title']}"
    case = ET.SubElement(suite, "testcase", classname=f"windtunnel.{run['story']}", name=name)
    if verdict["outcome"] == "holds":
        return
    findings = [_printable(finding) for finding in verdict["findings"]]
    if verdict["outcome"] == "not applicable":
        ET.SubElement(case, "skipped", message=findings[0])
        return
    kind = "failure" if verdict["outcome"] == "broken" else "error"
    found = ET.SubElement(case, kind, message=findings[0] if findings else verdict["outcome"])
    found.text = "\n".join([*findings, f"repeat with: {run['repeat']}"])


def _printable(text: str) -> str:
    """XML 1.0 has no control characters."""
    return "".join(letter if letter in "\t\n" or letter >= " " else "?" for letter in text)
