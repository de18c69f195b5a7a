"""What the codes of a break mean for people: the sentence, whose it is, and what to do about it."""

from synccore.ports.reports import Break, Code, Difference

SYSTEMS = {
    "salesforce": "Salesforce", "subscriptions": "the subscription platform", "erp_cloud": "the cloud ERP",
    "erp_legacy": "the legacy ERP",
}  # fmt: skip
ACTIONS: dict[Code, tuple[str, str]] = {
    # code: (owner, suggested action)
    "missing": ("integration", "replay what should have brought it: POST /replay with its key"),
    "deleted": ("finance", "ask who deleted it; a fact is restored, or corrected by a credit and a new bill"),
    "reversed": ("finance", "ask who reversed it; post it again, or credit the bill in the platform"),
    "extra": ("finance", "find out where it comes from; reverse it there, or let it be born where it belongs"),
    "duplicate": ("finance", "reverse the copies but one by a business transaction"),
    "edited": ("finance", "undo the edit there; a correction is made where the record was born"),
    "amount_differs": ("finance", "compare the two records; correct by credit and rebill"),
    "field_differs": ("integration", "compare the two records and the mapping between them"),
    "status_stale": ("integration", "write the present state back: replay the bill"),
    "allocation_differs": ("finance", "apply the payment to the same bills in both books"),
    "customer_missing": ("integration", "replay the account's last change"),
    "customer_duplicate": ("finance", "merge the customers in that system, keep the one with our key"),
    "overdue": ("integration", "its reconciling item is older than the bound of its channel: see the core's open work"),
    "unreadable": ("integration", "the record does not fit its contract: correct it there, or the mapping"),
    "unexplained": ("integration", "the books differ in sum and not in any document: compare them by hand"),
}


def finding(
    code: Code, system: str, kind: str, document: str, entity: str, currency: str, amount: int, cause: str,
    since: float, fields: tuple[Difference, ...] = (),
) -> Break:  # fmt: skip
    """A break with the owner and action of its code."""
    owner, action = ACTIONS[code]
    return Break(code, system, kind, document, entity, currency, amount, cause, action, owner, since, fields)
