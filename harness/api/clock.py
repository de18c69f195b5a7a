"""Business time, and what falls due next, in words."""

from typing import Any

from harness.api.deals import tag
from harness.api.sandbox import Sandbox
from harness.scenario.values import iso
from harness.world import Unreachable

DUE_MAX = 40
# A job's kind in a system -> what it means for the business. What stands alone is told by its own name.
JOBS = {
    ("subscriptions", "deliver"): "the platform announces an event to the core",
    ("subscriptions", "invoice_due"): "bill {id} falls due for payment",
    ("subscriptions", "dunning"): "the platform tries again to collect bill {id}",
    ("subscriptions", "start"): "subscription {id} starts",
    ("subscriptions", "usage_term"): "a month of usage ends and is rated",
    ("subscriptions", "usage_close"): "a bill for usage is closed",
    ("subscriptions", "scheduled_change"): "a change of subscription {id} takes effect",
    ("subscriptions", "term_end"): "the contract term of subscription {id} ends",
    ("subscriptions", "late_failure"): "payment {id} bounces",
    ("erp_legacy", "window"): "the legacy ERP's nightly batch window opens",
    ("erp_legacy", "batch"): "the legacy ERP goes on with its nightly batch",
}
TITLES = {"salesforce": "Salesforce", "subscriptions": "Subscription platform", "erp_cloud": "Cloud ERP",
          "erp_legacy": "Legacy ERP", "metering": "Metering"}  # fmt: skip


async def show(sandbox: Sandbox) -> dict[str, Any]:
    """Now, and what falls due, soonest first."""
    await sandbox.world.read_time()
    due: list[dict[str, Any]] = []
    names = {offer.opportunity_id: offer.id for offer in sandbox.stage.offers.values()}
    for system in sandbox.systems:
        jobs = await sandbox.world.control(system, "GET", f"/_control/jobs?limit={DUE_MAX}")
        due += [_job(system, job, names) for job in jobs]
    due += await _core_work(sandbox)
    due.sort(key=lambda one: one["at"])
    now = sandbox.world.now()
    return {"now": iso(now), "due": due[:DUE_MAX], "etag": tag(round(sandbox.world.offset_s, 3))}


def _job(system: str, job: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    kind = str(job["kind"])
    words = JOBS.get((system, kind), f"{kind.replace('_', ' ')} {job['key'] or ''}".strip())
    payload = job["payload"] if isinstance(job["payload"], dict) else {}
    subject = str(payload.get("id") or job["key"] or "")
    deal = names.get(subject.removeprefix("sub-"))  # our own core names a subscription by its opportunity
    said = words.format(id=f"of deal {deal}" if deal else subject)
    return {"at": iso(job["due"]), "where": TITLES.get(system, system), "what": said}


async def _core_work(sandbox: Sandbox) -> list[dict[str, Any]]:
    try:
        status, report = await sandbox.world.core("GET", "/work")
    except Unreachable:
        return []
    if status != 200:
        return []
    return [
        {"at": iso(item["due_at"]), "where": "Sync core", "what": f"{item['process'].replace('-', ' ')} goes on"}
        for item in report["open"]
        if item["state"] == "due" and item["due_at"] > report["now"]
    ]
