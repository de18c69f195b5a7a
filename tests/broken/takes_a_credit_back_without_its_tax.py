"""Takes a voided credit note back by an invoice without its tax: the ledger balances, too little tax is declared."""

from dataclasses import replace

from synccore.bootstrap import Parts
from tests.broken import alter, leaves_a_voided_credit

STORY = leaves_a_voided_credit.STORY
CAUGHT_BY = {"I30"}


def change(parts: Parts) -> Parts:
    def cloud(real):
        async def create_invoice(posting):
            if posting.external_id.startswith("CBCNV-"):
                first, *rest = (replace(line, tax=0, untaxed=True) for line in posting.lines)
                gone = sum(line.tax for line in posting.lines)
                posting = replace(posting, lines=(replace(first, net=first.net + gone), *rest))
            return await real.create_invoice(posting)

        return {"create_invoice": create_invoice}

    return alter.adapter(parts, "cloud", cloud)
