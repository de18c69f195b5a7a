"""Whatever is sent, the answer is the vendor's: never a defect of ours, never half a change."""

from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulators.subscriptions.routes import ACTIONS, LISTS
from tests.simulators.subscriptions.site import Site, play

IDS = (
    "acme",
    "sub",
    "US-000001",
    "platform-USD-yearly",
    "onboarding-USD",
    "windtunnel",
    "platform",
    "core",
    "nope",
    "é",
)
NAMES = (
    "id", "name", "type", "status", "item_id", "item_family_id", "customer_id", "subscription_id", "currency_code",
    "price", "period", "period_unit", "pricing_model", "tiers[starting_unit][0]", "tiers[price][0]", "auto_collection",
    "net_term_days", "billing_address[country]", "billing_address", "meta_data", "cf_x", "card[number]",
    "card[expiry_month]", "card[expiry_year]", "subscription_items[item_price_id][0]",
    "subscription_items[quantity][0]", "subscription_items[unit_price][0]",
    "billing_cycles", "contract_term[action_at_term_end]", "start_date",
    "charges[amount][0]", "charges[date_to][0]", "charges[amount][x]", "item_prices[item_price_id][0]",
    "item_prices[quantity][0]", "invoice_date", "transaction[amount]", "transaction[payment_method]",
    "transaction[date]", "transaction[id]", "total", "reference_invoice_id", "reason_code", "refund_amount", "url",
    "enabled_events[0]", "cancel_option", "credit_option_for_current_term_charges", "limit", "offset", "sort_by[asc]",
    "id[in]", "status[in]", "created_at[between]", "date[on]", "total[gt]", "item_price_id[not_in]", "line_items",
    "credit_note[id]", "credit_notes[id][0]", "payment_source_id", "role", "amount", "destination_time", "vat_number",
    "action", "levels[value][0]", "levels[value][1]", "levels[is_unlimited][0]", "is_enabled", "value",
    "entitlements[feature_id][0]", "entitlements[entity_id][0]", "entitlements[value][0]",
    "item_entitlements[feature_id][0]", "item_entitlements[item_id][0]", "entitlement_overrides[feature_id][0]",
    "entitlement_overrides[value][0]", "entitlement_overrides[effective_from][0]",
    "subscription_entitlements[feature_id][0]",
    "subscription[id]", "expires_at", "valid_till", "change_option", "changes_scheduled_at",
)  # fmt: skip
VALUES = st.one_of(
    st.sampled_from(IDS),
    st.sampled_from((
        "", "true", "0", "1", "-1", "10", "2030", "4111111111111111", "4000000000000002", "US", "USD", "year", "month",
        "per_unit", "tiered", "plan", "charge", "on", "off", "immediately", "prorate", "full", "renew", "cancel",
        "bank_transfer", "adjustment", "refundable", "waiver",
        "upsert", "remove", "range", "custom", "quantity", "http://x.test", "created_at", "['a', 'b']", "[1, 2]",
        '["1","9999999999999999"]', "{'a': {1}}", "{}", "[", "1e9", "NaN", "1767603600", "1767603500", "9999999999999",
        "99999999999999999999999999", "primary", "acme\x00",
    )),
    st.text(max_size=12),
)  # fmt: skip
CALLS = st.lists(
    st.tuples(
        st.sampled_from([action[:2] for action in ACTIONS] + [("GET", listed[0]) for listed in LISTS]),
        st.sampled_from(IDS), st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6),
    ),
    min_size=1, max_size=12,
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CALLS)
def test_no_input_breaks_the_platform(calls: list[tuple[tuple[str, str], str, dict[str, Any]]]) -> None:
    async def story(site: Site) -> None:
        await site.customer(card={"number": "4111111111111111", "expiry_month": 1, "expiry_year": 2031})
        await site.subscribe(id="sub", billing_cycles=2, contract_term={"action_at_term_end": "renew"})
        for (method, path), key, fields in calls:
            reply = await site.call(method, path.replace("{key}", quote(key)), raw=urlencode(fields))
            assert reply.status < 500
            if reply.status >= 400:
                assert {"message", "api_error_code", "http_status_code"} <= set(reply.json)
        await site.travel(800)

    play(story)
