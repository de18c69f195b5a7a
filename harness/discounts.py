"""What customers do not pay and nobody asks for any more: discounts booked with a payment, and fees without tax."""

from harness.canon import Canon, Document


def given_up_untaxed(note: Document, posting: Document) -> bool:
    """May a ledger's document for what was given up be without tax? All of it is then an expense, or a tax withheld:
    the platform knows but credit notes with their share of tax.
    """
    return note.reason == "write_off" and posting.system.startswith("erp") and (
        posting.tax == 0 and posting.net == posting.gross == note.gross)  # fmt: skip


def booked_with_payments(canon: Canon) -> dict[str, str]:
    """Credit note -> the receipt whose discount it is: of just its amount, in the payment of its own bill."""
    found: dict[str, str] = {}
    posted = {one.key for one in canon.postings() if one.kind == "credit"}
    notes = [one for one in canon.bills() if one.kind == "credit" and one.reason == "write_off"]
    for receipt in canon.receipts_of("erp_cloud", "erp_legacy"):
        paid = {number for number, _ in receipt.applied}
        fits = (one.key for one in notes if receipt.discount and one.gross == receipt.discount and one.of in paid
                and one.key not in posted and one.key not in found)  # fmt: skip
        note = next(fits, "")
        if note:
            found[note] = receipt.key
    return found
