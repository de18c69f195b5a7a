"""How FORMAT() and toLabel() show a value (locale en_US), and what a record of any object is called."""

from datetime import date, datetime
from typing import Any, Literal

from simulators.kit.store import Doc
from simulators.salesforce.moments import localized
from simulators.salesforce.schemas import Field
from simulators.salesforce.soql.asking import Asking, Show


def formatting(item: Field, converted: Show) -> Show:
    """FORMAT(): money of another currency than the user's is followed by what it is in that one (`converted`)."""

    def show(value: Any, doc: Doc, asking: Asking) -> str | None:
        currency = doc.get("CurrencyIsoCode", "")
        text = formatted(item, value, currency, asking.zone)
        if text is None or item.type != "currency" or currency in ("", asking.currency):
            return text
        return f"{text} ({formatted(item, converted(value, doc, asking), asking.currency, asking.zone)})"

    return show


def formatted(item: Field, value: Any, currency: str, zone: str) -> str | None:
    """A value as a user in the United States sees it: moments by the user's clock, money with its currency's code."""
    if value is None:
        return None
    if item.type == "date":
        return _day(date.fromisoformat(value))
    if item.type == "datetime":
        moment = datetime.strptime(localized(value, zone) or value, "%Y-%m-%dT%H:%M:%S.%f%z")
        hour = moment.hour % 12 or 12
        return f"{_day(moment.date())}, {hour}:{moment.minute:02d} {'AM' if moment.hour < 12 else 'PM'}"
    if item.family != "number" or isinstance(value, bool):
        return str(value).lower() if isinstance(value, bool) else str(value)
    shown = f"{value:,.{item.scale if item.type != 'int' else 0}f}"
    if item.type == "currency":
        return f"{currency} {shown}" if currency else shown
    return f"{shown}%" if item.type == "percent" else shown


def _day(day: date) -> str:
    return f"{day.month}/{day.day}/{day.year}"


def labelled(item: Field) -> Show:
    """The label of a picklist's value."""
    labels = dict(item.labels)
    return lambda value, _doc, _asking: labels.get(value, value)


def named(what: Literal["Name", "Type"]) -> Show:
    """The name of a record of any object, or which object it is of."""

    def show(_value: Any, doc: Doc, asking: Asking) -> Any:
        spec = asking.schema.of_id(doc["Id"])
        if spec is None or what == "Type":
            return None if spec is None else spec.name
        return doc.get(spec.name_field.name) if spec.name_field else None

    return show
