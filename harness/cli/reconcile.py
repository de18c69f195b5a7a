"""Command reconcile: asks the running sandbox's core to compare all books, and shows its report."""

from pathlib import Path
from typing import Annotated, Any

import typer

from harness.cli.output import UNKNOWN, Refusal, console, print_json, run_live
from harness.cli.sandbox import Json, with_world
from harness.report.reconciliation import show_reconciliation, write_csv
from harness.stack.world import LiveWorld
from harness.world import Unreachable


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(reconcile)


def reconcile(
    csv: Annotated[Path | None, typer.Option(metavar="F", help="Write breaks, items and lines as CSV.")] = None,
    as_json: Json = False,
) -> None:
    """Have the core of the running sandbox compare all books now, and show what agrees and what does not.

    The core pulls every book through the systems' own APIs and extracts; it believes none of its own tables. Each
    report is kept by the core, with a hash that covers the report before it.

    Exit 0 when the books agree, 1 when there are breaks, 3 when a book could not be read or nothing is there yet.
    """
    report = run_live(with_world(_made))
    if csv is not None:
        try:
            write_csv(csv, report)
        except OSError as error:
            raise Refusal(f"--csv {csv}: {error.strerror}") from error
    if as_json:
        print_json(report)
    else:
        show_reconciliation(console(False), report)
    raise typer.Exit(1 if report["breaks"] else 0 if report["documents"] else UNKNOWN)


async def _made(world: LiveWorld) -> dict[str, Any]:
    try:
        status, answer = await world.core("POST", "/reconciliations")
    except Unreachable as error:
        raise Refusal(f"the core does not answer, so nothing is known of the books: {error}", UNKNOWN) from error
    if status == 201:
        report: dict[str, Any] = answer
        return report
    detail = answer.get("detail", answer) if isinstance(answer, dict) else answer
    if status == 404:
        detail = "this core offers no POST /reconciliations"
    raise Refusal(f"the core could not reconcile ({status}): {detail}", UNKNOWN)
