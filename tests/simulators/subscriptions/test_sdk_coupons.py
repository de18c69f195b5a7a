"""Coupons, discounts and the rest of the catalog by the vendor's own Python client."""

import json
from typing import Any

import pytest

from tests.simulators.subscriptions.driving import (
    addon,
    change,
    customer,
    held,
    invoices,
    monthly,
    refused,
    subscribe,
    travel,
)

pytestmark = pytest.mark.live


@pytest.fixture(autouse=True)
def site(sdk: Any) -> None:
    monthly(sdk)
    customer(sdk)


def coupon(sdk: Any, key: str = "off", **more: Any) -> Any:
    fields = {"discount_type": "percentage", "discount_percentage": 10, "apply_on": "invoice_amount",
              "duration_type": "forever", **more}  # fmt: skip
    return sdk.Coupon.create_for_items({"id": key, "name": key, **fields}).coupon


def test_a_coupon_acts_on_bills_changes_and_revenue(sdk: Any) -> None:
    made = coupon(sdk)
    assert (made.status, made.discount_percentage, made.redemptions) == ("active", 10, 0)
    first = subscribe(sdk, coupon_ids=["off"])
    invoice = first.invoice
    assert (invoice.sub_total, invoice.line_items[0].discount_amount) == (27_900, 3_100)
    assert (invoice.discounts[0].entity_type, invoice.discounts[0].amount) == ("document_level_coupon", 3_100)
    assert invoice.line_item_discounts[0].coupon_id == "off"
    assert first.subscription.mrr == 27_900 and first.subscription.coupons[0].applied_count == 1
    travel(sdk, 10)
    changed = change(sdk, 2)  # 21 of 31 days: 18 900 of the discounted price back, 42 000 less a tenth charged
    assert changed.credit_notes[0].sub_total == 18_900 and changed.invoice.sub_total == 37_800
    assert sdk.Coupon.retrieve("off").coupon.redemptions == 1
    sdk.Subscription.remove_coupons("s", {"coupon_ids": ["off"]})
    travel(sdk, 30)
    assert invoices(sdk)[-1].sub_total == 62_000
    assert sdk.Coupon.delete("off").coupon.status == "archived"
    assert sdk.Coupon.unarchive("off").coupon.status == "active"


def test_durations_and_limits_of_coupons(sdk: Any) -> None:
    coupon(sdk, "once", duration_type="one_time", discount_type="fixed_amount", discount_amount=1_000,
           currency_code="USD", discount_percentage=None)  # fmt: skip
    coupon(sdk, "two", duration_type="limited_period", period=2, period_unit="month", max_redemptions=1)
    subscribe(sdk, coupon_ids=["once", "two"])
    travel(sdk, 95)
    assert [one.sub_total for one in invoices(sdk)] == [27_000, 27_900, 31_000, 31_000]
    assert sdk.Coupon.retrieve("two").coupon.status == "expired"
    with_two = {"coupon_ids": ["two"], "subscription_items": [{"item_price_id": "month"}]}
    refused("param_wrong_value", "coupon_ids[0]", sdk.Subscription.create_with_items, "acme", with_two)
    refused("resource_not_found", "coupon_ids[0]", sdk.Subscription.create_with_items, "acme",
            {**with_two, "coupon_ids": ["nope"]})  # fmt: skip


def test_a_coupon_for_some_items(sdk: Any) -> None:
    extra = addon(sdk)
    coupon(sdk, "help", apply_on="each_specified_item", discount_percentage=50, item_constraints=[
        {"item_type": "plan", "constraint": "none"},
        {"item_type": "addon", "constraint": "specific", "item_price_ids": [extra, "month"]},
    ])  # fmt: skip
    coupon(sdk, "plans", apply_on="each_specified_item", item_constraints=[{"item_type": "plan", "constraint": "all"}])
    text = json.dumps([extra])
    coupon(sdk, "as-text", apply_on="each_specified_item",
           item_constraints=[{"item_type": "addon", "constraint": "specific", "item_price_ids": text}])  # fmt: skip
    items = [{"item_price_id": "month"}, {"item_price_id": extra}]
    made = sdk.Subscription.create_with_items("acme", {"subscription_items": items, "coupon_ids": ["plans", "as-text"]})
    assert [line.discount_amount for line in made.invoice.line_items] == [3_100, 310]
    assert {one.entity_type for one in made.invoice.discounts} == {"item_level_coupon"}
    assert sdk.Coupon.update_for_items("help", {"name": "Half help", "discount_percentage": 40}).coupon.name
    listed = sdk.Coupon.list({"apply_on": {"is": "each_specified_item"}, "sort_by": {"asc": "created_at"}}).list
    assert [row.coupon.id for row in listed] == ["help", "plans", "as-text"]


def test_manual_discounts(sdk: Any) -> None:
    discounts = [
        {"apply_on": "specific_item_price", "item_price_id": "month", "duration_type": "forever", "amount": 1_000},
        {"apply_on": "invoice_amount", "duration_type": "limited_period", "period": 1, "period_unit": "month",
         "percentage": 50},
    ]  # fmt: skip
    made = subscribe(sdk, discounts=discounts)
    assert made.invoice.sub_total == 15_000
    shown = sdk.Subscription.list_discounts("s").list
    assert [row.discount.duration_type for row in shown] == ["forever", "limited_period"]
    travel(sdk, 32)
    assert invoices(sdk)[-1].sub_total == 30_000
    sdk.Subscription.update_for_items("s", {"discounts": [{"operation_type": "remove", "id": shown[0].discount.id}]})
    travel(sdk, 30)
    assert invoices(sdk)[-1].sub_total == 31_000 and len(held(sdk).discounts) == 1
    both = {"discounts": [{"apply_on": "invoice_amount", "duration_type": "forever"}]}
    refused("param_wrong_value", "discounts[percentage][0]", sdk.Subscription.update_for_items, "s", both)


