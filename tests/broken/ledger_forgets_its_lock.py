"""The cloud ERP takes whatever is posted into a month that finance has closed."""

from tests.broken import alter, recoveries

STORY = recoveries.closed_month()
CAUGHT_BY = {"I29"}


def lie(hangar):
    return alter.member(
        hangar.systems["erp_cloud"].records._revenue.posting, "_touch", lambda _real: lambda *_given: None
    )
