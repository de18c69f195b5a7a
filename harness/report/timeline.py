"""From the stream of events to what a person calls the timeline: people's acts and what they led to in each system."""

from collections.abc import Iterable
from dataclasses import dataclass

from harness.events import RunEvent

# What counts as a moment: (system, table) of a row that a system inserted -> how it is told.
INSERTS = {
    ("subscriptions", "customer"): "customer {key} created",
    ("subscriptions", "subscription"): "subscription {key} activated",
    ("subscriptions", "invoice"): "bill {key} issued",
    ("subscriptions", "credit_note"): "credit note {key} issued",
    ("subscriptions", "transaction"): "payment {key} recorded",
    ("salesforce", "Contract"): "contract written back",
    ("salesforce", "Invoice__c"): "invoice written back",
    ("salesforce", "Payment__c"): "payment written back",
    ("metering", "event"): "usage {key} recorded",
    ("erp_cloud", "customer"): "customer {key} created",
    ("erp_cloud", "transaction"): "document {key} posted",
    ("erp_legacy", "kna1"): "customer {key} created",
    ("erp_legacy", "bkpf"): "document {key} posted",
}
DRAFT = "draft_"  # how the platform begins the id of a bill that is still pending: nothing has been issued yet
TOLD_STEPS = frozenset(("settle", "advance", "expect"))  # steps that are not acts of a person


@dataclass(frozen=True)
class Moment:
    """Something that happened at business time `at`."""

    at: float
    where: str
    what: str


def timeline(events: Iterable[RunEvent]) -> list[Moment]:
    """In order of business time; what happened at one time stays in the order in which it was seen."""
    moments: list[Moment] = []
    for event in events:
        facts = event.facts
        if event.kind == "step" and facts["state"] == "done" and facts["verb"] not in TOLD_STEPS:
            moments.append(Moment(event.at, "people", facts["said"]))
        elif event.kind == "change" and facts.get("action") == "insert":
            words = INSERTS.get((facts.get("system", ""), facts.get("table", "")))
            if words is not None and str(facts["key"]).startswith(DRAFT):
                words = "bill drafted ({key})"
            if words is not None:
                moments.append(Moment(event.at, facts["system"], words.format(key=facts["key"])))
        elif event.kind == "crash":
            moments.append(Moment(event.at, "core", facts["said"]))
    return sorted(moments, key=lambda one: one.at)
