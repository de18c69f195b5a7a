"""The seller's own product metering: what was consumed, as an HTTP feed and as a daily CSV that say the same."""

from simulators.kit.system import Settings
from simulators.metering.app import Metering

__all__ = ["Metering", "create"]


def create(settings: Settings) -> Metering:
    """The product metering: usage events by an HTTP feed and a daily CSV."""
    return Metering(settings)
