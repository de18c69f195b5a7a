"""How subscriptions are shown: with their customer, its card, and what else a call brought."""

from typing import Any

from simulators.kit.store import Doc
from simulators.subscriptions import cards
from simulators.subscriptions.errors import not_found
from simulators.subscriptions.params import Params
from simulators.subscriptions.work import Work

Result = dict[str, Any]


def live(work: Work, key: str, param: str | None = None) -> Doc:
    """A subscription that is not deleted, or 404."""
    subscription = work.need("subscription", key, param)
    hidden = work.entity is not None and subscription.get("business_entity_id") != work.entity
    if subscription["deleted"] or hidden:
        raise not_found(param, key)
    return subscription


def answer(work: Work, subscription: Doc, **members: Any) -> Result:
    """The usual answer: subscription and customer, and what else there is."""
    customer = work.need("customer", subscription["customer_id"])
    card = cards.card_of(work, customer)
    rest = {name: value for name, value in {**members, "card": card}.items() if value}
    return {"subscription": subscription, "customer": customer, **rest}


def line_page(params: Params, document: Doc) -> Doc:
    """An invoice or credit note with a page of its lines: `line_items_limit` (at most 300) from `line_items_offset`.

    Without a limit it has all of them.
    """
    limit, offset = params.integer("line_items_limit", least=1, most=300), params.integer("line_items_offset")
    if limit is None and offset is None:
        return document
    begin, lines = offset or 0, document["line_items"]
    until = begin + (limit or 300)
    more = {"line_items_next_offset": str(until)} if until < len(lines) else {}
    return {**document, "line_items": lines[begin:until], **more}


def retrieve(work: Work, _params: Params, key: str) -> Result:
    """GET /subscriptions/{id}."""
    return answer(work, live(work, key))


def row(work: Work, subscription: Doc) -> Result:
    """A row of the list: its clients insist on subscription and customer."""
    return answer(work, subscription)
