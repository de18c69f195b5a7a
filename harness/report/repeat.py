"""The command that plays a run again: what every report says beside a failure."""

import shlex
from pathlib import Path

from harness.runner import RunResult
from harness.scenario import STORIES, Scenario


def repeat_command(result: RunResult, more: str = "") -> str:
    """`more`: options that the run was given besides mode and seed. Our own stories go by their name."""
    story = source_of(result)
    return " ".join(filter(None, ("windtunnel run", story, f"--mode {result.mode} --seed {result.seed}", more)))


def source_of(played: RunResult | Scenario) -> str:
    """The story as a command names it."""
    ours = not played.source or Path(played.source).resolve().parent == STORIES
    return played.story if ours else shlex.quote(place(played))


def place(result: RunResult | Scenario) -> str:
    """The story's file as a path from here, as a repository names it; a file elsewhere stays as it is."""
    path = Path(result.source)
    try:
        return str(path.resolve().relative_to(Path.cwd().resolve()))
    except ValueError:
        return result.source
