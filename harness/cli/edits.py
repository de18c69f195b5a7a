"""Commands exceptions edit and letters edit: put right what the core was handed and could not take, and take it."""

import json
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from harness.cli import desk
from harness.cli.output import Refusal, console, print_json
from harness.cli.sandbox import Json

Change = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A member, dotted within others; JSON or text; null removes it."),
]
Dry = Annotated[bool, typer.Option("--dry", help="Only show the record and what would differ.")]


def register(app: typer.Typer) -> None:
    """Add the groups that the commands belong to."""
    desk.register(app)


@desk.exceptions.command("edit")
def edit_exception(
    one: Annotated[str, typer.Argument(metavar="ID")], change: Change = None, dry: Dry = False, as_json: Json = False
) -> None:
    """Put right the record that an exception is about, and take it again; what came is kept.

    windtunnel exceptions edit x00000001 --dry
    windtunnel exceptions edit x00000001 --set row.quantity=10
    """
    _edit(f"/exceptions/{one}/edit", change, dry, as_json)


@desk.letters.command("edit")
def edit_letter(
    one: Annotated[str, typer.Argument(metavar="ID")], change: Change = None, dry: Dry = False, as_json: Json = False
) -> None:
    """Put right the record of a dead letter, and requeue it with that."""
    _edit(f"/dead-letters/{one}/edit", change, dry, as_json)


def _edit(path: str, change: list[str] | None, dry: bool, as_json: bool) -> None:
    if not change and not dry:
        raise Refusal("say what to change with --set NAME=VALUE, or look at the record with --dry")
    edited = desk.asked("POST", path, {"changes": changes(change or []), "dry": dry})
    if as_json:
        return print_json(edited)
    out = console(False)
    if dry:
        out.print(escape(json.dumps(edited["record"], indent=1)))
    table = Table(title=f"{edited['id']}: {edited['note']}", title_justify="left")
    for name in ("member", "before", "after"):
        table.add_column(name)
    for where, (before, after) in edited["difference"].items():
        table.add_row(escape(where), escape(json.dumps(before)), escape(json.dumps(after)))
    out.print(table if edited["difference"] else f"{edited['id']}: {edited['note']}")


def changes(given: list[str]) -> dict[str, Any]:
    """A merge patch of `a.b=value` texts. Raises Refusal for one that is none."""
    patch: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        *parents, last = name.split(".")
        if not equals or not all((*parents, last)):
            raise Refusal(f"--set {text}: say NAME=VALUE, with dots between the members on the way")
        place = patch
        for parent in parents:
            place = place.setdefault(parent, {})
            if not isinstance(place, dict):
                raise Refusal(f"--set {text}: {parent} is given another value before")
        try:
            place[last] = json.loads(value)
        except ValueError:
            place[last] = value
    return patch
