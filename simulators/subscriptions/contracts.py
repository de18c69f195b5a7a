"""Contract terms: begun, renewed, completed, terminated, and what a term is worth."""

from collections.abc import Sequence

from simulators.kit.fidelity import approximate, exact
from simulators.kit.store import Doc
from simulators.subscriptions import billing, discounts, items, proration
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
    start = group.integer("contract_start")
    if start is not None:
        wish["contract_start"] = start
    return wish


def wish(params: Params, group: Params, billing_cycles: int | None) -> Doc | None:
    """What a change asks of the contract: its action and cut-off, its renewal's length, a length of its own."""
    found: Doc = {
        "action_at_term_end": group.choice("action_at_term_end", ACTIONS),
        "cancellation_cutoff_period": group.integer("cancellation_cutoff_period", most=3_650),
        "on_renewal": params.integer("contract_term_billing_cycle_on_renewal", least=1, most=100),
        "billing_cycle": billing_cycles,
    }
    group.integer("contract_start")
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
        if set(asked) == {"billing_cycle"}:  # no contract is asked for: so many terms in all, this one counted
            subscription["remaining_billing_cycles"] = asked["billing_cycle"] - 1
            return None
        if cycles is None:
            raise wrong("billing_cycles", "cannot be blank: the subscription has no contract term in force")
        full = {"action_at_term_end": "renew", "on_renewal": cycles, **asked}
        customer = work.need("customer", subscription["customer_id"])
        current = _term_value(work, customer, subscription, work.at)
        return begin(work, customer, subscription, full, subscription["current_term_start"], current)
    for name in ("action_at_term_end", "cancellation_cutoff_period"):
        if name in asked:
            term[name] = asked[name]
    on_renewal = asked.get("on_renewal", cycles)
    if on_renewal is not None:
        subscription["contract_term_billing_cycle_on_renewal"] = on_renewal
    changed(work, subscription, term)
    return None


def begin(
    work: Work, customer: Doc, subscription: Doc, wish: Doc, start: int, billed: tuple[int, int] | None, ahead: int = 0
) -> Doc:
    """Put a contract term in force on the subscription.

    `billed`: net and gross of what is billed of it already, its first term and `ahead` more of them; None: nothing.
    """
    cycles = wish["billing_cycle"]
    end = last_boundary(work, subscription, start, cycles)
    term: Doc = {
        "id": wish.get("id") or f"ct_{work.token('contract_term', 16)}", "status": "active",
        "contract_start": wish.get("contract_start", start), "contract_end": work.calendar.last_second(end),
        "billing_cycle": cycles, "action_at_term_end": wish["action_at_term_end"], "created_at": work.at,
        "subscription_id": subscription["id"], "remaining_billing_cycles": cycles - 1, "deleted": False,
        "object": "contract_term", "_end": end, "_billed": list(billed or (0, 0)),
        "_unbilled": max(0, cycles - (billed is not None) - ahead),
    }  # fmt: skip
    if "cancellation_cutoff_period" in wish:
        term["cancellation_cutoff_period"] = wish["cancellation_cutoff_period"]
    subscription["contract_term_billing_cycle_on_renewal"] = wish["on_renewal"]
    value(work, customer, subscription, term)
    return term


def last_boundary(work: Work, subscription: Doc, start: int, cycles: int) -> int:
    """Where the last of so many billing terms ends; the running one may have been shortened or extended."""
    if start == subscription.get("current_term_start"):
        start, cycles = subscription["_next_term"], cycles - 1
    return work.calendar.add(
        start, cycles * subscription["billing_period"], subscription["billing_period_unit"],
        subscription["_anchor_day"],
    )  # fmt: skip


def moved(work: Work, subscription: Doc) -> None:
    """The running billing term ends otherwise than it did: the contract's end moves with it."""
    term = active(work, subscription)
    if term is not None:
        term["_end"] = last_boundary(
            work, subscription, subscription["current_term_start"], term["remaining_billing_cycles"] + 1
        )
        term["contract_end"] = work.calendar.last_second(term["_end"])
        changed(work, subscription, term)


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
    net, gross = term["_billed"]
    if term["_unbilled"]:
        for count, at in _to_come(work, subscription, term):
            one = _term_value(work, customer, subscription, at)
            net, gross = net + count * one[0], gross + count * one[1]
    term["total_contract_value_before_tax"], term["total_contract_value"] = net, gross
    changed(work, subscription, term)


def _term_value(work: Work, customer: Doc, subscription: Doc, at: int) -> tuple[int, int]:
    lines = items.term_lines(work, subscription, at, at)
    discounts.apply(work, subscription, lines, at)
    return billing.predicted(work, customer, lines, work.at, subscription.get("shipping_address"))


def _to_come(work: Work, subscription: Doc, term: Doc) -> list[tuple[int, int]]:
    """The bills to come as (how many, when): one by one only where a discount ends in between."""
    held = (*subscription.get("coupons", ()), *subscription.get("discounts", ()))
    if not any("apply_till" in each for each in held):
        return [(term["_unbilled"], work.at)]
    start, found = subscription.get("_next_term", work.at), []
    for _ in range(term["_unbilled"]):
        found.append((1, start))
        start = proration.next_boundary(work, subscription, start)
    return found


def billed(
    work: Work, customer: Doc, subscription: Doc, invoice: Doc | None, notes: Sequence[Doc] = (), cycles: int = 0
) -> None:
    """An invoice and credit notes of the contract in force; `cycles`: how many billing terms the invoice covers."""
    sums = (0, 0) if invoice is None else (invoice["sub_total"], invoice["total"])
    counted(work, customer, subscription, sums, notes, cycles)


def counted(
    work: Work, customer: Doc, subscription: Doc, sums: tuple[int, int], notes: Sequence[Doc] = (), cycles: int = 0
) -> None:
    """Net and gross of charges, and credit notes, of the contract in force."""
    term = active(work, subscription)
    if term is None:
        return
    term["_billed"][0] += sums[0] - sum(note["sub_total"] for note in notes)
    term["_billed"][1] += sums[1] - sum(note["total"] for note in notes)
    term["_unbilled"] = max(0, term["_unbilled"] - cycles)
    value(work, customer, subscription, term)
