"""Every operation of the platform on one page: method, path, name, and who does it."""

from collections.abc import Callable
from typing import Any

from simulators.subscriptions import (
    cards,
    catalog,
    credit_notes,
    customers,
    invoices,
    schemas,
    subscriptions,
    webhooks,
)
from simulators.subscriptions.schemas import Listing

Action = Callable[..., dict[str, Any]]

ACTIONS: tuple[tuple[str, str, str, Action], ...] = (
    ("POST", "/item_families", "item_family.create", catalog.create_family),
    ("GET", "/item_families/{key}", "item_family.retrieve", catalog.retrieve("item_family")),
    ("POST", "/item_families/{key}", "item_family.update", catalog.update_family),
    ("POST", "/item_families/{key}/delete", "item_family.delete", catalog.delete("item_family")),
    ("POST", "/items", "item.create", catalog.create_item),
    ("GET", "/items/{key}", "item.retrieve", catalog.retrieve("item")),
    ("POST", "/items/{key}", "item.update", catalog.update_item),
    ("POST", "/items/{key}/delete", "item.delete", catalog.delete("item")),
    ("POST", "/item_prices", "item_price.create", catalog.create_price),
    ("GET", "/item_prices/{key}", "item_price.retrieve", catalog.retrieve("item_price")),
    ("POST", "/item_prices/{key}", "item_price.update", catalog.update_price),
    ("POST", "/item_prices/{key}/delete", "item_price.delete", catalog.delete("item_price")),
    ("POST", "/customers", "customer.create", customers.create),
    ("GET", "/customers/{key}", "customer.retrieve", customers.retrieve),
    ("POST", "/customers/{key}", "customer.update", customers.update),
    ("POST", "/customers/{key}/update_billing_info", "customer.update_billing_info", customers.update_billing_info),
    ("POST", "/customers/{key}/assign_payment_role", "customer.assign_payment_role", cards.assign_role),
    ("POST", "/customers/{key}/delete", "customer.delete", customers.delete),
    ("POST", "/payment_sources/create_card", "payment_source.create_card", cards.create_card),
    ("GET", "/payment_sources/{key}", "payment_source.retrieve", catalog.retrieve("payment_source")),
    ("POST", "/payment_sources/{key}/delete", "payment_source.delete", cards.delete),
    ("POST", "/payment_sources/{key}/delete_local", "payment_source.delete_local", cards.delete),
    ("POST", "/customers/{key}/subscription_for_items", "subscription.create_with_items",
     subscriptions.create_with_items),
    ("GET", "/subscriptions/{key}", "subscription.retrieve", subscriptions.retrieve),
    ("POST", "/invoices/create_for_charge_items_and_charges", "invoice.create_for_charge_items_and_charges",
     invoices.create),
    ("GET", "/invoices/{key}", "invoice.retrieve", invoices.retrieve),
    ("POST", "/invoices/{key}/record_payment", "invoice.record_payment", invoices.record_payment),
    ("POST", "/invoices/{key}/collect_payment", "invoice.collect_payment", invoices.collect_payment),
    ("POST", "/invoices/{key}/apply_payments", "invoice.apply_payments", invoices.apply_payments),
    ("POST", "/invoices/{key}/remove_payment", "invoice.remove_payment", invoices.remove_payment),
    ("POST", "/invoices/{key}/void", "invoice.void_invoice", invoices.void),
    ("POST", "/invoices/{key}/write_off", "invoice.write_off", invoices.write_off),
    ("POST", "/invoices/{key}/close", "invoice.close", invoices.close),
    ("POST", "/invoices/{key}/update_details", "invoice.update_details", invoices.update_details),
    ("POST", "/invoices/{key}/delete", "invoice.delete", invoices.delete),
    ("POST", "/credit_notes", "credit_note.create", credit_notes.create),
    ("GET", "/credit_notes/{key}", "credit_note.retrieve", credit_notes.retrieve),
    ("POST", "/credit_notes/{key}/void", "credit_note.void_credit_note", credit_notes.void),
    ("GET", "/transactions/{key}", "transaction.retrieve", catalog.retrieve("transaction")),
    ("GET", "/events/{key}", "event.retrieve", catalog.retrieve("event")),
    ("POST", "/webhook_endpoints", "webhook_endpoint.create", webhooks.create),
    ("GET", "/webhook_endpoints/{key}", "webhook_endpoint.retrieve", catalog.retrieve("webhook_endpoint")),
    ("POST", "/webhook_endpoints/{key}", "webhook_endpoint.update", webhooks.update),
    ("POST", "/webhook_endpoints/{key}/delete", "webhook_endpoint.delete", webhooks.delete),
)  # fmt: skip

LISTS: tuple[tuple[str, str, Listing, str | None], ...] = (
    # path, name, what can be filtered and sorted, the member that the path's id must equal
    ("/item_families", "item_family.list", schemas.ITEM_FAMILIES, None),
    ("/items", "item.list", schemas.ITEMS, None),
    ("/item_prices", "item_price.list", schemas.ITEM_PRICES, None),
    ("/customers", "customer.list", schemas.CUSTOMERS, None),
    ("/payment_sources", "payment_source.list", schemas.PAYMENT_SOURCES, None),
    ("/subscriptions", "subscription.list", schemas.SUBSCRIPTIONS, None),
    ("/customers/{key}/subscriptions", "subscription.subscriptions_for_customer", schemas.SUBSCRIPTIONS, "customer_id"),
    ("/subscriptions/{key}/contract_terms", "subscription.contract_terms_for_subscription", schemas.CONTRACT_TERMS,
     "subscription_id"),
    ("/invoices", "invoice.list", schemas.INVOICES, None),
    ("/customers/{key}/invoices", "invoice.invoices_for_customer", schemas.INVOICES, "customer_id"),
    ("/subscriptions/{key}/invoices", "invoice.invoices_for_subscription", schemas.INVOICES, "subscription_id"),
    ("/credit_notes", "credit_note.list", schemas.CREDIT_NOTES, None),
    ("/customers/{key}/credit_notes", "credit_note.credit_notes_for_customer", schemas.CREDIT_NOTES, "customer_id"),
    ("/transactions", "transaction.list", schemas.TRANSACTIONS, None),
    ("/customers/{key}/transactions", "transaction.transactions_for_customer", schemas.TRANSACTIONS, "customer_id"),
    ("/subscriptions/{key}/transactions", "transaction.transactions_for_subscription", schemas.TRANSACTIONS,
     "subscription_id"),
    ("/events", "event.list", schemas.EVENTS, None),
    ("/webhook_endpoints", "webhook_endpoint.list", schemas.WEBHOOK_ENDPOINTS, None),
)  # fmt: skip

ROWS: dict[str, Action] = {
    # lists whose rows carry more than the one document
    "customer.list": customers.row,
    "subscription.list": subscriptions.row,
}
