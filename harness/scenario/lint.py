"""From a file to a scenario, or to complaints that name line, column, what is wrong and what would be right."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from harness.scenario.model import Head, Scenario, Step
from harness.scenario.part import Part
from harness.scenario.places import Placed, StoryError, Way, nearest, parse_yaml, read_yaml
from harness.scenario.steps import VERBS
from harness.scenario.upsets import DisturbStep
from harness.scenario.worldfile import WORLDS, WorldFile, load_world, placed_world

M = TypeVar("M", bound=BaseModel)


def load_story(path: Path) -> Scenario:
    """Read and check a story; StoryError names every place that is wrong."""
    return _scenario(read_yaml(path))


def read_story(text: str, file: str = "story") -> Scenario:
    """The same from text (JSON is YAML too)."""
    return _scenario(parse_yaml(text, file))


def _scenario(placed: Placed) -> Scenario:
    if not isinstance(placed.value, dict):
        placed.complain((), "a story is a map with `story`, `title` and `steps`")
        placed.settle()
    head = _model(placed, (), Head, placed.value)
    raw_steps = placed.value.get("steps")
    steps = [
        step
        for index, raw in enumerate(raw_steps if isinstance(raw_steps, list) else [])
        if (step := _step(placed, ("steps", index), raw)) is not None
    ]
    placed.settle()
    assert head is not None
    world = _world(placed, head.world)
    scenario = Scenario(
        head.story, head.title, head.genesis, head.world, tuple(steps), head.disturbances, head.mappings, head.expect,
        head.replay, head.interleaved, head.about, placed.file,
    )  # fmt: skip
    _check_references(placed, scenario, world)
    placed.settle()
    return scenario


def _model(placed: Placed, way: Way, model: type[M], value: Any) -> M | None:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        placed.blame(way, error, model)
        return None


def _step(placed: Placed, way: Way, raw: Any) -> Step | None:
    if isinstance(raw, str):
        raw = {raw: None}
    if not isinstance(raw, dict) or len(raw) != 1:
        placed.complain(way, "a step is one verb with its arguments, such as `close: {deal: acme-2026}`")
        return None
    verb, given = next(iter(raw.items()))
    if verb not in VERBS:
        placed.complain((*way, verb), f"unknown verb '{verb}'{nearest(verb, VERBS)}")
        return None
    model = VERBS[verb]
    if given is None:
        given = {}
    elif not isinstance(given, dict) and model.short:
        given = {model.short: given}
    facts = _model(placed, (*way, verb), model, given)
    return None if facts is None else Step(verb, facts, placed.at(way)[0])


def _world(placed: Placed, name: str) -> WorldFile | None:
    try:
        return load_world(name)
    except FileNotFoundError:
        known = [path.stem for path in sorted(WORLDS.glob("*.yaml"))]
        placed.complain(("world",), f"there is no world '{name}' in scenarios/worlds{nearest(name, known)}")
        return None


def _check_references(placed: Placed, scenario: Scenario, world: WorldFile | None) -> None:
    """Everything that is named must have been declared before, and once."""
    customers: dict[str, int] = {}
    deals: dict[str, int] = {}
    disturbances = {one.id for one in scenario.disturbances}
    for index, step in enumerate(scenario.steps):
        way: Way = ("steps", index, step.verb)
        facts: Any = step.facts
        if step.verb == "customer":
            _declare(placed, way, "customer", facts.id, customers)
            if world is not None and facts.entity not in world.entities:
                hint = nearest(facts.entity, world.entities)
                placed.complain((*way, "entity"), f"the world has no selling entity '{facts.entity}'{hint}")
        elif step.verb == "deal":
            _declare(placed, way, "deal", facts.id, deals)
            _known(placed, (*way, "customer"), "customer", facts.customer, customers)
            if facts.of is not None:
                _known(placed, (*way, "of"), "deal", facts.of, deals)
            _check_products(placed, way, facts, world)
        elif step.verb == "sell_many":
            for name in facts.names("live"):
                _declare(placed, way, "customer", name, customers)
                _declare(placed, way, "deal", name, deals)
            _check_products(placed, way, facts, world)
        elif step.verb in _NEEDS_A_COPY:
            _check_copy(placed, way, step, scenario.steps[:index])
        else:
            _check_step(placed, way, facts, customers, deals, disturbances)
    for what in ("deals", "starts", "contracts", "debts", "sync"):
        for name in getattr(scenario.expect, what):
            _known(placed, ("expect", what, name), "deal", name, deals)


_NEEDS_A_COPY = ("start_core", "set_back", "make_whole")


def _check_copy(placed: Placed, way: Way, step: Step, before: Sequence[Step]) -> None:
    """What is put back was copied before; what is made whole was set back."""
    if step.verb == "start_core":
        if getattr(step.facts, "from_backup", False) and all(one.verb != "back_up_core" for one in before):
            placed.complain((*way, "from_backup"), "nothing was backed up before: `back_up_core` makes a copy")
        return
    wanted, system = "back_up" if step.verb == "set_back" else "set_back", getattr(step.facts, "system", "")
    if all((one.verb, getattr(one.facts, "system", "")) != (wanted, system) for one in before):
        placed.complain((*way, "system"), f"there was no `{wanted}: {system}` before")


def _declare(placed: Placed, way: Way, what: str, name: str, known: dict[str, int]) -> None:
    if name in known:
        placed.complain((*way, "id"), f"{what} '{name}' was declared before, in line {known[name]}")
    known.setdefault(name, placed.at(way)[0])


def _known(placed: Placed, way: Way, what: str, name: str, known: Any) -> None:
    if name not in known:
        placed.complain(way, f"no {what} '{name}' has been declared up to here{nearest(name, known)}")


def _check_products(placed: Placed, way: Way, facts: Any, world: WorldFile | None) -> None:
    if world is None:
        return
    for index, line in enumerate(facts.lines):
        if line.sku not in world.skus:
            place = (*way, "lines", index, "sku")
            placed.complain(place, f"the world sells no product '{line.sku}'{nearest(line.sku, world.skus)}")


def _check_step(
    placed: Placed, way: Way, facts: Part, customers: dict[str, int], deals: dict[str, int], disturbances: set[str]
) -> None:
    customer = getattr(facts, "customer", None)
    if customer is not None:
        _known(placed, (*way, "customer"), "customer", customer, customers)
    deal = getattr(facts, "deal", None)
    if deal is not None:
        for name in (deal,) if isinstance(deal, str) else deal:
            _known(placed, (*way, "deal"), "deal", name, deals)
    for what in ("deals", "starts", "contracts", "debts", "sync"):
        for name in getattr(facts, what, ()):
            _known(placed, (*way, what, name), "deal", name, deals)
    if isinstance(facts, DisturbStep):
        disturbances.add(facts.id)
    elif way[-1] == "repair" and hasattr(facts, "id"):
        _known(placed, (*way, "id"), "disturbance", facts.id, disturbances)
    during = getattr(facts, "during", None)
    if during is not None:
        _known(placed, (*way, "during"), "disturbance", during, disturbances)


def lint(path: Path) -> StoryError | None:
    """The complaints about a story or world file, or None when there are none."""
    try:
        if path.parent.name == "worlds":
            placed_world(path)
        else:
            load_story(path)
    except StoryError as error:
        return error
    return None
