"""Command import-subscriptions: customers and subscriptions from a CSV file, by the platform's own operations."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from harness.cli.output import UNKNOWN, Refusal, console, print_json, run_live
from harness.drivers.platform import Platform
from harness.drivers.wire import StepFailed
from harness.load.contracts import Imported, import_rows, read_rows
from harness.stack.credentials import Credentials
from harness.stack.home import load_state
from harness.stack.world import Addresses, LiveWorld


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("import-subscriptions")(import_subscriptions)


def import_subscriptions(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV file.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Bring customers and their subscriptions into the subscription platform, by its own import operations.

    Columns are the platform's own parameter names: `customer[id]`, `customer[company]`,
    `customer[billing_address][country]`, `subscription[id]`, `subscription[status]`,
    `subscription[subscription_items][item_price_id][0]`, `subscription[current_term_end]`, …: those of
    `POST /customers` and of `POST /customers/{id}/import_for_items`. Rows that the platform refuses are told with its
    words (exit 1); the others are there.

    windtunnel import-subscriptions base.csv
    """
    try:
        rows = read_rows(file)
    except (OSError, ValueError) as error:
        raise Refusal(f"{file}: {error}") from error
    out = console(as_json)
    done = run_live(_send(out, rows))
    if as_json:
        print_json({"customers": done.customers, "subscriptions": done.subscriptions, "refused": done.refused})
    for sentence in done.refused:
        out.print(f"[red]refused[/] {sentence}", highlight=False)
    out.print(f"[green]imported[/] {done.customers} customers, {done.subscriptions} subscriptions")
    if done.refused:
        raise typer.Exit(1)


async def _send(out: Console, rows: list[dict[str, str]]) -> Imported:
    state = load_state()
    world = await LiveWorld(Addresses.of_state(state), Credentials.of_json(state["secret"])).open()
    try:
        with out.status("importing") as status:
            return await import_rows(Platform(world), rows, lambda number: status.update(f"row {number}/{len(rows)}"))
    except StepFailed as error:
        raise Refusal(f"the platform gave no answer: {error}", UNKNOWN) from error
    finally:
        await world.close()
