"""Sessions of the self-service portal: made for a customer by the API, told by their token, and ended."""

from typing import Any

from simulators.kit.fidelity import approximate
from simulators.kit.store import Doc
from simulators.subscriptions import customers
from simulators.subscriptions.errors import bad_state, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.work import Work

approximate(
    "portal sessions",
    "for an hour; `access_url` leads to no page: whoever shows its token to `activate` is logged in, as a customer is "
    "who opens the address",
    source="ours",
)

Result = dict[str, Any]

OPEN_S = 3_600
_LIVE = ("active", "non_renewing", "in_trial", "future", "paused")


def create(work: Work, params: Params) -> Result:
    """POST /portal_sessions: customer[id], redirect_url, forward_url."""
    group = params.group("customer")
    customer = customers.live(work, group.need("id"), group.name("id"))
    token = work.token("portal", 48)
    session: Doc = {
        "id": f"portal_{work.token('portal_session')}", "token": token, "customer_id": customer["id"],
        "access_url": f"{work.base_url}/portal/v2/authenticate?token={token}", "status": "created",
        "created_at": work.at, "expires_at": work.at + OPEN_S, "linked_customers": [_linked(work, customer)],
        "object": "portal_session",
    }  # fmt: skip
    for name in ("redirect_url", "forward_url"):
        if (url := params.text(name, longest=250)) is not None:
            session[name] = url
    return {"portal_session": work.keep("portal_session", session)}


def _linked(work: Work, customer: Doc) -> Doc:
    held = work.find("subscription", customer_id=customer["id"])
    return {
        "customer_id": customer["id"], **({"email": customer["email"]} if "email" in customer else {}),
        "has_billing_address": "billing_address" in customer,
        "has_payment_method": "primary_payment_source_id" in customer,
        "has_active_subscription": any(one["status"] in _LIVE and not one["deleted"] for one in held),
        "object": "linked_customer",
    }  # fmt: skip


def retrieve(work: Work, _params: Params, key: str) -> Result:
    """GET /portal_sessions/{id}."""
    return {"portal_session": work.need("portal_session", key)}


def activate(work: Work, params: Params, key: str) -> Result:
    """POST /portal_sessions/{id}/activate: the token that the customer came back with."""
    session = _open(work, key)
    if params.need("token") != session["token"]:
        raise wrong("token", "is not the token of this session")
    session |= {"status": "logged_in", "login_at": work.at}
    return {"portal_session": work.keep("portal_session", session)}


def logout(work: Work, _params: Params, key: str) -> Result:
    """POST /portal_sessions/{id}/logout."""
    session = _open(work, key)
    session |= {"status": "logged_out", "logout_at": work.at}
    return {"portal_session": work.keep("portal_session", session)}


def _open(work: Work, key: str) -> Doc:
    session = work.need("portal_session", key)
    if session["status"] == "logged_out" or work.at > session["expires_at"]:
        raise bad_state("the session is over")
    return session
