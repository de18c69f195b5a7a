"""Commands of the release manager: contract documents, pacts, verification, and whether an app may be released."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from harness.cli.output import Refusal, console, print_json

if TYPE_CHECKING:
    from harness.contracts.documents import Difference
    from harness.contracts.release import Reason
    from harness.contracts.verify import Verification

BROKEN, UNKNOWN = 1, 3
COLOUR = {"yes": "green", "no": "red", "unknown": "yellow"}
program = typer.Typer(
    no_args_is_help=True, rich_markup_mode="rich",
    help="""Contracts between the core, the systems and the consumers of its events: may an app be released?

    windtunnel contracts verify                             replay every pact, compare every document
    windtunnel contracts can-release synccore --to production""",
)  # fmt: skip

Folder = Annotated[Path | None, typer.Option("--contracts", metavar="DIR", help="Another folder of contracts.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Env = Annotated[str, typer.Option("--to", metavar="ENV", help="The environment, e.g. production.")]
Version = Annotated[str | None, typer.Option("--version", help="A version; else that of this tree.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.add_typer(program, name="contracts")


def _folder(given: Path | None) -> Path:
    from harness.contracts.documents import CONTRACTS  # noqa: PLC0415 - loads the core

    folder = given or CONTRACTS
    if not folder.is_dir():
        raise Refusal(f"there is no folder {folder}")
    return folder


@program.command()
def verify(
    apps: Annotated[list[str] | None, typer.Argument(metavar="[APP]...", help="All unless named.")] = None,
    limit_s: Annotated[float, typer.Option(min=1, help="Seconds after which a pact has no verdict.")] = 60.0,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Verify pacts against simulators and core, compare the core's documents, and write it into the release matrix.

    Exit code 0: all as promised; 1: something is not, with consumer, field and file; 3: no verdict on something.
    """
    from harness.contracts.gate import verify_all  # noqa: PLC0415 - loads core and simulators

    out = console(as_json)
    done = verify_all(_folder(folder), apps or (), limit_s, lambda result: _show(out, result))
    broken = any(not result.success and not result.unknown for result in done)
    unknown = any(result.unknown for result in done)
    if as_json:
        print_json({"success": not broken and not unknown, "verifications": [result.to_json() for result in done]})
    raise typer.Exit(BROKEN if broken else UNKNOWN if unknown else 0)


def _show(out: Console, result: "Verification") -> None:
    word, colour = ("holds", "green") if result.success else ("broken", "red")
    if result.unknown:
        word, colour = "unknown", "yellow"
    line = f"[{colour}]{word}[/] {escape(result.consumer)} -> {escape(result.provider)}"
    out.print(f"{line}: {result.checked} checked ({escape(result.file)}) {escape(result.unknown)}", soft_wrap=True)
    for one in result.problems:
        pending = "[yellow]pending[/] " if one.pending else ""
        out.print(f"    {pending}{escape(one.interaction)} {escape(one.at)}: {escape(one.problem)}", soft_wrap=True)


