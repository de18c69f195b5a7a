"""The whole comparison: deal -> contract -> bill -> posting -> receipt -> copy, then the tie-out lines. Pure."""

from synccore.domain.books import Names
from synccore.reconciliation import deals, documents, lines, moved, receipts, shadows, shares, usage
from synccore.reconciliation.matching import Books, Matching, Outcome
from synccore.reconciliation.reasons import Reasons
from synccore.reconciliation.words import SYSTEMS, finding


def compare(books: Books, names: Names, reasons: Reasons, now: float) -> Outcome:
    """Compare all books field by field and to the minor unit; there is no tolerance."""
    matching = Matching(books, names, reasons, now)
    for book in books.all():
        for record, problem in book.unread:
            cause = f"{record} in {SYSTEMS[book.system]} cannot be read: {problem}"
            matching.add(finding("unreadable", book.system, "record", record, "", "", 0, cause, now))
    deals.match(matching)
    moved.match(matching)
    documents.match(matching)
    shares.match(matching)
    receipts.match(matching)
    shadows.match(matching)
    lines.draw(matching)
    usage.match(matching)
    return matching.outcome
