"""A customer comes from another site of the company: asked for by the API, done afterwards, told by its migration."""

from typing import TYPE_CHECKING, Any

from simulators.kit.fidelity import absent, approximate
from simulators.kit.jobs import Job
from simulators.kit.store import Doc
from simulators.subscriptions import customers
from simulators.subscriptions.errors import Refused, bad_state, not_found
from simulators.subscriptions.params import Params
from simulators.subscriptions.work import Work

approximate(
    "moves between sites",
    "`customer.move` copies a customer that the act `other_site` has told of, a minute later, with the payment sources "
    "and balances of none; `customer_moved_in` tells it, `resource_migration.retrieve_latest` what became of it",
    source="ours",
)
absent("the other side of a move between sites: `customer_moved_out`, `site_migration_detail`")

if TYPE_CHECKING:
    from simulators.subscriptions.app import Subscriptions

Result = dict[str, Any]

TAKES_S = 60


def install(system: "Subscriptions", _base: str) -> None:
    """The act by which people say what other sites have."""

    async def other_site(arguments: dict[str, Any]) -> dict[str, Any]:
        """{"site", "customer": {"id", …}}: another site has this customer, told as `POST /customers` takes it."""
        site, customer = str(arguments["site"]), dict(arguments["customer"])
        key = f"{site}/{customer['id']}"
        with system.store.transaction():
            work = system.work(system.clock.now(), "admin_console")
            work.keep("other_site_customer", {"id": key, "site": site, "customer": customer, "object": "customer"})
            work.flush()
        return {"id": key}

    system.acts["other_site"] = other_site


def move(work: Work, params: Params) -> Result:
    """POST /customers/move: id_at_from_site, from_site."""
    site, key = params.need("from_site"), params.need("id_at_from_site")
    if not work.find("other_site_customer", site=site):
        raise not_found("from_site", site)
    if work.get("customer", key) is not None:
        raise bad_state(f"this site has a customer {key} already", "id_at_from_site")
    made: Doc = {
        "id": f"rm_{work.token('resource_migration')}", "from_site": site, "entity_type": "customer", "entity_id": key,
        "status": "scheduled", "created_at": work.at, "updated_at": work.at, "object": "resource_migration",
    }  # fmt: skip
    work.jobs.schedule(work.at + TAKES_S, "site_move", {"id": made["id"]}, key=f"site_move/{made['id']}")
    return {"resource_migration": work.keep("resource_migration", made)}


def done(work: Work, job: Job) -> None:
    """The customer is here, or the migration says why it is not."""
    migration = work.need("resource_migration", job.payload["id"])
    row = work.get("other_site_customer", f"{migration['from_site']}/{migration['entity_id']}")
    try:
        if row is None:
            raise not_found("id_at_from_site", migration["entity_id"])
        customers.create(work, Params(row["customer"]), "customer_moved_in")
        migration["status"] = "succeeded"
    except Refused as refused:
        migration |= {"status": "failed", "errors": refused.message}
    migration["updated_at"] = work.at
    work.keep("resource_migration", migration)


def latest(work: Work, params: Params) -> Result:
    """GET /resource_migrations/retrieve_latest: from_site, entity_type, entity_id."""
    site, kind, key = params.need("from_site"), params.need("entity_type"), params.need("entity_id")
    found = work.find("resource_migration", entity_id=key)
    mine = [one for one in found if (one["from_site"], one["entity_type"]) == (site, kind)]
    if not mine:
        raise not_found("entity_id", key)
    return {"resource_migration": max(mine, key=lambda one: (one["created_at"], one["id"]))}
