"""Commands exceptions and letters: the queues of the running sandbox's core that people work off, without code."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

import typer
from rich.markup import escape
from rich.table import Table

from harness.cli.output import UNKNOWN, Refusal, console, print_json, run_live
from harness.cli.sandbox import Json, with_world
from harness.report.reconciliation import age
from harness.scenario.values import iso
from harness.stack.world import LiveWorld
from harness.world import Unreachable

Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="As listed; all of them, or none if one is wrong.")]
Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason, which the audit trail keeps.")]
Row = Mapping[str, Any]

exceptions = typer.Typer(
    no_args_is_help=True, rich_markup_mode="rich",
    help="""What waits for a person at the core of the running sandbox: list it, care for it, have it done or given up.

    windtunnel exceptions list --owner finance --overdue
    windtunnel exceptions assign x00000001 --to mia --tag march
    windtunnel exceptions retry x00000001 x00000002""",
)  # fmt: skip
letters = typer.Typer(
    no_args_is_help=True, rich_markup_mode="rich",
    help="""Work of the running sandbox's core that failed technically beyond its budget.

    windtunnel letters list
    windtunnel letters requeue d00000001""",
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add both groups to the program."""
    app.add_typer(exceptions, name="exceptions")
    app.add_typer(letters, name="letters")


def asked(method: str, path: str, body: Any = None) -> Any:
    """What the running sandbox's core answers; Refusal for what it refuses, or when it does not answer."""
    return _asked_at(method, path, body)[0]


def _asked_at(method: str, path: str, body: Any = None) -> tuple[Any, float]:
    """The answer, and the business time at which it was given."""

    async def ask(world: LiveWorld) -> tuple[int, Any, float]:
        try:
            return *await world.core(method, path, body), world.now()
        except Unreachable as error:
            raise Refusal(f"the core does not answer: {error}", UNKNOWN) from error

    status, answer, now = run_live(with_world(ask))
    if status < 400:
        return answer, now
    detail = answer.get("detail", answer) if isinstance(answer, dict) else answer
    raise Refusal(f"the core refused it ({status}): {detail}", 2 if status in (404, 409, 422) else UNKNOWN)


@exceptions.command("list")
def list_exceptions(
    every: Annotated[bool, typer.Option("--all", help="Also what is resolved or abandoned.")] = False,
    kind: Annotated[str, typer.Option(help="Only this kind, e.g. unmapped_item.")] = "",
    owner: Annotated[str, typer.Option(help="Only what belongs to this role, e.g. finance.")] = "",
    assignee: Annotated[str, typer.Option(help="Only what this person looks after.")] = "",
    tag: Annotated[str, typer.Option(help="Only what carries this tag.")] = "",
    overdue: Annotated[bool, typer.Option("--overdue", help="Only what is open behind its due time.")] = False,
    as_json: Json = False,
) -> None:
    """List business exceptions: what is wrong, whose it is, how old it is and what resolves it."""
    asked = {"kind": kind, "owner_role": owner, "assignee": assignee, "tag": tag, "overdue": "true" if overdue else "",
             "state": "" if every else "open"}  # fmt: skip
    path = f"/exceptions?{urlencode({name: value for name, value in asked.items() if value})}"
    rows, now = _asked_at("GET", path)
    if as_json:
        return print_json(rows)
    table = Table(title=f"{len(rows)} exceptions", title_justify="left", show_lines=True)
    for name in ("id", "what", "whose", "age", "why and what resolves it"):
        table.add_column(name)
    for row in rows:
        late = " [red](overdue)[/]" if row["state"] == "open" and row["due_at"] < now else ""
        tags = " ".join(f"#{escape(one)}" for one in row["tags"])
        state = "" if row["state"] == "open" else f"\n[dim]{row['state']}: {escape(row['resolution'])}[/]"
        table.add_row(
            row["id"], f"{row['kind'].replace('_', ' ')}\n[dim]{escape(row['subject'])}[/] {tags}",
            f"{row['owner_role']}\n[cyan]{escape(row['assignee'])}[/]", age(now - row["opened_at"]) + late,
            f"{escape(row['reason'])}\n[dim]{', '.join(row['actions'])}[/]{state}",
        )  # fmt: skip
    console(False).print(table if rows else "[green]nothing waits for a person[/]")


@exceptions.command("show")
def show_exception(one: Annotated[str, typer.Argument(metavar="ID")], as_json: Json = False) -> None:
    """Show one exception with its details and notes."""
    _show(asked("GET", f"/exceptions/{one}"), as_json)


