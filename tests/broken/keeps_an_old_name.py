"""Makes a customer under the name of its first day, and never hears that it is called otherwise."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.story(
    "renamed", "customer: " + stories.LAKESIDE, f"deal: {{id: lake-1, customer: lake, lines: {stories.LINES}}}",
    "close: lake-1", "settle", "fix_account: {customer: lake, name: Lakeside Freight Inc}", "settle",
)  # fmt: skip
CAUGHT_BY = {"I4"}


def change(parts: Parts) -> Parts:
    def cloud(real):
        async def update_customer(internal_id, _fields):
            return internal_id

        return {"update_customer": update_customer}

    return alter.adapter(parts, "cloud", cloud)
