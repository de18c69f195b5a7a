"""A customer's story over all systems, in words: what people did, what it led to where, what waits."""

from collections.abc import Iterable
from typing import Any

from harness.api.actions import Action
from harness.api.problem import Problem
from harness.api.sandbox import Sandbox
from harness.report.customer import Names, line
from harness.world import Unreachable


async def show(sandbox: Sandbox, account_id: str, actions: Iterable[Action]) -> dict[str, Any]:
    """All that is known of one customer, oldest first; Problem 404 for a stranger."""
    books, canon = await sandbox.books()
    account = canon.accounts.get(account_id)
    if account is None:
        raise Problem(404, f"Salesforce has no account {account_id}")
    names = Names(canon, books, account_id)
    found = [entry for event in sandbox.diary.moments if (entry := names.entry(event)) is not None]
    found += [
        line(action.began, "people", action.said)
        for action in actions
        if account_id in action.about and action.state == "done"
    ]
    waits = await _core_says(sandbox, account_id)
    for row in waits:
        since = "" if row["state"] == "open" else f" ({row['state']} since)"
        found.append(line(row["opened_at"], "core", f"waits for a person: {row['reason']}{since}"))
    found.sort(key=lambda entry: entry.pop("order"))
    return {
        "account_id": account_id, "name": account.name, "entity": account.entity, "entries": found,
        "waiting": [{"id": row["id"], "reason": row["reason"]} for row in waits if row["state"] == "open"],
    }  # fmt: skip


async def _core_says(sandbox: Sandbox, account_id: str) -> list[dict[str, Any]]:
    """The customer's exceptions; nothing while the core is down or knows nothing of them."""
    try:
        status, answer = await sandbox.world.core("GET", f"/customers/{account_id}/timeline")
    except Unreachable:
        return []
    return list(answer["exceptions"]) if status == 200 else []
