"""Runs that branch off another in the midst of it end as those that were flown from the start."""

import os
import re
import signal
from collections import Counter

import pytest

from harness.exploring import Exploration, Point, distinct, explore, explore_point, points_of
from harness.exploring.forks import Forks
from harness.exploring.points import SAME
from harness.scenario import Scenario
from harness.simulation import Flight, fly
from tests.broken.stories import LAKESIDE, LINES, card, singapore, story, transfer

STORY = card()


@pytest.fixture(scope="module")
def points() -> list[Point]:
    return points_of(STORY, "1", "all")


def test_a_branch_is_judged_as_the_whole_run_is(points: list[Point]) -> None:
    chosen = points[7::97]
    assert {point.kind for point in chosen} == {"call", "crash"}
    explored = explore(STORY, only=chosen)
    assert explored.judged == [explore_point(STORY, "1", point) for point in chosen]
    assert explored.outcome == "holds", explored.failed


def test_so_is_a_branch_of_a_branch() -> None:
    first = points_of(STORY, "1", "pairs")[60]
    explored = explore(STORY, only=[first])
    again = [one.point for one in explored.judged]
    assert len(again) == 12 and all(point.number == first.number and point.again for point in again)
    assert explored.judged == [explore_point(STORY, "1", point) for point in again]
    assert all(one.hit for one in explored.judged)


def thrifty(calls: int) -> Scenario:
    """The same story, which does not hold when more calls are made."""
    return card(expect=f"expect: {{exceptions: [], dead_letters: 0, calls_at_most: {calls}}}")


def test_what_does_not_hold_is_found_with_its_findings() -> None:
    """A request that is asked once more is one too many."""
    told = re.search(r"has made (\d+) calls", fly(thrifty(1), "1", replay=False)[0].findings[0])
    assert told is not None
    strict = thrifty(int(told[1]))
    chosen = points_of(strict, "1", "calls")[6::60]
    explored = explore(strict, only=chosen)
    assert 0 < len(explored.failed) < len(chosen)
    assert explored.judged == [explore_point(strict, "1", point) for point in chosen]


def test_a_story_that_kills_the_core_itself_is_explored_as_well() -> None:
    twice = story(
        "killed", "customer: " + LAKESIDE, f"deal: {{id: lake-1, customer: lake, lines: {LINES}}}", "close: lake-1",
        "settle", "kill_core", "advance: 1h", "start_core", "settle",
    )  # fmt: skip
    points = points_of(twice, "1", "crashes")
    explored = explore(twice, only=points[9::60])
    assert explored.outcome == "holds" and not explored.missed, (explored.failed, explored.missed)


def test_many_at_a_time_are_told_in_the_order_of_the_points(points: list[Point]) -> None:
    chosen, heard = points[11::131], []
    explored = explore(STORY, only=chosen, workers=3, progress=lambda done, of, _judged: heard.append((done, of)))
    assert [one.point for one in explored.judged] == chosen
    assert heard == [(number, len(chosen)) for number in range(1, len(chosen) + 1)]


def test_it_stops_at_the_first_that_does_not_hold(points: list[Point]) -> None:
    explored = explore(thrifty(1), only=points[::50], stop_at_first=True)
    assert [one.outcome for one in explored.judged] == ["broken"]


def test_a_branch_that_is_killed_is_unknown_and_the_others_go_on(points: list[Point], monkeypatch) -> None:
    chosen = points[5::211]
    real = Point.disturb

    def disturb(self: Point, flight: Flight) -> None:
        if self == chosen[1]:
            os.kill(os.getpid(), signal.SIGKILL)
        real(self, flight)

    monkeypatch.setattr(Point, "disturb", disturb)
    explored = explore(STORY, only=chosen)
    assert [one.outcome for one in explored.judged] == ["holds", "unknown", *["holds"] * (len(chosen) - 2)]
    assert "ended with -9" in explored.judged[1].findings[0]


