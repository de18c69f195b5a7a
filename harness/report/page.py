"""A report as one self-contained HTML file: all runs in a table, then each with verdicts, tie-out, timeline and books.

Nothing is loaded from anywhere, so that it can be kept as an artefact of CI and opened years later.
"""

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

from harness.checkers import Verdict
from harness.money import text
from harness.record import commit
from harness.report.repeat import repeat_command
from harness.report.side_by_side import SYSTEMS, TITLES, rows
from harness.report.summary import identity_row, worst
from harness.report.terminal import moment
from harness.report.timeline import timeline
from harness.runner import RunResult

STYLE = Path(__file__).with_name("page.css")
SHOWN = 25  # findings of a verdict
LONG = 1_000  # rows of a timeline, of items or of books: a browser should open the file, and a person end reading it
WORDS = {"holds": "holds", "broken": "broken", "unknown": "unknown", "not applicable": "na"}


class Page:
    """Takes finished runs one by one, so that none has to be kept, and writes the file at the end."""

    def __init__(self, more: str = "") -> None:
        self._more = more
        self._lines: list[str] = []
        self._sections: list[str] = []
        self._outcomes: list[str] = []

    def add(self, result: RunResult, took_s: float) -> None:
        """One run: a line in the table of all, and a section, open when it does not hold."""
        name = f"run-{len(self._lines) + 1}"
        bad = ", ".join(one.invariant for one in result.verdicts if one.outcome in ("broken", "unknown"))
        self._outcomes.append(result.outcome)
        self._lines.append(
            f'<tr><td><a href="#{name}">{escape(result.story)}</a></td><td>{escape(result.seed)}</td>'
            f"<td>{result.mode}</td><td>{_word(result.outcome)}</td><td>{bad}</td>"
            f'<td class="n">{took_s:.1f} s</td></tr>'
        )
        self._sections.append(self._section(name, result, took_s))

    def write(self, path: Path) -> None:
        """The whole file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.text(), encoding="utf-8")

    def text(self) -> str:
        """The whole file as text."""
        outcome = worst(self._outcomes)
        runs = "run" if len(self._outcomes) == 1 else "runs"
        counts = ", ".join(
            f"{self._outcomes.count(one)} {one}" for one in ("holds", "broken", "unknown") if one in self._outcomes
        )
        return (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>windtunnel: {outcome}</title><style>{STYLE.read_text(encoding='utf-8')}</style></head>"
            f"<body><main><h1>Windtunnel: {_word(outcome)}</h1>"
            f'<p class="soft">{len(self._outcomes)} {runs}: {counts}. Commit {commit()[:12] or "unknown"}.</p>'
            '<div class="card wide"><table><tr><th>story</th><th>seed</th><th>mode</th><th>verdict</th>'
            '<th>what does not hold</th><th class="n">took</th></tr>'
            f"{''.join(self._lines)}</table></div>{''.join(self._sections)}</main></body></html>\n"
        )

    def _section(self, name: str, result: RunResult, took_s: float) -> str:
        opened = "" if result.outcome == "holds" else " open"
        title = next((event.facts["title"] for event in result.events if event.kind == "run"), "")
        off = f'<p class="word broken">Broken off at {escape(result.broken_off)}</p>' if result.broken_off else ""
        return (
            f'<details class="card run {result.outcome}" id="{name}"{opened}><summary>'
            f"<h2>{escape(result.story)}</h2> {_word(result.outcome)} "
            f'<span class="soft">seed {escape(result.seed)}, {result.mode}, {took_s:.1f} s</span></summary>'
            f"<p>{escape(title)}</p>{off}"
            f"<h3>Play it again</h3><pre>{escape(repeat_command(result, self._more))}</pre>"
            f'<p class="soft small">digest {result.digest}</p>'
            f"<h3>Verdicts</h3>{_verdicts(result.verdicts)}"
            f"<h3>Tie-out: book A - reconciling items = book B</h3>{_tie_out(result)}"
            f"{_timeline(result, opened)}{_books(result)}</details>"
        )


def _word(outcome: str) -> str:
    return f'<span class="word {WORDS[outcome]}">{outcome}</span>'


def _table(head: Iterable[tuple[str, str]], body: str) -> str:
    cells = "".join(f'<th class="{kind}">{escape(title)}</th>' for title, kind in head)
    return f'<div class="wide"><table><tr>{cells}</tr>{body}</table></div>'


def _verdicts(verdicts: Iterable[Verdict]) -> str:
    body = ""
    for one in verdicts:
        found = "".join(f'<li class="{WORDS[one.outcome]}">{escape(said)}</li>' for said in one.findings[:SHOWN])
        if len(one.findings) > SHOWN:
            found += f"<li>and {len(one.findings) - SHOWN} more</li>"
        body += (
            f"<tr><td>{escape(one.invariant)}</td><td>{_word(one.outcome)}</td><td>{escape(one.title)}"
            f'{f"<ul>{found}</ul>" if found else ""}</td><td class="n">{one.checked}</td></tr>'
        )
    return _table((("invariant", ""), ("verdict", ""), ("what", ""), ("looked at", "n")), body)


def _tie_out(result: RunResult) -> str:
    body = ""
    for identity in result.identities:
        row = identity_row(identity)
        word = "holds" if row["holds"] else "broken"
        items = text(sum(one.amount for one in identity.items), identity.currency) if identity.items else ""
        body += (
            f'<tr><td class="where">{escape(row["entity"])} {escape(row["currency"])}</td>'
            f"<td>{escape(row['identity'])}</td>"
            f'{_side(row["a"])}<td class="n">{items}</td>{_side(row["b"])}'
            f'<td class="n"><span class="word {word}">{row["unexplained"]}</span></td></tr>'
        )
        body += "".join(_detail("item", one["kind"], one) for one in row["items"][:LONG])
        body += "".join(_detail("item break", "unexplained", one) for one in row["breaks"][:LONG])
    head = (("", ""), ("identity", ""), ("book A", ""), ("A", "n"), ("items", "n"), ("book B", ""), ("B", "n"),
            ("unexplained", "n"))  # fmt: skip
    return _table(head, body)


def _rest(told: Sequence[Any]) -> str:
    more = len(told) - LONG
    return f'<p class="soft">and {more:,} more; the record of the run has them all</p>' if more > 0 else ""


def _side(side: dict[str, Any]) -> str:
    return f'<td>{escape(side["book"])}</td><td class="n">{side["amount"]}</td>'


def _detail(kind: str, what: str, one: dict[str, Any]) -> str:
    told = escape(f"{one['document']}: {one['reason']}")
    return (
        f'<tr class="{kind}"><td></td><td>{escape(what)}</td><td colspan="2">{told}</td>'
        f'<td class="n">{one["amount"]}</td><td colspan="3"></td></tr>'
    )


def _timeline(result: RunResult, opened: str) -> str:
    moments = timeline(result.events)
    body = "".join(
        f'<tr><td class="where">{moment(one.at)}</td><td class="where {escape(one.where)}">'
        f"{escape(TITLES.get(one.where, one.where))}</td><td>{escape(one.what)}</td></tr>"
        for one in moments[:LONG]
    )
    table = _table((("when (UTC)", ""), ("where", ""), ("what", "")), body) + _rest(moments)
    return f'<details class="part"{opened}><summary><h3>Timeline</h3></summary>{table}</details>'


def _books(result: RunResult) -> str:
    if result.evidence is None:
        return ""
    facts = rows(result.evidence.canon)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(row[name]))}</td>" for name in ("fact", *SYSTEMS)) + "</tr>"
        for row in facts[:LONG]
    )
    table = _table((("fact", ""), *((TITLES[name], "") for name in SYSTEMS)), body) + _rest(facts)
    return f'<details class="part"><summary><h3>The same facts in the systems\' books</h3></summary>{table}</details>'
