"""Discounts that a ledger has booked with a payment: the platform has a credit note for each, and the ledger none."""

from harness.canon import Canon


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
