"""What belongs to the site and to no customer's money: configuration, currencies, comments, addresses."""

from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from simulators.kit.fidelity import approximate
from simulators.kit.jobs import Job
from simulators.kit.store import Doc
from simulators.subscriptions.answers import live
from simulators.subscriptions.customers import address_of
from simulators.subscriptions.errors import bad_state, duplicate, not_found, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.work import Work

approximate(
    "currencies",
    "the site's own and those that were added; rates are kept and change by schedule, bills do not carry them",
    source="ours",
)
approximate(
    "lists of gifts, orders, hosted pages and site migrations",
    "are empty whatever is asked: none can come about here",
    source="ours",
)
approximate(
    "addresses", "labels of a subscription beside its shipping address; nothing is billed by them", source="ours"
)

Result = dict[str, Any]

VENDOR = "chargebee.com"

COMMENTED = ("customer", "subscription", "invoice", "credit_note", "transaction", "coupon", "item", "item_price",
             "item_family")  # fmt: skip
_PARTS = {"addr": "line1", "extended_addr": "line2", "extended_addr2": "line3"}
_NAMES = ("first_name", "last_name", "email", "company", "phone", "city", "state_code", "state", "zip", "country")


def configurations(work: Work, _params: Params) -> Result:
    """GET /configurations: the domain is the site's name, which is the first part of the vendor's own host name."""
    site, _, vendor = (urlsplit(work.base_url).hostname or "").partition(".")
    page: Doc = {
        "domain": site if vendor == VENDOR else work.site["name"], "product_catalog_version": "v2",
        "object": "configuration", "chargebee_response_schema_type": "items",
    }  # fmt: skip
    return {"configurations": [page]}


def none_of(_work: Work, params: Params) -> Result:
    """GET of a list of what no site here can have; connectors read such lists of every site."""
    params.read_all()
    return {"list": []}


def _currencies(work: Work) -> list[Doc]:
    base: Doc = {
        "id": work.site["currency_code"].lower(), "currency_code": work.site["currency_code"], "enabled": True,
        "is_base_currency": True, "object": "currency",
    }  # fmt: skip
    return [base, *work.find("currency")]


def list_currencies(work: Work, params: Params) -> Result:
    """GET /currencies/list."""
    return params.page([{"currency": each} for each in _currencies(work)])


def retrieve_currency(work: Work, _params: Params, key: str) -> Result:
    """GET /currencies/{id}."""
    return {"currency": _currency(work, key)}


def _currency(work: Work, key: str) -> Doc:
    found = next((each for each in _currencies(work) if each["id"] == key), None)
    if found is None:
        raise not_found(None, key)
    return found


def create_currency(work: Work, params: Params) -> Result:
    """POST /currencies."""
    code = params.need("currency_code", longest=3).upper()
    if any(each["currency_code"] == code for each in _currencies(work)):
        raise duplicate("currency_code", code)
    currency: Doc = {
        "id": code.lower(), "currency_code": code, "enabled": True, "is_base_currency": False, "object": "currency",
    }  # fmt: skip
    return {"currency": _rated(work, currency, params)}


def update_currency(work: Work, params: Params, key: str) -> Result:
    """POST /currencies/{id}."""
    return {"currency": _rated(work, _other(work, key), params)}


def _other(work: Work, key: str) -> Doc:
    currency = _currency(work, key)
    if currency["is_base_currency"]:
        raise bad_state("the site's own currency has no rate")
    return currency


def _rated(work: Work, currency: Doc, params: Params) -> Doc:
    kind = params.choice("forex_type", ("manual", "auto"), required=True)
    currency["forex_type"] = kind
    currency.pop("manual_exchange_rate", None)
    if kind == "manual":
        currency["manual_exchange_rate"] = _rate(params)
    return work.keep("currency", currency)


def _rate(params: Params) -> str:
    text = params.need("manual_exchange_rate", longest=30)
    try:
        good = Decimal(text) > 0 and Decimal(text).is_finite()
    except InvalidOperation:
        good = False
    if not good:
        raise wrong("manual_exchange_rate", "should be a positive number")
    return text


