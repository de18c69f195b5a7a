"""Books of many companies with breaks planted among them at random: how many are found, and how many invented."""

import dataclasses
import os
from collections import Counter
from random import Random
from typing import Any

import pytest

from synccore.domain.books import Book
from synccore.reconciliation.compare import compare
from synccore.reconciliation.matching import Books
from synccore.reconciliation.reasons import Reasons
from tests.synccore.reconciliation.books import NAMES, NOW, A, B, agreeing
from tests.synccore.reconciliation.test_compare import EDITS

COMPANIES = int(os.environ.get("WINDTUNNEL_COMPANIES", "120"))  # each with bills, receipts, copies in four systems
NAMED = ("US-1", "US-2", "US-9", "SG-1", "txn_1", "txn_2", "txn_3", "NS-77", "JE-5", "SG01-2026-18", "900", "901",
         "800", "transaction 5", "0000900001", "Acme", "ACME", "Bee", "a1", "a2", "70", "77", "X", "US-7",
         "US-8")  # fmt: skip
Found = tuple[str, str, str, int]


def renamed(value: Any, number: int) -> Any:
    """The same of another company: every record has a name of its own."""
    if isinstance(value, str) and "/" in value:  # the key of a share: a bill's and a contract's
        return "/".join(renamed(part, number) for part in value.split("/"))
    if isinstance(value, str):
        for account in (A, B):
            value = value.replace(account, f"{account[:5]}{number:09d}{account[14:]}")
        for name in sorted(NAMED, key=len, reverse=True):
            if value == name or value.removeprefix("CB:") == name or value.removeprefix("journal ") == name:
                return f"{value}{number:06d}"
            for prefix in ("006", "sub-006", "deal "):
                if value == prefix + name:
                    return f"{value}{number:06d}"
        return value
    if isinstance(value, tuple | list):
        return type(value)(renamed(one, number) for one in value)
    if isinstance(value, dict):
        return {renamed(key, number): renamed(one, number) for key, one in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.replace(
            value, **{one.name: renamed(getattr(value, one.name), number) for one in dataclasses.fields(value)
                      if one.name not in ("entity", "currency", "kind", "status", "on", "due", "system")}
        )  # fmt: skip
    return value


def merge(into: Book, other: Book) -> None:
    for one in dataclasses.fields(Book):
        mine, theirs = getattr(into, one.name), getattr(other, one.name)
        if isinstance(mine, list):
            mine += theirs
        elif isinstance(mine, dict):
            mine.update(theirs)


def planted(seed: int) -> tuple[Books, Counter[Found]]:
    """Books of many companies, a third of them edited, and every break that must be found."""
    chance = Random(seed)
    whole = Books(Book("salesforce"), Book("subscriptions"), {name: Book(name) for name in ("erp_cloud", "erp_legacy")})
    expected: Counter[Found] = Counter()
    for number in range(COMPANIES):
        books = agreeing()
        _, edit, breaks = chance.choice(EDITS[1:]) if chance.random() < 1 / 3 else EDITS[0]
        edit(books)
        expected.update((code, system, renamed(name, number), amount) for code, system, name, amount in breaks)
        for book in books.all():
            merge(whole.of(book.system), renamed(book, number))
    return whole, expected


@pytest.mark.parametrize("seed", range(5))
def test_every_planted_break_is_found_and_none_is_invented(seed: int) -> None:
    books, expected = planted(seed)
    outcome = compare(books, NAMES, Reasons(), NOW)
    found = Counter((one.code, one.system, one.document, one.amount) for one in outcome.breaks)
    right = (found & expected).total()
    assert expected.total() >= COMPANIES / 5
    assert right / expected.total() == 1.0, ("recall", expected - found)
    assert right / found.total() == 1.0, ("precision", found - expected)


def test_a_comparison_that_overlooks_or_invents_would_be_seen() -> None:
    books, expected = planted(0)
    untouched, _ = planted(1)
    found = Counter((one.code, one.system, one.document, one.amount)
                    for one in compare(untouched, NAMES, Reasons(), NOW).breaks)  # fmt: skip
    assert found - expected and expected - found
    assert books.of("salesforce").documents
