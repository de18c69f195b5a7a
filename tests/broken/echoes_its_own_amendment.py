"""Takes the amendment that it has carried into the platform for one born there, and tells sales of it as news."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.seats_up()
CAUGHT_BY = {"I4", "I31"}


def change(parts: Parts) -> Parts:
    def members(cursors):
        def get(name):
            return None if name.startswith("amended-by/") else cursors.get(name)

        return {"get": get}

    return alter.store(parts, "cursors", members)
