"""Commands of the release manager: contract documents, pacts, verification, and whether an app may be released."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from harness.cli.output import console, print_json

program = typer.Typer(
    no_args_is_help=True, rich_markup_mode="rich",
    help="Contracts between the core, the systems and the consumers of its events: may an app be released?",
)  # fmt: skip

Folder = Annotated[Path | None, typer.Option("--contracts", metavar="DIR", help="The contracts' folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.add_typer(program, name="contracts")


@program.command()
def diff(folder: Folder = None, as_json: AsJson = False) -> None:
    """Compare what the core promises now with the reviewed copies: event schemas, AsyncAPI, OpenAPI.

    Exit code 0: the same or only additions to be published; 1: a consumer or client would break.
    """
    from harness.contracts import documents  # noqa: PLC0415 - loads the core

    found = documents.differences(folder or documents.CONTRACTS)
    broken = any(one.breaks for one in found)
    if as_json:
        print_json({"breaks": broken, "differences": [one.to_json() for one in found]})
    out = console(as_json)
    for one in found:
        out.print(f"[{'red' if one.breaks else 'yellow'}]{escape(one.document)}[/] {escape(one.problem)}")
        for why in one.breaks:
            out.print(f"    {escape(why)}", soft_wrap=True)
    if not found:
        out.print("all contract documents are as reviewed")
    raise typer.Exit(int(broken))


@program.command()
def publish(folder: Folder = None, as_json: AsJson = False) -> None:
    """Write the core's documents into the contracts' folder for review; refused as a whole if anything would break."""
    from harness.contracts import documents  # noqa: PLC0415 - loads the core

    written, refused = documents.publish(folder or documents.CONTRACTS)
    if as_json:
        print_json({"written": [one.document for one in written], "refused": [one.to_json() for one in refused]})
    out = console(as_json)
    for one in written:
        out.print(f"written: {escape(one.document)}")
    for one in refused:
        out.print(f"[red]refused[/] {escape(one.document)}")
        for why in one.breaks:
            out.print(f"    {escape(why)}", soft_wrap=True)
    if not written and not refused:
        out.print("nothing to publish: all documents are as reviewed")
    raise typer.Exit(int(bool(refused)))
