"""Payment sources that are no cards: bank accounts with their mandates, tokens of the gateway; changes of all kinds."""

from typing import Any

from simulators.kit.fidelity import approximate
from simulators.kit.store import Doc
from simulators.subscriptions import cards, gateway
from simulators.subscriptions.errors import Refused, not_found
from simulators.subscriptions.params import Params
from simulators.subscriptions.work import Work

approximate(
    "payment sources by token",
    "a token that holds a test card's number acts like that card",
    source="ours",
)
approximate(
    "verify_bank_account",
    "the two deposits are 32 and 45",
    source="ours",
)

Result = dict[str, Any]

_TEXTS = ("first_name", "last_name", "email", "bank_name")
_CHOICES = {
    "account_type": ("checking", "savings", "business_checking", "current"),
    "account_holder_type": ("individual", "company"),
    "echeck_type": ("web", "ppd", "ccd"),
}
_ONLY_SENT = ("company", "phone", "bank_code", "swedish_identity_number")
TOKEN_TYPES = ("card", "direct_debit", "paypal_express_checkout", "generic")


def new(work: Work, customer: Doc, kind: str, members: Doc) -> Doc:
    """Keep a payment source of the customer, the primary one if it is the first."""
    source: Doc = {
        "id": f"pm_{work.token('payment_source')}", "customer_id": customer["id"], "type": kind, "status": "valid",
        "gateway": gateway.NAME, "gateway_account_id": gateway.ID, "reference_id": f"tok_{work.token('reference')}",
        "created_at": work.at, "deleted": False, "object": "payment_source", **members,
    }  # fmt: skip
    if "business_entity_id" in customer:
        source["business_entity_id"] = customer["business_entity_id"]
    work.save("payment_source", source)
    if not customer.get("primary_payment_source_id"):
        cards.make_primary(work, customer, source)
    return source


def create(work: Work, params: Params) -> Result:
    """POST /payment_sources/create_bank_account: debits from it take days to clear."""
    customer = cards.owner(work, params)
    group = params.group("bank_account")
    iban, number = group.text("iban", longest=40), group.text("account_number", longest=40)
    digits = "".join((iban or number or "").split())
    if not digits:
        raise group.wrong("account_number", "cannot be blank: give account_number, or iban")
    routing = group.text("routing_number", longest=20)
    if iban is None and routing is None and group.text("bank_code") is None:
        raise group.wrong("routing_number", "cannot be blank")
    _gateway(group)
    account: Doc = {"last4": digits[-4:], "mandate_id": f"mdt_{work.token('mandate', 12)}", "object": "bank_account"}
    account["direct_debit_scheme"] = "ach" if iban is None else "sepa_core"
    _describe(account, group)
    for name in _ONLY_SENT:
        group.text(name)
    group.group("billing_address").names()
    members = {"bank_account": account, "_outcome": gateway.ACCOUNTS.get(digits, "delayed")}
    country = params.text("issuing_country", longest=2)
    if country is not None:
        members["issuing_country"] = country
    return _added(work, params, customer, new(work, customer, "direct_debit", members))


def _gateway(group: Params) -> None:
    account = group.text("gateway_account_id") or gateway.ID
    if account != gateway.ID:
        raise not_found(group.name("gateway_account_id"), account)


def _describe(account: Doc, group: Params) -> None:
    for name in _TEXTS:
        value = group.text(name)
        if value is not None:
            account[name] = value
    for name, allowed in _CHOICES.items():
        value = group.choice(name, allowed)
        if value is not None:
            account[name] = value
    names = [account[name] for name in ("first_name", "last_name") if name in account]
    if names:
        account["name_on_account"] = " ".join(names)


def _added(work: Work, params: Params, customer: Doc, source: Doc) -> Result:
    if params.boolean("replace_primary_payment_source"):
        cards.make_primary(work, customer, source)
    work.emit("payment_source_added", customer=customer, payment_source=source)
    return {"customer": customer, "payment_source": source}


def create_using_token(work: Work, params: Params) -> Result:
    """POST /payment_sources/create_using_permanent_token and create_using_temp_token."""
    customer = cards.owner(work, params)
    for name in ("customer_profile_token", "network_transaction_id", "mandate_id"):
        params.text(name)
    params.boolean("skip_retrieval")
    return _added(work, params, customer, by_token(work, customer, params))


def by_token(work: Work, customer: Doc, params: Params) -> Doc:
    """A payment source of which the gateway knows the rest; a token with a test card's number acts like that card."""
    _gateway(params)
    kind = params.choice("type", TOKEN_TYPES, required=True)
    assert kind is not None
    token = params.text("tmp_token") or params.text("reference_id") or params.text("payment_method_token")
    if token is None:
        raise params.wrong("reference_id", "cannot be blank")
    params.text("issuing_country")
    number = next((known for known in gateway.CARDS if known in token), "4242424242424242")
    members: Doc = {"reference_id": token}
    if kind == "card":
        year = work.calendar.local(work.at).year + 4
        members |= {"card": cards.shown_of(number, year), "_outcome": gateway.CARDS[number]}
    elif kind == "direct_debit":
        members |= {"bank_account": {"last4": token[-4:], "object": "bank_account"}, "_outcome": "delayed"}
    return new(work, customer, kind, members)


def update_card(work: Work, params: Params, key: str) -> Result:
    """POST /payment_sources/{id}/update_card: owner, address and expiry; never the number."""
    source = live(work, key, "card")
    group = params.group("card")
    for name in cards.OWNER:
        value = group.text(name)
        if value is not None:
            source["card"][name] = value
    for name, least, most in (("expiry_month", 1, 12), ("expiry_year", 2000, 2100)):
        number = group.integer(name, least=least, most=most)
        if number is not None:
            source["card"][name] = number
    return _updated(work, source)


def update_bank_account(work: Work, params: Params, key: str) -> Result:
    """POST /payment_sources/{id}/update_bank_account: the holder's names and email."""
    source = live(work, key, "bank_account")
    _describe(source["bank_account"], params.group("bank_account"))
    return _updated(work, source)


def verify_bank_account(work: Work, params: Params, key: str) -> Result:
    """POST /payment_sources/{id}/verify_bank_account: the two small deposits; the test gateway sends 32 and 45."""
    source = live(work, key, "bank_account")
    if (params.number("amount1"), params.number("amount2")) != (32, 45):
        raise Refused("payment_method_verification_failed", "the amounts are not those that were deposited", "amount1")
    source["status"] = "valid"
    return {"payment_source": _updated(work, source)["payment_source"]}


def live(work: Work, key: str, member: str) -> Doc:
    """A payment source that has this member and is not deleted."""
    source = work.need("payment_source", key)
    if source["deleted"]:
        raise not_found(None, key)
    if member not in source:
        raise Refused("invalid_state_for_request", f"a {source['type']} has no {member}")
    return source


def _updated(work: Work, source: Doc) -> Result:
    work.save("payment_source", source)
    customer = work.need("customer", source["customer_id"])
    work.emit("payment_source_updated", customer=customer, payment_source=source)
    return {"customer": customer, "payment_source": source}
