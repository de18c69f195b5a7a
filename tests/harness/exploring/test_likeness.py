"""I20: what a disturbed run may not differ in from the calm one, and what it may."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from harness.canon import Canon, Document
from harness.exploring import explore, points_of
from harness.exploring.likeness import likeness, unlike
from harness.simulation import fly
from harness.simulation.flight_plan import Change
from synccore.bootstrap import Parts
from synccore.ports.postings import Posting
from tests.broken import alter
from tests.broken.stories import card

STORY = card()


@pytest.fixture(scope="module")
def canon() -> Canon:
    evidence = fly(STORY, "1", replay=False)[0].evidence
    assert evidence is not None
    return evidence.canon


def edited(canon: Canon, change: Callable[[Document], Document], system: str) -> Canon:
    """The same books with one document of a system changed."""
    first = next(one for one in canon.documents if one.system == system)
    return replace(canon, documents=[change(one) if one is first else one for one in canon.documents])


@pytest.mark.parametrize("system", ["subscriptions", "erp_cloud", "salesforce"])
@pytest.mark.parametrize(
    "change",
    [
        lambda one: replace(one, gross=one.gross + 1),
        lambda one: replace(one, open=one.open + 1),
        lambda one: replace(one, date="2026-01-06"),
        lambda one: replace(one, account="001000000000009AAA"),
        lambda one: replace(one, deal="006000000000009AAA"),
    ],
)
def test_a_document_that_differs_is_told(canon: Canon, system: str, change: Callable[[Document], Document]) -> None:
    calm = likeness(canon)
    assert unlike(calm, calm) == []
    found = unlike(calm, likeness(edited(canon, change, system)))
    assert any(text.startswith("I20 only the calm run has") for text in found), found
    assert any(text.startswith("I20 the calm run has no") for text in found), found


def test_a_missing_payment_and_a_second_one_are_told(canon: Canon) -> None:
    calm = likeness(canon)
    assert unlike(calm, likeness(replace(canon, receipts=canon.receipts[1:])))[0].startswith("I20 only the calm run")
    twice = unlike(calm, likeness(replace(canon, receipts=[*canon.receipts, canon.receipts[0]])))
    assert len(twice) == 1 and twice[0].startswith("I20 the calm run has no payment")


def test_names_that_depend_on_what_came_first_may_differ(canon: Canon) -> None:
    def other(number: str) -> str:
        return f"other-{number}" if number else ""

    documents = [
        replace(one, key=other(one.key), of=other(one.of), id=f"{one.id}9",
                applied=tuple((other(number), amount) for number, amount in one.applied))
        for one in canon.documents
    ]  # fmt: skip
    receipts = [
        replace(one, id=f"{one.id}9", applied=tuple((other(number), amount) for number, amount in one.applied))
        for one in canon.receipts
    ]
    assert unlike(likeness(canon), likeness(replace(canon, documents=documents, receipts=receipts))) == []


def dates_late_after(starts: int) -> Change:
    """A core that dates what it posts a day late once it was started so often: no book contradicts another for it."""
    begun: list[Parts] = []

    def change(parts: Parts) -> Parts:
        begun.append(parts)
        days = timedelta(days=int(len(begun) > starts))

        def cloud(real: Any) -> dict[str, Any]:
            async def create_invoice(posting: Posting) -> str:
                return str(await real.create_invoice(replace(posting, on=posting.on + days)))

            return {"create_invoice": create_invoice}

        return alter.adapter(parts, "cloud", cloud)

    return change


def test_a_core_that_dates_its_postings_otherwise_after_a_crash_is_convicted() -> None:
    """Two starts: of the calm run, and of the one that the crash branches off."""
    sent = "send POST /services/rest/record/v1/invoice"
    crashes = [one for one in points_of(STORY, "1", "crashes") if one.what == sent]
    assert len(crashes) == 1
    assert explore(STORY, only=crashes, change=dates_late_after(9)).outcome == "holds"
    wrong = explore(STORY, only=crashes, change=dates_late_after(2))
    assert wrong.outcome == "broken"
    assert any(text.startswith("I20 the calm run has no invoice erp_cloud") for text in wrong.judged[0].findings)
