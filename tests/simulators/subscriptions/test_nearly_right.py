"""Calls that are right but for a little: never a defect, and what is refused has changed and told nothing."""

import os
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from simulators.subscriptions.schemas import KINDS
from tests.simulators.subscriptions.site import GENESIS, Reply, Site, flat, play
from tests.simulators.subscriptions.test_any_input import NAMES, VALUES

EXAMPLES = int(os.environ.get("WINDTUNNEL_EXAMPLES", "40"))
SEATS = [{"item_price_id": "platform-USD-yearly", "quantity": 12}]
TERM = {"action_at_term_end": "renew"}
SUB, OFFER, ONE_OFF = "/subscriptions/sub", "/quotes/{offer}", [{"item_price_id": "onboarding-USD"}]
RIGHT: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/customers/acme/subscription_for_items", {"subscription_items": SEATS, "billing_cycles": 1}),
    (f"{SUB}/update_for_items", {"subscription_items": SEATS, "coupon_ids": []}),
    (f"{SUB}/update_for_items", {"subscription_items": SEATS, "change_option": "end_of_term"}),
    (f"{SUB}/update_for_items", {"contract_term": TERM, "billing_cycles": 2}),
    (f"{SUB}/change_term_end", {"term_ends_at": int(GENESIS) + 90 * 86_400}),
    (f"{SUB}/cancel_for_items", {"contract_term_cancel_option": "terminate_immediately",
                                 "credit_option_for_current_term_charges": "prorate"}),
    (f"{SUB}/pause", {"pause_option": "immediately"}),
    (f"{SUB}/create_ramp", {"effective_from": int(GENESIS) + 9 * 86_400, "items_to_update": SEATS}),
    (f"{SUB}/charge_future_renewals", {"terms_to_charge": 1, "schedule_type": "immediate"}),
    ("/invoices/create_for_charge_items_and_charges", {"customer_id": "acme", "item_prices": ONE_OFF,
                                                       "charges": [{"amount": 500, "description": "Travel"}]}),
    ("/invoices/{bill}/record_payment", {"transaction": {"amount": 1_000, "payment_method": "bank_transfer",
                                                         "date": int(GENESIS)}}),
    ("/invoices/{bill}/write_off", {}),
    ("/invoices/{bill}/void", {}),
    ("/credit_notes", {"reference_invoice_id": "{bill}", "type": "adjustment", "reason_code": "waiver", "total": 500}),
    ("/unbilled_charges", {"subscription_id": "sub", "currency_code": "USD", "item_prices": ONE_OFF}),
    ("/promotional_credits/add", {"customer_id": "acme", "amount": 500, "description": "gift"}),
    ("/customers/acme/record_excess_payment", {"transaction": {"amount": 700, "payment_method": "cash",
                                                               "date": int(GENESIS)}}),
    ("/customers/acme", {"net_term_days": 30, "meta_data": {"k": 1}}),
    ("/entitlements", {"action": "upsert", "entitlements": [
        {"feature_id": "sso", "entity_id": "platform"},
        {"feature_id": "api", "entity_id": "platform", "value": "20"}]}),
    (f"{SUB}/entitlement_overrides", {"entitlement_overrides": [{"feature_id": "api", "value": "50"}]}),
    ("/features", {"name": "Api", "type": "range", "levels": [{"value": "1"}, {"value": "9"}]}),
    ("/customers/acme/create_subscription_quote_for_items", {"subscription_items": SEATS, "billing_cycles": 1,
                                                             "contract_term": TERM, "subscription": {"id": "n"}}),
    ("/quotes/update_subscription_quote_for_items", {"subscription": {"id": "sub"}, "subscription_items": SEATS}),
    ("/quotes/create_for_charge_items_and_charges", {"customer_id": "acme", "item_prices": ONE_OFF,
                                                     "charges": [{"amount": 500, "description": "Travel"}]}),
    (f"{OFFER}/edit_create_subscription_quote_for_items", {"subscription_items": SEATS}),
    (f"{OFFER}/convert", {"subscription": {"id": "new"}}),
    (f"{OFFER}/update_status", {"status": "accepted"}),
    (f"{OFFER}/extend_expiry_date", {"valid_till": int(GENESIS) + 9 * 86_400}),
)  # fmt: skip
Slip = tuple[str, int, str]
SLIPS = st.lists(
    st.one_of(
        st.tuples(st.just("drop"), st.integers(0, 9), st.just("")),
        st.tuples(st.just("change"), st.integers(0, 9), VALUES),
        st.tuples(st.sampled_from(NAMES), st.just(0), VALUES),
    ),
    max_size=2,
)
CALLS = st.lists(st.tuples(st.sampled_from(RIGHT), SLIPS), min_size=1, max_size=6)


def slipped(fields: list[tuple[str, str]], slips: list[Slip]) -> list[tuple[str, str]]:
    """The form with a field dropped, with another value, or with one more."""
    fields = list(fields)
    for what, index, value in slips:
        if what not in ("drop", "change"):
            fields.append((what, value))
        elif fields:
            name, _ = fields.pop(index % len(fields))
            fields += [(name, value)] if what == "change" else []
    return fields


def held(site: Site) -> list[Any]:
    """Every document, events too, and every job that is due."""
    store = site.system.store
    rows = [list(store.rows(f'SELECT key, doc FROM "{kind.name}" ORDER BY key')) for kind in KINDS]
    return [*rows, list(store.rows("SELECT due, kind, key, payload FROM job ORDER BY id"))]


async def begun(site: Site) -> dict[str, str]:
    """A contract with an open bill, features, and an offer; the ids that the paths above leave open."""
    await site.customer()
    for key, more in (("sso", {}), ("api", {"type": "range", "levels": [{"value": "1"}, {"value": "99"}]})):
        await site.do("/features", {"id": key, "name": key, **more})
        await site.do(f"/features/{key}/activate_command")
    made = await site.subscribe(id="sub", billing_cycles=2, contract_term=TERM)
    offer = await site.do("/customers/acme/create_subscription_quote_for_items", {"subscription_items": SEATS})
    return {"{bill}": made["invoice"]["id"], "{offer}": offer["quote"]["id"]}


async def send(site: Site, names: dict[str, str], path: str, form: list[tuple[str, str]]) -> Reply:
    for mark, name in names.items():
        path = path.replace(mark, name)
    form = [(name, names.get(value, value)) for name, value in form]
    return await site.call("POST", quote(path), raw=urlencode(form, quote_via=quote))


@pytest.mark.parametrize("number", range(len(RIGHT)), ids=[path for path, _ in RIGHT])
def test_each_is_right_as_it_stands(number: int) -> None:
    async def story(site: Site) -> None:
        path, fields = RIGHT[number]
        reply = await send(site, await begun(site), path, flat(fields))
        assert reply.status == 200, reply.json

    play(story)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CALLS)
@example([(right, []) for right in RIGHT])
def test_what_is_refused_has_changed_nothing(calls: list[tuple[tuple[str, dict[str, Any]], list[Slip]]]) -> None:
    async def story(site: Site) -> None:
        names = await begun(site)
        for (path, fields), slips in calls:
            form = slipped(flat(fields), slips)
            before = held(site)
            reply = await send(site, names, path, form)
            assert reply.status < 500
            if reply.status >= 400:
                assert {"message", "api_error_code", "http_status_code"} <= set(reply.json)
                assert held(site) == before, (path, form, reply.json)
        await site.travel(800)

    play(story)
