"""Contacts of a customer: who else gets its mails."""

from typing import Any

from simulators.kit.store import Doc
from simulators.subscriptions import customers
from simulators.subscriptions.errors import Refused, duplicate, not_found
from simulators.subscriptions.params import Params
from simulators.subscriptions.work import Work

Result = dict[str, Any]

CONTACTS_MAX = 500
_TEXTS = ("first_name", "last_name", "phone", "label")
_FLAGS = ("enabled", "send_account_email", "send_billing_email")


def _apply(contact: Doc, group: Params) -> None:
    if "email" in group or "email" not in contact:
        contact["email"] = group.need("email", longest=70)
        if "@" not in contact["email"]:
            raise group.wrong("email", "is not an email address")
    for name in _TEXTS:
        if name in group:
            value = group.text(name)
            if value is None:
                contact.pop(name, None)
            else:
                contact[name] = value
    for name in _FLAGS:
        flag = group.boolean(name)
        contact[name] = contact.get(name, False) if flag is None else flag


def add(work: Work, params: Params, key: str) -> Result:
    """POST /customers/{id}/add_contact."""
    customer, group = customers.live(work, key), params.group("contact")
    held = customer.get("contacts", [])
    if len(held) >= CONTACTS_MAX:
        raise Refused("resource_limit_exhausted", f"a customer has at most {CONTACTS_MAX} contacts")
    own = group.text("id", longest=150) or f"contact_{work.token('contact')}"
    if any(contact["id"] == own for contact in held):
        raise duplicate(group.name("id"), own)
    contact: Doc = {"id": own, "object": "contact"}
    _apply(contact, group)
    customer["contacts"] = [*held, contact]
    return customers.changed(work, customer)


def _found(customer: Doc, group: Params) -> Doc:
    wanted = group.need("id", longest=150)
    contact = next((one for one in customer.get("contacts", ()) if one["id"] == wanted), None)
    if contact is None:
        raise not_found(group.name("id"), wanted)
    found: Doc = contact
    return found


def update(work: Work, params: Params, key: str) -> Result:
    """POST /customers/{id}/update_contact."""
    customer, group = customers.live(work, key), params.group("contact")
    _apply(_found(customer, group), group)
    return customers.changed(work, customer)


def delete(work: Work, params: Params, key: str) -> Result:
    """POST /customers/{id}/delete_contact."""
    customer = customers.live(work, key)
    contact = _found(customer, params.group("contact"))
    customer["contacts"] = [one for one in customer["contacts"] if one is not contact]
    return customers.changed(work, customer)


def listed(work: Work, params: Params, key: str) -> Result:
    """GET /customers/{id}/contacts."""
    held = customers.live(work, key).get("contacts", [])
    return params.page([{"contact": contact} for contact in held])
