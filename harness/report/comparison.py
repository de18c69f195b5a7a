"""Two cores on one screen: the tie-out of both side by side, a sentence per difference, and both verdicts."""

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.compare import Comparison
from harness.money import text
from harness.report.summary import summary
from harness.runner import RunResult
from harness.tieout import Identity

_COLOUR = {"holds": "green", "broken": "red", "unknown": "yellow"}


def show_comparison(out: Console, comparison: Comparison, name: str) -> None:
    """The argument of the whole product."""
    ours, theirs = comparison.ours, comparison.theirs
    out.print(_tie_outs(comparison, name))
    if comparison.differences:
        out.print(f"\n[bold]What {escape(name)} left behind and the real core did not[/]")
        for sentence in comparison.differences:
            out.print(f"  [red]-[/] {escape(sentence)}", highlight=False, soft_wrap=True)
    else:
        out.print("\nNo difference: both left the same behind.")
    out.print(f"\n{_verdict('the real core', ours)}\n{_verdict(escape(name), theirs)}", highlight=False)


def _tie_outs(comparison: Comparison, name: str) -> Table:
    table = Table(
        title=f"{comparison.ours.story}, seed {comparison.ours.seed}: the same deals, the same storm, two cores",
        title_justify="left",
    )
    for column in ("line", "the real core", name):
        table.add_column(column, justify="left" if column == "line" else "right", ratio=1)
    sides = [{(one.entity, one.currency, one.name): one for one in result.identities}
             for result in (comparison.ours, comparison.theirs)]  # fmt: skip
    last = ""
    for key in dict.fromkeys((*sides[0], *sides[1])):
        group = f"{key[0]} {key[1]}"
        if group != last:
            table.add_section()
            table.add_row(f"[bold]{group}[/]", "", "")
        table.add_row(key[2], _cell(sides[0].get(key)), _cell(sides[1].get(key)))
        last = group
    return table


def _cell(identity: Identity | None) -> str:
    if identity is None:
        return "-"
    a, b, currency = text(identity.a, identity.currency), text(identity.b, identity.currency), identity.currency
    if identity.holds:
        items = sum(item.amount for item in identity.items)
        less = f" - {text(items, currency)}" if items else ""
        return f"[green]{a}{less} = {b}[/]"
    return f"[red]{a} is not {b}\n{text(identity.unexplained, currency)} unexplained[/]"


def _verdict(who: str, result: RunResult) -> str:
    broken = [one.invariant for one in result.verdicts if one.outcome == "broken"]
    why = f" ({', '.join(broken)})" if broken else ""
    return f"[bold {_COLOUR[result.outcome]}]{who}: {result.outcome}[/]{why}"


def comparison_json(comparison: Comparison, took_s: float) -> dict[str, Any]:
    """Both summaries and the sentences."""
    return {
        "story": comparison.ours.story, "seed": comparison.ours.seed, "took_s": round(took_s, 1),
        "differences": comparison.differences, "ours": summary(comparison.ours, took_s),
        "theirs": summary(comparison.theirs, took_s),
    }  # fmt: skip
