"""The platform gives a second bill the number of the first, which is gone with that."""

from tests.broken import alter, stories

STORY = stories.two_deals()
CAUGHT_BY = {"I5"}


def lie(hangar):
    def make(real):
        def again(name, start=1):
            return 1 if name.startswith("invoice/") else real(name, start)

        return again

    return alter.member(hangar.systems["subscriptions"].store, "next", make)
