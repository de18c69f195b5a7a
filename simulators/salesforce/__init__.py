"""The Salesforce stand-in: OAuth, sObject records, SOQL, the composite family and Bulk 2.0 over a seeded org."""

from simulators.kit.system import Settings, System
from simulators.salesforce.app import Salesforce
from simulators.salesforce.assertions import PRIVATE_KEY
from simulators.salesforce.events.pubsub import SERVICE, PubSub
from simulators.salesforce.events.refusals import Failed

__all__ = ["PRIVATE_KEY", "SERVICE", "Failed", "PubSub", "create"]


def create(settings: Settings) -> System:
    """A Salesforce org of its own, empty but for what every org is born with."""
    return Salesforce(settings)
