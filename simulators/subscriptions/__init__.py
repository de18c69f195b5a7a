"""The subscription platform: Chargebee API v2 (product catalog 2.0) with webhooks, event feed and Time Machine."""

from simulators.kit.system import Settings, System
from simulators.subscriptions.app import Subscriptions


def create(settings: Settings) -> System:
    """A simulated subscription platform that speaks Chargebee's API v2, product catalog 2.0."""
    return Subscriptions(settings)
