"""Command load: bring a CRM export into the running sandbox, after saying what will be done and what cannot be."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from harness.cli.output import UNKNOWN, Refusal, console, print_json, run_live
from harness.drivers.sales import Sales
from harness.drivers.wire import StepFailed
from harness.load.plan import LoadPlan
from harness.load.send import Loaded, already_there, send_plan
from harness.load.source import SHOWN, read_plan, told
from harness.stack.credentials import Credentials
from harness.stack.home import load_state
from harness.stack.world import Addresses, LiveWorld


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(load)


def load(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="The export's CSV files.")],
    mapping: Annotated[Path, typer.Option("--map", metavar="YAML", help="Which column becomes which field, and how.")],
    pseudonymise: Annotated[
        bool, typer.Option("--pseudonymise", help="Stand-ins for names that the mapping marks `person: true`.")
    ] = False,
    seed: Annotated[str, typer.Option(help="Seed of the stand-ins: the same seed gives the same names.")] = "1",
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first deals by close date and key.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done; needs no sandbox.")] = False,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Load the rest when rows cannot be placed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Load a CRM export into the running sandbox: accounts, products with a price, open deals.

    Says first what it will make and what it cannot place (file:line: column: reason), and refuses (exit 2) when
    anything cannot be placed, unless --skip-bad. Loads through Salesforce's own collections API, 200 records a call.

    windtunnel up --world crm --genesis 2017-03-01 --detach
    windtunnel load --map scenarios/crm-export.mapping.yaml --dry-run exports/*.csv
    windtunnel load --map scenarios/crm-export.mapping.yaml --pseudonymise exports/*.csv
    """
    plan = read_plan(mapping, files, seed if pseudonymise else None)
    refused = bool(plan.problems) and not skip_bad
    problems = len(plan.problems)
    plan = plan.first(limit)
    out = console(as_json)
    _show(out, plan)
    report = _report(plan, problems)
    if refused or dry_run:
        if as_json:
            print_json(report)
        if refused:
            raise Refusal("nothing was loaded; correct the mapping or the files, or leave bad rows out by --skip-bad")
        return
    loaded = run_live(_send(out, plan))
    if as_json:
        print_json(report | {"loaded": {"accounts": len(loaded.accounts), "products": len(loaded.products),
                                        "opportunities": len(loaded.deals)}})  # fmt: skip
    out.print(f"[green]loaded[/] {len(loaded.accounts)} accounts, {len(loaded.products)} products, "
              f"{len(loaded.deals)} open deals")  # fmt: skip


async def _send(out: Console, plan: LoadPlan) -> Loaded:
    state = load_state()
    addresses = Addresses.of_state(state)
    world = await LiveWorld(addresses, Credentials.of_json(state["secret"])).open()
    made: dict[str, int] = {}
    try:
        sales = Sales(world)
        if known := await already_there(plan, sales):
            raise Refusal(
                f"{len(known)} of these deals are in Salesforce already ({known[0]} among them): loaded before? "
                "`windtunnel down` and `windtunnel up` begin anew"
            )
        with out.status("loading") as status:

            def progress(what: str, done: int, of: int) -> None:
                made[what] = done
                status.update(f"{what} {done}/{of}")

            return await send_plan(plan, sales, progress)
    except StepFailed as error:
        so_far = ", ".join(f"{count} {what}" for what, count in made.items()) or "nothing"
        raise Refusal(f"{error}\n  made before that: {so_far}", UNKNOWN) from error
    finally:
        await world.close()


def _show(out: Console, plan: LoadPlan) -> None:
    out.print(f"[bold]{plan.title}[/]: {len(plan.accounts)} accounts, {len(plan.products)} products, "
              f"{len(plan.opportunities)} deals worth {plan.total:,.2f} {plan.currency}")  # fmt: skip
    for month, amount in plan.by_month().items():
        out.print(f"  {month} {amount:>16,.2f}")
    for reason, count in plan.skipped.items():
        out.print(f"  left out by the mapping's filter: {count} rows ({reason})", markup=False)
    for file, columns in plan.unused_columns.items():
        out.print(f"  not used of {file}: {', '.join(columns)}", markup=False)
    if plan.problems:
        for line in told(plan):
            out.print(line, markup=False, soft_wrap=True)


def _report(plan: LoadPlan, problems: int) -> dict[str, Any]:
    return {
        "title": plan.title, "currency": plan.currency, "accounts": len(plan.accounts),
        "products": [record.key for record in plan.products], "opportunities": len(plan.opportunities),
        "total": str(plan.total), "by_month": {month: str(amount) for month, amount in plan.by_month().items()},
        "skipped": dict(plan.skipped), "unused_columns": plan.unused_columns, "problem_count": problems,
        "problems": [
            {"file": one.file, "line": one.line, "column": one.column, "reason": one.reason}
            for one in plan.problems[:SHOWN]
        ],
    }  # fmt: skip
