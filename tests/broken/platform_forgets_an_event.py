"""The platform issues a bill and tells nobody: neither by webhook nor in its feed."""

from tests.broken import alter, stories

STORY = stories.transfer()
CAUGHT_BY = {"I2", "I5"}


def lie(hangar):
    def make(publish):
        def silent(work, event_type, content):
            if event_type != "invoice_generated":
                publish(work, event_type, content)

        return silent

    return alter.member(hangar.systems["subscriptions"].parts.publisher, "publish", make)
