"""Command run: stories, seeds and a mode in; verdicts out, on the terminal, as JUnit, HTML, annotations, a record."""

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from harness.checkers import Verdict, overall
from harness.cli.output import Refusal, console, run_live
from harness.cli.play import Played, Wishes, play_live, play_sim
from harness.cli.select import limits_of, seeds, shard, stories, writable
from harness.cli.stories import Core, Json, Mode, Profile, finish, launch_of
from harness.correlations import load_correlation
from harness.events import Consumer
from harness.load.export import with_export
from harness.record import RecordWriter
from harness.repeat import repeated, repeated_here
from harness.report import github
from harness.report.junit import write_junit
from harness.report.page import Page
from harness.report.summary import summary
from harness.report.terminal import Progress, show_result
from harness.runner import RunResult
from harness.scenario import Scenario, StoryError
from harness.stack.remote import is_address


class Annotations(StrEnum):
    """Whose form of remarks beside a line of a file."""

    none = "none"
    github = "github"


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(run)


def run(
    names: Annotated[list[str], typer.Argument(metavar="STORY...", help="Names, files or folders.")],
    mode: Annotated[Mode, typer.Option(help="sim: virtual time. live: processes. compose: containers.")] = Mode.sim,
    seed: Annotated[str, typer.Option("--seed", "--seeds", help="A seed, or a range such as 1..20.")] = "1",
    part: Annotated[str, typer.Option("--shard", metavar="I/N", help="Only the i-th of n parts of all runs.")] = "",
    junit: Annotated[Path | None, typer.Option(help="Write a JUnit file.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write one self-contained HTML file.")] = None,
    annotations: Annotated[
        Annotations, typer.Option(help="github: say what does not hold at its line of the story.")
    ] = Annotations.none,
    record: Annotated[Path | None, typer.Option(help="Write the record of the run (JSON lines).")] = None,
    full: Annotated[bool, typer.Option("--full", help="Show timeline, books and tie-out of every run.")] = False,
    export: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="For crm-export: your own files, and expectations computed from them."),
    ] = None,
    twice: Annotated[
        bool, typer.Option("--twice", help="Each run again in another process: I24, one seed gives one digest (sim).")
    ] = False,
    repeat: Annotated[int, typer.Option(min=1, help="Each run so often in one process: I24 again (sim).")] = 1,
    core: Core = "",
    correlation: Annotated[
        Path | None, typer.Option(metavar="FILE", help="How the core of --core names things: a YAML map of its keys.")
    ] = None,
    profile: Profile = "roomy",
    as_json: Json = False,
) -> None:
    """Play stories and judge them.

    windtunnel run new-business
    windtunnel run new-business stormy-monday --seeds 1..20
    windtunnel run scenarios/ --junit out.xml --html out.html --annotations github --shard 1/4
    windtunnel run stormy-monday --mode live --core "python -m synccore"
    windtunnel run crm-export --export ~/our-crm-export
    """
    _check(profile, core, mode, twice or repeat > 1)
    keys = _keys(core, correlation)
    writable({"--junit": junit, "--html": html, "--record": record})
    github_too = annotations is Annotations.github
    chosen, chances = _stories(names, github_too), seeds(seed)
    if export is not None:
        chosen = [with_export(one, export, mode.value) for one in chosen]
    only = shard(part, chosen, chances) if part else None
    runs = _count(core, len(chosen) * len(chances) if only is None else len(only))
    out = _Reports(as_json, runs > 3, full, _more(profile, core, export, correlation), record, html, github_too)
    again = _Again(chosen, twice, repeat)

    def after_each(played: Played) -> None:
        again.judge(played)
        out.add(played)

    wishes = Wishes(out.consumers(mode), out.shown.say, core, profile, after_each, only, names=keys)
    try:
        if mode is Mode.sim:
            played = play_sim(chosen, chances, wishes)
        else:
            played = run_live(play_live(chosen, chances, wishes, launch_of(mode)))
    finally:
        out.close()
    _finish(played, junit, out.more, as_json)


