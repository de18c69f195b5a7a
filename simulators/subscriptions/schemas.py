"""What the platform keeps (document kinds with their indexes) and what its lists can filter and sort by."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simulators.kit.kinds import Kind

KINDS = (
    Kind("site"),
    Kind("tax_rule", index=("business_entity_id",)),
    Kind("business_entity"),
    Kind("item_family", index=("updated_at",)),
    Kind("item", index=("item_family_id", "updated_at")),
    Kind("item_price", index=("item_id", "updated_at"), unique=("name",)),
    Kind("customer", index=("created_at", "updated_at", "email", "parent=$._parent")),
    Kind("payment_source", index=("customer_id", "created_at")),
    Kind("subscription", index=("customer_id", "status", "created_at", "updated_at")),
    Kind("contract_term", index=("subscription_id",)),
    Kind("invoice", index=("customer_id", "subscription_id", "status", "date", "updated_at")),
    Kind("credit_note", index=("customer_id", "reference_invoice_id", "status", "date", "updated_at")),
    Kind("transaction", index=("customer_id", "date", "updated_at", "reference_number")),
    Kind("event", index=("event_type", "occurred_at")),
    Kind(
        "usage",
        index=(
            "subscription_id",
            "item_price_id",
            "usage_date",
            "invoice_id",
            "updated_at",
            "slot=$._slot",
            "line_item_id",
        ),
    ),
    Kind(
        "usage_event", index=("subscription_id", "price=$._item_price_id", "date=$._date", "invoice_id", "line_item_id")
    ),
    Kind("usage_file"),
    Kind("export"),
    Kind("download"),
    Kind("portal_session"),
    Kind("other_site_customer", index=("site",)),
    Kind("resource_migration", index=("entity_id",)),
    Kind("currency"),
    Kind("comment", index=("entity_id", "created_at")),
    Kind("business_entity_transfer", index=("created_at",)),
    Kind("webhook_endpoint"),
    Kind("time_machine"),
    Kind("gateway_order"),
    Kind("promotional_credit", index=("customer_id", "created_at")),
    Kind("payment_intent"),
    Kind("virtual_bank_account", index=("customer_id", "created_at")),
    Kind("payment_schedule_scheme", index=("updated_at",)),
    Kind("payment_schedule", index=("invoice_id", "updated_at")),
    Kind("coupon", index=("created_at", "updated_at")),
    Kind("coupon_set", index=("coupon_id",)),
    Kind("coupon_code", index=("coupon_id", "coupon_set_id")),
    Kind("unbilled_charge", index=("subscription_id", "customer_id", "created_at")),
    Kind("ramp", index=("subscription_id", "effective_from", "updated_at")),
    Kind("advance_invoice_schedule", index=("subscription_id",)),
    Kind("attached_item", index=("parent_item_id", "updated_at")),
    Kind("price_variant", index=("created_at", "updated_at")),
    Kind("differential_price", index=("item_price_id", "updated_at")),
    Kind("feature", index=("created_at", "updated_at")),
    Kind("entitlement", index=("feature_id", "entity_id", "created_at")),
    Kind("entitlement_override", index=("feature_id", "subscription_id")),
    Kind("entitlement_switch", index=("feature_id", "subscription_id")),
    Kind("quote", index=("customer_id", "subscription_id", "status", "date", "updated_at")),
    Kind("_idempotency", index=("at",)),
)

INDEXED = {kind.name: frozenset(kind.index) for kind in KINDS}

STRING = "string"
ENUM = "enum"
NUMBER = "number"
TIMESTAMP = "timestamp"
BOOLEAN = "boolean"

OPERATORS: dict[str, tuple[str, ...]] = {
    STRING: ("is", "is_not", "starts_with", "in", "not_in", "is_present"),
    ENUM: ("is", "is_not", "in", "not_in", "is_present"),
    NUMBER: ("is", "is_not", "lt", "lte", "gt", "gte", "between", "is_present"),
    TIMESTAMP: ("after", "before", "on", "between", "is_present"),
    BOOLEAN: ("is", "is_present"),
}


@dataclass(frozen=True)
class Listing:
    """A list operation: its kind, the filters and sort orders of the vendor's page, and the default order."""

    kind: str
    order: str  # a timestamp member; lists run from young to old unless asked
    filters: dict[str, str]
    sorts: tuple[str, ...] = ()
    custom_fields: bool = False
    inside: dict[str, str] = field(default_factory=dict)  # filter name: SQL for a value inside an array


