"""A run for the person in front of a terminal: steps as they happen, then timeline, tie-out and verdicts."""

from datetime import UTC, datetime
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.status import Status
from rich.table import Table

from harness.events import RunEvent
from harness.money import text
from harness.report.side_by_side import documents_table
from harness.report.timeline import Moment, timeline
from harness.runner import RunResult
from harness.tieout import Identity

_COLOUR = {"holds": "green", "broken": "red", "unknown": "yellow", "not applicable": "dim"}


class Progress:
    """Shows the present step with a spinner, and each finished one as a line."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None
        self._steps = 0

    def say(self, words: str) -> None:
        """What is under way now, outside of any step."""
        if self._status is None:
            self._status = self._console.status("")
            self._status.start()
        self._status.update(escape(words))

    def __call__(self, event: RunEvent) -> None:
        """See events.Consumer."""
        facts = event.facts
        if event.kind == "run":
            self._steps = facts["steps"]
            self._line(f"[bold]{escape(facts['story'])}[/]: {escape(facts['title'])}  [dim]seed {facts['seed']}[/]")
            self.say("playing")
        elif event.kind == "step" and facts["state"] == "begun":
            self.say(f"{facts['number']}/{self._steps} {facts['said']}")
        elif event.kind == "step":
            self._line(f"[dim]{moment(event.at)}[/]  {facts['number']:>2}/{self._steps}  {escape(facts['said'])}")
        elif event.kind == "crash" or (event.kind == "note" and facts.get("level") != "defect" and "said" in facts):
            colour = "red" if facts.get("level") == "error" else "yellow"
            self._line(f"[dim]{moment(event.at)}[/]         [{colour}]{escape(facts['said'])}[/]")
        elif event.kind == "probe":
            self.say("judging")

    def _line(self, markup: str) -> None:
        self._console.print(markup, highlight=False)

    def end(self) -> None:
        """Take the spinner away."""
        if self._status is not None:
            self._status.stop()
            self._status = None


def moment(at: float) -> str:
    """Business time as people write it."""
    return datetime.fromtimestamp(at, UTC).strftime("%a %d %b %H:%M")


def show_result(console: Console, result: RunResult, took_s: float, full: bool = True) -> None:
    """Everything that a run has to say at its end."""
    if full:
        show_timeline(console, timeline(result.events))
        if result.evidence is not None:
            console.print(documents_table(result.evidence.canon))
        console.print(tie_out_table(result.identities))
    show_verdicts(console, result, took_s)


def show_timeline(console: Console, moments: list[Moment]) -> None:
    """What happened in which system, in business time."""
    table = Table(title="Timeline", title_justify="left", box=None, pad_edge=False)
    for name in ("when (UTC)", "where", "what"):
        table.add_column(name, style="dim" if name != "what" else "")
    for one in moments:
        table.add_row(moment(one.at), one.where, escape(one.what))
    console.print(table)
    console.print()


def tie_out_frame() -> Table:
    """Book A - named items = book B, without rows yet. Amounts are never cut, however narrow the terminal."""
    table = Table(title="Tie-out: book A - reconciling items = book B", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("identity", ratio=1)
    for name in ("A", "items", "B", "unexplained"):
        table.add_column(name, justify="right", no_wrap=True, overflow="fold")
    return table


def tie_out_table(identities: list[Identity]) -> Table:
    """The tie-out of a run, per entity and currency."""
    table = tie_out_frame()
    last = ""
    for one in identities:
        group = f"{one.entity} {one.currency}"
        if group != last:
            table.add_section()
            table.add_row(f"[bold]{group}[/]", "", "", "", "")
        colour = "green" if one.holds else "red"
        table.add_row(
            f"{one.name}\n[dim]{one.a_name} | {one.b_name}[/]", text(one.a, one.currency),
            text(sum(item.amount for item in one.items), one.currency), text(one.b, one.currency),
            f"[{colour}]{text(one.unexplained, one.currency)}[/]",
        )  # fmt: skip
        for row in _details(one):
            table.add_row(*row)
        last = group
    return table


def _details(identity: Identity) -> list[tuple[str, str, str, str, str]]:
    rows = [
        (f"  [dim]{item.kind}: {escape(item.document)}, {escape(item.reason)}[/]", "",
         f"[dim]{text(item.amount, identity.currency)}[/]", "", "")
        for item in identity.items
    ]  # fmt: skip
    rows += [
        (f"  [red]break: {escape(one.document)}, {escape(one.reason)}[/]", "", "", "",
         f"[red]{text(one.amount, identity.currency)}[/]")
        for one in identity.breaks
    ]  # fmt: skip
    return rows


def show_verdicts(console: Console, result: RunResult, took_s: float) -> None:
    """Each invariant, then the whole."""
    table = Table(title="Verdicts", title_justify="left")
    for name in ("invariant", "verdict", "looked at", "what"):
        table.add_column(name, justify="right" if name == "looked at" else "left")
    for one in result.verdicts:
        colour = _COLOUR[one.outcome]
        what = escape(one.title) + "".join(f"\n[{colour}]- {escape(finding)}[/]" for finding in one.findings[:10])
        if len(one.findings) > 10:
            what += f"\n[{colour}]- and {len(one.findings) - 10} more[/]"
        table.add_row(one.invariant, f"[{colour}]{one.outcome}[/]", str(one.checked), what)
    console.print(table)
    colour = _COLOUR[result.outcome]
    console.print(
        f"[bold {colour}]{result.story}: {result.outcome}[/]  "
        f"[dim]{result.mode}, seed {result.seed}, {took_s:.1f} s, digest {result.digest[:12]}[/]",
        highlight=False,
    )


def show_exceptions(console: Console, rows: list[dict[str, Any]]) -> None:
    """Open business exceptions, for a person who could resolve them."""
    table = Table(title="Open exceptions", title_justify="left")
    for name in ("id", "kind", "owner", "reason", "actions"):
        table.add_column(name)
    for row in rows:
        table.add_row(row["id"], row["kind"], row["owner_role"], escape(row["reason"]), ", ".join(row["actions"]))
    console.print(table)
