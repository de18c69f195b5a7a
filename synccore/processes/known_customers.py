"""Customers that the ledger had before the core came: found by rule and taken over, or put before a person."""

from synccore.domain.deals import Account
from synccore.domain.findings import Finding
from synccore.domain.legacy import padded
from synccore.domain.matching import alike, plain
from synccore.ports.outcomes import Parked
from synccore.ports.postings import Stranger
from synccore.processes.context import Context

POLICY = "known_customers"


async def known_in_cloud(ctx: Context, account: Account, subsidiary: str) -> str | None:
    """Internal id of the customer that the account is in the cloud ledger already; None: it has none.

    By policy `cloud`: `create` never looks, `match` takes the one whose tax registration or plain name is the
    account's. Several such, or one whose name is merely alike, are for a person, who marks the right one with our key
    as its external id, or says that the account is a new customer (policy `new`: account ids). Raises Parked.
    """
    policy = await ctx.db.run(lambda unit: ctx.policy(unit, POLICY))
    if ctx.cloud is None or policy["cloud"] != "match" or account.id in policy["new"]:
        return None
    return _chosen(account, await ctx.cloud.strangers(subsidiary))


async def known_in_legacy(ctx: Context, account: Account, company: str) -> tuple[str | None, set[str]]:
    """KUNNR of the customer that the account is in the legacy ledger already (None: it has none), and all in use there.

    By policy `legacy`, as in the cloud, of the customers in the latest list that a clerk has made and that are nobody's
    yet. Which of several is the right one a person says by policy `numbers` (account -> KUNNR). Raises Parked, also as
    long as there is no list.
    """
    policy = await ctx.db.run(lambda unit: ctx.policy(unit, POLICY))
    if ctx.legacy is None or policy["legacy"] != "match":
        return None, set()
    if account.id in policy["numbers"]:
        return padded(str(policy["numbers"][account.id])), set()
    listed = await ctx.legacy.strangers(company)
    if listed is None:
        reason = f"customers of {company} are to be matched, and the legacy ledger has not listed them"
        actions, topics = ("fix_target", "set_policy", "retry", "abandon"), (f"policy:{POLICY}",)
        raise Parked(reason, (Finding("customer_list_missing", reason, "finance", actions, topics),))
    taken = await ctx.db.run(lambda unit: set(unit.links.all("customer", "erp_legacy")))
    used = {one.id for one in listed}
    if account.id in policy["new"]:
        return None, used
    return _chosen(account, [one for one in listed if one.id not in taken]), used


def _chosen(account: Account, candidates: list[Stranger]) -> str | None:
    same = [one for one in candidates if plain(one.name) == plain(account.name)]
    same = [one for one in candidates if account.tax_id and one.tax_id == account.tax_id] or same
    if len(same) == 1:
        return same[0].id
    near = same or [one for one in candidates if alike(one.name, account.name)]
    if not near:
        return None
    names = ", ".join(f"{one.name} ({one.id})" for one in near[:5])
    reason = f"account {account.name} may be a customer of the ledger already: {names}"
    actions, topics = ("fix_target", "set_policy", "retry", "abandon"), (f"policy:{POLICY}", f"account:{account.id}")
    raise Parked(reason, (Finding("customer_ambiguous", reason, "finance", actions, topics),))
