"""Does not see that an account was merged into another, and leaves its customer's documents as sales last saw them."""

from dataclasses import replace

from synccore.bootstrap import Parts
from synccore.ports.transport import Response
from tests.broken import stories

STORY = stories.merged()
CAUGHT_BY = {"story"}


class Blind:
    def __init__(self, real):
        self._real = real

    async def send(self, request):
        if "MasterRecordId" in request.url:
            return Response(200, {}, b'{"totalSize":0,"done":true,"records":[]}')
        return await self._real.send(request)


def change(parts: Parts) -> Parts:
    return replace(parts, transport=Blind)
