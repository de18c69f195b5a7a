"""The end of a subscription: its contract, schedules, usage terms and dates."""

from simulators.kit.store import Doc
from simulators.subscriptions import contracts, schedules, usage_rating
from simulators.subscriptions.answers import answer
from simulators.subscriptions.work import Work


def cancelled(work: Work, subscription: Doc, reason: str | None, at: int | None = None, **members: object) -> None:
    """The subscription ends now (or ended `at`), and a contract term that still runs with it."""
    contract = contracts.active(work, subscription)
    if contract is not None:
        contracts.end(work, subscription, contract, "terminated")
    schedules.stop(work, subscription)
    began = subscription["status"] not in ("future", "in_trial")
    subscription["status"], subscription["cancelled_at"] = "cancelled", work.at if at is None else at
    if began:
        usage_rating.over(work, subscription)
    if reason is not None:
        subscription["cancel_reason"] = reason
    for name in ("next_billing_at", "remaining_billing_cycles", "mrr", "cmrr", "_terms", "_billed_until", "pause_date"):
        subscription.pop(name, None)
    work.save("subscription", subscription)
    work.emit("subscription_cancelled", **answer(work, subscription, **members))
