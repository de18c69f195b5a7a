"""Contract terms: begun, renewed, completed, terminated, and what a term is worth."""

from collections.abc import Sequence

from simulators.kit.fidelity import approximate, exact
from simulators.kit.store import Doc
from simulators.subscriptions import billing, items
from simulators.subscriptions.errors import wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.work import Work

exact(
    "contract terms: end = start + cycles x period; renew, renew_once, evergreen, cancel; value of all "
    "the term's bills; completed, renewed, terminated",
    source="documented",
    held_by="test_subscriptions",
)
approximate(
    "a change in mid-term and the contract",
    "`total_contract_value` = bills - credits of the term so far + predicted bills; attributes and "
    "custom fields change at once, also with end_of_term",
    source="ours",
)
approximate(
    "billing_cycles in a change under contract",
    "the length of the renewal",
    source="ours",
)

ACTIONS = ("renew", "evergreen", "cancel", "renew_once")


def read(params: Params, billing_cycles: int | None) -> Doc | None:
    """`contract_term[...]` and its renewal length as the wish for a contract; None when none is asked for."""
    group = params.group("contract_term")
    on_renewal = params.integer("contract_term_billing_cycle_on_renewal", least=1, most=100)
    if not group:
        return None
    if billing_cycles is None:
        raise params.wrong("billing_cycles", "cannot be blank when a contract term is given")
    wish: Doc = {
        "action_at_term_end": group.choice("action_at_term_end", ACTIONS) or "renew", "billing_cycle": billing_cycles,
        "on_renewal": on_renewal or billing_cycles,
    }  # fmt: skip
    cutoff = group.integer("cancellation_cutoff_period", most=3_650)
    if cutoff is not None:
        wish["cancellation_cutoff_period"] = cutoff
    return wish


def wish(params: Params, group: Params, billing_cycles: int | None) -> Doc | None:
    """What a change asks of the contract: its action and cut-off, its renewal's length, a length of its own."""
    found: Doc = {
        "action_at_term_end": group.choice("action_at_term_end", ACTIONS),
        "cancellation_cutoff_period": group.integer("cancellation_cutoff_period", most=3_650),
        "on_renewal": params.integer("contract_term_billing_cycle_on_renewal", least=1, most=100),
        "billing_cycle": billing_cycles,
    }
    found = {name: value for name, value in found.items() if value is not None}
    return found or None


def adjust(work: Work, subscription: Doc, asked: Doc | None) -> Doc | None:
    """Change the contract in force as asked, or begin one with the current billing term; returns one that has begun.

    A length asked of a subscription under contract is its renewal's: a running term keeps its own.
    """
    if asked is None:
        return None
    term = active(work, subscription)
    cycles = asked.get("billing_cycle")
    if term is None:
        if cycles is None:
            raise wrong("billing_cycles", "cannot be blank: the subscription has no contract term in force")
        full = {"action_at_term_end": "renew", "on_renewal": cycles, **asked}
        customer = work.need("customer", subscription["customer_id"])
        current = billing.predicted(
            work, customer, items.term_lines(work, subscription, work.at, work.at), work.at,
            subscription.get("shipping_address"),
        )  # fmt: skip
        return begin(work, customer, subscription, full, subscription["current_term_start"], current)
    for name in ("action_at_term_end", "cancellation_cutoff_period"):
        if name in asked:
            term[name] = asked[name]
    on_renewal = asked.get("on_renewal", cycles)
    if on_renewal is not None:
        subscription["contract_term_billing_cycle_on_renewal"] = on_renewal
    changed(work, subscription, term)
    return None


def begin(work: Work, customer: Doc, subscription: Doc, wish: Doc, start: int, billed: tuple[int, int] | None) -> Doc:
    """Put a contract term in force on the subscription; `billed`: net and gross of its first bill, if there is one."""
    cycles = wish["billing_cycle"]
    end = work.calendar.add(
        start, cycles * subscription["billing_period"], subscription["billing_period_unit"],
        subscription["_anchor_day"],
    )  # fmt: skip
    term: Doc = {
        "id": f"ct_{work.token('contract_term', 16)}", "status": "active", "contract_start": start,
        "contract_end": work.calendar.last_second(end), "billing_cycle": cycles,
        "action_at_term_end": wish["action_at_term_end"], "created_at": work.at, "subscription_id": subscription["id"],
        "remaining_billing_cycles": cycles - 1, "deleted": False, "object": "contract_term", "_end": end,
        "_billed": list(billed or (0, 0)), "_unbilled": cycles - (billed is not None),
    }  # fmt: skip
    if "cancellation_cutoff_period" in wish:
        term["cancellation_cutoff_period"] = wish["cancellation_cutoff_period"]
    subscription["contract_term_billing_cycle_on_renewal"] = wish["on_renewal"]
    value(work, customer, subscription, term)
    return term


def active(work: Work, subscription: Doc) -> Doc | None:
    """The contract term in force, or None."""
    held = subscription.get("contract_term")
    return None if held is None else work.need("contract_term", held["id"])


def embed(subscription: Doc, term: Doc) -> None:
    """Show the term in force on its subscription."""
    subscription["contract_term"] = {name: value for name, value in term.items() if name[0] != "_"}


def changed(work: Work, subscription: Doc, term: Doc) -> None:
    """Keep a change of the term in force."""
    work.save("contract_term", term)
    embed(subscription, term)


def end(work: Work, subscription: Doc, term: Doc, status: str) -> None:
    """Close the term in force: completed, terminated or cancelled."""
    term["status"] = status
    term.pop("remaining_billing_cycles", None)
    term["_unbilled"] = 0  # of one that ends early, what is not billed yet will not be
    term["total_contract_value_before_tax"], term["total_contract_value"] = term["_billed"]
    work.save("contract_term", term)
    subscription.pop("contract_term", None)
    work.emit(f"contract_term_{status}", contract_term=term, subscription=subscription)


def value(work: Work, customer: Doc, subscription: Doc, term: Doc) -> None:
    """What the term is worth: all its bills and credits so far, and the bills that are to come as things stand."""
    net, gross = 0, 0
    if term["_unbilled"]:
        lines = items.term_lines(work, subscription, work.at, work.at)
        net, gross = billing.predicted(work, customer, lines, work.at, subscription.get("shipping_address"))
    term["total_contract_value_before_tax"] = term["_billed"][0] + term["_unbilled"] * net
    term["total_contract_value"] = term["_billed"][1] + term["_unbilled"] * gross
    changed(work, subscription, term)


def billed(
    work: Work, customer: Doc, subscription: Doc, invoice: Doc | None, notes: Sequence[Doc] = (), cycles: int = 0
) -> None:
    """An invoice and credit notes of the contract in force; `cycles`: how many billing terms the invoice covers."""
    term = active(work, subscription)
    if term is None:
        return
    for sign, doc in ((1, invoice), *((-1, note) for note in notes)):
        if doc is not None:
            term["_billed"][0] += sign * doc["sub_total"]
            term["_billed"][1] += sign * doc["total"]
    term["_unbilled"] -= cycles
    value(work, customer, subscription, term)
