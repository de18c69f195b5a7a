"""Every call of a deal's life with every outcome, a crash at every call and commit: the books stay the same."""

from collections.abc import Awaitable, Callable

import pytest

from tests.synccore.processes.flight import Flight, fly
from tests.synccore.processes.test_new_business import at_rest, books, paid_by_card, paid_by_transfer

Story = Callable[[Flight], Awaitable[None]]
FAULTS = ("refused", "limit", "timeout", "lost", "slow", "duplicate", "crash-before", "crash-after")
STORIES = [pytest.param(paid_by_card, id="card"), pytest.param(paid_by_transfer, id="transfer")]


POLLS = ("salesforce.changed_accounts", "salesforce.changed_deals", "platform.events", "cloud.changed_payments")


def points(calls: list[str]) -> list[int]:
    """Every business call, and of each poll the first few: the others are the same again."""
    chosen, seen = [], dict.fromkeys(POLLS, 0)
    for index, call in enumerate(calls):
        if call in seen:
            seen[call] += 1
        if seen.get(call, 0) <= 4:
            chosen.append(index)
    return chosen


def stormy(story: Story, flight: Flight) -> Flight:
    async def to_the_end(flown: Flight) -> None:
        await story(flown)
        rest = await at_rest(flown)
        assert rest == (0, 0, 0), (rest, await flown.open_work(), await flown.letters())

    return fly(to_the_end, flight)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("story", STORIES)
def test_every_call_with_every_outcome_ends_in_the_same_books(story: Story, fault: str) -> None:
    calm = fly(story)
    expected, hit = books(calm), 0
    for index in points(calm.wire.calls):
        flight = Flight()
        flight.wire.script[index] = fault
        assert books(stormy(story, flight)) == expected, (index, calm.wire.calls[index])
        hit += not flight.wire.script
    assert hit == len(points(calm.wire.calls))


@pytest.mark.parametrize(("moment", "memory"), [("crash-before", True), ("crash-after", False)])
@pytest.mark.parametrize("story", STORIES)
def test_a_crash_at_every_commit_ends_in_the_same_books(story: Story, moment: str, memory: bool) -> None:
    calm = fly(story)
    expected = books(calm)
    for index in range(calm.commits):
        flight = Flight(memory=memory, commit_script={index: moment})
        assert books(stormy(story, flight)) == expected, index
        assert flight.crashes == 1


@pytest.mark.parametrize("story", STORIES)
def test_lost_answers_at_every_write_with_a_crash_right_after(story: Story) -> None:
    calm = fly(story)
    expected = books(calm)
    for index, call in enumerate(calm.wire.calls):
        if call not in calm.wire.writes:
            continue
        flight = Flight(memory=False)
        flight.wire.script = {index: "crash-after", index + 1: "lost", index + 2: "timeout", index + 3: "limit"}
        assert books(stormy(story, flight)) == expected, (index, call)
