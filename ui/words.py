"""How things are said to people in finance and sales: dates, states, amounts, systems, kinds of exceptions."""

from datetime import datetime
from typing import Any

STATES = ("open", "won", "contracted", "billed", "posted", "paid")
STATE_WORDS = {
    "open": "offered, not yet won",
    "won": "won, not yet contracted",
    "contracted": "contracted, not yet billed",
    "billed": "billed, not yet in the ledger",
    "posted": "in the ledger, waiting for payment",
    "paid": "paid in all books",
}
STATE_SHORT = {"open": "Offered", "won": "Won", "contracted": "Contracted", "billed": "Billed", "posted": "Posted",
               "paid": "Paid"}  # fmt: skip
SYSTEM_COLOURS = {
    "people": "violet", "core": "gray", "salesforce": "blue", "subscriptions": "orange", "erp_cloud": "green",
    "erp_legacy": "red", "metering": "primary",
}  # fmt: skip
EXCEPTION_WORDS = {
    "missing_tax_profile": "The tax profile is not complete",
    "unmapped_item": "A product is not mapped",
    "erp_item_missing": "The ledger lacks an item",
    "price_missing": "A price is missing on the platform",
    "unknown_entity": "The selling entity is not known",
    "entity_mismatch": "Deal and selling entity do not fit",
    "deal_incomplete": "The deal is incomplete",
    "schema_drift": "A system's records have changed",
    "usage_late": "Usage came after its bill was closed",
    "closed_period": "The posting period is closed",
    "rejected": "A system refused the record",
    "rounding_unmapped": "A rounding difference has no item",
}
IDENTITY_WORDS = {
    "won = contracted": "What was won is contracted",
    "contract = billed + to come": "Contracts are billed or to be billed",
    "used = rated": "What was used is rated",
    "billed = posted": "What was billed is posted",
    "open bills = receivables": "Open bills are the receivables",
    "receipts agree": "Receipts agree",
    "Salesforce shows what is open": "Salesforce shows what is open",
}
OUTCOME_WORDS = {
    "holds": "It holds: the books agree, nothing is unexplained.",
    "broken": "It is broken: see below what does not hold.",
    "unknown": "Nobody can tell: something was not seen, so it is not called good.",
}


def when(iso: str, clock: bool = True) -> str:
    """Mon 5 Jan 2026, 09:00 (business time, UTC)."""
    at = datetime.fromisoformat(iso)
    day = f"{at:%a} {at.day} {at:%b %Y}"
    return f"{day}, {at:%H:%M}" if clock else day


def day(iso: str) -> str:
    """Mon 5 Jan 2026."""
    return when(iso, clock=False)


def sentence(text: str) -> str:
    """With a capital letter and a full stop."""
    text = text.strip()
    return text if not text else f"{text[:1].upper()}{text[1:]}{'' if text[-1] in '.!?:' else '.'}"


def exception_title(kind: str) -> str:
    """What is wrong, in a few words."""
    return EXCEPTION_WORDS.get(kind, sentence(kind.replace("_", " ")).rstrip("."))


def safe(text: Any) -> str:
    """Text that Markdown shows as it is."""
    shown = str(text)
    for mark in ("\\", "`", "*", "_", "[", "]", "<", "|", "$", "~", "#"):
        shown = shown.replace(mark, f"\\{mark}")
    return shown.replace(":", "\\:").replace("\n", " ")


def slug(name: str) -> str:
    """A name as stories write it: Hudson Analytics -> hudson-analytics."""
    kept = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name.lower())
    return "-".join(part for part in kept.split("-") if part)[:40] or "customer"


def table(head: list[str], rows: list[list[str]], right: set[int] = frozenset()) -> str:  # type: ignore[assignment]
    """A Markdown table; cells are Markdown already, `right` are columns of amounts."""
    rule = ["---:" if number in right else "---" for number in range(len(head))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))
