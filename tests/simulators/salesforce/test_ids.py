"""Ids and their checksums, against ids that real orgs gave out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.salesforce.ids import BASE62, checksum, make_id, parse_id


@pytest.mark.parametrize(("short", "check"), [("0035500001H9kZu", "AAJ"), ("012000000000000", "AAA")])
def test_known_checksums(short: str, check: str):
    assert checksum(short) == check


@given(st.text(BASE62, min_size=15, max_size=15))
def test_every_spelling_of_an_id_leads_to_the_same(short: str):
    whole = short + checksum(short)
    assert parse_id(short) == parse_id(whole) == parse_id(whole.lower()) == parse_id(whole.upper()) == whole


@given(st.integers(0, 62**9 - 2))
def test_ids_sort_by_number(number: int):
    assert make_id("001", number) < make_id("001", number + 1)


@pytest.mark.parametrize(
    "text", ["", "x", "001Wt0000000001", None, 5, "001Wt000000000!", "001Wt0000000001ZZ9", "é" * 15]
)
def test_what_is_no_id(text: object):
    assert parse_id(text) == ("001Wt0000000001IAA" if text == "001Wt0000000001" else None)