@program.command(name="can-release")
def can_release(
    app: Annotated[str, typer.Argument(metavar="APP", help="synccore, a system, or a consumer of events.")],
    env: Env,
    version: Version = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Say whether an app may go into an environment, from the release matrix alone.

    Exit code 0: yes; 1: no, with the consumer that would break and where; 2: no such app or environment; 3: unknown,
    with the command that would tell.
    """
    from harness.contracts.release import EXIT, can_release  # noqa: PLC0415 - loads the core

    answer = can_release(_folder(folder), app, env, version)
    out = console(as_json)
    if as_json:
        print_json(answer.to_json())
    colour = COLOUR[answer.verdict]
    out.print(f"[{colour}]{answer.verdict}[/]: {escape(app)} {answer.version} to {escape(env)}")
    for reason in sorted(answer.reasons, key=lambda one: ("no", "unknown", "yes").index(one.verdict)):
        _tell(out, reason)
    for note in answer.notes:
        out.print(f"    note: {escape(note)}")
    raise typer.Exit(EXIT[answer.verdict])


def _tell(out: Console, reason: "Reason") -> None:
    line = f"    [{COLOUR[reason.verdict]}]{reason.verdict}[/] {escape(reason.consumer)} -> {escape(reason.provider)}"
    out.print(f"{line}: {escape(reason.why)}", soft_wrap=True)
    if reason.fields:
        out.print(f"        fields: {escape(', '.join(reason.fields))}", soft_wrap=True)
    if reason.verdict == "no" and reason.file:
        out.print(f"        contract: {escape(reason.file)}", soft_wrap=True)
    if reason.command:
        out.print(f"        to know: {escape(reason.command)}", soft_wrap=True)


@program.command(name="record-deployment")
def record_deployment(
    app: Annotated[str, typer.Argument(metavar="APP")], env: Env, version: Version = None, folder: Folder = None
) -> None:
    """Note which version of an app runs in an environment; `--version present` follows this tree, as a vendor does."""
    from harness.contracts.apps import PRESENT, present_version  # noqa: PLC0415
    from harness.contracts.matrix import Matrix  # noqa: PLC0415
    from harness.contracts.pacts import read_pacts  # noqa: PLC0415

    contracts = _folder(folder)
    here = present_version(app, read_pacts(contracts))
    matrix = Matrix.load(contracts)
    matrix.deployments.setdefault(env, {})[app] = version or here
    matrix.save_deployments()
    said = f"what this tree holds (now {here})" if version == PRESENT else version or here
    console(False).print(f"{escape(app)} in {escape(env)}: {escape(said)}")


@program.command()
def diff(folder: Folder = None, as_json: AsJson = False) -> None:
    """Compare what the core promises now with the reviewed copies: event schemas, AsyncAPI, OpenAPI.

    Exit code 0: the same, or additions that are to be published; 1: a consumer or client would break.
    """
    from harness.contracts.documents import differences  # noqa: PLC0415 - loads the core

    found = differences(_folder(folder))
    broken = any(one.breaks for one in found)
    if as_json:
        print_json({"breaks": broken, "differences": [one.to_json() for one in found]})
    out = console(as_json)
    _list(out, found)
    if not found:
        out.print("all contract documents are as reviewed")
    raise typer.Exit(int(broken))


def _list(out: Console, found: "list[Difference]") -> None:
    for one in found:
        out.print(f"[{'red' if one.breaks else 'yellow'}]{escape(one.document)}[/] {escape(one.problem)}")
        for why in one.breaks:
            out.print(f"    {escape(why)}", soft_wrap=True)


@program.command()
def publish(
    pacts: Annotated[list[Path] | None, typer.Argument(metavar="[PACT]...", help="A consumer's pact files.")] = None,
    version: Annotated[str | None, typer.Option("--version", help="The consumer's version, with its pacts.")] = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Write the core's documents into the contracts' folder for review; refused as a whole if anything would break.

    With files: take a consumer's pacts in instead. Either way the matrix notes which version expects what.
    """
    from harness.contracts import documents, publish  # noqa: PLC0415 - loads the core

    contracts = _folder(folder)
    if pacts:
        taken = publish.take_in(contracts, pacts, version)
        if as_json:
            print_json({"taken": taken, "refused": []})
        console(as_json).print("\n".join(f"taken in: {escape(name)}" for name in taken))
        return
    if version is not None:
        raise Refusal("--version goes with pact files: the core's documents have versions of their own")
    written, refused = documents.publish(contracts)
    publish.note_present(contracts)
    if as_json:
        print_json({"written": [one.document for one in written], "refused": [one.to_json() for one in refused]})
    out = console(as_json)
    for one in written:
        out.print(f"written: {escape(one.document)}")
    _list(out, refused)
    if not written and not refused:
        out.print("nothing to write: all documents are as reviewed")
    raise typer.Exit(int(bool(refused)))
