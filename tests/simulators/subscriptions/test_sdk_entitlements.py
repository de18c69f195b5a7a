"""Features and what customers are entitled to, by the vendor's own client."""

from typing import Any

import pytest

from tests.simulators.subscriptions.site import DAY, GENESIS
from tests.simulators.subscriptions.test_sdk import customer, subscribe
from tests.simulators.subscriptions.test_sdk_money import refused, travel

pytestmark = pytest.mark.live

LEVELS = [{"name": "Basic", "value": "basic", "level": 0}, {"name": "Priority", "value": "priority", "level": 1}]


def feature(sdk: Any, key: str, **more: Any) -> Any:
    made = sdk.Feature.create({"id": key, "name": key.title(), **more}).feature
    assert made.status == "draft"
    return sdk.Feature.activate(key).feature


def grant(sdk: Any, feature_id: str, entity: str = "platform", **more: Any) -> Any:
    row = {"feature_id": feature_id, "entity_id": entity, **more}
    return sdk.Entitlement.create({"action": "upsert", "entitlements": [row]}).list[0].entitlement


def held(sdk: Any, key: str) -> dict[str, tuple[str, bool]]:
    rows = sdk.SubscriptionEntitlement.subscription_entitlements_for_subscription(key).list
    shown = [row.subscription_entitlement for row in rows]
    return {one.feature_id: (one.value, one.is_enabled) for one in shown}


def test_the_life_of_a_feature(sdk: Any) -> None:
    made = sdk.Feature.create({"id": "support", "name": "Support", "type": "custom", "levels": LEVELS}).feature
    assert (made.type, made.status, [level.value for level in made.levels]) == (
        "custom", "draft", ["basic", "priority"],
    )  # fmt: skip
    assert sdk.Feature.update("support", {"description": "How fast"}).feature.description == "How fast"
    assert sdk.Feature.activate("support").feature.status == "active"
    refused("invalid_state_for_request", sdk.Feature.activate, "support")
    refused("invalid_state_for_request", sdk.Feature.delete, "support")
    assert sdk.Feature.archive("support").feature.status == "archived"
    assert sdk.Feature.reactivate("support").feature.status == "active"
    feature(sdk, "sso")
    active = sdk.Feature.list({"status": {"is": "active"}, "type": {"is": "switch"}}).list
    assert [row.feature.id for row in active] == ["sso"]
    refused("duplicate_entry", sdk.Feature.create, {"id": "sso", "name": "Again"})
    refused("param_wrong_value", sdk.Feature.create, {"name": "No levels", "type": "quantity"})
    refused("param_wrong_value", sdk.Feature.create, {"name": "A", "type": "range", "levels": [{"value": "x"}]})
    grant(sdk, "support", value="basic")
    sdk.Feature.archive("support")
    assert sdk.Feature.delete("support").feature.id == "support"
    refused("resource_not_found", sdk.Feature.retrieve, "support")
    assert sdk.Entitlement.list().list == []


def test_items_are_entitled_and_what_is_refused_changes_nothing(sdk: Any) -> None:
    feature(sdk, "support", type="custom", levels=LEVELS)
    feature(sdk, "sso")
    made = grant(sdk, "support", value="priority", entity_type="plan")
    assert (made.entity_id, made.entity_type, made.value, made.name) == ("platform", "plan", "priority", "Priority")
    by_item = (
        sdk.ItemEntitlement.upsert_or_remove_item_entitlements_for_item(
            "platform", {"action": "upsert", "item_entitlements": [{"feature_id": "sso"}]}
        )
        .list[0]
        .item_entitlement
    )
    assert (by_item.item_id, by_item.item_type, by_item.value) == ("platform", "plan", "true")
    sdk.ItemEntitlement.add_item_entitlements(
        "sso", {"action": "upsert", "item_entitlements": [{"item_id": "onboarding", "item_type": "charge"}]}
    )
    listed = sdk.ItemEntitlement.item_entitlements_for_feature("sso").list
    assert [row.item_entitlement.item_id for row in listed] == ["platform", "onboarding"]
    page = sdk.ItemEntitlement.item_entitlements_for_item("platform", {"limit": 1})
    more = sdk.ItemEntitlement.item_entitlements_for_item("platform", {"limit": 1, "offset": page.next_offset})
    pages = [page.list[0].item_entitlement.feature_id, more.list[0].item_entitlement.feature_id]
    assert (sorted(pages), more.next_offset) == (["sso", "support"], None)
    of_plans = sdk.Entitlement.list({"entity_type": {"is": "plan"}}).list
    assert {row.entitlement.feature_id for row in of_plans} == {"support", "sso"}
    both = {"action": "remove", "entitlements": [
        {"feature_id": "sso", "entity_id": "platform"}, {"feature_id": "sso", "entity_id": "nope"},
    ]}  # fmt: skip
    refused("resource_not_found", sdk.Entitlement.create, both)
    assert len(sdk.Entitlement.list({"feature_id": {"is": "sso"}}).list) == 2
    sdk.Entitlement.create({"action": "remove", "entitlements": both["entitlements"][:1]})
    assert len(sdk.Entitlement.list({"feature_id": {"is": "sso"}}).list) == 1
    for value, entity in (("gold", "platform"), ("basic", "nope")):
        row = {"feature_id": "support", "entity_id": entity, "value": value}
        code = "param_wrong_value" if value == "gold" else "resource_not_found"
        refused(code, sdk.Entitlement.create, {"action": "upsert", "entitlements": [row]})


