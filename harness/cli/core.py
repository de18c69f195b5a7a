"""Commands core and mappings: what the running sandbox's core does and knows, and what people tell it without code."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer
from rich.markup import escape
from rich.table import Table

from harness.cli.desk import asked
from harness.cli.output import Refusal, console, print_json
from harness.cli.sandbox import Json
from harness.scenario.values import iso, moment

core = typer.Typer(
    no_args_is_help=True, rich_markup_mode="rich",
    help="""What the core of the running sandbox is doing: its work step by step, its cursors, its writes.

    windtunnel core work
    windtunnel core steps w0000000007
    windtunnel core rerun w0000000007 --from post""",
)  # fmt: skip
mappings = typer.Typer(
    no_args_is_help=True, rich_markup_mode="rich",
    help="""What people tell the core without code: items, entities, tax, policies, field maps; versioned, audited.

    windtunnel mappings list policies
    windtunnel mappings put policies compensation '{"reopened": "ask"}'
    windtunnel mappings put fields salesforce/Opportunity '{"unwritten": ["Sync_Status__c", "Sync_Error__c"]}'""",
)  # fmt: skip
Work = Annotated[str, typer.Argument(metavar="WORK", help="As `core work` lists it.")]
Kind = Annotated[str, typer.Argument(metavar="KIND", help="entities, items, tax, policies or fields.")]
Key = Annotated[str, typer.Argument(metavar="KEY", help="As `mappings list KIND` shows them.")]


def register(app: typer.Typer) -> None:
    """Add both groups to the program."""
    app.add_typer(core, name="core")
    app.add_typer(mappings, name="mappings")


@core.command("work")
def list_work(as_json: Json = False) -> None:
    """List open work: what is due, running, or waits, and for what."""
    report = asked("GET", "/work")
    if as_json:
        return print_json(report)
    rows = [
        (one["id"], one["process"].replace("-", " "), one["subject"], one["state"], str(one["tries"]),
         one["cause"] if one["state"] != "parked" else ", ".join(one["waiting_on"]) or one["cause"])
        for one in report["open"]
    ]  # fmt: skip
    away = "".join(f"; {name} is away, looked for at {iso(at)}" for name, at in report["away"].items())
    _table(f"{len(rows)} pieces of open work{away}", ("id", "what", "about", "state", "tries", "why"), rows)


@core.command("steps")
def show_steps(work: Work, as_json: Json = False) -> None:
    """Show the steps of a work's latest run, as far as they are remembered."""
    found = asked("GET", f"/work-items/{work}/steps")
    if as_json:
        return print_json(found)
    one = found["work"]
    title = f"{one['process'].replace('-', ' ')} of {one['subject']}, {one['state']}; run {found['run'] or '(none)'}"
    _table(title, ("step", "ended with"), [(step["name"], step["error"] or "its result") for step in found["steps"]])


@core.command("rerun")
def rerun(
    work: Work, step: Annotated[str, typer.Option("--from", metavar="STEP", help="As `core steps` shows them.")],
    as_json: Json = False,
) -> None:  # fmt: skip
    """Run a piece of work again from a step after a fix; results of the steps before it are kept."""
    outcome = asked("POST", f"/work-items/{work}/rerun", {"step": step})
    print_json(outcome) if as_json else console(False).print(f"{outcome['id']}: {escape(outcome['note'])}")


@core.command("effects")
def list_effects(as_json: Json = False) -> None:
    """List writes whose outcome is not known for certain; they are looked up before anything is sent again."""
    rows = asked("GET", "/effects")
    if as_json:
        return print_json(rows)
    told = [(one["key"], one["state"], str(one["tries"]), iso(one["at"]), one["cause"]) for one in rows]
    _table(f"{len(told)} writes of unknown outcome", ("key", "state", "tries", "since", "asked for by"), told)


@core.command("trail")
def list_trail(
    after: Annotated[int, typer.Option(metavar="SEQUENCE", min=0, help="Only what follows this entry.")] = 0,
    as_json: Json = False,
) -> None:  # fmt: skip
    """List what was written to systems and why, oldest first; each system's entries are a chain of hashes."""
    rows = asked("GET", f"/trail?after={after}")
    if as_json:
        return print_json(rows)
    told = [(str(one["sequence"]), iso(one["at"]), one["key"], one["cause"], one["hash"][:12]) for one in rows]
    _table(f"{len(told)} writes", ("sequence", "at", "key", "because of", "hash"), told)


@core.command("cursors")
def list_cursors(as_json: Json = False) -> None:
    """Show how far each source has been read."""
    found = asked("GET", "/cursors")
    if as_json:
        return print_json(found)
    _table(f"{len(found)} cursors", ("source", "read up to"), [(name, _short(text)) for name, text in found.items()])


