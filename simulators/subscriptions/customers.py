"""Customers: create, read, update, billing address, balances' home, delete."""

from typing import Any

from simulators.kit.fidelity import approximate
from simulators.kit.store import Doc
from simulators.subscriptions import cards
from simulators.subscriptions.errors import bad_state, duplicate, not_found, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.rules_tax import vat_number_status
from simulators.subscriptions.work import Work

approximate(
    "`vat_number` in customer update",
    "honoured there as well as in update_billing_info",
    source="ours",
)

Result = dict[str, Any]

_ADDRESS = ("first_name", "last_name", "email", "company", "phone", "line1", "line2", "line3", "city", "state_code",
            "state", "country", "zip")  # fmt: skip
_TEXTS = ("first_name", "last_name", "email", "phone", "company", "locale", "exempt_number", "client_profile_id",
          "invoice_notes")  # fmt: skip
_BILLING_TEXTS = ("vat_number", "vat_number_prefix", "entity_identifier_scheme", "entity_identifier_standard")
_FLAGS = ("allow_direct_debit", "auto_close_invoices", "consolidated_invoicing", "registered_for_gst",
          "business_customer_without_vat_number", "is_einvoice_enabled")  # fmt: skip
OFFLINE_METHODS = ("no_preference", "cash", "check", "bank_transfer", "ach_credit", "sepa_credit", "boleto",
                   "us_automated_bank_transfer", "eu_automated_bank_transfer", "custom")  # fmt: skip
_CHOICES = {
    "auto_collection": ("on", "off"),
    "taxability": ("taxable", "exempt"),
    "offline_payment_method": OFFLINE_METHODS,
    "customer_type": ("residential", "business", "senior_citizen", "industrial"),
    "einvoicing_method": ("automatic", "manual", "site_default"),
    "fraud_flag": ("safe", "suspicious", "fraudulent"),
}

_MODES = ("using_defaults", "manually_set")
_BILLING_DAYS = {
    "billing_date_mode": _MODES, "billing_day_of_week_mode": _MODES,
    "billing_day_of_week": ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"),
}  # fmt: skip


def live(work: Work, key: str, param: str | None = None) -> Doc:
    """A customer that is not deleted, or 404; a business entity header hides those of other entities."""
    customer = work.need("customer", key, param)
    hidden = work.entity is not None and customer.get("business_entity_id") != work.entity
    if customer["deleted"] or hidden:
        raise not_found(param, key)
    return customer


def with_card(work: Work, customer: Doc, **members: Any) -> Result:
    """The usual answer: the customer, and the card when there is one."""
    card = cards.card_of(work, customer)
    return {**members, "customer": customer, **({"card": card} if card else {})}


def address_of(group: Params, kind: str) -> Doc | None:
    """A billing or shipping address; None when every part is blank."""
    address: Doc = {}
    for name in _ADDRESS:
        value = group.text(name)
        if value is not None:
            address[name] = value
    country = address.get("country")
    if country is not None:
        if not (len(country) == 2 and country.isalpha()):
            raise group.wrong("country", "should be an ISO 3166 alpha-2 code")
        address["country"] = country.upper()
    group.choice("validation_status", ("not_validated", "valid", "partially_valid", "invalid"))
    return {**address, "validation_status": "not_validated", "object": kind} if address else None


def _set(doc: Doc, name: str, value: Any) -> None:
    if value is None:
        doc.pop(name, None)
    else:
        doc[name] = value


def _apply(customer: Doc, params: Params, texts: tuple[str, ...]) -> None:
    for name in params.names():
        if name in texts:
            _set(customer, name, params.text(name))
        elif name in _FLAGS:
            flag = params.boolean(name)
            if flag is not None:
                customer[name] = flag
        elif name in _CHOICES:
            value = params.choice(name, _CHOICES[name])
            if value is not None:
                customer[name] = value
    if "email" in params and customer.get("email") and "@" not in customer["email"]:
        raise wrong("email", "is not an email address")
    days = params.integer("net_term_days", most=180)
    if days is not None:
        customer["net_term_days"] = days
    currency = params.currency("preferred_currency_code")
    if currency is not None:
        customer["preferred_currency_code"] = currency.upper()
    if "meta_data" in params:
        _set(customer, "meta_data", params.mapping("meta_data"))
    for name, value in params.custom_fields().items():
        _set(customer, name, value)


