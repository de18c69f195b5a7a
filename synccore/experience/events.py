"""The feed of canonical events for whoever consumes them: CloudEvents, in order, read on from a sequence."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from synccore.domain.payloads import EVENT_TYPES
from synccore.experience.access import REFUSALS, At, Viewer
from synccore.experience.links import leads_to
from synccore.experience.models import CloudEvent
from synccore.experience.strict import StrictRoute

SEQUENCE_MAX = 2**62

router = APIRouter(tags=["events"], route_class=StrictRoute)

Kind = StrEnum("Kind", {name: name for name in EVENT_TYPES})  # type: ignore[misc]


class CloudEvents(JSONResponse):
    """A batch of CloudEvents."""

    media_type = "application/cloudevents-batch+json"


_LEADS = leads_to(getTimeline={"account_id": "$response.body#/0/partitionkey"})


@router.get("/events", operation_id="listEvents", responses=REFUSALS | _LEADS, response_class=CloudEvents)
async def list_events(
    core: At, _: Viewer, after: Annotated[int, Query(ge=0, le=SEQUENCE_MAX)] = 0, kind: Kind | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[CloudEvent]:  # fmt: skip
    """Events behind the sequence `after`, oldest first; the last one's sequence is where to read on.

    `data` is what the JSON Schema named by `dataschema` says.
    """
    wanted = kind.value if kind is not None else ""
    found = await core.database.run(lambda unit: unit.events.after(after, wanted, limit))
    return [CloudEvent.model_validate(event.cloud_event()) for event in found]
