"""What waits for a person: the core's business exceptions with whom and what they are about, and what resolves them."""

from collections.abc import Awaitable, Callable
from typing import Any

from harness.api.deals import customers, tag
from harness.api.problem import Problem
from harness.api.sandbox import Sandbox
from harness.drivers import StepFailed
from harness.scenario.values import iso
from harness.world import Unreachable

DOWN = "the sync core does not answer, so nobody can say what waits; start it first"


async def core(sandbox: Sandbox, method: str, path: str, body: Any = None) -> Any:
    """An answer of the core's experience API; Problem 503 while it is down, with its own words when it refuses."""
    try:
        status, answer = await sandbox.world.core(method, path, body)
    except Unreachable:
        raise Problem(503, DOWN) from None
    if status >= 400:
        detail = answer.get("detail", answer) if isinstance(answer, dict) else answer
        raise Problem(status if status in (404, 409, 422) else 503, f"the sync core: {detail}")
    return answer


async def show(sandbox: Sandbox) -> list[dict[str, Any]]:
    """All exceptions, open ones first, then by age."""
    found = await core(sandbox, "GET", "/exceptions")
    book = await sandbox.world.control("salesforce", "GET", "/_control/books")
    sandbox.meet(book)
    known = {one["account_id"]: one for one in customers(book, sandbox.stage)}
    deals = {row["Id"]: row["Name"] for row in book["contract"] if row["object"] == "Opportunity"}
    views = [{**_view(row, known, deals), "subsidiaries": _subsidiaries(sandbox, row, known)} for row in found]
    return sorted(views, key=lambda one: (one["state"] != "open", one["opened"], one["id"]))


async def waiting(sandbox: Sandbox) -> dict[str, str]:
    """Why a deal waits for a person, by the opportunity's id; nothing is known of it while the core is down."""
    try:
        found = await core(sandbox, "GET", "/exceptions?state=open")
    except Problem:
        return {}
    return {str(row["subject"]).removeprefix("opportunity:"): str(row["reason"]) for row in found}


def _view(row: dict[str, Any], accounts: dict[str, dict[str, Any]], deals: dict[str, str]) -> dict[str, Any]:
    account = accounts.get(row["partition"])
    subject = str(row["subject"]).removeprefix("opportunity:")
    return {
        "id": row["id"], "kind": row["kind"], "reason": row["reason"], "owner": row["owner_role"],
        "actions": row["actions"], "state": row["state"], "resolution": row["resolution"],
        "opened": iso(row["opened_at"]), "due": iso(row["due_at"]), "details": row["details"] or {},
        "subject": subject, "about": deals.get(subject, subject), "customer": account,
        "etag": tag(row["id"], row["state"], account and account["etag"]),
    }  # fmt: skip


def _subsidiaries(sandbox: Sandbox, row: dict[str, Any], accounts: dict[str, dict[str, Any]]) -> list[str]:
    """The cloud ERP's subsidiary that a new item would be for."""
    account = accounts.get(row["partition"])
    entity = sandbox.company.entities.get(account["entity"] if account else "", {})
    return [entity["subsidiary"]] if entity.get("subsidiary") else []


def decidable(listed: dict[str, dict[str, Any]], exception_id: str, verb: str, reason: str) -> dict[str, Any]:
    """The open exception that a decision is about; Problem for one that is none, or a decision without its reason."""
    found = listed.get(exception_id)
    if found is None:
        raise Problem(404, f"there is no exception {exception_id}")
    if found["state"] != "open":
        raise Problem(412, f"exception {exception_id} is {found['state']} already. Nothing was done; look again.")
    if verb == "abandon" and len(reason.strip()) < 3:
        raise Problem(422, "say why it is given up (at least three letters)", [{"at": "reason", "problem": "missing"}])
    return found


def decided(sandbox: Sandbox, exception_id: str, verb: str, reason: str) -> Callable[[], Awaitable[str]]:
    """Have the parked work tried again now, or give it up with a reason."""

    async def work() -> str:
        path = f"/exceptions/{exception_id}/{verb}"
        answer = await core(sandbox, "POST", path, {"reason": reason} if verb == "abandon" else None)
        if verb == "abandon":
            return f"exception {exception_id} is given up: {reason}"
        return f"exception {exception_id} is tried again" if answer["changed"] else f"{exception_id}: {answer['note']}"

    return work


async def catalogue(sandbox: Sandbox) -> dict[str, Any]:
    """What a product can be mapped to: the core's item map, the cloud ERP's items, the platform's prices."""
    mappings = await core(sandbox, "GET", "/mappings/items")
    fields = await core(sandbox, "GET", "/mappings/fields")
    try:
        items = await sandbox.stage.cloud_clerk.suiteql("SELECT externalid, itemid FROM item ORDER BY id")
    except StepFailed as error:
        raise Problem(503, f"the cloud ERP's items cannot be read: {error}") from None
    seed = sandbox.company.seeds["subscriptions"]
    return {
        "mappings": mappings,
        "fields": fields,
        "erp_items": [{"id": str(row["externalid"]), "name": str(row["itemid"])} for row in items
                      if row.get("externalid")],
        "prices": [
            {"id": row["id"], "item": row["item_id"], "currency": row["currency_code"], "name": row["name"]}
            for row in seed.get("item_prices", ())
        ],
        "income_accounts": [
            {"id": row["id"], "name": f"{row['acctNumber']} {row['acctName']}"}
            for row in sandbox.company.seeds["erp_cloud"].get("account", ()) if row.get("acctType") == "Income"
        ],
    }  # fmt: skip