def _billing(customer: Doc, params: Params) -> None:
    if "billing_address" in params:
        _set(customer, "billing_address", address_of(params.group("billing_address"), "billing_address"))
    country = customer.get("billing_address", {}).get("country")
    if "vat_number" in customer:
        customer["vat_number_status"] = vat_number_status(customer["vat_number"], country)
    else:
        customer.pop("vat_number_status", None)


def create(work: Work, params: Params, told_as: str = "customer_created") -> Result:
    """POST /customers; `told_as`: the event that tells of it."""
    key = params.text("id", longest=50) or work.token("customer", 16)
    if work.get("customer", key) is not None:
        raise duplicate("id", key)
    entity = entity_for(work, params)
    customer: Doc = {
        "id": key, "auto_collection": "on", "net_term_days": 0, "allow_direct_debit": False, "created_at": work.at,
        "taxability": "taxable", "deleted": False, "promotional_credits": 0, "refundable_credits": 0,
        "excess_payments": 0, "unbilled_charges": 0, "balances": [], "card_status": "no_card", "pii_cleared": "active",
        "channel": "web", "object": "customer",
    }  # fmt: skip
    if entity is not None:
        customer["business_entity_id"] = entity["id"]
    currency = (entity or {}).get("_currency_code") or work.site["currency_code"]
    customer["preferred_currency_code"] = currency
    _apply(customer, params, _TEXTS + _BILLING_TEXTS)
    _billing(customer, params)
    work.save("customer", customer)
    card = params.group("card")
    if card:
        cards.attach(work, customer, card)
    work.emit(told_as, **with_card(work, customer))
    return with_card(work, customer)


def entity_for(work: Work, params: Params) -> Doc | None:
    """The business entity of a new customer: parameter, header, else the site's first one."""
    key = params.text("business_entity_id")
    if key is not None and work.entity is not None and key != work.entity:
        raise wrong("business_entity_id", "differs from the header chargebee-business-entity-id")
    key = key or work.entity
    if key is not None:
        return work.need("business_entity", key, "business_entity_id")
    entities = work.find("business_entity")
    return entities[0] if entities else None


def retrieve(work: Work, _params: Params, key: str) -> Result:
    """GET /customers/{id}."""
    return with_card(work, live(work, key))


def update(work: Work, params: Params, key: str) -> Result:
    """POST /customers/{id}."""
    return _changed(work, params, live(work, key), (*_TEXTS, "vat_number"))


def update_billing_info(work: Work, params: Params, key: str) -> Result:
    """POST /customers/{id}/update_billing_info."""
    return _changed(work, params, live(work, key), _BILLING_TEXTS)


def _changed(work: Work, params: Params, customer: Doc, texts: tuple[str, ...]) -> Result:
    _apply(customer, params, texts)
    if texts is _BILLING_TEXTS:
        _billing(customer, params)
    return changed(work, customer)


def changed(work: Work, customer: Doc) -> Result:
    """Keep a changed customer and tell of it; the usual answer."""
    work.save("customer", customer)
    told = with_card(work, customer)
    work.emit("customer_changed", **told)
    return told


def change_billing_date(work: Work, params: Params, key: str) -> Result:
    """POST /customers/{id}/change_billing_date: the day on which calendar billing begins its terms."""
    customer = live(work, key)
    for name, most in (("billing_date", 31), ("billing_month", 12)):
        number = params.integer(name, least=1, most=most)
        if number is not None:
            customer[name] = number
    for name, allowed in _BILLING_DAYS.items():
        value = params.choice(name, allowed)
        if value is not None:
            customer[name] = value
    return {"customer": changed(work, customer)["customer"]}


def delete(work: Work, params: Params, key: str) -> Result:
    """POST /customers/{id}/delete: only without live subscriptions; the record stays with `deleted`."""
    customer = live(work, key)
    params.boolean("delete_payment_method")
    if any(
        held["status"] != "cancelled" and not held["deleted"] for held in work.find("subscription", customer_id=key)
    ):
        raise bad_state("the customer has subscriptions that are not cancelled")
    customer["deleted"] = True
    work.save("customer", customer)
    work.emit("customer_deleted", customer=customer)
    return with_card(work, customer)


def row(work: Work, customer: Doc) -> Result:
    """A row of the list."""
    return with_card(work, customer)