def add_schedule(work: Work, params: Params, key: str) -> Result:
    """POST /currencies/{id}/add_schedule: another rate from an instant on."""
    currency, rate, at = _other(work, key), _rate(params), params.number("schedule_at")
    if at <= work.at:
        raise wrong("schedule_at", "should lie in the future")
    work.jobs.schedule(at, "currency_rate", {"id": key, "rate": rate}, key=f"rate/{key}")
    return {"scheduled_at": at, "currency": work.keep("currency", {**currency, "_scheduled_at": at})}


def remove_schedule(work: Work, _params: Params, key: str) -> Result:
    """POST /currencies/{id}/remove_schedule."""
    currency = _other(work, key)
    at = currency.pop("_scheduled_at", None)
    if at is None or not work.jobs.cancel(f"rate/{key}"):
        raise bad_state("no rate is scheduled")
    return {"scheduled_at": at, "currency": work.keep("currency", currency)}


def rate_due(work: Work, job: Job) -> None:
    """The scheduled rate holds from now on."""
    currency = _currency(work, job.payload["id"])
    currency |= {"forex_type": "manual", "manual_exchange_rate": job.payload["rate"]}
    currency.pop("_scheduled_at", None)
    work.keep("currency", currency)


def create_comment(work: Work, params: Params) -> Result:
    """POST /comments."""
    kind = params.choice("entity_type", COMMENTED, required=True)
    assert kind is not None
    entity = work.need(kind, params.need("entity_id", longest=100), "entity_id")
    comment: Doc = {
        "id": f"cmt_{work.token('comment')}", "entity_type": kind, "entity_id": entity["id"], "type": "user",
        "notes": params.need("notes", longest=1_000), "created_at": work.at, "deleted": False, "object": "comment",
        "added_by": params.text("added_by", longest=100) or "full_access_key_v1",
    }  # fmt: skip
    if "business_entity_id" in entity:
        comment["business_entity_id"] = entity["business_entity_id"]
    return {"comment": work.keep("comment", comment)}


def delete_comment(work: Work, _params: Params, key: str) -> Result:
    """POST /comments/{id}/delete."""
    comment = work.need("comment", key)
    work.remove("comment", key)
    return {"comment": comment}


def _label(work: Work, params: Params) -> tuple[Doc, str]:
    return live(work, params.need("subscription_id")), params.need("label", longest=50)


def retrieve_address(work: Work, params: Params) -> Result:
    """GET /addresses?subscription_id=&label=."""
    subscription, label = _label(work, params)
    held = subscription.get("_addresses", {}).get(label)
    if label == "shipping_address":
        held = subscription.get("shipping_address")
    if held is None:
        raise not_found("label", label)
    return {"address": _address(subscription, label, held)}


def _address(subscription: Doc, label: str, held: Doc) -> Doc:
    back = {line: name for name, line in _PARTS.items()}
    members = {back.get(name, name): value for name, value in held.items() if name not in ("object",)}
    return {**members, "label": label, "subscription_id": subscription["id"], "object": "address"}


def update_address(work: Work, params: Params) -> Result:
    """POST /addresses: the label is made if it is new."""
    subscription, label = _label(work, params)
    fields: Doc = {_PARTS.get(name, name): params.text(name) for name in (*_PARTS, *_NAMES) if name in params}
    params.choice("validation_status", ("not_validated", "valid", "partially_valid", "invalid"))
    held = address_of(Params({name: value for name, value in fields.items() if value is not None}), "shipping_address")
    if held is None:
        raise wrong("addr", "cannot be blank")
    if label == "shipping_address":
        subscription["shipping_address"] = held
    else:
        subscription["_addresses"] = {**subscription.get("_addresses", {}), label: held}
    work.save("subscription", subscription)
    if label == "shipping_address":
        customer = work.need("customer", subscription["customer_id"])
        work.emit("subscription_shipping_address_updated", subscription=subscription, customer=customer)
    return {"address": _address(subscription, label, held)}
