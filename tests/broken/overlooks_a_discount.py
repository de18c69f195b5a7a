"""Does not read in the legacy extract what was taken off a bill with its payment."""

from dataclasses import replace

from synccore.bootstrap import Parts
from tests.broken import alter, recoveries

STORY = recoveries.discounted()
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    def members(real):
        def unread(text):
            rows = text.split("\r\n")
            return "\r\n".join(f"{row[:76]}{'0.00':>16}{row[92:]}" if row.startswith("PAY") else row for row in rows)

        async def outbound(known):
            return [replace(file, text=unread(file.text)) for file in await real.outbound(known)]

        return {"outbound": outbound}

    return alter.adapter(parts, "legacy", members)
