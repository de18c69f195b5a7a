"""Salesforce never tells that an opportunity was changed: no gap, no overflow, nothing."""

from tests.broken import alter, stories

STORY = stories.won_while()
CAUGHT_BY = {"I2", "I5"}


def lie(hangar):
    def make(tell):
        def silent(told):
            tell([one for one in told if (one.entity, one.kind) != ("Opportunity", "UPDATE")])

        return silent

    return alter.member(hangar.systems["salesforce"].capture, "_tell", make)
