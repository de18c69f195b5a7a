"""A customer's story over all systems, in words: what people did, what it led to where, what waits."""

from collections.abc import Iterable, Mapping
from typing import Any

from harness.api.actions import Action
from harness.api.deals import money
from harness.api.problem import Problem
from harness.api.sandbox import Sandbox
from harness.canon import Canon
from harness.events import RunEvent
from harness.report.side_by_side import TITLES
from harness.scenario.values import iso
from harness.world import Unreachable

SALES, PLATFORM, CLOUD, LEGACY = "salesforce", "subscriptions", "erp_cloud", "erp_legacy"


async def show(sandbox: Sandbox, account_id: str, actions: Iterable[Action]) -> dict[str, Any]:
    """All that is known of one customer, oldest first; Problem 404 for a stranger."""
    books, canon = await sandbox.books()
    account = canon.accounts.get(account_id)
    if account is None:
        raise Problem(404, f"Salesforce has no account {account_id}")
    names = _Names(canon, books, account_id)
    found = [entry for event in sandbox.diary.moments if (entry := names.entry(event)) is not None]
    found += [
        _entry(action.began, "people", action.said)
        for action in actions
        if account_id in action.about and action.state == "done"
    ]
    waits = await _core_says(sandbox, account_id)
    for row in waits:
        since = "" if row["state"] == "open" else f" ({row['state']} since)"
        found.append(_entry(row["opened_at"], "core", f"waits for a person: {row['reason']}{since}"))
    found.sort(key=lambda entry: entry.pop("order"))
    return {
        "account_id": account_id, "name": account.name, "entity": account.entity, "entries": found,
        "waiting": [{"id": row["id"], "reason": row["reason"]} for row in waits if row["state"] == "open"],
    }  # fmt: skip


def _entry(at: float, where: str, what: str) -> dict[str, Any]:
    return {"at": iso(at), "where": _WHERE.get(where, where), "system": where, "what": what, "order": at}


_WHERE = {"people": "People", "core": "Sync core", **{name: title[:1].upper() + title[1:] for name, title in
                                                       TITLES.items()}}  # fmt: skip


async def _core_says(sandbox: Sandbox, account_id: str) -> list[dict[str, Any]]:
    """The customer's exceptions; nothing while the core is down or knows nothing of them."""
    try:
        status, answer = await sandbox.world.core("GET", f"/customers/{account_id}/timeline")
    except Unreachable:
        return []
    return list(answer["exceptions"]) if status == 200 else []


class _Names:
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
            return _entry(event.at, "core", str(event.facts["said"]))
        if event.kind != "change":
            return None
        system, key = str(event.facts["system"]), str(event.facts["key"])
        words = self.words.pop((system, f"{event.facts['table']}/{key}"), None)
        words = words or self.words.pop((system, key), None)
        return None if words is None else _entry(event.at, system, words)

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
            amount = money(one.gross, one.currency)
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
            amount = money(one.amount, one.currency)
            bills = ", ".join(dict.fromkeys(number for number, _ in one.applied))
            for_what = f" for {bills}" if bills else ""
            words = {
                PLATFORM: f"payment of {amount}{for_what} is recorded",
                SALES: f"payment of {amount} is shown to the account team",
            }.get(one.system, f"receipt of {amount}{for_what} is posted in the ledger")
            self.words[one.system, one.id if one.system != PLATFORM else f"transaction/{one.id}"] = words
