"""A customer's story: everything that happened, and what is open."""

from typing import Annotated

from fastapi import APIRouter, Path

from synccore.experience.access import REFUSALS, At, Viewer
from synccore.experience.models import ExceptionView, Timeline, TimelineEntry, WorkView
from synccore.experience.problem import Problem, declared
from synccore.experience.strict import StrictRoute
from synccore.ports.stores import Unit

router = APIRouter(tags=["customers"], route_class=StrictRoute)

AccountId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.-]{1,80}$", description="the Salesforce account id")]


@router.get("/customers/{account_id}/timeline", operation_id="getTimeline", responses=REFUSALS | declared(404))
async def timeline(core: At, _: Viewer, account_id: AccountId) -> Timeline:
    """All canonical events of a customer, oldest first, its work and its exceptions."""

    def read(unit: Unit) -> Timeline:
        return Timeline(
            account_id=account_id,
            entries=[
                TimelineEntry(
                    at=event.time, what=event.type, source=event.source, id=event.id, subject=event.subject,
                    sequence=event.sequence, data=event.data,
                )
                for event in unit.events.of_partition(account_id)
            ],
            work=[WorkView.of(item) for item in unit.work.of_key(account_id)],
            exceptions=[ExceptionView.of(found) for found in unit.exceptions.of_partition(account_id)],
        )  # fmt: skip

    found = await core.database.run(read)
    if not (found.entries or found.work or found.exceptions):
        raise Problem(404, f"nothing is known of customer {account_id}")
    return found
