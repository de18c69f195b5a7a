"""Which stories, seeds, world and beginning a command line means."""

import re
from collections import Counter
from pathlib import Path
from typing import TypeVar

from harness.cli.output import Refusal
from harness.scenario import Scenario, load_story, load_world
from harness.scenario.places import nearest
from harness.scenario.values import moment
from harness.scenario.worldfile import WorldFile

R = TypeVar("R")
SCENARIOS = Path(__file__).parents[2] / "scenarios"
_RANGE = re.compile(r"(\d+)\.\.(\d+)")
_SHARD = re.compile(r"(\d{1,6})/(\d{1,6})")
_SEEDS_MAX = 100_000


def company_of(world: str) -> WorldFile:
    """A world by its name; Refusal when there is none."""
    try:
        return load_world(world)
    except FileNotFoundError:
        raise Refusal(f"there is no world '{world}' in scenarios/worlds") from None


def genesis_of(text: str) -> float:
    """What --genesis says, as epoch seconds."""
    try:
        return moment(text)
    except ValueError as error:
        raise Refusal(f"--genesis {error}, not '{text}'") from None


def known_stories() -> list[str]:
    """Names of the stories that come with this checkout."""
    return [path.stem for path in sorted(SCENARIOS.glob("*.yaml")) if "." not in path.stem]


def stories(names: list[str]) -> list[Scenario]:
    """Names of our own stories or folders (`golden`), files, or folders of files; StoryError or Refusal for what cannot
    be used.
    """
    paths: list[Path] = []
    for name in names:
        path = Path(name)
        if not path.exists() and (SCENARIOS / name).is_dir():
            path = SCENARIOS / name
        if path.is_dir():
            found = [one for one in sorted(path.glob("*.yaml")) if "." not in one.stem]
            if not found:
                raise Refusal(f"there is no story in {path}/")
            paths += found
        elif path.suffix in (".yaml", ".yml") or path.exists():
            paths.append(path)
        elif (SCENARIOS / f"{name}.yaml").exists():
            paths.append(SCENARIOS / f"{name}.yaml")
        else:
            raise Refusal(f"there is no story '{name}'{nearest(name, known_stories())}")
    chosen = [load_story(path) for path in paths]
    for story, count in Counter(one.story for one in chosen).items():
        if count > 1:
            raise Refusal(f"story '{story}' is named {count} times; once is enough, seeds play it more often")
    return chosen


def limits_of(profile: str) -> str:
    """What --profile says."""
    if profile not in ("vendor", "roomy", "none"):
        raise Refusal(f"--profile is vendor, roomy or none, not '{profile}'")
    return profile


def writable(files: dict[str, Path | None]) -> None:
    """Refuse before anything is played what could not be written when it is over; by option."""
    for option, path in files.items():
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.open("ab").close()
        except OSError as error:
            raise Refusal(f"{option} {path} cannot be written: {error.strerror}") from None


def shard(text: str, scenarios: list[Scenario], chances: list[str]) -> frozenset[tuple[str, str]]:
    """The i-th of n equal parts (`i/n`) of all runs, as pairs of story and seed: dealt out in turn, so that a slow
    story's seeds do not all fall to one.
    """
    return frozenset(share(text, [(scenario.story, seed) for scenario in scenarios for seed in chances]))


def share(text: str, runs: list[R]) -> list[R]:
    """The i-th of n equal parts (`i/n`) of anything, dealt out in turn; all of it when nothing is said."""
    if not text:
        return runs
    match = _SHARD.fullmatch(text)
    number, of = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= number <= of:
        raise Refusal(f"--shard is i/n with i from 1 to n, such as 2/4, not '{text}'")
    mine = runs[number - 1 :: of]
    if not mine:
        raise Refusal(f"--shard {text} is empty: there are only {len(runs)} runs to share out")
    return mine


def seeds(text: str) -> list[str]:
    """`7` or `1..20`."""
    match = _RANGE.fullmatch(text)
    if match is None:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", text):
            raise Refusal(f"--seed is a number, a word or a range such as 1..20, not '{text}'")
        return [text]
    first, last = int(match[1]), int(match[2])
    if last < first or last - first >= _SEEDS_MAX:
        raise Refusal(f"--seed {text} is no range of at most {_SEEDS_MAX} seeds")
    return [str(number) for number in range(first, last + 1)]
