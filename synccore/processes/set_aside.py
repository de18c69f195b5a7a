"""Signals whose event would not be of its type's shape: set aside for a person, told once they are; others go on.

The business work of such a signal has its own row, reads the truth itself and judges it; only the telling waits.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from synccore.domain.facts import fact
from synccore.domain.money import minor
from synccore.domain.payloads import Misshapen, present
from synccore.ports.stores import Unit

PROCESS = "event-telling"


def set_aside(unit: Unit, source: str, key: str, found: Misshapen, at: float) -> None:
    """Leave the telling of a stored signal to a person."""
    subject = f"{source}/{key}"
    unit.work.add(PROCESS, subject, subject, {"source": source, "key": key}, at, str(found))


def order_received(unit: Unit, content: Mapping[str, Any], key: str, at: float) -> None:
    """Tell a won deal, from what the sales system says of it. Raises Misshapen."""
    opportunity = str(content["Id"])
    currency = str(content.get("CurrencyIsoCode") or "USD")
    try:
        amount = minor(Decimal(str(content.get("Amount") or 0)), currency)
    except (ArithmeticError, ValueError) as error:
        raise Misshapen("order-received", "/amount", str(error)) from None
    data = present(
        opportunity=opportunity, name=content.get("Name"), amount=amount, currency=currency,
        closed_on=content.get("CloseDate") or None,
    )  # fmt: skip
    account = str(content.get("AccountId") or opportunity)
    unit.events.append(fact("order-received", "salesforce", opportunity, account, at, data, key))
