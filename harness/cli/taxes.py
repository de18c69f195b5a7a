"""Command taxes: the tax report over both ledgers of the running sandbox, set against what was billed."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from harness.books import read_books
from harness.canon import Correlation
from harness.cli.output import UNKNOWN, Refusal, console, print_json, run_live
from harness.cli.sandbox import Json, with_world
from harness.evidence import all_books
from harness.report.taxes import tax_table, write_taxes
from harness.scenario import load_world
from harness.stack.home import load_state
from harness.stack.world import LiveWorld
from harness.taxes import differences, totals


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(taxes)


def taxes(
    entity: Annotated[str, typer.Option(help="Only this entity.")] = "",
    period: Annotated[str, typer.Option(metavar="YYYY[-MM]", help="Only tax points of this year or month.")] = "",
    csv: Annotated[Path | None, typer.Option(metavar="F", help="Write a row per document and tax code as CSV.")] = None,
    as_json: Json = False,
) -> None:
    """Show what both ledgers declare as tax, by entity, month of the tax point, ledger and tax code.

    Each document counts once, in the ledger that posted it; credits and reversals are netted on their own day, and an
    open item that moved to the other ledger is not declared again. The totals are set against the platform's bills.

    Exit 0 when each bill is declared as it was billed, 1 when one is not, 3 when no ledger has posted anything.
    """
    entities = load_world(load_state()["world"]).entities
    correlation = Correlation.of_entities(entities)
    books = run_live(with_world(_read))
    canon = read_books(books, correlation)
    wrong, waiting = differences(canon.declared, canon)
    lines = [one for one in canon.declared if entity in ("", one.entity) and one.on.startswith(period)]
    if csv is not None:
        try:
            write_taxes(csv, lines)
        except OSError as error:
            raise Refusal(f"--csv {csv}: {error.strerror}") from error
    if as_json:
        print_json({
            "totals": [asdict(one) for one in totals(lines)], "documents": [asdict(one) for one in lines],
            "differences": wrong, "not_posted": waiting,
        })  # fmt: skip
    else:
        out = console(False)
        out.print(tax_table(totals(lines)) if lines else "[yellow]no ledger has posted anything of that[/]")
        for number, said in wrong.items():
            out.print(f"[red]{number}: {said}[/]", soft_wrap=True)
        if waiting:
            out.print(f"[yellow]billed with tax, in no ledger yet:[/] {', '.join(waiting)}", soft_wrap=True)
    raise typer.Exit(1 if wrong else 0 if lines else UNKNOWN)


async def _read(world: LiveWorld) -> dict[str, object]:
    return await all_books(world)