Action = Callable[..., dict[str, Any]]
"""Who does an operation: (work, params[, id of the path]) -> the members of the answer."""

Listed = tuple[str, str, Listing, str | None]
"""A list operation: path, name, what can be filtered and sorted, the member that the path's id must equal."""


def _names(kind: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), kind)


ITEM_FAMILIES = Listing(
    "item_family", "updated_at", _names(STRING, "id name business_entity_id") | {"updated_at": TIMESTAMP}
)
ITEMS = Listing(
    "item", "updated_at",
    _names(STRING, "id item_family_id name business_entity_id")
    | _names(ENUM, "type item_applicability status usage_calculation channel")
    | _names(BOOLEAN, "is_giftable enabled_for_checkout enabled_in_portal metered") | {"updated_at": TIMESTAMP},
    ("name", "id", "updated_at"),
)  # fmt: skip
ITEM_PRICES = Listing(
    "item_price", "updated_at",
    _names(STRING, "id name item_id item_family_id currency_code price_variant_id business_entity_id")
    | _names(ENUM, "pricing_model item_type trial_period_unit status period_unit channel")
    | _names(NUMBER, "trial_period period") | {"updated_at": TIMESTAMP},
    ("name", "id", "updated_at"),
)  # fmt: skip
CUSTOMERS = Listing(
    "customer", "created_at",
    _names(STRING, "id first_name last_name email company phone business_entity_id")
    | _names(ENUM, "auto_collection taxability offline_payment_method channel")
    | _names(TIMESTAMP, "created_at updated_at") | {"auto_close_invoices": BOOLEAN},
    ("created_at", "updated_at"), custom_fields=True,
)  # fmt: skip
PAYMENT_SOURCES = Listing(
    "payment_source",
    "created_at",
    {"customer_id": STRING} | _names(ENUM, "type status") | _names(TIMESTAMP, "updated_at created_at"),
    ("created_at", "updated_at"),
)
SUBSCRIPTIONS = Listing(
    "subscription", "created_at",
    _names(STRING, "id customer_id item_id item_price_id cancel_reason_code business_entity_id")
    | _names(ENUM, "status cancel_reason offline_payment_method channel")
    | _names(TIMESTAMP, "created_at activated_at next_billing_at cancelled_at updated_at")
    | _names(BOOLEAN, "has_scheduled_changes auto_close_invoices override_relationship")
    | {"remaining_billing_cycles": NUMBER},
    ("created_at", "updated_at"), custom_fields=True,
    inside={
        "item_price_id": "SELECT json_extract(value, '$.item_price_id') AS it "
                         "FROM json_each(doc, '$.subscription_items')",
        "item_id": "SELECT json_extract(item_price.doc, '$.item_id') AS it FROM json_each(subscription.doc, "
                   "'$.subscription_items') AS held JOIN item_price "
                   "ON item_price.key = json_extract(held.value, '$.item_price_id')",
    },
)  # fmt: skip
CONTRACT_TERMS = Listing("contract_term", "created_at", {}, ("created_at",))
INVOICES = Listing(
    "invoice", "date",
    _names(STRING, "id subscription_id customer_id payment_owner void_reason_code business_entity_id")
    | _names(ENUM, "status price_type dunning_status channel") | {"recurring": BOOLEAN}
    | _names(TIMESTAMP, "date paid_at updated_at voided_at")
    | _names(NUMBER, "total amount_paid amount_adjusted credits_applied amount_due"),
    ("date", "updated_at"), custom_fields=True,
)  # fmt: skip
CREDIT_NOTES = Listing(
    "credit_note", "date",
    _names(STRING, "id customer_id subscription_id reference_invoice_id create_reason_code business_entity_id")
    | _names(ENUM, "type reason_code status price_type channel") | _names(TIMESTAMP, "date voided_at updated_at")
    | _names(NUMBER, "total amount_allocated amount_refunded amount_available"),
    ("date",), custom_fields=True,
)  # fmt: skip
VIRTUAL_BANK_ACCOUNTS = Listing(
    "virtual_bank_account", "created_at", {"customer_id": STRING} | _names(TIMESTAMP, "created_at updated_at")
)
COMMENTS = Listing(
    "comment", "created_at", _names(STRING, "entity_id") | {"entity_type": ENUM, "created_at": TIMESTAMP},
    ("created_at",),
)  # fmt: skip
TRANSFERS = Listing(
    "business_entity_transfer", "created_at",
    _names(STRING, "resource_type resource_id active_resource_id") | {"created_at": TIMESTAMP}, ("created_at",),
)  # fmt: skip
PROMOTIONAL_CREDITS = Listing(
    "promotional_credit", "created_at", _names(STRING, "id customer_id") | {"created_at": TIMESTAMP, "type": ENUM}
)
PAYMENT_SCHEDULES = Listing(
    "payment_schedule", "updated_at", _names(STRING, "id invoice_id") | {"updated_at": TIMESTAMP}
)
PAYMENT_SCHEDULE_SCHEMES = Listing("payment_schedule_scheme", "updated_at", {"id": STRING, "updated_at": TIMESTAMP})
TRANSACTIONS = Listing(
    "transaction", "date",
    _names(STRING, "id customer_id subscription_id payment_source_id gateway_account_id id_at_gateway "
                   "reference_number business_entity_id")
    | _names(ENUM, "payment_method gateway type status") | _names(TIMESTAMP, "date updated_at")
    | _names(NUMBER, "amount amount_capturable"),
    ("date", "updated_at"),
    inside={"invoice_id": "SELECT json_extract(value, '$.invoice_id') AS it FROM json_each(doc, '$.linked_invoices')"},
)  # fmt: skip
EVENTS = Listing(
    "event",
    "occurred_at",
    {"id": STRING, "occurred_at": TIMESTAMP} | _names(ENUM, "webhook_status event_type source"),
    ("occurred_at",),
)
USAGES = Listing(
    "usage",
    "usage_date",
    _names(STRING, "id subscription_id item_price_id invoice_id")
    | _names(TIMESTAMP, "usage_date updated_at")
    | {"source": ENUM},
    ("usage_date", "updated_at"),
)
COUPONS = Listing(
    "coupon", "created_at",
    _names(STRING, "id name currency_code") | _names(ENUM, "discount_type duration_type status apply_on")
    | _names(TIMESTAMP, "created_at updated_at"),
    ("created_at",),
)  # fmt: skip
FEATURES = Listing(
    "feature", "created_at", _names(STRING, "id name") | _names(ENUM, "status type") | {"metered": BOOLEAN}
)
ENTITLEMENTS = Listing("entitlement", "created_at", _names(STRING, "feature_id entity_id") | {"entity_type": ENUM})
QUOTES = Listing(
    "quote", "date",
    _names(STRING, "id customer_id subscription_id") | {"status": ENUM} | _names(TIMESTAMP, "date updated_at"),
    ("date",),
)  # fmt: skip
COUPON_SETS = Listing(
    "coupon_set",
    "updated_at",
    _names(STRING, "id name coupon_id") | _names(NUMBER, "total_count redeemed_count archived_count"),
)
COUPON_CODES = Listing("coupon_code", "updated_at", _names(STRING, "code coupon_id coupon_set_name") | {"status": ENUM})
UNBILLED_CHARGES = Listing(
    "unbilled_charge", "created_at", _names(STRING, "subscription_id customer_id") | {"is_voided": BOOLEAN}
)
RAMPS = Listing(
    "ramp",
    "effective_from",
    {"status": ENUM, "subscription_id": STRING} | _names(TIMESTAMP, "effective_from updated_at"),
    ("effective_from", "updated_at"),
)
ATTACHED_ITEMS = Listing(
    "attached_item",
    "updated_at",
    _names(STRING, "id item_id") | _names(ENUM, "type item_type charge_on_event") | {"updated_at": TIMESTAMP},
)
PRICE_VARIANTS = Listing(
    "price_variant", "created_at",
    _names(STRING, "id name business_entity_id") | {"status": ENUM} | _names(TIMESTAMP, "created_at updated_at"),
    ("name", "id", "status", "created_at", "updated_at"),
)  # fmt: skip
DIFFERENTIAL_PRICES = Listing(
    "differential_price",
    "updated_at",
    _names(STRING, "item_price_id item_id id parent_item_id") | {"updated_at": TIMESTAMP},
)  # fmt: skip
WEBHOOK_ENDPOINTS = Listing("webhook_endpoint", "created_at", {})