@core.command("timeline")
def timeline(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Id of the account in Salesforce.")],
    as_json: Json = False,
) -> None:
    """Show all that happened to a customer, oldest first, with what is open."""
    found = asked("GET", f"/customers/{quote(account, safe='')}/timeline")
    if as_json:
        return print_json(found)
    rows = [(iso(one["at"]), one["what"], one["source"], one["subject"]) for one in found["entries"]]
    _table(f"{len(rows)} events of {account}", ("at", "what", "source", "about"), rows)
    for one in found["exceptions"]:
        if one["state"] == "open":
            console(False).print(f"[yellow]{one['id']}[/] {escape(one['reason'])}")


@core.command("health")
def health(as_json: Json = False) -> None:
    """Show whether the core is ready, and each of its tickers; exit 1 when one fails."""
    found = asked("GET", "/health")
    if as_json:
        print_json(found)
    else:
        rows = [(name, str(one["rounds"]), one["error"] or one["away"] or "well") for name, one in
                found["tickers"].items()]  # fmt: skip
        state = "ready" if found["ready"] else "not ready"
        state += "" if found["alone"] else " (another process works under its name)"
        title = f"version {found['version']}, {state}; runs of other versions: {found['runs_of_other_versions']}"
        _table(title, ("ticker", "rounds", "how it is"), rows)
    raise typer.Exit(0 if found["ready"] else 1)


@core.command("set-back")
def set_back(
    system: Annotated[str, typer.Argument(metavar="SYSTEM", help="salesforce or erp_cloud.")],
    since: Annotated[str, typer.Option(metavar="MOMENT", help="When the copy was made, e.g. 2026-01-05T09:00:00Z.")],
    reason: Annotated[str, typer.Option(help="For the audit.")],
    as_json: Json = False,
) -> None:
    """Say that a vendor has restored a system from a copy: what was written there since is looked for or done again."""
    try:
        order = {"since": moment(since), "reason": reason}
    except ValueError as error:
        raise Refusal(f"--since: {error}") from error
    found = asked("POST", f"/systems/{quote(system, safe='')}/set-back", order)
    if as_json:
        return print_json(found)
    console(False).print(f"{found['doubted']} writes are looked for again, {found['signals']} signals taken again")


@core.command("levels")
def levels(as_json: Json = False) -> None:
    """Show what the core promises of its flows and how far it keeps that; exit 1 while too much is late."""
    found = asked("GET", "/service-levels")
    burning = [one for one in found["levels"] if any(alert["until"] is None for alert in one["alerts"])]
    if as_json:
        print_json(found)
    else:
        rows = [
            (one["says"], f"{one['target_percent']} %", str(one["kept"]), str(len(one["late"])), str(one["waiting"]),
             "; ".join(f"since {iso(each['since'])}" for each in one["alerts"] if each["until"] is None))
            for one in found["levels"]
        ]  # fmt: skip
        _table("the last 28 days", ("promise", "of", "kept", "late", "waiting", "alert"), rows)
    raise typer.Exit(1 if burning else 0)


@mappings.command("list")
def list_mappings(kind: Kind, as_json: Json = False) -> None:
    """List the mappings of a kind in force."""
    found = asked("GET", f"/mappings/{quote(kind, safe='')}")
    if as_json:
        return print_json(found)
    _table(f"{len(found)} {kind}", ("key", "value"), [(key, json.dumps(value)) for key, value in found.items()])


@mappings.command("show")
def show_mapping(
    kind: Kind, key: Key,
    history: Annotated[bool, typer.Option("--history", help="All versions, and by whom.")] = False,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Show a mapping in force, or all its versions."""
    found = asked("GET", f"/{'mapping-versions' if history else 'mappings'}/{quote(kind, safe='')}/{quote(key)}")
    if as_json or not history:
        return print_json(found if as_json else found["value"])
    rows = [(str(one["version"]), iso(one["at"]), one["by"], json.dumps(one["value"])) for one in found]
    _table(f"{kind} {key}", ("version", "at", "by", "value"), rows)


@mappings.command("put")
def put_mapping(
    kind: Kind, key: Key,
    value: Annotated[str, typer.Argument(metavar="JSON", help="The whole value; @FILE reads a file, - the input.")],
    as_json: Json = False,
) -> None:  # fmt: skip
    """Put a mapping in force; work that waits for it is due at once."""
    try:
        text = sys.stdin.read() if value == "-" else Path(value[1:]).read_text() if value.startswith("@") else value
        given = json.loads(text)
    except OSError as error:
        raise Refusal(f"{value}: {error.strerror}") from error
    except ValueError as error:
        raise Refusal(f"the value is no JSON: {error}") from error
    found = asked("PUT", f"/mappings/{quote(kind, safe='')}/{quote(key)}", given)
    if as_json:
        return print_json(found)
    woken = f"; {len(found['woken'])} pieces of work go on" if found["woken"] else ""
    console(False).print(f"{kind} {escape(key)} is in force as version {found['version']}{woken}")


def _table(title: str, names: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    table = Table(title=escape(title), title_justify="left")
    for name in names:
        table.add_column(name)
    for row in rows:
        table.add_row(*map(escape, row))
    console(False).print(table)


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}..."
