"""Reconciles the platform with its own record of what it once posted, instead of with the ledger's book."""

from synccore.bootstrap import Parts
from synccore.domain.books import BookDocument
from tests.broken import alter, stories

STORY = stories.drifted()
CAUGHT_BY = {"I15"}


def change(parts: Parts) -> Parts:
    def cloud(real):
        own = []

        async def create_invoice(posting):
            internal_id = await real.create_invoice(posting)
            tax = sum(line.tax for line in posting.lines)
            own.append(
                BookDocument(
                    internal_id, posting.number, "invoice", "US", posting.currency, posting.gross, posting.gross,
                    posting.gross - tax, tax, posting.on.isoformat(), posting.due.isoformat(),
                )
            )  # fmt: skip
            return internal_id

        async def book(names):
            found = await real.book(names)
            found.documents = list(own)
            return found

        return {"create_invoice": create_invoice, "book": book}

    return alter.adapter(parts, "cloud", cloud)
