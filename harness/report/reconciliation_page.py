"""A reconciliation as one self-contained HTML file, and the chain of all reports checked link by link."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from harness.money import text
from harness.report.page import STYLE
from harness.report.reconciliation import age
from harness.scenario.values import iso

Report = Mapping[str, Any]
Cell = tuple[str, str]  # text, class of the cell
LONG = 5_000  # rows of a table: the CSV has them all


def write_html(path: Path, report: Report) -> None:
    """Verdict, tie-out lines, reconciling items, breaks with cause and action, and the hash that chains the report."""
    count = len(report["breaks"])
    word = "holds" if not report["breaks"] else "broken"
    title = "the books agree" if not report["breaks"] else f"{count} {'break' if count == 1 else 'breaks'}"
    as_of = "; ".join(f"{system}: {when}" for system, when in report["as_of"].items())
    healed = [[(one["system"], ""), (one["kind"], ""), (one["document"], ""), (one["process"], "")]
              for one in report["healed"]]  # fmt: skip
    held = f'<p class="word unknown">{escape(report["held"])}</p>' if report["held"] else ""
    path.write_text(
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>reconciliation {escape(report['id'])}: {title}</title>"
        f"<style>{STYLE.read_text(encoding='utf-8')}</style></head><body><main>"
        f'<h1>Reconciliation {escape(report["id"])}: <span class="word {word}">{title}</span></h1>'
        f'<p class="soft">{report["documents"]} records compared at {iso(report["at"])} for {escape(report["by"])}; '
        f"books as of {escape(as_of)}.</p>{held}"
        f"{_card('Tie-out: book A - items = book B', _LINES, [_line(row) for row in report['lines']])}"
        f"{_card('Breaks: differences that nothing explains', _BREAKS, [_break(report, r) for r in report['breaks']])}"
        f"{_card('Reconciling items: differences with a reason', _ITEMS, [_item(row) for row in report['items']])}"
        f"{_card('Copies that are being written anew', _HEALED, healed)}"
        f"{_card('Counted again by source ids', _COUNTS, [_count(row) for row in report['counts']])}"
        f'<p class="soft small">SHA-256 {report["hash"]}<br>of the report before: {report["previous"] or "none"}</p>'
        "</main></body></html>\n",
        encoding="utf-8",
    )


_LINES = (("place", ""), ("identity", ""), ("A", "n"), ("items", "n"), ("B", "n"), ("unexplained", "n"))
_COUNTS = (("place", ""), ("what", ""), ("source", "n"), ("target", "n"), ("missing", "n"), ("extra", "n"),
           ("differing", "n"))  # fmt: skip
_BREAKS = (("what", ""), ("document", ""), ("lacks there", "n"), ("age", "n"), ("cause", ""), ("owner", ""),
           ("action", ""))  # fmt: skip
_ITEMS = (("place", ""), ("kind", ""), ("document", ""), ("line", ""), ("amount", "n"), ("reason", ""))
_HEALED = (("system", ""), ("kind", ""), ("document", ""), ("process", ""))


def _line(row: Report) -> list[Cell]:
    amounts = [(text(row[name], row["currency"]), "n") for name in ("a", "items", "b", "unexplained")]
    what = f"{row['name']} ({row['a_name']} | {row['b_name']})"
    return [(f"{row['entity']} {row['currency']}", ""), (what, ""), *amounts]


def _break(report: Report, row: Report) -> list[Cell]:
    amount = f"{text(row['amount'], row['currency'])} {row['currency']}" if row["currency"] else ""
    return [
        (f"{row['code'].replace('_', ' ')} in {row['system']}", ""), (row["document"], ""), (amount, "n"),
        (age(report["at"] - row["since"]), "n"), (row["cause"], ""), (row["owner"], ""), (row["action"], ""),
    ]  # fmt: skip


def _item(row: Report) -> list[Cell]:
    late = " (overdue)" if row["overdue"] else ""
    return [
        (f"{row['entity']} {row['currency']}", ""), (row["kind"] + late, ""), (row["document"], ""), (row["line"], ""),
        (text(row["amount"], row["currency"]), "n"), (row["reason"], ""),
    ]  # fmt: skip


def _count(row: Report) -> list[Cell]:
    sides = (f"{row[side]} ({text(row[f'{side}_amount'], row['currency'])})" for side in ("source", "target"))
    return [(f"{row['entity']} {row['currency']}", ""), (row["name"], ""), *((one, "n") for one in sides),
            *((str(row[name]), "n") for name in ("missing", "extra", "differing"))]  # fmt: skip


def _card(title: str, head: Sequence[Cell], rows: Sequence[Iterable[Cell]]) -> str:
    if not rows:
        return ""
    top = "".join(f'<th class="{kind}">{name}</th>' for name, kind in head)
    body = "".join(
        f"<tr>{''.join(f'<td class={kind!r}>{escape(said)}</td>' for said, kind in row)}</tr>" for row in rows[:LONG]
    )
    rest = f'<p class="soft">and {len(rows) - LONG:,} more</p>' if len(rows) > LONG else ""
    return (
        f'<div class="card"><h2>{escape(title)}</h2><div class="wide"><table><tr>{top}</tr>{body}</table></div>'
        f"{rest}</div>"
    )


def broken_links(reports: Sequence[Report]) -> list[str]:
    """What is wrong with a chain of reports, youngest first as the core lists them; nothing if none was altered,
    left out or put in. The oldest names the one before it, which the caller may not have.
    """
    found = []
    for index, report in enumerate(reports):
        body = {name: value for name, value in report.items() if name not in ("id", "hash")}
        if digest(body) != report["hash"]:
            found.append(f"{report['id']} was altered: its content does not have the hash that it carries")
        if index + 1 < len(reports) and report["previous"] != reports[index + 1]["hash"]:
            found.append(
                f"{report['id']} does not follow {reports[index + 1]['id']}: one was altered, left out or put in"
            )
    return found


def digest(content: Mapping[str, Any]) -> str:
    """SHA-256 of a report's canonical JSON, as the core's API documents it."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