@dataclass
class _Reports:
    """All that is told of runs while and after they are played, but the files that are written of them as a whole."""

    as_json: bool
    many: bool  # then one that holds is a line
    full: bool
    more: str  # options that a repetition needs
    record: Path | None
    html: Path | None
    github: bool
    shown: Progress = field(init=False)
    page: Page = field(init=False)
    writer: RecordWriter | None = None

    def __post_init__(self) -> None:
        self.out = console(self.as_json)
        self.shown, self.page = Progress(self.out), Page(self.more)
        self.told: list[RunResult] = []
        if self.record is not None:
            self.writer = RecordWriter(self.record)

    def consumers(self, mode: Mode) -> list[Consumer]:
        """Who is told of events: the terminal, unless runs fly by, and the record."""
        follow = not (self.many and mode is Mode.sim)
        return [*([self.shown] if follow else []), *([self.writer] if self.writer else [])]

    def add(self, played: Played) -> None:
        """A run has been judged."""
        result = played.result
        self.shown.end()
        self.told.append(result)
        if self.many and result.outcome == "holds" and not self.full:
            line = f"[green]{result.story} seed {result.seed}: holds[/] [dim]{played.took_s:.2f} s[/]"
            self.out.print(line)
        else:
            show_result(self.out, result, played.took_s, full=self.full or result.outcome != "holds")
        if self.html is not None:
            self.page.add(result, played.took_s)
        for line in github.of_run(result, self.more) if self.github else ():
            print(line, file=sys.stderr if self.as_json else sys.stdout, flush=True)

    def close(self) -> None:
        """Write what there is, also of runs that ended before their time."""
        self.shown.end()
        if self.writer is not None:
            self.writer.close()
        if self.html is not None:
            self.page.write(self.html)
        if self.github and (path := os.environ.get("GITHUB_STEP_SUMMARY")):
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(github.summary_table(self.told))


@dataclass
class _Again:
    """Plays a finished run again where that was asked for, and adds the verdicts on repeatability to its own."""

    chosen: list[Scenario]
    twice: bool
    times: int

    def judge(self, played: Played) -> None:
        result = played.result
        scenario = next(one for one in self.chosen if one.story == result.story)
        found: list[Verdict] = []
        if self.twice:
            found.append(repeated(scenario, result.seed, result.digest))
        if self.times > 1:
            found.append(repeated_here(scenario, result.seed, result.digest, self.times))
        if found:
            result.verdicts += found
            result.outcome = overall(result.verdicts)


def _stories(names: list[str], noted: bool) -> list[Scenario]:
    try:
        return stories(names)
    except StoryError as error:
        for line in github.of_complaints(error) if noted else ():
            print(line, flush=True)
        raise


def _more(profile: str, core: str, export: Path | None, correlation: Path | None) -> str:
    """The options that a repetition needs as well."""
    given = {"--profile": profile if profile != "roomy" else "", "--core": core,
             "--correlation": str(correlation or ""), "--export": str(export or "")}  # fmt: skip
    return " ".join(f"{name} {shlex.quote(value)}" for name, value in given.items() if value)


def _check(profile: str, core: str, mode: Mode, again: bool) -> None:
    limits_of(profile)
    if core and mode is not Mode.live:
        raise Refusal("--core needs --mode live: another core is a process of its own")
    if again and mode is not Mode.sim:
        raise Refusal("--twice and --repeat need --mode sim: a live run is not repeatable bit by bit")


def _keys(core: str, correlation: Path | None) -> Mapping[str, str]:
    """How the other core names things."""
    if correlation is None:
        return {}
    if not core:
        raise Refusal("--correlation describes the keys of another core: say it with --core")
    return load_correlation(correlation)


def _finish(played: list[Played], junit: Path | None, more: str, as_json: bool) -> None:
    if junit is not None:
        write_junit(junit, [summary(one.result, one.took_s, more) for one in played])
    finish(played, as_json)


def _count(core: str, runs: int) -> int:
    if is_address(core) and runs > 1:
        raise Refusal("a core at an address cannot be begun anew between runs: one story and one seed at a time")
    return runs
