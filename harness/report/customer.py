"""One customer's rows in all systems, in words: what each change of a book means for them."""

from collections.abc import Mapping
from typing import Any

from harness.canon import Canon
from harness.events import RunEvent
from harness.money import text
from harness.report.side_by_side import TITLES
from harness.scenario.values import iso

SALES, PLATFORM, CLOUD, LEGACY = "salesforce", "subscriptions", "erp_cloud", "erp_legacy"
_WHERE = {"people": "People", "core": "Sync core", **{name: title[:1].upper() + title[1:] for name, title in
                                                       TITLES.items()}}  # fmt: skip


def line(at: float, where: str, what: str) -> dict[str, Any]:
    """A line of a timeline; `order` is what it is sorted by (epoch s)."""
    return {"at": iso(at), "where": _WHERE.get(where, where), "system": where, "what": what, "order": at}


class Names:
    """Which rows of which table belong to the customer, and what each is in words."""

    def __init__(self, canon: Canon, books: Mapping[str, Any], account: str) -> None:
        self.words: dict[tuple[str, str], str] = {}
        self._sales(books[SALES], account)
        self._masters(canon, account)
        self._documents(canon, account)
        self._receipts(canon, account)

    def entry(self, event: RunEvent) -> dict[str, Any] | None:
        """What an event means for the customer, or None when it means nothing."""
        if event.kind == "crash":
            return line(event.at, "core", str(event.facts["said"]))
        if event.kind != "change":
            return None
        system, key = str(event.facts["system"]), str(event.facts["key"])
        words = self.words.pop((system, f"{event.facts['table']}/{key}"), None)
        words = words or self.words.pop((system, key), None)
        return None if words is None else line(event.at, system, words)

    def _sales(self, book: Mapping[str, Any], account: str) -> None:
        for row in book["party"]:
            if row["Id"] == account:
                self.words[SALES, account] = f"{row['Name']} becomes an account"
        for row in book["contract"]:
            if row["object"] == "Opportunity" and row.get("AccountId") == account:
                self.words[SALES, row["Id"]] = f"deal {row['Name']} is offered"

    def _masters(self, canon: Canon, account: str) -> None:
        for customer in canon.customers:
            if customer.account == account:
                self.words.setdefault((customer.system, f"customer/{customer.id}"), f"customer {customer.id} is set up")
        for contract in canon.contracts:
            if contract.account != account:
                continue
            term = f"{contract.start} to {contract.end}" if contract.end else f"from {contract.start}"
            if contract.system == SALES:
                self.words[SALES, contract.id] = f"the contract is shown to the account team ({term})"
            else:
                self.words[contract.system, f"subscription/{contract.id}"] = f"the contract is activated ({term})"

    def _documents(self, canon: Canon, account: str) -> None:
        for one in canon.documents:
            if one.account != account:
                continue
            kind = "invoice" if one.kind == "invoice" else "credit note"
            amount = _money(one.gross, one.currency)
            if one.system == PLATFORM:
                due = f", due {one.due}" if one.due else ""
                self.words[PLATFORM, f"{kind.replace(' ', '_')}/{one.id}"] = (
                    f"{kind} {one.key} over {amount} is issued{due}"
                )
            elif one.system == SALES:
                self.words[SALES, one.id] = f"{kind} {one.key} is shown to the account team"
            else:
                words = f"{kind} {one.key or one.id} over {amount} is posted in the ledger"
                self.words[one.system, one.id] = words

    def _receipts(self, canon: Canon, account: str) -> None:
        for one in canon.receipts:
            if one.account != account:
                continue
            amount = _money(one.amount, one.currency)
            bills = ", ".join(dict.fromkeys(number for number, _ in one.applied))
            for_what = f" for {bills}" if bills else ""
            words = {
                PLATFORM: f"payment of {amount}{for_what} is recorded",
                SALES: f"payment of {amount} is shown to the account team",
            }.get(one.system, f"receipt of {amount}{for_what} is posted in the ledger")
            self.words[one.system, one.id if one.system != PLATFORM else f"transaction/{one.id}"] = words


def _money(amount_minor: int, currency: str) -> str:
    return f"{text(amount_minor, currency)} {currency}"
