"""An explanation as one self-contained HTML file."""

from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any

from harness.explaining import Explanation
from harness.report.explanation import answer_words, marked
from harness.report.page import STYLE
from harness.report.side_by_side import TITLES


def explanation_page(told: Explanation, again: str) -> str:
    """The whole file as text."""
    findings = "".join(f"<li><b>{escape(judge)}</b> {escape(said)}</li>" for judge, said in told.findings)
    parts = [
        f'<h1>{escape(told.story)}: <span class="word broken">{escape(told.outcome)}</span></h1>',
        f'<p class="soft">seed {escape(told.seed)}</p>',
        f"<p>Broken off at {escape(told.broken_off)}</p>" if told.broken_off else "",
        f'<div class="card"><h2>What the judges find</h2><ul>{findings}</ul></div>',
        f'<div class="card"><h2>The first moment</h2><p>{escape(told.said)}</p>{_around(told)}</div>',
        f'<div class="card"><h2>What happened to {escape(told.name or "all customers")}</h2>{_timeline(told)}</div>',
        f'<div class="card"><h2>The run beside it</h2>{_calm(told)}</div>',
        f"<h3>Again</h3><pre>{escape(again)}</pre>",
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>windtunnel: {escape(told.story)} explained</title>"
        f"<style>{STYLE.read_text(encoding='utf-8')}\ntr.then td {{ font-weight: 600; }}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def write_page(path: Path, told: Explanation, again: str) -> None:
    """To a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(explanation_page(told, again), encoding="utf-8")


def _table(head: Iterable[str], rows: Iterable[tuple[bool, Iterable[str]]]) -> str:
    body = "".join(
        f'<tr class="{"then" if mark else ""}">' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
        for mark, cells in rows
    )
    return f'<div class="wide"><table><tr>{"".join(f"<th>{name}</th>" for name in head)}</tr>{body}</table></div>'


def _where(system: str) -> str:
    return escape(TITLES.get(system, system))


def _around(told: Explanation) -> str:
    rows = [
        (row["when"] == "then", (escape(row["at"]), _where(row["system"]), _details(row), escape(answer_words(row))))
        for row in told.around
    ]
    return _table(("when (UTC)", "system", "call", "answer"), rows) if rows else ""


def _details(row: dict[str, Any]) -> str:
    bodies = "".join(f"<pre>{escape(row[part])}</pre>" for part in ("body", "answer") if row[part])
    return f"<details><summary>{escape(row['what'])}</summary>{bodies}</details>" if bodies else escape(row["what"])


def _timeline(told: Explanation) -> str:
    rows = ((bool(mark), (escape(row["at"]), escape(row["where"]), escape(row["what"]))) for row, mark in marked(told))
    return _table(("when (UTC)", "where", "what"), rows)


def _calm(told: Explanation) -> str:
    calm = told.calm
    if calm is None:
        return "<p>None holds, undisturbed or with the real core, so there is none to compare with.</p>"
    facts = [(False, (_where(row["system"]), escape(row["fact"]), escape(row["here"]), escape(row["there"])))
             for row in calm.facts]  # fmt: skip
    calls = [(False, (_where(row["system"]), escape(row["call"]), f"{row['here']} times", f"{row['there']} times"))
             for row in calm.calls]  # fmt: skip
    parted = ""
    if calm.parted:
        parted = (f"<p>The core's requests part at number {calm.parted['number']}: here "
                  f"{escape(calm.parted['here'])}, there {escape(calm.parted['there'])}.</p>")  # fmt: skip
    head = ("where", "what", "here", "there")
    return f"<p>{escape(calm.what)}, which holds.</p>{parted}{_table(head, [*facts, *calls])}"
