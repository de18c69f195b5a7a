"""Vendors' JSON is read with exact numbers, whichever of the two readers it takes."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synccore.systems.client import parse, render

NUMBERS = st.integers(-(10**25), 10**25) | st.decimals(allow_nan=False, allow_infinity=False, places=3)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"", None), (b'{"a": 12.50}', {"a": Decimal("12.50")}), (b'{"a":12,"b":"x"}', {"a": 12, "b": "x"}),
        (b"[1e3]", [Decimal("1e3")]), (b"[1E3]", [Decimal("1e3")]), (b"[18446744073709551616]", [18446744073709551616]),
        (b'["2026-01-05T09:00:00.000+0000", 7]', ["2026-01-05T09:00:00.000+0000", 7]), (b'"\\ud800"', "\ud800"),
        (b'{"a":1,"a":2}', {"a": 2}),
        (b'["/v60.0/q", "09:00:00.000+0000", 0.30]', ["/v60.0/q", "09:00:00.000+0000", Decimal("0.30")]),
    ],
)  # fmt: skip
def test_numbers_are_exact(body: bytes, value: Any) -> None:
    found = parse(body)
    assert (found, type(found)) == (value, type(value))
    if isinstance(value, list | dict):
        assert str(found) == str(value), "an amount has the digits that it came with"


@pytest.mark.parametrize("body", [b"<html>", b"{", b"\xff", b'{"a":}', b"[1,]", b"1 2"])
def test_what_is_no_json_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError):
        parse(body)


@given(VALUES)
def test_both_readers_agree(value: Any) -> None:
    def exact(one: Any) -> Any:
        return int(one) if isinstance(one, Decimal) and one == one.to_integral_value() else str(one)

    body = json.dumps(value, default=exact).encode()
    assert parse(body) == json.loads(body, parse_float=Decimal)
    assert parse(render({"amount": Decimal("7.10")})) == {"amount": Decimal("7.10")}
