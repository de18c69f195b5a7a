"""A reconciliation of the core for people: the tie-out lines, then items, then breaks; and as CSV for a spreadsheet."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.money import text
from harness.report.terminal import tie_out_frame
from harness.scenario.values import iso

Report = Mapping[str, Any]
DAY_S = 86400.0
COLUMNS = (
    "row", "code", "system", "kind", "document", "entity", "currency", "amount", "cause", "owner", "action", "since",
    "age_days", "report", "hash",
)  # fmt: skip


def show_reconciliation(out: Console, report: Report) -> None:
    """Per entity and currency book A - items = book B, then what explains the items, then the breaks."""
    if report["lines"]:
        out.print(_lines(report["lines"]))
    if report["items"]:
        out.print(_items(report["items"]))
    if report["breaks"]:
        out.print(_breaks(report))
    if report["healed"]:
        names = ", ".join(f"{one['document']} in {one['system']}" for one in report["healed"])
        out.print(f"[cyan]being written anew:[/] {escape(names)}")
    if report["held"]:
        out.print(f"[yellow]nothing is healed:[/] {escape(report['held'])}")
    if report["counts"]:
        off = [one for one in report["counts"] if one["missing"] or one["extra"] or one["differing"]]
        out.print(_counts(off) if off else "[dim]counted again by source ids: no difference[/]")
    if report["not_exported"]:
        out.print(f"[yellow]the compared books are not kept:[/] {escape(report['not_exported'])}")
    count = len(report["breaks"])
    verdict = "[green]the books agree[/]" if report["documents"] else "[yellow]there is nothing to compare yet[/]"
    verdict = verdict if not count else f"[red]{count} {'break' if count == 1 else 'breaks'}[/]"
    extracts = "; ".join(f"{system} as of {when}" for system, when in report["as_of"].items() if when != "now")
    out.print(
        f"{verdict}: {report['documents']} records compared at {iso(report['at'])}"
        f"{f' ({extracts})' if extracts else ''}, report {report['id']}, [dim]hash {report['hash'][:16]}"
        f"{' after ' + report['previous'][:16] if report['previous'] else ''}[/]", soft_wrap=True,
    )  # fmt: skip


def _lines(lines: Iterable[Report]) -> Table:
    table = tie_out_frame()
    last = ""
    for row in lines:
        group, currency = f"{row['entity']} {row['currency']}", row["currency"]
        if group != last:
            table.add_section()
            table.add_row(f"[bold]{group}[/]", "", "", "", "")
        colour = "red" if row["unexplained"] else "green"
        table.add_row(
            f"{row['name']}\n[dim]{row['a_name']} | {row['b_name']}[/]", text(row["a"], currency),
            text(row["items"], currency), text(row["b"], currency),
            f"[{colour}]{text(row['unexplained'], currency)}[/]",
        )  # fmt: skip
        last = group
    return table


def _items(items: Iterable[Report]) -> Table:
    table = Table(title="Reconciling items: differences with a reason", title_justify="left")
    for name in ("entity", "kind", "document", "line", "amount", "reason"):
        table.add_column(name, justify="right" if name == "amount" else "left")
    for row in items:
        late = " [yellow](overdue)[/]" if row["overdue"] else ""
        table.add_row(
            f"{row['entity']} {row['currency']}", row["kind"] + late, escape(row["document"]), row["line"],
            text(row["amount"], row["currency"]), escape(row["reason"]),
        )  # fmt: skip
    return table


def _counts(counts: Iterable[Report]) -> Table:
    table = Table(title="Counted again by source ids, named above or not", title_justify="left")
    for name in ("entity", "what", "source", "target", "missing", "extra", "differing"):
        table.add_column(name, justify="left" if name in ("entity", "what") else "right")
    for row in counts:
        sums = (f"{row[side]} [dim]{text(row[side + '_amount'], row['currency'])}[/]" for side in ("source", "target"))
        table.add_row(f"{row['entity']} {row['currency']}", row["name"], *sums,
                      *(str(row[name]) for name in ("missing", "extra", "differing")))  # fmt: skip
    return table


def _breaks(report: Report) -> Table:
    table = Table(title="Breaks: differences that nothing explains", title_justify="left", show_lines=True)
    for name in ("what", "document", "lacks there", "age", "cause and what to do"):
        table.add_column(name, justify="right" if name in ("lacks there", "age") else "left")
    for row in report["breaks"]:
        amount = f"{text(row['amount'], row['currency'])} {row['currency']}" if row["currency"] else ""
        table.add_row(
            f"[red]{row['code'].replace('_', ' ')}[/] in {row['system']}", escape(row["document"]), amount,
            age(report["at"] - row["since"]),
            f"{escape(row['cause'])}\n[dim]{row['owner']}: {escape(row['action'])}[/]",
        )  # fmt: skip
    return table


def age(seconds: float) -> str:
    """How old a break is, in days once it is a day old."""
    if seconds < 60:
        return "new"
    return f"{seconds / DAY_S:.1f} d" if seconds >= DAY_S else f"{seconds / 3600:.1f} h"


def write_csv(path: Path, report: Report) -> None:
    """Breaks, items and lines, one a row, amounts in major units; texts that a spreadsheet would compute are quoted."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        for row in report["breaks"]:
            days = f"{(report['at'] - row['since']) / DAY_S:.2f}"
            more = {"row": "break", "since": iso(row["since"]), "age_days": days}
            writer.writerow(_cells({**row, **more, "amount": _plain(row["amount"], row["currency"])}, report))
        for row in report["items"]:
            more = {"row": "item", "code": row["kind"], "kind": row["line"], "cause": row["reason"]}
            writer.writerow(_cells({**row, **more, "amount": _plain(row["amount"], row["currency"])}, report))
        for row in report["lines"]:
            cause = f"{row['a_name']} - items = {row['b_name']}"
            more = {"row": "line", "document": row["name"], "cause": cause}
            writer.writerow(_cells({**row, **more, "amount": _plain(row["unexplained"], row["currency"])}, report))
        for row in report["counts"]:
            cause = f"{row['missing']} missing, {row['extra']} extra, {row['differing']} differing"
            more = {"row": "count", "document": row["name"], "cause": cause}
            lacking = _plain(row["source_amount"] - row["target_amount"], row["currency"])
            writer.writerow(_cells({**row, **more, "amount": lacking}, report))


def _cells(row: Report, report: Report) -> dict[str, str]:
    cells = {name: str(row.get(name, "")) for name in COLUMNS}
    for name in ("document", "cause", "action"):
        if cells[name][:1] in ("=", "+", "-", "@", "\t"):
            cells[name] = f"'{cells[name]}"
    return {**cells, "report": report["id"], "hash": report["hash"]}


def _plain(amount_minor: int, currency: str) -> str:
    return text(amount_minor, currency).replace(",", "")
