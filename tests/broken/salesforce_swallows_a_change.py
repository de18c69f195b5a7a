"""Salesforce never tells that an opportunity was changed: no gap, no overflow, nothing."""

from tests.broken import alter, stories

STORY = stories.won_while()
CAUGHT_BY = {"I2", "I5"}


def lie(hangar):
    def make(put):
        def silent(one, *given):
            return None if (one.entity, one.kind) == ("Opportunity", "UPDATE") else put(one, *given)

        return silent

    return alter.member(hangar.systems["salesforce"].capture, "_put", make)
