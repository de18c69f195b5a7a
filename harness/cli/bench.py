"""Command that measures: ratios in one run, printed and kept."""

import json
import platform
import time
from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.table import Table

from harness.bench.measure import Figure
from harness.bench.suite import suite
from harness.cli.output import Refusal, console, print_json, run_live
from harness.cli.play import hush_core
from harness.record import commit
from harness.stack.home import home, private_folder

PARTS = ("calls", "stories", "suite", "branches", "contracts", "deliveries", "events", "records", "year", "processes",
         "page", "profile", "org", "ledger", "night", "recovery", "books")  # fmt: skip
SIZED = ("recovery", "books", "night")


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(bench)


def bench(
    parts: Annotated[
        list[str] | None,
        typer.Argument(metavar="[" + "|".join(PARTS) + "]...", help="All unless named."),
    ] = None,
    customers: Annotated[int, typer.Option(min=1, help="Customers of the live measurement.")] = 50,
    accounts: Annotated[int, typer.Option(min=100, help="Accounts of the large org.")] = 5_000,
    subscriptions: Annotated[int, typer.Option(min=10, help="Subscriptions of the year, a tenth beside.")] = 1_000,
    contracts: Annotated[int, typer.Option(min=10, help="Contracts to catch up, about five events each.")] = 200,
    events: Annotated[int, typer.Option(min=50, help="Events that a core whose memory is watched is told.")] = 5_000,
    idocs: Annotated[int, typer.Option(min=100, help="IDocs of the night.")] = 10_000,
    documents: Annotated[int, typer.Option(min=300, help="Documents of the large books.")] = 100_000,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Measure, beside baselines of the same run; figures are appended to .windtunnel/bench.jsonl.

    calls      a vendor call in simulation beside a bare FastAPI route
    stories    new-business runs a second in simulation, judged and replayed twice, and the virtual loop
    suite      all stories in simulation, as CI plays them
    branches   exploration by branches of a run beside runs from the start, and the fork of a large world
    contracts  what an answer of the release gate costs, and verification an interaction
    deliveries webhooks a second to a fast receiver, none out of a customer's order
    events     10,000 change events to 5 subscribers over gRPC, none lost, doubled, unasked or out of order
    records    Salesforce with 400,000 records: indexed queries, GET and upsert beside an empty org
    year       subscriptions advanced by a year: jobs a second, linear in their number, memory
    processes  start, memory, record GETs and POSTs over a socket, many deals live
    page       first paint of the page in a fresh Chromium
    profile    where a simulated story spends its time
    org        a large Salesforce org by bulk load and by seed, read out whole; record GET and POST
    ledger     a cloud ERP with 1,000,000 posted lines: invoice POST beside an empty one, queries, restart
    night      a nightly window of the legacy ERP over many IDocs: documents a second, memory beside a tenth of them
    recovery   catching up beside the quota alone, calls of a flow beside one a field, memory over many events
    books      reconciliation of large books over four systems, from exports on disk: seconds and memory
    """
    chosen = parts or list(PARTS)
    for part in chosen:
        if part not in PARTS:
            raise Refusal(f"there is no measurement '{part}'; there are {', '.join(PARTS)}")
    out = console(as_json)
    figures: list[Figure] = []
    for part in PARTS:
        if part in chosen:
            out.print(f"measuring {part} …", style="dim")
            if part in SIZED:
                figures += _sized(part, contracts, events, documents, idocs)
            else:
                figures += _measured(part, customers, accounts, subscriptions)
    kept: dict[str, Any] = {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "commit": commit(),
        "python": platform.python_version(), "machine": platform.machine(),
        "figures": [figure.to_json() for figure in figures],
    }  # fmt: skip
    with (private_folder(home()) / "bench.jsonl").open("a") as file:
        file.write(json.dumps(kept) + "\n")
    if as_json:
        print_json(kept)
    else:
        out.print(_table(figures))


def _sized(part: str, contracts: int, events: int, documents: int, idocs: int) -> list[Figure]:
    from harness.bench import big_books, big_night, recovery  # noqa: PLC0415 - loads core and simulators

    if part == "books":
        return big_books.big_books(documents)
    if part == "night":
        return big_night.big_night(idocs)
    caught_up = [*recovery.catching_up(contracts), *recovery.calls_of_a_flow()]
    return [*caught_up, *run_live(recovery.memory(events))]


def _measured(part: str, customers: int, accounts: int, subscriptions: int) -> list[Figure]:
    from harness.bench import in_process, stories  # noqa: PLC0415 - loads core and simulators
    from harness.bench.big_ledger import big_ledger  # noqa: PLC0415
    from harness.bench.big_org import big_org  # noqa: PLC0415
    from harness.bench.billing_year import billing_year  # noqa: PLC0415
    from harness.bench.branches import branches  # noqa: PLC0415
    from harness.bench.change_events import change_events  # noqa: PLC0415
    from harness.bench.contracts import contracts as gate  # noqa: PLC0415
    from harness.bench.deliveries import deliveries  # noqa: PLC0415
    from harness.bench.org_size import org_size  # noqa: PLC0415
    from harness.bench.page import first_paint  # noqa: PLC0415
    from harness.bench.processes import processes  # noqa: PLC0415

    hush_core()
    plain: dict[str, Callable[[], list[Figure]]] = {
        "calls": in_process.vendor_calls, "suite": suite, "branches": branches, "contracts": gate,
        "deliveries": deliveries, "records": big_org, "ledger": big_ledger, "profile": stories.where_time_goes,
    }  # fmt: skip
    if part in plain:
        return plain[part]()
    if part == "stories":
        return [*stories.story_rate(), *stories.work_of_a_customer(), *stories.loop_rate()]
    if part == "events":
        return run_live(change_events())
    if part == "year":
        return billing_year(subscriptions)
    if part == "page":
        return run_live(first_paint())
    if part == "org":
        return run_live(org_size(accounts))
    return run_live(processes(customers))


def _table(figures: list[Figure]) -> Table:
    table = Table(title="measured", title_justify="left")
    for column, justify in (("what", "left"), ("value", "right"), ("unit", "left"), ("baseline", "right"),
                            ("ratio", "right"), ("bar", "left"), ("note", "left")):  # fmt: skip
        table.add_column(column, justify=justify)  # type: ignore[arg-type]
    for figure in figures:
        table.add_row(
            figure.name, f"{figure.value:,.1f}", figure.unit,
            "" if figure.baseline is None else f"{figure.baseline:,.1f}",
            "" if figure.ratio is None else f"{figure.ratio:.2f}", figure.bar, figure.note,
        )  # fmt: skip
    return table
