"""Commands around stories: demo, replay, lint; and what `run` shares with them."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.compare import compare_cores
from harness.cli.output import Refusal, console, print_json, run_live
from harness.cli.play import Launch, Played, Wishes, play_live, play_sim
from harness.cli.select import known_stories, stories
from harness.load.export import at_export
from harness.record import first_difference, read_record
from harness.report.summary import EXIT, summary, worst
from harness.report.terminal import Progress, show_result
from harness.scenario import StoryError
from harness.scenario.lint import lint as lint_file
from harness.stack.home import Lock, home
from harness.stack.launch import launch


class Mode(StrEnum):
    """Where a story is played."""

    sim = "sim"
    live = "live"
    compose = "compose"


Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Core = Annotated[
    str, typer.Option("--core", metavar="CMD|URL", help="Fly another core (live): its command, or where it answers.")
]
Profile = Annotated[str, typer.Option("--profile", help="Request limits: vendor, roomy or none.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command()(demo)
    app.command()(replay)
    app.command()(lint)


def demo(
    as_json: Json = False,
    core: Core = "",
    compare: Annotated[
        str,
        typer.Option(metavar="naive|CMD", help="Fly another core beside ours: a point-to-point script, or your own."),
    ] = "",
) -> None:
    """Play new-business live: simulators and core as real processes, three deals from won to paid.

    Ends with a timeline, the same facts in the systems' books, the tie-out and a verdict. Nothing is left running.

    --compare plays another story with the same seed and storm on two stacks, and shows both tie-outs side by side
    with a sentence for every difference. Exit 0 when the comparison was made and our core holds, however the other
    fared: to show that is what it is for. 1 when ours is broken, 3 when either could not be judged.

    windtunnel demo --compare naive
    """
    if compare:
        if core:
            raise Refusal("--core and --compare exclude each other: say the other core with --compare CMD")
        compare_cores(compare, as_json)
    lock = Lock(home()).take("demo")
    try:
        out = console(as_json)
        shown = Progress(out)
        wishes = Wishes([shown], shown.say, core=core)
        try:
            played = run_live(play_live(stories(["new-business"]), ["1"], wishes))
        finally:
            shown.end()
        show_result(out, played[0].result, played[0].took_s)
        finish(played, as_json)
    finally:
        lock.release()


def launch_of(mode: Mode) -> Launch:
    """How a stack is started for a mode; the Docker SDK is loaded only where containers are asked for."""
    if mode is not Mode.compose:
        return launch
    from harness.stack.compose import launch_compose  # noqa: PLC0415

    return launch_compose


def finish(played: list[Played], as_json: bool) -> None:
    """Say it as JSON if asked, and exit by the worst outcome."""
    outcome = worst([one.result.outcome for one in played])
    if as_json:
        print_json({"outcome": outcome, "runs": [summary(one.result, one.took_s) for one in played]})
    raise typer.Exit(EXIT[outcome])


def replay(
    record: Annotated[Path, typer.Argument(metavar="RECORD", help="A file that `run --record` wrote.")],
    export: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where the files lie of a run with --export: a record does not tell."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Play the runs of a record again in simulation and compare digests.

    Says the first event that differs. Exit 0 when all are the same, 1 when one is not.

    windtunnel replay run.jsonl
    windtunnel replay run.jsonl --export ~/our-crm-export
    """
    out = console(as_json)
    rows = []
    for old in read_record(record):
        if old.mode != "sim":
            raise Refusal(f"{record}: a live run is not repeatable bit by bit; only records of sim runs are replayed")
        story = old.scenario if export is None else at_export(old.scenario, export)
        for facts in story.facts_of("load"):
            story.files_of(facts)  # a run without its files would differ, and not say why
        again = play_sim([story], [old.seed], Wishes())[0]
        same = again.result.digest == old.digest
        difference = "" if same else first_difference(old.events, [one.to_json() for one in again.result.events])
        rows.append({"story": old.scenario.story, "seed": old.seed, "same": same, "difference": difference or None,
                     "outcome": again.result.outcome, "was": old.outcome})  # fmt: skip
        word = "[green]same digest[/]" if same else "[red]another digest[/]"
        out.print(f"{old.scenario.story} seed {old.seed}: {word}, {again.result.outcome} {difference}")
    if as_json:
        print_json({"runs": rows})
    raise typer.Exit(0 if all(row["same"] for row in rows) else 1)


def lint(
    names: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE...", help="Stories or worlds; all by default.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check stories without playing them: file, line, column, what is wrong and what would be right."""
    from harness.cli.select import SCENARIOS  # noqa: PLC0415

    paths = names or [*(SCENARIOS / f"{name}.yaml" for name in known_stories()),
                      *sorted((SCENARIOS / "worlds").glob("*.yaml"))]  # fmt: skip
    found: list[StoryError] = [error for path in paths if (error := lint_file(path)) is not None]
    if as_json:
        print_json([
            {"file": error.file, "line": one.line, "column": one.column, "message": one.message}
            for error in found for one in error.complaints
        ])  # fmt: skip
    else:
        out = console(False)
        for error in found:
            out.print(str(error), markup=False, soft_wrap=True)
        out.print(f"files: {len(paths)}, complaints: {sum(len(error.complaints) for error in found)}")
    raise typer.Exit(2 if found else 0)
