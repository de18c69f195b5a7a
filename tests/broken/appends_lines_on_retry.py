"""Posts a bill by PUT eid: and repeats that without a look-up, which appends its lines to those that are there."""

import json
from dataclasses import replace
from typing import Any

from synccore.bootstrap import Parts
from synccore.processes import writes
from tests.broken import alter, stories

STORY = stories.transfer("{id: answer-lost, system: erp_cloud, kind: lost_answer, operation: 'record.*:invoice'}")
CAUGHT_BY = {"I1", "I4", "I5"}


def change(parts: Parts) -> Parts:
    async def once(ctx: Any, write: Any, send: Any, look: Any = None, settled: Any = None) -> Any:
        return await writes.once(ctx, write, send, None, settled)

    def transport(real):
        async def send(request):
            if request.method == "POST" and request.url.endswith("/record/v1/invoice"):
                body = json.loads(request.body)
                request = replace(request, method="PUT", url=f"{request.url}/eid:{body['externalId']}")
            return await real.send(request)

        return alter.Altered(real, {"send": send})

    return replace(alter.context(parts, lambda ctx: {"once": once}), transport=transport)
