"""The metering holds an event in its books and shows it neither in the feed nor in the daily file."""

from contextlib import ExitStack, contextmanager

from tests.broken import alter, stories

STORY = stories.usage(stories.used("10", id="e1"), stories.used("5", id="hidden"), stories.CLOSED)
CAUGHT_BY = {"I5"}


@contextmanager
def lie(hangar):
    state = hangar.systems["metering"].state

    def feed(real):
        return lambda *asked: [(at, row) for at, row in real(*asked) if row["id"] != "hidden"]

    def file(real):
        return lambda day: (row for row in real(day) if row["id"] != "hidden")

    with ExitStack() as lies:
        lies.enter_context(alter.member(state, "entries", feed))
        lies.enter_context(alter.member(state, "of_day", file))
        yield
