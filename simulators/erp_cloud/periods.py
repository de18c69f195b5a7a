"""Writing accounting periods: locks and closing, by who manages them and in the order of the checklist."""

from typing import Any

from simulators.erp_cloud.errors import Refused, not_permitted
from simulators.erp_cloud.moments import today
from simulators.erp_cloud.posting import Writing, insist
from simulators.erp_cloud.rules_periods import may_set
from simulators.erp_cloud.state import State

Doc = dict[str, Any]

FLAGS = ("arLocked", "apLocked", "allLocked", "closed", "allowNonGLChanges")


class Periods:
    """The keeper of accounting periods: the calendar is the seed's, what may be posted is the controller's."""

    def __init__(self, state: State) -> None:
        self.state = state

    def write(self, doc: Doc, writing: Writing) -> None:
        """Change the flags of a month; Refused for a role that does not manage periods, and out of order."""
        before = writing.before or {}
        if not writing.role.manage_periods:
            raise Refused(not_permitted(writing.record.name))
        doc |= {name: bool(doc.get(name)) for name in FLAGS}
        insist(may_set(before, doc, self.state.months()))
        if doc["closed"] != bool(before.get("closed")):
            doc["closedOnDate"] = today(writing.at, self.state.preferences["timezone"]) if doc["closed"] else None
        self.state.save("accountingPeriod", doc)

    def delete(self, doc: Doc, writing: Writing) -> None:
        """Never asked: the table of records says that periods cannot be deleted."""