@exceptions.command("assign")
def assign_exception(
    one: Annotated[str, typer.Argument(metavar="ID")],
    to: Annotated[str | None, typer.Option("--to", metavar="NAME", help="Who looks after it; '' for nobody.")] = None,
    owner: Annotated[str | None, typer.Option(metavar="ROLE", help="Hand it to another role.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Its tags from now on; several times for several.")] = None,
    as_json: Json = False,
) -> None:
    """Say who looks after an exception, hand it to another role, or tag it."""
    given = {"assignee": to, "owner_role": owner, "tags": tag or None}
    body = {name: value for name, value in given.items() if value is not None}
    if not body:
        raise Refusal("say what to change: --to, --owner or --tag")
    _show(asked("PATCH", f"/exceptions/{one}", body), as_json)


@exceptions.command("note")
def note_exception(
    one: Annotated[str, typer.Argument(metavar="ID")], text: Annotated[str, typer.Argument()], as_json: Json = False
) -> None:
    """Write something to an exception."""
    _show(asked("POST", f"/exceptions/{one}/notes", {"text": text}), as_json)


@exceptions.command("retry")
def retry_exceptions(ids: Ids, as_json: Json = False) -> None:
    """Run the parked work again now; an exception closes by itself once a run no longer meets it."""
    _outcomes(asked("POST", "/exception-batches/retry", {"ids": ids}), as_json)


@exceptions.command("abandon")
def abandon_exceptions(ids: Ids, why: Why, as_json: Json = False) -> None:
    """Give the work up, with a reason."""
    _outcomes(asked("POST", "/exception-batches/abandon", {"ids": ids, "reason": why}), as_json)


@letters.command("list")
def list_letters(
    every: Annotated[bool, typer.Option("--all", help="Also what is requeued or discarded.")] = False,
    as_json: Json = False,
) -> None:
    """List dead letters: which work, why and how often it was tried."""
    rows = asked("GET", f"/dead-letters{'' if every else '?state=dead'}")
    if as_json:
        return print_json(rows)
    table = Table(title=f"{len(rows)} dead letters", title_justify="left", show_lines=True)
    for name in ("id", "work", "since", "tries", "cause"):
        table.add_column(name)
    for row in rows:
        work = f"{row['process']}\n[dim]{escape(row['subject'])}[/]"
        table.add_row(row["id"], work, iso(row["at"]), str(row["tries"]), escape(row["cause"]))
    console(False).print(table if rows else "[green]there are no dead letters[/]")


@letters.command("show")
def show_letter(one: Annotated[str, typer.Argument(metavar="ID")], as_json: Json = False) -> None:
    """Show one dead letter: its payload, its cause, and the events that its work goes back to."""
    row = asked("GET", f"/dead-letters/{one}")
    if as_json:
        return print_json(row)
    out = console(False)
    out.print(
        f"[bold]{row['id']}[/] {row['process']} of {escape(row['subject'])}, {row['state']}, {row['tries']} tries"
    )
    out.print(escape(row["cause"]), soft_wrap=True)
    out.print(f"[dim]payload:[/] {escape(json.dumps(row['payload']))}", soft_wrap=True)
    for event in row["lineage"]:
        told = f"{iso(event['time'])} {event['type']} from {event['source']}, {event['id']} by {event['causation']}"
        out.print(f"[dim]{escape(told)}[/]", soft_wrap=True)


@letters.command("requeue")
def requeue_letters(ids: Ids, as_json: Json = False) -> None:
    """Run their work again now, with a fresh budget."""
    _outcomes(asked("POST", "/dead-letter-batches/requeue", {"ids": ids}), as_json)


@letters.command("discard")
def discard_letters(ids: Ids, as_json: Json = False) -> None:
    """Give their work up for good."""
    _outcomes(asked("POST", "/dead-letter-batches/discard", {"ids": ids}), as_json)


def _show(row: Row, as_json: bool) -> None:
    if as_json:
        return print_json(row)
    out = console(False)
    out.print(f"[bold]{row['id']}[/] {row['kind'].replace('_', ' ')}, {row['state']}, {row['owner_role']}"
              f"{' (' + escape(row['assignee']) + ')' if row['assignee'] else ''}")  # fmt: skip
    out.print(escape(row["reason"]), soft_wrap=True)
    for name, value in (("about", row["subject"]), ("opened", iso(row["opened_at"])), ("due", iso(row["due_at"])),
                        ("actions", ", ".join(row["actions"])), ("tags", ", ".join(row["tags"])),
                        ("details", row["details"] or "")):  # fmt: skip
        if value:
            out.print(f"[dim]{name}:[/] {escape(str(value))}", soft_wrap=True)
    for note in row["notes"]:
        out.print(f"[dim]{iso(note['at'])} {escape(note['by'])}:[/] {escape(note['text'])}", soft_wrap=True)


def _outcomes(rows: Sequence[Row], as_json: bool) -> None:
    if as_json:
        return print_json(rows)
    for row in rows:
        console(False).print(f"{row['id']}: {escape(row['note'])}")
