"""Draws a whole story from a seed: days of business in random weather, each with rest behind it."""

from random import Random

from harness.scenario import Scenario, read_story
from harness.swarm.aiming import cells_of
from harness.swarm.business import Business
from harness.swarm.cells import Aims
from harness.swarm.weather import Weather
from harness.swarm.writing import text_of

DAYS_MAX = 4
AIMED_DAYS = 3  # what follows a payment, and usage, is business of later days
GENESES = ("2026-01-05T09:00:00Z", "2026-02-26T21:00:00Z", "2026-03-27T08:00:00Z", "2026-06-29T22:30:00Z")
REST = ("5d", "6d")  # two nightly windows and a morning, with a weekend before them, on which there is none


def drawn(seed: str) -> Scenario:
    """The story of a seed: safety is judged all the time, liveness in the end, when the weather has long been calm."""
    chance, told = Random(f"{seed}/swarm"), cells_of(seed)
    weather, aims = Weather(Random(f"{seed}/weather"), calm=bool(told)), Aims(Random(f"{seed}/aims"), told)
    business = Business(Random(f"{seed}/business"), aims.usage, aims.second_thoughts)
    steps, days = [], chance.randint(1, DAYS_MAX)
    for _ in range(max(days, AIMED_DAYS) if aims.cells else days):
        struck = (*aims.day(), *weather.day())
        steps += [*business.round(), *struck, {"settle": {}}, {"advance": {"by": chance.choice(REST)}}]
    story = {
        "story": f"swarm-{seed}", "title": f"Business and weather of seed {seed}",
        "genesis": chance.choice(GENESES), "replay": chance.random() < 0.25,
        "interleaved": Random(f"{seed}/interleaved").random() < 0.5,
        "mappings": {"policies": {"compensation": {"paid": "credit"}}},  # second thoughts need no person
        "expect": {"exceptions": [], "dead_letters": 0, "tie_out": "holds"}, "steps": steps,
    }  # fmt: skip
    return read_story(text_of(story), f"swarm-{seed}")
