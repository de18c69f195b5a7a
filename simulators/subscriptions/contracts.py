"""Contract terms: begun, renewed, completed, terminated, and what a term is worth."""

from simulators.kit.store import Doc
from simulators.subscriptions import billing, items
from simulators.subscriptions.params import Params
from simulators.subscriptions.work import Work

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


def begin(work: Work, subscription: Doc, wish: Doc, start: int, worth: tuple[int, int]) -> Doc:
    """Put a contract term in force on the subscription; `worth` is its value before tax and in all."""
    cycles = wish["billing_cycle"]
    end = work.calendar.add(
        start, cycles * subscription["billing_period"], subscription["billing_period_unit"],
        subscription["_anchor_day"],
    )  # fmt: skip
    term: Doc = {
        "id": f"ct_{work.token('contract_term', 16)}", "status": "active", "contract_start": start,
        "contract_end": work.calendar.last_second(end), "billing_cycle": cycles,
        "action_at_term_end": wish["action_at_term_end"], "total_contract_value_before_tax": worth[0],
        "total_contract_value": worth[1], "created_at": work.at, "subscription_id": subscription["id"],
        "remaining_billing_cycles": cycles - 1, "deleted": False, "object": "contract_term", "_end": end,
    }  # fmt: skip
    if "cancellation_cutoff_period" in wish:
        term["cancellation_cutoff_period"] = wish["cancellation_cutoff_period"]
    subscription["contract_term_billing_cycle_on_renewal"] = wish["on_renewal"]
    work.save("contract_term", term)
    embed(subscription, term)
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
    work.save("contract_term", term)
    subscription.pop("contract_term", None)
    work.emit(f"contract_term_{status}", contract_term=term, subscription=subscription)


def worth(work: Work, customer: Doc, subscription: Doc, cycles: int, first: tuple[int, int] | None) -> tuple[int, int]:
    """What `cycles` billing terms come to, before tax and in all; `first` replaces the first one's prediction."""
    if cycles <= 0:
        return first or (0, 0)
    lines = items.term_lines(work, subscription, work.at, work.at)
    net, gross = billing.predicted(work, customer, lines, work.at, subscription.get("shipping_address"))
    rest = cycles if first is None else cycles - 1
    begun = first or (0, 0)
    return begun[0] + rest * net, begun[1] + rest * gross
