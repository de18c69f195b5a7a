"""What the ledgers declare as tax, by the core's own knowledge: the platform's bills, and which ledger has posted each.

A document is declared once, in the ledger that posted it first and in the month of its tax point; a voided one is given
back on the day of the void by the ledger that took it back. An open item that moved, and the book of a dual run,
declare nothing. What was given up is booked by policy with or without its share of tax, so it is named and not added.
"""

from collections import defaultdict
from collections.abc import Iterable

from synccore.domain.books import Book, BookDocument
from synccore.domain.keys import Keys
from synccore.ports.reports import TaxReport, TaxTotal
from synccore.ports.stores import Unit

LEDGERS = ("erp_legacy", "erp_cloud")  # an entity moves from the first to the second, which then knows the bill too


def declared(unit: Unit, keys: Keys, platform: Book, at: float) -> TaxReport:
    """The report over a platform's book; `unit` tells which document each ledger has given a number to."""
    sums: dict[tuple[str, str, str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    not_posted, given_up = [], []
    for one in _issued(platform.documents):
        ledger = _posted_by(unit, one)
        if one.given_up:
            given_up.append(one.number)
        elif not ledger:
            if one.status != "voided":
                not_posted.append(one.number)
        else:
            sign = 1 if one.kind == "invoice" else -1
            _add(sums, one, ledger, one.on or "", sign)
            if one.status == "voided" and (back := _taken_back_by(unit, keys, one)):
                _add(sums, one, back, one.voided_on, -sign)
    totals = tuple(TaxTotal(*place, *found) for place, found in sorted(sums.items()))
    return TaxReport(at, totals, tuple(sorted(not_posted)), tuple(sorted(given_up)))


def _issued(documents: Iterable[BookDocument]) -> list[BookDocument]:
    return [one for one in documents if one.status != "pending" and (one.net or one.tax)]


def _posted_by(unit: Unit, one: BookDocument) -> str:
    return next((name for name in LEDGERS if unit.links.external(one.kind, one.number, name) is not None), "")


def _taken_back_by(unit: Unit, keys: Keys, one: BookDocument) -> str:
    external = keys.erp_void(one.number) if one.kind == "invoice" else keys.erp_credit_void(one.number)
    writes = {"erp_legacy": keys.effect("erp_legacy", "document", f"{one.number}/void"),
              "erp_cloud": keys.effect("erp_cloud", "void", external)}  # fmt: skip
    known = ((name, unit.effects.get(key)) for name, key in writes.items())
    return next((name for name, effect in known if effect is not None and effect.state == "applied"), "")


def _add(
    sums: dict[tuple[str, str, str, str], list[int]], one: BookDocument, ledger: str, day: str, sign: int
) -> None:  # fmt: skip
    found = sums[one.entity, day[:7], ledger, one.currency]
    for place, amount in enumerate((1, sign * (one.net or 0), sign * (one.tax or 0))):
        found[place] += amount
