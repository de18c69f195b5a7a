"""An explanation as text: the findings, the moment, the calls around it, the customer's story, the calm run."""

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.explaining import Explanation
from harness.report.side_by_side import TITLES
from harness.scenario.values import iso

SHOWN = 12  # findings and differences
MARK = "▶"


def show_explanation(out: Console, told: Explanation, again: str) -> None:
    """`again`: the command that says it once more."""
    out.print(f"[bold]{escape(told.story)}[/] seed {escape(told.seed)}: {told.outcome}")
    if told.broken_off:
        out.print(f"broken off at {escape(told.broken_off)}")
    for judge, said in told.findings[:SHOWN]:
        out.print(f"  [red]{judge}[/] {escape(said)}")
    if not told.findings:
        out.print(told.said)
        return
    _first(out, told)
    _around(out, told)
    _timeline(out, told)
    _calm(out, told)
    out.print(f"[dim]again: {escape(again)}[/]", soft_wrap=True)


def _first(out: Console, told: Explanation) -> None:
    out.print("\n[bold]The first moment[/]")
    out.print(escape(told.said))
    for later in told.moments[1:SHOWN]:
        out.print(f"[dim]since {iso(later.at)} (event {later.seq}) {later.invariant} {escape(later.finding)}[/]")


def _around(out: Console, told: Explanation) -> None:
    if not told.around:
        return
    table = Table(title="Calls around it", title_justify="left")
    for name in ("", "when (UTC)", "system", "call", "answer"):
        table.add_column(name)
    for row in told.around:
        table.add_row(MARK if row["when"] == "then" else "", row["at"], TITLES.get(row["system"], row["system"]),
                      escape(row["what"]), escape(answer_words(row)))  # fmt: skip
    out.print(table)


def answer_words(row: dict[str, Any]) -> str:
    """Status, and what struck the call."""
    return " ".join(filter(None, (str(row["status"] or ""), str(row["fault"] or ""))))


def _timeline(out: Console, told: Explanation) -> None:
    whose = told.name or "all customers"
    table = Table(title=f"What happened to {escape(whose)}", title_justify="left")
    for name in ("", "when (UTC)", "where", "what"):
        table.add_column(name)
    for row, mark in marked(told):
        table.add_row(mark, row["at"], row["where"], escape(row["what"]))
    out.print(table)


def marked(told: Explanation) -> list[tuple[dict[str, Any], str]]:
    """The rows of the timeline, that of the first moment marked: what the same call wrote, else the last one before."""
    rows = [row["seq"] for row in told.timeline if row["seq"]]
    place = 0
    if told.first is not None:
        end = next((row["seq"] for row in told.around if row["when"] == "then"), told.first.seq)
        within = [seq for seq in rows if told.first.seq <= seq <= end]
        place = min(within, default=max((seq for seq in rows if seq <= told.first.seq), default=0))
    return [(row, MARK if place and row["seq"] == place else "") for row in told.timeline]


def _calm(out: Console, told: Explanation) -> None:
    calm = told.calm
    if calm is None:
        out.print("No run beside it holds (undisturbed, or with the real core), so there is none to compare with.")
        return
    out.print(f"\n[bold]The run beside it[/]: {escape(calm.what)}, which holds")
    if calm.parted:
        out.print(f"the core's requests part at number {calm.parted['number']}: here "
                  f"{escape(calm.parted['here'])}, there {escape(calm.parted['there'])}")  # fmt: skip
    table = Table(title="What it did differently", title_justify="left")
    for name in ("where", "what", "here", "there"):
        table.add_column(name)
    for fact in calm.facts[:SHOWN]:
        where = TITLES.get(fact["system"], fact["system"])
        table.add_row(where, escape(fact["fact"]), escape(fact["here"]), escape(fact["there"]))
    for call in calm.calls[:SHOWN]:
        table.add_row(TITLES.get(call["system"], call["system"]), escape(call["call"]), f"{call['here']} times",
                      f"{call['there']} times")  # fmt: skip
    out.print(table)
