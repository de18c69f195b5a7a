"""The adapters: each vendor's protocol, spoken in business values, with one way to call and to fail."""

from collections.abc import Callable
from dataclasses import dataclass

from synccore.domain.drift import FieldMaps
from synccore.ports.chance import Chance
from synccore.ports.clock import Clock
from synccore.ports.feed import Feed
from synccore.ports.files import FileDrop
from synccore.ports.streams import Channel
from synccore.ports.systems import CloudErp, LegacyErp, Platform, Salesforce
from synccore.ports.transport import Transport
from synccore.ports.usage import Metering
from synccore.systems.client import OnCall
from synccore.systems.credentials import SystemsAccess
from synccore.systems.erp_cloud import CloudErpAdapter
from synccore.systems.erp_legacy import LegacyErpAdapter
from synccore.systems.eventbus.feed import SalesforceFeed
from synccore.systems.metering import MeteringAdapter
from synccore.systems.salesforce import CLIENT, SalesforceAdapter
from synccore.systems.subscriptions import SubscriptionsAdapter

__all__ = ["Adapters", "adapters"]


@dataclass(frozen=True)
class Adapters:
    """One adapter a system; an ERP or a metering that the deployment lacks is None."""

    salesforce: Salesforce
    platform: Platform
    cloud: CloudErp | None
    legacy: LegacyErp | None
    metering: Metering | None = None
    feed: Feed | None = None  # the sales system's changes as they happen


def _nothing() -> None:
    return None


def adapters(
    access: SystemsAccess, transport: Transport, files: FileDrop | None, clock: Clock, chance: Chance,
    on_call: OnCall | None = None, fields: FieldMaps | None = None, channel: Channel | None = None,
    arrived: Callable[[], None] = _nothing,
) -> Adapters:  # fmt: skip
    """Build them. `on_call(system, operation, outcome)` hears every call: a status, not_sent or no_answer.

    `arrived` is called when the sales system has told something over `channel`; without one there is no feed.
    """
    width, timeout = access.concurrency, access.timeout_s
    cloud, legacy, metering = access.erp_cloud, access.erp_legacy, access.metering
    sales = SalesforceAdapter(access.salesforce, transport, clock, width["salesforce"], timeout, on_call, fields)
    return Adapters(
        sales,
        SubscriptionsAdapter(access.subscriptions, transport, clock, width["subscriptions"], timeout, on_call, fields),
        CloudErpAdapter(cloud, transport, clock, chance, width["erp_cloud"], timeout, on_call, fields)
        if cloud
        else None,
        LegacyErpAdapter(legacy, files, clock, on_call) if legacy and files is not None else None,
        MeteringAdapter(metering, transport, clock, width["metering"], timeout, on_call) if metering else None,
        None if channel is None else SalesforceFeed(
            access.salesforce.topics, access.salesforce.url, channel, sales.dialect.tokens, clock, CLIENT,
            fields or FieldMaps(), timeout, arrived, on_call,
        ),
    )  # fmt: skip