def test_what_a_subscription_and_a_customer_have(sdk: Any) -> None:
    customer(sdk)
    feature(sdk, "sso")
    feature(sdk, "users", type="quantity", unit="user", levels=[{"value": "5"}, {"is_unlimited": True}])
    feature(sdk, "api", type="range", levels=[{"value": "10"}, {"value": "1000"}])
    sdk.Feature.create({"id": "beta", "name": "Beta"})
    for key, more in (("sso", {}), ("users", {"value": "5"}), ("api", {"value": "200"}), ("beta", {})):
        grant(sdk, key, **more)
    grant(sdk, "users", "platform-USD-yearly", value="unlimited", entity_type="plan_price")
    key = subscribe(sdk).subscription.id
    assert held(sdk, key) == {"sso": ("true", True), "users": ("unlimited", True), "api": ("200", True)}
    off = sdk.SubscriptionEntitlement.set_subscription_entitlement_availability(
        key, {"is_enabled": False, "subscription_entitlements": [{"feature_id": "sso"}]}
    )
    assert [row.subscription_entitlement.is_enabled for row in off.list] == [False]
    refused("param_wrong_value", sdk.SubscriptionEntitlement.set_subscription_entitlement_availability, key,
            {"is_enabled": False, "subscription_entitlements": [{"feature_id": "beta"}]})  # fmt: skip
    rows = sdk.CustomerEntitlement.entitlements_for_customer("acme", {"consolidate_entitlements": True}).list
    shown = {row.customer_entitlement.feature_id: row.customer_entitlement for row in rows}
    assert (shown["sso"].is_enabled, shown["api"].value, shown["api"].subscription_id) == (False, "200", None)


def test_overrides_begin_and_end_by_the_clock(sdk: Any) -> None:
    customer(sdk)
    feature(sdk, "api", type="range", levels=[{"value": "10"}, {"value": "1000"}])
    grant(sdk, "api", value="200")
    key = subscribe(sdk).subscription.id
    row = {"feature_id": "api", "value": "900", "effective_from": int(GENESIS) + DAY, "expires_at":
           int(GENESIS) + 3 * DAY}  # fmt: skip
    add = sdk.EntitlementOverride.add_entitlement_override_for_subscription
    made = add(key, {"action": "upsert", "entitlement_overrides": [row]}).list[0].entitlement_override
    assert (made.schedule_status, made.value, held(sdk, key)) == ("scheduled", "900", {"api": ("200", True)})
    listed = sdk.EntitlementOverride.list_entitlement_override_for_subscription
    assert (listed(key).list, len(listed(key, {"include_scheduled_overrides": True}).list)) == ([], 1)
    travel(sdk, 2)
    assert held(sdk, key) == {"api": ("900", True)}
    assert listed(key).list[0].entitlement_override.schedule_status == "activated"
    travel(sdk, 4)
    assert (held(sdk, key), listed(key).list) == ({"api": ("200", True)}, [])
    add(key, {"action": "upsert", "entitlement_overrides": [{"feature_id": "api", "value": "10"}]})
    assert held(sdk, key) == {"api": ("10", True)}
    add(key, {"action": "remove", "entitlement_overrides": [{"feature_id": "api"}]})
    assert held(sdk, key) == {"api": ("200", True)}
    for bad in ({"value": "5000"}, {"value": "x"}, {"value": "20", "expires_at": int(GENESIS)}):
        refused("param_wrong_value", add, key, {"entitlement_overrides": [{"feature_id": "api", **bad}]})
