"""Which of the core's runs goes on first: by the seed, the same each time, and a defect that nothing else finds."""

from dataclasses import replace

import pytest

from harness.scenario import Scenario, read_story
from harness.simulation import Flight, play
from harness.swarm import as_yaml
from tests.broken.defect import broken, defect

PLANTED = defect("works_on_one_customer_twice_at_once")
CALM = replace(PLANTED.scenario, interleaved=False)


def digest(scenario: Scenario, seed: str = "1") -> str:
    return play(scenario, seed, replay=False).digest


def test_the_seed_decides_who_goes_on_first_and_always_so() -> None:
    one, other = digest(PLANTED.scenario), digest(PLANTED.scenario, "2")
    assert one == digest(PLANTED.scenario) != other
    assert one != digest(CALM)


def test_the_choice_is_part_of_the_storys_file() -> None:
    assert "interleaved" not in as_yaml(CALM)
    assert read_story(as_yaml(PLANTED.scenario)).interleaved


@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_defect_shows_by_interleaving_alone(seed: str) -> None:
    flight = Flight(PLANTED.change)
    assert broken([play(PLANTED.scenario, seed, flight=flight, replay=True)])
    assert not broken([play(CALM, seed, flight=flight, replay=True)])
    assert not broken([play(PLANTED.scenario, seed, replay=True)])
