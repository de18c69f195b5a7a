"""Command reconcile: asks the running sandbox's core to compare all books, and shows its report."""

from pathlib import Path
from typing import Annotated, Any

import typer

from harness.cli.output import UNKNOWN, Refusal, console, print_json, run_live
from harness.cli.sandbox import Json, with_world
from harness.report.exports import query, show_answer
from harness.report.reconciliation import show_reconciliation, write_csv
from harness.report.reconciliation_page import broken_links, write_html
from harness.stack.world import LiveWorld
from harness.world import Unreachable

KEPT = 1000  # reports that the core lists at most


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(reconcile)


def reconcile(
    csv: Annotated[Path | None, typer.Option(metavar="F", help="Write breaks, items and lines as CSV.")] = None,
    html: Annotated[Path | None, typer.Option(metavar="F", help="Write the report as one HTML file.")] = None,
    duckdb: Annotated[
        Path | None,
        typer.Option(metavar="F", help="Write the compared books as a DuckDB file, for queries of your own."),
    ] = None,
    sql: Annotated[
        str | None, typer.Option(metavar="Q", help="Answer this query over the compared books (try 'SHOW TABLES').")
    ] = None,
    heal: Annotated[
        bool, typer.Option("--heal", help="Have copies in Salesforce and missing customers written anew, never facts.")
    ] = False,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Compare nothing: check that no report of the chain was altered or left out."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Have the core of the running sandbox compare all books now, and show what agrees and what does not.

    The core pulls every book through the systems' own APIs and extracts; it believes none of its own tables. Each
    report is kept by the core, with a hash that covers the report before it. What --heal may do at most is the policy
    `reconciliation`, which also says at which time of day the core compares by itself.

    The books as they were compared are kept beside the report as a DuckDB file (customers, deals, contracts, documents,
    receipts, applications, entries, deletions, items, breaks, lines; amounts in minor units), in which the core counts
    them a second time by source ids. --duckdb copies it, --sql asks it:

      windtunnel reconcile --sql "SELECT system, count(*), sum(gross) FROM documents GROUP BY system"

    Exit 0 when the books agree, 1 when there are breaks, 3 when a book could not be read or nothing is there yet.
    """
    if verify:
        return _verified(as_json)
    report = run_live(with_world(lambda world: _made(world, heal)))
    for option, path, write in (("csv", csv, write_csv), ("html", html, write_html)):
        if path is not None:
            try:
                write(path, report)
            except OSError as error:
                raise Refusal(f"--{option} {path}: {error.strerror}") from error
    if duckdb is not None or sql is not None:
        answer = _exported(report, duckdb, sql)
        if answer is not None:
            report = {**report, "answer": answer}
    if as_json:
        print_json(report)
    else:
        show_reconciliation(console(False), report)
        if sql is not None:
            show_answer(console(False), sql, report["answer"])
    raise typer.Exit(1 if report["breaks"] else 0 if report["documents"] else UNKNOWN)


def _exported(report: dict[str, Any], path: Path | None, sql: str | None) -> list[dict[str, Any]] | None:
    """The file of the report, written and asked."""
    reply = run_live(with_world(lambda world: world.core_file(f"/reconciliations/{report['id']}/exports")))
    if reply.status != 200:
        why = report["not_exported"] or "this core keeps none (SYNCCORE_EXPORTS names no folder)"
        raise Refusal(f"there are no exports of {report['id']}: {why}", UNKNOWN)
    if path is not None:
        try:
            path.write_bytes(reply.body)
        except OSError as error:
            raise Refusal(f"--duckdb {path}: {error.strerror}") from error
    try:
        return None if sql is None else query(reply.body, sql)
    except ValueError as error:
        raise Refusal(f"--sql: {error}") from error


def _verified(as_json: bool) -> None:
    reports = run_live(with_world(_kept))
    wrong = broken_links(reports)
    if as_json:
        print_json({"reports": len(reports), "broken": wrong})
    elif wrong:
        console(False).print("\n".join(f"[red]{one}[/]" for one in wrong))
    else:
        console(False).print(f"[green]the chain of {len(reports)} reports is whole[/]")
    raise typer.Exit(1 if wrong else 0 if reports else UNKNOWN)


async def _made(world: LiveWorld, heal: bool) -> dict[str, Any]:
    report: dict[str, Any] = await _asked(world, "POST", f"/reconciliations{'?heal=true' if heal else ''}", 201)
    return report


async def _kept(world: LiveWorld) -> list[dict[str, Any]]:
    listed = await _asked(world, "GET", f"/reconciliations?limit={KEPT}", 200)
    return [await _asked(world, "GET", f"/reconciliations/{one['id']}", 200) for one in listed]


async def _asked(world: LiveWorld, method: str, path: str, wanted: int) -> Any:
    try:
        status, answer = await world.core(method, path)
    except Unreachable as error:
        raise Refusal(f"the core does not answer, so nothing is known of the books: {error}", UNKNOWN) from error
    if status == wanted:
        return answer
    detail = answer.get("detail", answer) if isinstance(answer, dict) else answer
    if status == 404:
        detail = f"this core offers no {method} {path}"
    raise Refusal(f"the core could not reconcile ({status}): {detail}", UNKNOWN)