def recorded(story: Scenario, point: Point | None) -> Counter[str]:
    """All that the record tells of a run, but for the digest of it all."""
    events: list[str] = []
    flight = point.flight() if point is not None else None
    result, _ = fly(story, "1", flight=flight, replay=False)
    for event in result.events:
        if event.kind not in ("end", "note", "crash"):
            events.append(f"{event.kind} {event.at} {event.facts}")
    return Counter(events)


def behind_the_crash(point: Point) -> list[str]:
    """All that the record tells from the crash on; times to the millisecond, as they are sums of what was waited."""
    events = [*fly(STORY, "1", flight=point.flight(), replay=False)[0].events]
    crash = next(place for place, event in enumerate(events) if event.kind == "crash")
    return [f"{event.kind} {event.at:.3f} {event.facts}" for event in events[crash + 1 : -1]]


def test_a_crash_that_leaves_the_same_behind_is_left_out(points: list[Point]) -> None:
    """Also one before something is only looked up or asked; the last of them is flown."""
    crashes = [point for point in points if point.kind == "crash"]
    same = [point for point in crashes if point.like]
    assert len(crashes) / 2 < len(same) < len(crashes) * 0.75
    for point in same[3::53]:
        flown = crashes[int(point.like.removeprefix("crash ")) - 1]
        assert flown.number > point.number and not flown.like
        assert behind_the_crash(point) == behind_the_crash(flown)


def test_a_crash_before_which_somebody_asks_another_question_is_another(points: list[Point]) -> None:
    """Whose question is never answered is told apart, though a look into the store leaves nothing behind."""
    asked = [point for point in points if point.kind == "crash" and point.what == "committed"][-4:]
    assert not any(point.like for point in asked)


BATCHED = singapore()


@pytest.fixture(scope="module")
def with_files() -> list[Point]:
    return points_of(BATCHED, "1", "calls")


@pytest.mark.parametrize(
    ("begins", "outcome"), [(begins, outcome) for begins, same in SAME.items() for outcome in same]
)  # fmt: skip
def test_an_outcome_that_nobody_can_tell_from_another_is_left_out(
    with_files: list[Point], begins: str, outcome: str
) -> None:
    """They differ in the one line of that very call, which says what it met."""
    mine = [point for point in with_files if point.outcome == outcome and f" {begins}" in point.what]
    assert all(point.like == SAME[begins][outcome] for point in mine)
    point = mine[len(mine) // 2]
    twin = next((one for one in with_files if one.number == point.number and one.outcome == point.like), None)
    one, another = recorded(BATCHED, point), recorded(BATCHED, twin)
    assert sum((one - another).values()) == sum((another - one).values()) == 1


def test_what_is_left_out_is_no_write(points: list[Point]) -> None:
    left = set(points) - set(distinct(points))
    asked = {point.what.split(maxsplit=1)[1] for point in left if point.kind == "call"}
    assert asked and all(what.startswith(tuple(SAME)) for what in asked)
    assert {what for what in asked if what.startswith("POST")} == {"POST /services/rest/query/v1/suiteql"}
    assert Exploration("a", "1", "a").left_out == 0


def test_a_branch_sees_its_own_world_alone(points: list[Point]) -> None:
    """The undisturbed run that all branch off ends as if there had been none."""
    forks = Forks.of(points[3::150], 2, lambda _judged: True)
    result, world = fly(STORY, "1", flight=Flight(passing=forks.passing), replay=False)
    if forks.point is not None:
        forks.leave([])
    forks.finish()
    assert result.digest == fly(STORY, "1", replay=False)[0].digest
    assert world.crashes == 0


def test_a_core_that_dies_of_what_the_judges_ask_is_asked_again() -> None:
    """Also when it was the service levels that they asked for, which is the last of it."""
    paid = transfer()
    asked = [point for point in points_of(paid, "1", "crashes") if point.what == "committed"][-4:]
    explored = explore(paid, only=asked, whole=True)
    assert explored.outcome == "holds", explored.failed
