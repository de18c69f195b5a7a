"""Carries an open item with its revenue and tax, which the old ledger has declared."""

from dataclasses import replace

from synccore.bootstrap import Parts
from tests.broken import alter, recoveries

STORY = recoveries.items_moved()
CAUGHT_BY = {"I8"}


def change(parts: Parts) -> Parts:
    def members(real):
        async def create_invoice(posting):
            if posting.external_id.startswith("CBMIG-"):
                net = posting.gross * 100 // 109
                taxed = {"net": net, "tax": posting.gross - net, "rate": "9", "untaxed": False}
                code = {"item": "SVC-ONBOARD", "code": "SG-GST-9", "tax_type": "SG GST"}
                posting = replace(posting, lines=(replace(posting.lines[0], **taxed, **code),))
            return await real.create_invoice(posting)

        return {"create_invoice": create_invoice}

    return alter.adapter(parts, "cloud", members)