def test_coupon_codes_are_redeemed_once(sdk: Any) -> None:
    coupon(sdk)
    code = sdk.CouponCode.create({"coupon_id": "off", "coupon_set_name": "spring", "code": "SPRING-1"}).coupon_code
    sdk.CouponSet.add_coupon_codes(code.coupon_set_id, {"code": ["SPRING-2", "SPRING-3"]})
    made = subscribe(sdk, coupon_ids=["SPRING-1"])
    assert made.subscription.coupons[0].coupon_code == "SPRING-1" and made.invoice.sub_total == 27_900
    assert sdk.CouponCode.retrieve("SPRING-1").coupon_code.status == "redeemed"
    assert sdk.CouponCode.archive("SPRING-2").coupon_code.status == "archived"
    spring = sdk.CouponSet.retrieve(code.coupon_set_id).coupon_set
    assert (spring.total_count, spring.redeemed_count, spring.archived_count) == (3, 1, 1)
    again = {"subscription_items": [{"item_price_id": "month"}], "coupon_ids": ["SPRING-1"]}
    refused("param_wrong_value", "coupon_ids[0]", sdk.Subscription.create_with_items, "acme", again)
    assert len(sdk.CouponCode.list({"status": {"is": "not_redeemed"}}).list) == 1
    made_set = sdk.CouponSet.create({"id": "set", "name": "autumn", "coupon_id": "off"}).coupon_set
    assert sdk.CouponSet.list({"id": {"is": made_set.id}}).list[0].coupon_set.name == "autumn"


def test_attached_items_come_with_their_plan(sdk: Any) -> None:
    extra = addon(sdk)
    tie = sdk.AttachedItem.create("platform", {"item_id": "support", "type": "mandatory", "quantity": 2}).attached_item
    assert subscribe(sdk).invoice.sub_total == 31_000 + 6_200
    without = subscribe(sdk, "t", mandatory_items_to_remove=[extra])
    assert without.invoice.sub_total == 31_000
    parent = {"parent_item_id": "platform"}
    assert sdk.AttachedItem.update(tie.id, {**parent, "type": "optional"}).attached_item.type == "optional"
    assert sdk.AttachedItem.retrieve(tie.id, parent).attached_item.quantity == 2
    assert [row.attached_item.id for row in sdk.AttachedItem.list("platform").list] == [tie.id]
    assert sdk.AttachedItem.delete(tie.id, parent).attached_item.status == "deleted"
    assert [row.item.id for row in sdk.ItemPrice.find_applicable_items("month").list] == ["onboarding", "support"]
    prices = sdk.ItemPrice.find_applicable_item_prices("month", {"item_id": "support"}).list
    assert [row.item_price.id for row in prices] == [extra]


def test_prices_beside_another_item_and_variants(sdk: Any) -> None:
    extra = addon(sdk)
    other = sdk.DifferentialPrice.create(extra, {"parent_item_id": "platform", "price": 2_000}).differential_price
    items = [{"item_price_id": "month"}, {"item_price_id": extra}]
    made = sdk.Subscription.create_with_items("acme", {"subscription_items": items})
    assert made.invoice.sub_total == 33_000
    whose = {"item_price_id": extra}
    assert sdk.DifferentialPrice.update(other.id, {**whose, "price": 1_500}).differential_price.price == 1_500
    assert sdk.DifferentialPrice.retrieve(other.id, whose).differential_price.currency_code == "USD"
    assert len(sdk.DifferentialPrice.list({"item_price_id": {"is": extra}}).list) == 1
    assert sdk.DifferentialPrice.delete(other.id, whose).differential_price.status == "deleted"
    variant = sdk.PriceVariant.create({"id": "eu", "name": "Europe", "attributes": [{"name": "region", "value": "EU"}]})
    assert variant.price_variant.attributes[0].value == "EU"
    assert sdk.ItemPrice.update("month", {"price_variant_id": "eu"}).item_price.price_variant_id == "eu"
    assert sdk.PriceVariant.update("eu", {"status": "archived"}).price_variant.archived_at
    assert sdk.PriceVariant.retrieve("eu").price_variant.name == "Europe"
    assert len(sdk.PriceVariant.list().list) == 1
    assert sdk.PriceVariant.delete("eu").price_variant.status == "deleted"


@pytest.mark.parametrize(("currency", "price"), [("JPY", 1_000), ("KWD", 12_345), ("EUR", 999)])
def test_currencies_with_other_decimals_and_free_units(sdk: Any, currency: str, price: int) -> None:
    monthly(sdk, f"plan-{currency}", price, currency_code=currency, free_quantity=2, metadata={"tier": {"sla": "gold"}})
    made = subscribe(sdk, "x", f"plan-{currency}", 5)
    assert (made.invoice.currency_code, made.invoice.total) == (currency, 3 * price)
    assert sdk.ItemPrice.retrieve(f"plan-{currency}").item_price.metadata == {"tier": {"sla": "gold"}}
    mixed = {"subscription_items": [{"item_price_id": "month"}, {"item_price_id": "onboarding-SGD"}]}
    refused("param_wrong_value", "subscription_items[item_price_id][1]", sdk.Subscription.create_with_items, "acme",
            mixed)  # fmt: skip
