"""A nightly reconciliation that dies half-way, or meets a book that nobody opens, is made anew and is true (F34)."""

import re

from harness.exploring import explore, points_of
from tests.broken.stories import LAKESIDE, LINES, story

NIGHT = "genesis: 2026-01-05T12:00:00Z\nmappings: {policies: {reconciliation: {at: '02:00', zone: UTC}}}"
STORY = story(
    "nightly", "customer: " + LAKESIDE, f"deal: {{id: lake-1, customer: lake, lines: {LINES}}}", "close: lake-1",
    "settle", "transfer: lake-1", "advance: 15h", "settle", head=NIGHT,
    expect="expect: {exceptions: [], dead_letters: 0, tie_out: holds, reconciliation: {breaks: []}}",
)  # fmt: skip
BOOKS = re.compile(r"queryAll|GET /api/v2/(customers|credit_notes)|suiteql|file (list|read)|exports|usages")


def test_a_nightly_reconciliation_is_broken_off_anywhere() -> None:
    crashes = [point for point in points_of(STORY, "1", "crashes") if BOOKS.search(point.what)][5::17]
    calls = [point for point in points_of(STORY, "1", "calls") if BOOKS.search(point.what)]
    refused = [point for point in calls if point.outcome in ("server_error_before", "truncated_body")][3::17]
    assert len(crashes) > 4 and len(refused) > 4
    explored = explore(STORY, only=[*crashes, *refused])
    assert explored.outcome == "holds", explored.failed
