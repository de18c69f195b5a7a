"""Takes a word of the platform that nobody has heard of for one that it knows."""

from synccore.bootstrap import Parts
from tests.broken import alter, recoveries

STORY = recoveries.new_word()
CAUGHT_BY = {"I16"}


def change(parts: Parts) -> Parts:
    def platform(real):
        class Lenient:
            def words(self, system, record, row):
                return {**row, "status": "posted"} if row.get("status") == "awaiting_money" else row

        real._fields = Lenient()
        return {}

    return alter.adapter(parts, "platform", platform)
