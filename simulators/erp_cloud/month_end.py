"""What the account does by itself when a month is over: it recognises revenue, if it is set up to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from simulators.erp_cloud.errors import Refused
from simulators.erp_cloud.moments import today
from simulators.erp_cloud.rules_revenue import following
from simulators.kit.fidelity import approximate
from simulators.kit.jobs import Job

if TYPE_CHECKING:
    from simulators.erp_cloud.app import ErpCloud

approximate(
    "monthly recognition",
    "preference `revenueRecognition` monthly: on the first of the month at 02:00 of the account's zone for the month "
    "before; a month that is locked by then is caught up with the next; manual (the default) waits for the act "
    "`recognize_revenue`",
    source="ours",
)

HOUR = 2


class MonthEnd:
    """The job that falls due with each month."""

    def __init__(self, system: ErpCloud) -> None:
        self._system = system
        system.jobs.handler("month_end", self._run)

    def plan(self) -> None:
        """Have the next one due, or none, as the preference says."""
        self._plan(self._system.clock.now())

    def _plan(self, now: float) -> None:
        wishes = self._system.state.preferences
        if wishes["revenueRecognition"] != "monthly":
            self._system.jobs.cancel("month_end")
            return
        zone = ZoneInfo(wishes["timezone"]) if wishes["timezone"] != "UTC" else UTC
        month = following(today(now, wishes["timezone"])[:7])
        due = datetime(int(month[:4]), int(month[5:7]), 1, HOUR, tzinfo=zone).timestamp()
        self._system.jobs.schedule(due, "month_end", {}, key="month_end")

    async def _run(self, job: Job) -> None:
        day = today(job.due, self._system.state.preferences["timezone"])
        year, month = int(day[:4]), int(day[5:7])
        over = f"{year - (month == 1)}-{(month - 2) % 12 + 1:02d}"
        try:
            self._system.records.recognize(over, job.due)
        except Refused:
            pass  # the month is shut: the next one catches up
        self._plan(job.due)
