"""Which events of the platform are taken up, and whether they are asked for."""

from synccore.bootstrap import PLATFORM_EVENTS
from synccore.processes.intake import HANDLERS


def test_the_feed_and_the_endpoint_ask_for_just_what_is_taken_up() -> None:
    """The webhook endpoint is configured with what the feed is asked for: a kind that it lacks would never come."""
    assert set(PLATFORM_EVENTS) == set(HANDLERS)
