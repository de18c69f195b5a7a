"""Payment sources: cards by the gateway's test numbers. Full numbers are never kept."""

from typing import Any

from simulators.kit.store import Doc
from simulators.subscriptions import gateway
from simulators.subscriptions.errors import Refused, not_found
from simulators.subscriptions.params import Params
from simulators.subscriptions.work import Work

Result = dict[str, Any]

_BRANDS = {"4": "visa", "5": "mastercard", "2": "mastercard", "3": "american_express", "6": "discover"}
OWNER = ("first_name", "last_name", "billing_addr1", "billing_addr2", "billing_city", "billing_state_code",
          "billing_state", "billing_zip", "billing_country")  # fmt: skip


def _luhn(number: str) -> bool:
    digits = [int(digit) for digit in reversed(number)]
    return sum(digits[::2]) % 10 == (-sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])) % 10


def attach(work: Work, customer: Doc, card: Params) -> Doc:
    """Keep a card as a payment source of the customer, its primary one if it is the first."""
    digits = "".join(card.need("number", longest=30).split()).replace("-", "")
    if not digits.isdigit() or not 12 <= len(digits) <= 19 or not _luhn(digits):
        raise Refused("payment_method_verification_failed", "card[number] : is not a card number", card.name("number"))
    month, year = card.number("expiry_month", least=1, most=12), card.number("expiry_year", least=2000, most=2100)
    now = work.calendar.local(work.at)
    if (year, month) < (now.year, now.month):
        raise Refused("payment_method_verification_failed", "card : has expired", card.name("expiry_year"))
    cvv = card.text("cvv", longest=4)
    if cvv is not None and not cvv.isdigit():
        raise card.wrong("cvv", "should be 3 or 4 digits")
    account = card.text("gateway_account_id") or gateway.ID
    if account != gateway.ID:
        raise not_found(card.name("gateway_account_id"), account)
    names = {name: value for name in OWNER if (value := card.text(name)) is not None}
    key = f"pm_{work.token('payment_source')}"
    source: Doc = {
        "id": key, "customer_id": customer["id"], "type": "card", "status": "valid", "gateway": gateway.NAME,
        "gateway_account_id": gateway.ID, "reference_id": f"tok_{work.token('reference')}", "created_at": work.at,
        "deleted": False, "object": "payment_source", "_outcome": gateway.CARDS.get(digits, "succeed"),
        "card": {**names, **shown_of(digits, year, month)},
    }  # fmt: skip
    if "business_entity_id" in customer:
        source["business_entity_id"] = customer["business_entity_id"]
    work.save("payment_source", source)
    if not customer.get("primary_payment_source_id"):
        make_primary(work, customer, source)
    return source


def shown_of(digits: str, year: int, month: int = 12) -> Doc:
    """What may be known of a card number."""
    return {
        "iin": digits[:6], "last4": digits[-4:], "brand": _BRANDS.get(digits[0], "other"), "funding_type": "credit",
        "expiry_month": month, "expiry_year": year, "masked_number": f"{'*' * (len(digits) - 4)}{digits[-4:]}",
        "object": "card",
    }  # fmt: skip


def owner(work: Work, params: Params) -> Doc:
    """The customer that a new payment source is for."""
    key = params.need("customer_id")
    customer = work.need("customer", key, "customer_id")
    if customer["deleted"]:
        raise not_found("customer_id", key)
    return customer


def make_primary(work: Work, customer: Doc, source: Doc) -> None:
    """Charges of the customer go to this source from now on."""
    customer["primary_payment_source_id"], customer["card_status"] = source["id"], "valid"
    customer["payment_method"] = {
        "object": "payment_method", "type": source["type"], "reference_id": source["reference_id"],
        "gateway": source["gateway"], "gateway_account_id": source["gateway_account_id"], "status": "valid",
    }  # fmt: skip
    work.save("customer", customer)


def card_of(work: Work, customer: Doc) -> Doc | None:
    """The customer's primary card as the `card` member of answers."""
    source = work.get("payment_source", customer.get("primary_payment_source_id"))
    if source is None or "card" not in source:
        return None
    card = source["card"]
    members = {name: value for name, value in card.items() if name not in ("brand", "object")}
    return {
        **members, "payment_source_id": source["id"], "customer_id": customer["id"], "status": source["status"],
        "gateway": source["gateway"], "gateway_account_id": source["gateway_account_id"], "card_type": card["brand"],
        "created_at": source["created_at"], "updated_at": source["updated_at"],
        "resource_version": source["resource_version"], "object": "card",
    }  # fmt: skip


def create_card(work: Work, params: Params) -> Result:
    """POST /payment_sources/create_card."""
    customer = owner(work, params)
    source = attach(work, customer, params.group("card"))
    if params.boolean("replace_primary_payment_source"):
        make_primary(work, customer, source)
    work.emit("payment_source_added", customer=customer, payment_source=source)
    return {"customer": customer, "payment_source": source}


def assign_role(work: Work, params: Params, key: str) -> Result:
    """POST /customers/{id}/assign_payment_role."""
    customer = work.need("customer", key)
    source = _own(work, customer, params.need("payment_source_id"))
    role = params.choice("role", ("primary", "backup", "none"), required=True)
    if role == "primary":
        make_primary(work, customer, source)
    elif role == "backup":
        customer["backup_payment_source_id"] = source["id"]
    elif customer.get("backup_payment_source_id") == source["id"]:
        customer.pop("backup_payment_source_id")
    work.save("customer", customer)
    work.emit("customer_changed", customer=customer)
    return {"customer": customer, "payment_source": source}


def _own(work: Work, customer: Doc, key: str) -> Doc:
    source = work.need("payment_source", key, "payment_source_id")
    if source["customer_id"] != customer["id"] or source["deleted"]:
        raise not_found("payment_source_id", key)
    return source


def delete(work: Work, _params: Params, key: str) -> Result:
    """POST /payment_sources/{id}/delete."""
    source = work.need("payment_source", key)
    if source["deleted"]:
        raise not_found(None, key)
    customer = work.need("customer", source["customer_id"])
    source["deleted"] = True
    work.save("payment_source", source)
    if customer.get("backup_payment_source_id") == key:
        customer.pop("backup_payment_source_id")
        work.save("customer", customer)
    if customer.get("primary_payment_source_id") == key:
        for name in ("primary_payment_source_id", "payment_method"):
            customer.pop(name, None)
        customer["card_status"] = "no_card"
        work.save("customer", customer)
    work.emit("payment_source_deleted", customer=customer, payment_source=source)
    return {"customer": customer, "payment_source": source}
