"""The same customer, contract, bill and payment as each system's books show them, side by side."""

from typing import Any

from rich.markup import escape
from rich.table import Table

from harness.canon import Canon, Document
from harness.money import text

SYSTEMS = ("salesforce", "subscriptions", "erp_cloud", "erp_legacy")
TITLES = {"salesforce": "Salesforce", "subscriptions": "platform", "erp_cloud": "cloud ERP", "erp_legacy": "legacy ERP"}


def documents_table(canon: Canon, account: str = "") -> Table:
    """One block a customer: master record, contract, each bill with its copies, each payment."""
    table = Table(title="The same facts in four systems' books", title_justify="left")
    table.add_column("fact")
    for system in SYSTEMS:
        table.add_column(TITLES[system])
    for known in canon.accounts.values():
        if account in ("", known.id, known.name):
            for row in _of_account(canon, known.id, known.name):
                table.add_row(*(escape(cell) for cell in row))
            table.add_section()
    return table


def rows(canon: Canon, account: str = "") -> list[dict[str, Any]]:
    """The same as JSON rows."""
    return [
        {"account": known.id, "fact": row[0], **dict(zip(SYSTEMS, row[1:], strict=True))}
        for known in canon.accounts.values()
        if account in ("", known.id, known.name)
        for row in _of_account(canon, known.id, known.name)
    ]


def _of_account(canon: Canon, account: str, name: str) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = [(name, account, *(_customers(canon, system, account) for system in SYSTEMS[1:]))]
    for deal in canon.deals:
        if deal.account == account:
            found.append(_row("deal won, net", {"salesforce": f"{text(deal.net, deal.currency)} {deal.currency}"}))
    contracts = [one for one in canon.contracts if one.account == account]
    for key in dict.fromkeys(one.key for one in contracts):
        cells = {one.system: f"{one.start} to {one.end}, {one.status}" for one in contracts if one.key == key}
        found.append(_row("contract", cells))
    documents = [one for one in canon.documents if one.account == account and one.key]
    for kind, key in dict.fromkeys((one.kind, one.key) for one in documents):
        cells = {one.system: _amounts(one) for one in documents if (one.kind, one.key) == (kind, key)}
        found.append(_row(f"{kind} {key}", cells))
    receipts = [one for one in canon.receipts if one.account == account]
    for key in dict.fromkeys(one.key for one in receipts):
        sums: dict[tuple[str, str], int] = {}
        for one in receipts:
            if one.key == key:  # the platform holds one a bill of what a ledger holds once
                sums[one.system, one.currency] = sums.get((one.system, one.currency), 0) + one.amount
        cells = {system: f"{text(amount, currency)} {currency}" for (system, currency), amount in sums.items()}
        found.append(_row(f"payment {key}", cells))
    return [*found, *_usage(canon, [one.key for one in contracts])]


def _usage(canon: Canon, subscriptions: list[str]) -> list[tuple[str, ...]]:
    """What the metering counts of a customer, and what the platform has rated of it, by bill."""
    events = [one for one in canon.usage if one.subscription in subscriptions and one.holds]
    lines = [one for one in canon.metered if one.subscription in subscriptions]
    if not events and not lines:
        return []
    rated = ", ".join(f"{one.quantity:,f} on {one.bill}" for one in lines) or "nothing rated yet"
    return [_row(f"usage, {len(events)} events", {"subscriptions": rated})]


def _customers(canon: Canon, system: str, account: str) -> str:
    return ", ".join(one.id for one in canon.customers if one.system == system and one.account == account)


def _row(fact: str, cells: dict[str, str]) -> tuple[str, ...]:
    return (fact, *(cells.get(system, "") for system in SYSTEMS))


def _amounts(document: Document) -> str:
    gross, tax = text(document.gross, document.currency), text(document.tax, document.currency)
    state = "paid" if document.open == 0 else f"open {text(document.open, document.currency)}"
    return f"{gross} {document.currency} (tax {tax}), {state}"
