"""A scenario: genesis, world, what business does, what goes wrong, what must hold."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Field

from harness.scenario.part import Part
from harness.scenario.steps import Expect, LoadStep
from harness.scenario.upsets import Disturbance
from harness.scenario.values import Moment, Name

__all__ = ["STORIES", "Disturbance", "Expect", "Head", "Scenario", "Step"]

STORIES = Path(__file__).parents[2] / "scenarios"
GENESIS = "2026-01-05T09:00:00Z"


class Head(Part):
    """A story's file without its steps. `interleaved`: in simulation the seed decides at every send and every commit
    which of the core's runs goes on first; else one that has begun goes on until it has to wait.
    """

    story: Name
    title: str = Field(min_length=1)
    about: str = ""
    genesis: Moment = Field(default=GENESIS, validate_default=True)
    world: str = "default"
    mappings: dict[str, dict[str, Any]] = Field(default_factory=dict)
    disturbances: tuple[Disturbance, ...] = ()
    replay: bool = True
    interleaved: bool = False
    expect: Expect = Expect()
    steps: tuple[Any, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Step:
    """One thing that happens: the verb and its arguments; `line` is its place in the file (0: generated)."""

    verb: str
    facts: Part
    line: int = 0

    def __str__(self) -> str:
        given = self.facts.model_dump(exclude_unset=True, mode="json")
        inner = ", ".join(f"{name}: {_short(value)}" for name, value in given.items())
        return f"{self.verb} {inner}".strip()


def _short(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_short(one) for one in value)
    if isinstance(value, dict):
        return " ".join(_short(one) for one in value.values())
    return str(value)


@dataclass(frozen=True)
class Scenario:
    """A whole story as a value."""

    story: str
    title: str
    genesis: float
    world: str
    steps: tuple[Step, ...]
    disturbances: tuple[Disturbance, ...] = ()
    mappings: dict[str, dict[str, Any]] | None = None
    expect: Expect = field(default_factory=Expect)
    replay: bool = True
    interleaved: bool = False
    about: str = ""
    source: str = ""
    export: Path | None = None  # folder of somebody's own files; it is not part of the story

    def files_of(self, facts: LoadStep) -> list[Path]:
        """Where the files of a load lie. ValueError when they are somebody's own and nobody has said where."""
        if not facts.own:
            return [STORIES / name for name in facts.files]
        if self.export is None:
            raise ValueError(f"story {self.story} loads files of your own ({', '.join(facts.files)}): --export DIR")
        return [self.export / name for name in facts.files]

    def facts_of(self, verb: str) -> Iterator[Any]:
        """The arguments of all steps with this verb, in order."""
        return (step.facts for step in self.steps if step.verb == verb)

    def to_json(self) -> dict[str, Any]:
        """As the file would have it: `Scenario` again by `read_story`."""
        told = {"interleaved": True} if self.interleaved else {}
        return told | {
            "story": self.story, "title": self.title, "about": self.about, "genesis": self.genesis,
            "world": self.world, "mappings": self.mappings or {}, "replay": self.replay,
            "disturbances": [one.model_dump(mode="json", exclude_unset=True) for one in self.disturbances],
            "expect": self.expect.model_dump(mode="json", exclude_unset=True),
            "steps": [{step.verb: step.facts.model_dump(mode="json", exclude_unset=True)} for step in self.steps],
        }  # fmt: skip
