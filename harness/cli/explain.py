"""Command that tells a failure: whose it is, since when, what was said around it, and what a calm run does instead."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.defects import CATALOGUE, chosen_of
from harness.cli.output import Refusal, console, print_json
from harness.cli.play import hush_core
from harness.cli.select import stories, writable
from harness.record import read_record
from harness.report.summary import EXIT

if TYPE_CHECKING:
    from harness.explaining import Explanation, Failing


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(explain)


def explain(
    what: Annotated[str, typer.Argument(metavar="STORY|RECORD", help="A story, or what `run --record` wrote.")] = "",
    seed: Annotated[str, typer.Option(help="The seed of the run that failed.")] = "1",
    crash: Annotated[int, typer.Option(min=0, metavar="N", help="The core dies at its crash point N.")] = 0,
    crash_again: Annotated[int, typer.Option(min=0, metavar="N", help="And again, N points after that.")] = 0,
    request: Annotated[int, typer.Option(min=0, metavar="N", help="The core's request N meets --outcome.")] = 0,
    outcome: Annotated[str, typer.Option(help="As `chaos` names it: lost_answer, refuse, …")] = "",
    defect: Annotated[str, typer.Option(metavar="NAME", help="A planted defect in its own story instead.")] = "",
    catalogue: Annotated[str, typer.Option(help="Where --defect is.")] = CATALOGUE,
    html: Annotated[Path | None, typer.Option(help="Write a page.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Explain a run that does not hold, by flying it again in simulation.

    Tells the customer concerned and their timeline over all systems, the first moment from which an invariant was
    broken for good, the calls around it, and what an undisturbed run of the same story does differently. A record's
    first run that does not hold is taken. Exit code as of the run: 0 if there is nothing to explain.

    windtunnel explain scenarios/stormy-monday.yaml --seed 7 --html why.html

    windtunnel explain new-business --crash 140

    windtunnel explain --defect ledger_posts_twice
    """
    if bool(what) == bool(defect):
        raise Refusal("say a story or a record, or a defect with --defect")
    writable({"--html": html})
    hush_core()
    from harness.explaining import explain as told_of  # noqa: PLC0415 - loads core and simulators
    from harness.report.explanation import show_explanation  # noqa: PLC0415
    from harness.report.explanation_page import write_page  # noqa: PLC0415

    if defect:
        told, again = _of_defect(catalogue, defect), f"windtunnel explain --defect {defect}"
    else:
        failing = _failing(what, seed, (crash, crash_again), request, outcome)
        told = told_of(failing)
        given = {"--seed": failing.seed, "--crash": crash, "--crash-again": crash_again, "--request": request,
                 "--outcome": outcome}  # fmt: skip
        options = " ".join(f"{name} {value}" for name, value in given.items() if value)
        again = f"windtunnel explain {shlex.quote(what)} {options}"
    if as_json:
        print_json(told.to_json())
    else:
        show_explanation(console(False), told, again)
    if html is not None:
        write_page(html, told, again)
    raise typer.Exit(EXIT[told.outcome])


def _failing(what: str, seed: str, crash: tuple[int, int], request: int, outcome: str) -> "Failing":
    from harness.explaining import Failing  # noqa: PLC0415
    from harness.exploring import OUTCOMES, SLOW_S  # noqa: PLC0415
    from harness.simulation import Flight  # noqa: PLC0415

    if bool(request) != bool(outcome) or (outcome and outcome not in OUTCOMES):
        raise Refusal(f"--request needs --outcome, one of {', '.join(OUTCOMES)}")
    if crash[1] and not crash[0]:
        raise Refusal("--crash-again needs --crash")
    flight = Flight(crash_at=crash[0] or None, crash_again=crash[1] or None, call_at=request or None, outcome=outcome)
    if request:
        flight.delay_s = SLOW_S
    if what.endswith(".jsonl"):
        records = read_record(Path(what))
        old = next((one for one in records if one.outcome != "holds"), records[0])
        return Failing(old.scenario, old.seed, flight)
    chosen = stories([what])
    if len(chosen) != 1:
        raise Refusal("one story at a time is explained")
    return Failing(chosen[0], seed, flight)


def _of_defect(catalogue: str, name: str) -> "Explanation":
    """The first of its flights that is broken."""
    from harness.defects import failing_of  # noqa: PLC0415
    from harness.explaining import explain as told_of  # noqa: PLC0415

    chosen_of(catalogue, [name])
    failing = failing_of(catalogue, name)
    if failing is None:
        raise Refusal(f"{name} does not show in its own story: there is nothing to explain", 0)
    return told_of(failing)
