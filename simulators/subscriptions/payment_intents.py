"""Payment intents: what a page collects from the payer, spent once on a payment source or a payment."""

from typing import Any

from simulators.kit.fidelity import approximate
from simulators.kit.jobs import Job
from simulators.kit.store import Doc
from simulators.subscriptions import bank_accounts, cards, gateway
from simulators.subscriptions.errors import bad_state, not_found
from simulators.subscriptions.params import Params
from simulators.subscriptions.work import Work

approximate(
    "payment intents",
    "the payer's page is the act `pay_intent`; seven of the vendor's methods; half an hour of life",
    source="ours",
)

Result = dict[str, Any]

OPEN_S = 30 * 60
METHODS = ("card", "direct_debit", "ideal", "google_pay", "apple_pay", "paypal_express_checkout", "pay_by_bank")
"""Of the vendor's eighty: the rest are gateways of their own."""


def create(work: Work, params: Params) -> Result:
    """POST /payment_intents."""
    owner = params.text("customer_id")
    if owner is not None:
        cards.owner(work, Params({"customer_id": owner}))
    intent: Doc = {
        "id": f"pi_{work.token('payment_intent')}", "status": "inited", "amount": params.number("amount"),
        "currency_code": params.need("currency_code", longest=3).upper(), "gateway": gateway.NAME,
        "created_at": work.at, "modified_at": work.at, "expires_at": work.at + OPEN_S, "payment_attempts": [],
        "deleted": False, "object": "payment_intent",
    }  # fmt: skip
    if owner is not None:
        intent["customer_id"] = owner
    _fields(intent, params)
    for name in ("reference_id", "business_entity_id"):
        value = params.text(name)
        if value is not None:
            intent[name] = value
    params.boolean("defer_payment_method_type")
    work.save("payment_intent", intent)
    work.jobs.schedule(intent["expires_at"], "intent_expires", {"id": intent["id"]}, key=f"intent/{intent['id']}")
    work.emit("payment_intent_created", payment_intent=intent)
    return {"payment_intent": intent}


def _fields(intent: Doc, params: Params) -> None:
    account = params.text("gateway_account_id") or gateway.ID
    if account != gateway.ID:
        raise not_found("gateway_account_id", account)
    intent["gateway_account_id"] = account
    intent["payment_method_type"] = params.choice("payment_method_type", METHODS) or intent.get(
        "payment_method_type", "card"
    )
    for name in ("success_url", "failure_url"):
        value = params.text(name)
        if value is not None:
            intent[name] = value
    params.mapping("payment_method_options")


def update(work: Work, params: Params, key: str) -> Result:
    """POST /payment_intents/{id}: only before the payer has acted."""
    intent = work.need("payment_intent", key)
    if intent["status"] != "inited":
        raise bad_state(f"cannot update a payment intent that is {intent['status']}")
    _fields(intent, params)
    amount, currency = params.integer("amount"), params.currency("currency_code")
    if amount is not None:
        intent["amount"] = amount
    if currency is not None:
        intent["currency_code"] = currency.upper()
    return {"payment_intent": _saved(work, intent)}


def _saved(work: Work, intent: Doc) -> Doc:
    intent["modified_at"] = work.at
    work.save("payment_intent", intent)
    work.emit("payment_intent_updated", payment_intent=intent)
    return intent


def expired(work: Work, job: Job) -> None:
    """Half an hour is over and nothing was made of the intent."""
    intent = work.get("payment_intent", job.payload["id"])
    if intent is not None and intent["status"] in ("inited", "in_progress", "authorized"):
        intent["status"] = "expired"
        _saved(work, intent)


def act(work: Work, key: str, number: str) -> Doc:
    """The payer enters a card on the page (the vendor's script does that in a browser): authorized or refused."""
    intent = work.need("payment_intent", key)
    if intent["status"] not in ("inited", "in_progress"):
        raise bad_state(f"the payment intent is {intent['status']}")
    outcome = gateway.CARDS.get(number, "succeed")
    failed = gateway.DECLINES.get(outcome)
    attempt: Doc = {
        "id": f"pa_{work.token('payment_attempt')}", "status": "refused" if failed else "authorized",
        "payment_method_type": intent["payment_method_type"], "id_at_gateway": f"cb_{work.token('gateway')}",
        "created_at": work.at, "modified_at": work.at, "object": "payment_attempt",
    }  # fmt: skip
    if failed:
        attempt["error_code"], attempt["error_text"] = failed
    intent["payment_attempts"] = [*intent["payment_attempts"], attempt]
    intent["active_payment_attempt"] = attempt
    intent["status"], intent["_number"] = "in_progress" if failed else "authorized", number
    return _saved(work, intent)


def spend(work: Work, params: Params, customer: Doc) -> Doc:
    """Make a payment source of an authorized intent, which is `consumed` by that."""
    key = params.text("id") or params.text("gw_token")
    if key is None:
        raise params.wrong("id", "cannot be blank")
    intent = work.get("payment_intent", key)
    if intent is None or intent.get("customer_id") not in (None, customer["id"]):
        raise not_found(params.name("id"), key)
    if intent["status"] != "authorized":
        raise bad_state(f"the payment intent is {intent['status']}", params.name("id"))
    for name in ("gateway_account_id", "payment_method_type", "reference_id", "gw_payment_method_id"):
        params.text(name)
    intent["status"] = "consumed"
    _saved(work, intent)
    number = intent["_number"]
    year = work.calendar.local(work.at).year + 4
    members = {"card": cards.shown_of(number, year), "_outcome": gateway.CARDS.get(number, "succeed")}
    return bank_accounts.new(work, customer, "card", members)


def create_source(work: Work, params: Params) -> Result:
    """POST /payment_sources/create_using_payment_intent."""
    customer = cards.owner(work, params)
    source = spend(work, params.group("payment_intent"), customer)
    if params.boolean("replace_primary_payment_source"):
        cards.make_primary(work, customer, source)
    work.emit("payment_source_added", customer=customer, payment_source=source)
    return {"customer": customer, "payment_source": source}
