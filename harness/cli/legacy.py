"""Command legacy: the desk of the running sandbox's legacy ERP: files and their answers, and its correction queue."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from harness.cli.output import Refusal, console, print_json, run_live
from harness.cli.sandbox import Json, with_world
from harness.stack.world import LiveWorld

Row = Mapping[str, Any]
Docnum = Annotated[str, typer.Argument(metavar="DOCNUM", help="The legacy ERP's own number; leading zeros may go.")]
Who = Annotated[str, typer.Option(help="Whose doing the audit trail says it is.")]

legacy = typer.Typer(
    no_args_is_help=True, rich_markup_mode="rich",
    help="""What a clerk of the legacy ERP does: see what files became, correct what the night refused.

    windtunnel legacy files
    windtunnel legacy queue
    windtunnel legacy edit 12 KUNNR 0000100001
    windtunnel legacy retry 12""",
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the group to the program."""
    app.add_typer(legacy, name="legacy")


def act(verb: str, **arguments: Any) -> Any:
    """A deed inside the legacy ERP; Refusal for what it refuses."""

    async def done(world: LiveWorld) -> Any:
        try:
            return await world.control("erp_legacy", "POST", f"/_control/act/{verb}", arguments)
        except ValueError as error:
            raise Refusal(str(error)) from error

    return run_live(with_world(done))


@legacy.command("files")
def files(
    name: Annotated[str, typer.Argument(metavar="[BASENAME]", help="One file, with its documents.")] = "",
    as_json: Json = False,
) -> None:
    """Files that partners sent and how they were answered: OK, PAR (a part stands in the queue) or REJ (nothing)."""
    rows = act("file_list", **({"BASENAME": name} if name else {}))["files"]
    if name and not rows:
        raise Refusal(f"no file {name} has come")
    if as_json:
        return print_json({"files": rows})
    table = Table(title="files of partners", title_justify="left")
    for column in ("file", "state", "answer", "documents", "posted", "queued", "answers", "why"):
        table.add_column(column, overflow="fold")
    for row in rows:
        counts = (str(row[column]) for column in ("IDOCCNT", "POSTED", "ERRORS", "answers"))
        why = " ".join(part for part in (row["CODE"], row["TEXT"]) if part)
        table.add_row(escape(row["BASENAME"]), row["state"], row["RESULT"], *counts, escape(why))
    console(False).print(table)
    if name:
        console(False).print(_documents(rows[0]["documents"]))
    return None


@legacy.command("queue")
def queue(
    status: Annotated[str, typer.Option(help="Only this status, e.g. 51.")] = "",
    company: Annotated[str, typer.Option(help="Only this company code.")] = "",
    as_json: Json = False,
) -> None:
    """Documents that wait for a person, with the first of their messages."""
    wanted = {name: value for name, value in (("STATUS", status), ("BUKRS", company)) if value}
    rows = act("queue_list", **wanted)["documents"]
    if as_json:
        return print_json({"documents": rows})
    told = [{**row, **(row["messages"][0] if row["messages"] else {})} for row in rows]
    console(False).print(_documents(told) if told else "the queue is empty")
    return None


@legacy.command("show")
def show(docnum: Docnum, as_json: Json = False) -> None:
    """One queued document: every message, every segment with its fields."""
    found = [row for row in act("queue_list")["documents"] if _same(row["DOCNUM"], docnum)]
    if not found:
        raise Refusal(f"document {docnum} is not in the queue")
    (row,) = found
    if as_json:
        return print_json(row)
    out = console(False)
    out.print(_documents(found))
    for note in row["messages"]:
        place = f"segment {note['SEGNUM']} {note['SEGFLD']}" if note.get("SEGFLD") else ""
        out.print(f"[red]{note['STAMID']} {note['STAMNO']}[/] {escape(note['STATXT'])} [dim]{place}[/]")
    for number, segment in enumerate(row["segments"], start=1):
        said = "  ".join(f"{name} {escape(value.strip())}" for name, value in segment["fields"].items())
        out.print(f"[bold]{number} {segment['SEGNAM']}[/] {said}", soft_wrap=True)
    return None


@legacy.command("edit")
def edit(
    docnum: Docnum,
    field: Annotated[str, typer.Argument(metavar="FIELD", help="As the layout names it, e.g. KUNNR.")],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="As it stands in the file.")],
    segment: Annotated[int, typer.Option(min=0, help="Its number; 0: the first that has the field.")] = 0,
    who: Who = "CLERK",
) -> None:
    """Change one field of a queued document; what it was is kept as a document of its own (status 70)."""
    number = segment
    if not number:
        found = [row for row in act("queue_list")["documents"] if _same(row["DOCNUM"], docnum)]
        places = [place for row in found for place, one in enumerate(row["segments"], start=1)
                  if field in one["fields"]]  # fmt: skip
        if not places:
            raise Refusal(f"document {docnum} is not in the queue, or no segment has {field}: say --segment")
        number = places[0]
    done = act("queue_edit", DOCNUM=docnum, SEGNUM=number, SEGFLD=field, value=value, who=who)
    console(False).print(f"{done['DOCNUM']} is edited (status {done['STATUS']}); before it was {done['original']}")


@legacy.command("retry")
def retry(docnum: Docnum, who: Who = "CLERK", as_json: Json = False) -> None:
    """Process a queued document again; the next night's answer tells its sender. Exit 1 when it is refused again."""
    done = act("queue_retry", DOCNUM=docnum, who=who)
    if as_json:
        print_json(done)
    elif done["STATUS"] == "53":
        console(False).print(f"{done['DOCNUM']} is posted as {done['BUKRS']} {done['BELNR']} {done['GJAHR']}")
    else:
        out = console(False)
        for note in done["messages"]:
            out.print(f"[red]{done['STATUS']} {note['STAMID']} {note['STAMNO']}[/] {escape(note['STATXT'])}")
    raise typer.Exit(0 if done["STATUS"] == "53" else 1)


@legacy.command("discard")
def discard(
    docnum: Docnum,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason, which its sender is told.")],
    who: Who = "CLERK",
) -> None:
    """Refuse a queued document for good (status 68)."""
    done = act("queue_discard", DOCNUM=docnum, reason=why, who=who)
    console(False).print(f"{done['DOCNUM']} is refused for good (status {done['STATUS']}): {escape(why)}")


def _same(docnum: str, wanted: str) -> bool:
    return docnum.lstrip("0") == wanted.lstrip("0")


def _documents(rows: Sequence[Row]) -> Table:
    table = Table(title="documents", title_justify="left")
    for column in ("document", "message", "reference", "customer", "status", "posted as", "says"):
        table.add_column(column, overflow="fold")
    for row in rows:
        says = " ".join(str(row.get(name) or "") for name in ("STAMID", "STAMNO", "STATXT"))
        table.add_row(
            row["DOCNUM"].lstrip("0"), row["MESTYP"], escape(row["XBLNR"]), row["KUNNR"], row["STATUS"],
            row.get("BELNR", ""), escape(says.strip()),
        )  # fmt: skip
    return table
