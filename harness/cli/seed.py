"""Command seed: fill the running sandbox with a plausible company of any size."""

import re
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from harness.cli.output import UNKNOWN, Refusal, console, print_json, run_live
from harness.drivers.platform import Platform
from harness.drivers.sales import Sales
from harness.drivers.wire import StepFailed
from harness.seeding.platform import seed_platform
from harness.seeding.salesforce import seed_salesforce
from harness.stack.credentials import Credentials
from harness.stack.home import load_state
from harness.stack.world import Addresses, LiveWorld


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(seed)


def seed(
    customers: Annotated[int, typer.Option(min=1, help="How many accounts.")] = 100,
    seed: Annotated[str, typer.Option(help="The same seed gives the same company.")] = "1",
    contracts: Annotated[
        bool, typer.Option("--contracts", help="The platform holds what was won already (with no core beside it).")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Fill the running sandbox's Salesforce with a plausible company, and the platform with its contracts.

    Accounts with parents and contacts in seven markets, their account executives, products with price books in
    several currencies, and deals: won and lost over the two years before today, open from today on. A running sync
    core takes the won ones up as what they are: orders. With --contracts each customer that ever bought has its
    subscription in the platform too, under the same keys: running in its present year, to come, or over. That is the
    base before a core takes over; one that is running would make the same contracts again.

    windtunnel up --detach
    windtunnel seed --customers 1000
    """
    if not re.fullmatch(r"[A-Za-z0-9]{1,12}", seed):
        raise Refusal("a seed has up to twelve letters and digits")
    out = console(as_json)
    made, today = run_live(_seed(out, customers, seed, contracts))
    if as_json:
        print_json({"seed": seed, "customers": customers, "today": today, "made": made})
    listed = ", ".join(f"{count} {name}" for name, count in made.items())
    out.print(f"[green]seeded[/] as of {today}: {listed}")


async def _seed(out: Console, customers: int, name: str, contracts: bool) -> tuple[dict[str, int], str]:
    state = load_state()
    world = await LiveWorld(Addresses.of_state(state), Credentials.of_json(state["secret"])).open()
    today = datetime.fromtimestamp(world.now(), UTC).date()
    try:
        with out.status("seeding") as status:

            def progress(done: int, of: int) -> None:
                status.update(f"customers {done}/{of}")

            sales = Sales(world)
            made = await seed_salesforce(world, sales, customers, name, today, progress)
            if contracts:
                made |= await seed_platform(sales, Platform(world), customers, name, today, progress)
    except (StepFailed, ValueError) as error:
        raise Refusal(f"the org did not take the company: {error}", UNKNOWN) from error
    finally:
        await world.close()
    return made, today.isoformat()
