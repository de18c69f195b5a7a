"""Every operation of the platform, on this page and three that it names: method, path, name, and who does it."""

from simulators.kit.fidelity import exact
from simulators.subscriptions import (
    answers,
    applications,
    cards,
    catalog,
    credit_notes,
    customers,
    invoices,
    payment_schedules,
    refunds,
    routes_catalog,
    routes_subscriptions,
    schemas,
    usage_rating,
    usages,
    webhooks,
)
from simulators.subscriptions.routes_money import MONEY, MONEY_LISTS
from simulators.subscriptions.schemas import Action, Listed

exact(
    "required members of every answer that is served (subscription lists carry customers, payments "
    "carry invoice and transaction)",
    source="observed",
    held_by="test_sdk, test_sdk_money",
)

ACTIONS: tuple[tuple[str, str, str, Action], ...] = (
    *routes_catalog.ACTIONS,
    *routes_subscriptions.ACTIONS,
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
    ("POST", "/invoices/create_for_charge_items_and_charges", "invoice.create_for_charge_items_and_charges",
     invoices.create),
    ("GET", "/invoices/{key}", "invoice.retrieve", invoices.retrieve),
    ("POST", "/invoices/{key}/record_payment", "invoice.record_payment", invoices.record_payment),
    ("POST", "/invoices/{key}/apply_payments", "invoice.apply_payments", applications.apply_payments),
    ("POST", "/invoices/{key}/remove_payment", "invoice.remove_payment", applications.remove_payment),
    ("POST", "/invoices/{key}/apply_credits", "invoice.apply_credits", applications.apply_credits),
    ("POST", "/invoices/{key}/remove_credit_note", "invoice.remove_credit_note", applications.remove_credit_note),
    ("POST", "/invoices/{key}/refund", "invoice.refund", refunds.refund_invoice),
    ("POST", "/invoices/{key}/record_refund", "invoice.record_refund", refunds.record_invoice_refund),
    ("POST", "/invoices/{key}/void", "invoice.void_invoice", usage_rating.void),
    ("POST", "/invoices/{key}/write_off", "invoice.write_off", invoices.write_off),
    ("POST", "/invoices/{key}/close", "invoice.close", usage_rating.close),
    ("POST", "/invoices/{key}/sync_usages", "invoice.sync_usages", usage_rating.sync),
    ("POST", "/invoices/{key}/update_details", "invoice.update_details", invoices.update_details),
    ("POST", "/invoices/{key}/delete", "invoice.delete", invoices.delete),
    ("POST", "/credit_notes", "credit_note.create", credit_notes.create),
    ("GET", "/credit_notes/{key}", "credit_note.retrieve", credit_notes.retrieve),
    ("POST", "/credit_notes/{key}/void", "credit_note.void_credit_note", credit_notes.void),
    ("POST", "/credit_notes/{key}/refund", "credit_note.refund", refunds.refund_note),
    ("POST", "/credit_notes/{key}/record_refund", "credit_note.record_refund", refunds.record_note_refund),
    ("POST", "/customers/{key}/record_excess_payment", "customer.record_excess_payment",
     applications.record_excess_payment),
    ("POST", "/transactions/{key}/delete_offline_transaction", "transaction.delete_offline_transaction",
     applications.delete_offline_transaction),
    ("GET", "/transactions/{key}", "transaction.retrieve", catalog.retrieve("transaction")),
    ("GET", "/events/{key}", "event.retrieve", catalog.retrieve("event")),
    ("POST", "/subscriptions/{key}/usages", "usage.create", usages.create),
    ("GET", "/subscriptions/{key}/usages", "usage.retrieve", usages.retrieve),
    ("POST", "/subscriptions/{key}/delete_usage", "usage.delete", usages.delete),
    ("POST", "/webhook_endpoints", "webhook_endpoint.create", webhooks.create),
    ("GET", "/webhook_endpoints/{key}", "webhook_endpoint.retrieve", catalog.retrieve("webhook_endpoint")),
    ("POST", "/webhook_endpoints/{key}", "webhook_endpoint.update", webhooks.update),
    ("POST", "/webhook_endpoints/{key}/delete", "webhook_endpoint.delete", webhooks.delete),
    *MONEY,
)  # fmt: skip

LISTS: tuple[Listed, ...] = (
    *routes_catalog.LISTS,
    *routes_subscriptions.LISTS,
    ("/customers", "customer.list", schemas.CUSTOMERS, None),
    ("/payment_sources", "payment_source.list", schemas.PAYMENT_SOURCES, None),
    ("/invoices", "invoice.list", schemas.INVOICES, None),
    ("/customers/{key}/invoices", "invoice.invoices_for_customer", schemas.INVOICES, "customer_id"),
    ("/subscriptions/{key}/invoices", "invoice.invoices_for_subscription", schemas.INVOICES, "subscription_id"),
    ("/credit_notes", "credit_note.list", schemas.CREDIT_NOTES, None),
    ("/customers/{key}/credit_notes", "credit_note.credit_notes_for_customer", schemas.CREDIT_NOTES, "customer_id"),
    ("/transactions", "transaction.list", schemas.TRANSACTIONS, None),
    ("/customers/{key}/transactions", "transaction.transactions_for_customer", schemas.TRANSACTIONS, "customer_id"),
    ("/subscriptions/{key}/transactions", "transaction.transactions_for_subscription", schemas.TRANSACTIONS,
     "subscription_id"),
    ("/invoices/{key}/payments", "transaction.payments_for_invoice", schemas.TRANSACTIONS, "invoice_id"),
    ("/usages", "usage.list", schemas.USAGES, None),
    ("/events", "event.list", schemas.EVENTS, None),
    ("/webhook_endpoints", "webhook_endpoint.list", schemas.WEBHOOK_ENDPOINTS, None),
    *MONEY_LISTS,
)  # fmt: skip

ROWS: dict[str, Action] = {
    # lists whose rows carry more than the one document
    "customer.list": customers.row,
    "payment_schedule.list": payment_schedules.row,
    "subscription.list": answers.row,
}
