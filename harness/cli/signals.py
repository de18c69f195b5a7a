"""Command signals: what the running sandbox's core was ever told, turned into work again, or only looked at."""

from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from harness.cli.desk import asked
from harness.cli.output import Refusal, console, print_json
from harness.cli.sandbox import Json
from harness.scenario.values import moment

signals = typer.Typer(no_args_is_help=True, rich_markup_mode="rich", help="What the core was ever told.")
When = Annotated[str, typer.Option(metavar="MOMENT", help="ISO date-time of their arrival, e.g. 2026-01-05T09:00:00Z.")]


def register(app: typer.Typer) -> None:
    """Add the group to the program."""
    app.add_typer(signals, name="signals")


@signals.command("replay")
def replay_signals(
    source: Annotated[str, typer.Option(help="Only of this system, e.g. salesforce.")] = "",
    key: Annotated[str, typer.Option(help="Only those whose key begins like this: an event's or a record's id.")] = "",
    kind: Annotated[str, typer.Option(help="Only of this kind, e.g. invoice_generated.")] = "",
    customer: Annotated[str, typer.Option(metavar="ACCOUNT", help="Only the work of this account of Salesforce.")] = "",
    since: When = "",
    until: When = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="So many at most, the oldest first.")] = 1_000,
    dry: Annotated[bool, typer.Option("--dry", help="Only say what would be written, field by field.")] = False,
    as_json: Json = False,
) -> None:
    """Turn stored signals into work again: what they led to is there, so that nothing new is expected.

    windtunnel signals replay --since 2026-01-05T09:00:00Z --until 2026-01-06T09:00:00Z --dry
    windtunnel signals replay --source subscriptions
    """
    order: dict[str, Any] = {
        "source": source, "kind": kind, "key": key, "customer": customer, "limit": limit, "dry": dry
    }  # fmt: skip
    for name, text in (("since", since), ("until", until)):
        if text:
            try:
                order[name] = moment(text)
            except ValueError as error:
                raise Refusal(f"--{name}: {error}") from error
    answer = asked("POST", "/replay", order)
    if as_json:
        return print_json(answer)
    out = console(False)
    if not dry:
        out.print(f"{answer['signals']} signals, {answer['work']} of them are worked off again")
        return None
    told = [row for row in answer["rehearsed"] if row["outcome"] != "nothing to do"]
    out.print(f"{answer['signals']} signals, {answer['work']} pieces of work, {len(told)} of them would do something")
    if told:
        out.print(_table(told))
    return None


def _table(told: list[dict[str, Any]]) -> Table:
    table = Table(title="what would be done", title_justify="left", show_lines=True)
    for name in ("work", "outcome", "where", "field", "now", "then"):
        table.add_column(name)
    for row in told:
        work = f"{row['process'].replace('-', ' ')}\n[dim]{escape(row['subject'])}[/]"
        if not row["writes"]:
            table.add_row(work, escape(row["outcome"]))
        for write in row["writes"]:
            fields = write["fields"].items()
            table.add_row(
                work, row["outcome"], f"{write['method']} {escape(write['target'])}",
                "\n".join(escape(name) for name, _ in fields), "\n".join(escape(_text(pair[0])) for _, pair in fields),
                "\n".join(escape(_text(pair[1])) for _, pair in fields),
            )  # fmt: skip
    return table


def _text(value: Any) -> str:
    return "-" if value in (None, "") else str(value)
