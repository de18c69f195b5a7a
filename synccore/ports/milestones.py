"""Projects as the sales system has them: the parts of a deal's work that are billed one by one."""

from typing import Protocol

from synccore.domain.deals import Milestone
from synccore.ports.rows import Row


class Milestones(Protocol):
    """What is read of them."""

    async def milestones(self, opportunity_id: str) -> list[Milestone]:
        """All milestones of a deal, by id."""
        ...

    async def changed_milestones(self, since: str) -> list[Row]:
        """Milestones changed at or after the stamp ('' = all), oldest first, under the accounts of their deals."""
        ...
