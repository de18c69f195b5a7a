"""Command import-org: the objects of a user's own Salesforce org, by its describe results, become the simulator's."""

from pathlib import Path
from typing import Annotated, Any

import typer

from harness.cli.output import Refusal, console, print_json, run_live
from harness.seeding.org_files import OrgFileError, read_org
from harness.stack.credentials import Credentials
from harness.stack.home import load_state
from harness.stack.world import Addresses, LiveWorld


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("import-org")(import_org)


def import_org(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Describe results and validation rules.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Let the running sandbox's Salesforce have your org's objects: what their describe results say is enforced.

    Fields, types, lengths, requirements, picklists, external ids, lookups and record types come from the files, which
    hold one describe result, a list of them, or the answer of a composite request; validation rules and roll-ups from
    answers of the Tooling API. Formula fields are calculated, roll-ups kept. What cannot be taken over is said: a field
    whose formula this org does not understand, or whose roll-up no file tells, is empty; a rule of that kind is left
    out. Import before you load records; objects that are in none of the files stay as they are.

    windtunnel up --detach
    sf sobject describe -s Account --json > account.json
    sf data query -t -q "SELECT FullName, Metadata FROM ValidationRule WHERE Id = '03d…'" --json > rule.json
    sf data query -t -q "SELECT FullName, Metadata FROM CustomField WHERE Id = '00N…'" --json > rollup.json
    windtunnel import-org account.json membership.json rule.json rollup.json
    """
    out = console(as_json)
    try:
        describes, rules = read_org(files)
        done = run_live(_import(describes, rules))
    except (OrgFileError, ValueError) as error:
        raise Refusal(f"nothing was imported: {error}") from error
    if as_json:
        print_json(done)
    for note in done["notes"]:
        out.print(f"  {note}", markup=False, soft_wrap=True)
    taken = [*done["objects"], *(f"{len(rules)} rules" for _ in rules[:1])]
    out.print(f"[green]imported[/] {', '.join(taken)}", soft_wrap=True)


async def _import(describes: list[dict[str, Any]], rules: list[dict[str, Any]]) -> dict[str, Any]:
    state = load_state()
    world = await LiveWorld(Addresses.of_state(state), Credentials.of_json(state["secret"])).open()
    try:
        found: dict[str, Any] = await world.control(
            "salesforce", "POST", "/_control/act/import_schema", {"describes": describes, "rules": rules}
        )
        return found
    finally:
        await world.close()
