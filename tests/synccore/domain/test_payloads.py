"""What an event may carry: the right members of the right kind, and nothing else is ever told."""

from typing import Any

import pytest

from synccore.domain.facts import fact
from synccore.domain.payloads import EVENT_TYPES, Misshapen

BILL = {"invoice": "US-1", "gross": 100, "currency": "USD"}


def told(kind: str, data: dict[str, Any]) -> Any:
    return fact(kind, "subscriptions", "US-1", "acc", 5.0, data)


def test_what_has_its_types_shape_is_told_with_its_version() -> None:
    event = told("invoice-issued", BILL)
    assert (event.data, event.version) == (BILL, EVENT_TYPES["invoice-issued"].version)
    assert event.cloud_event()["dataschema"] == "urn:windtunnel:event:invoice-issued:1"


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        ({"invoice": "US-1", "currency": "USD"}, "/gross"),
        (BILL | {"gross": "100"}, "/gross"),
        (BILL | {"gross": 100.0}, "/gross"),
        (BILL | {"gross": None}, "/gross"),
        (BILL | {"currency": "usd"}, "/currency"),
        (BILL | {"total": 100}, "/total"),
        (BILL | {"due_at": -1}, "/due_at"),
        (BILL | {"invoice": ""}, "/invoice"),
    ],
)
def test_what_has_not_is_refused_with_its_place(data: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Misshapen) as refused:
        told("invoice-issued", data)
    assert (refused.value.kind, refused.value.pointer) == ("invoice-issued", pointer)


def test_a_type_without_a_payload_says_where_to_declare_it() -> None:
    with pytest.raises(LookupError, match=r"synccore/domain/payloads\.py"):
        told("weather-changed", {})
