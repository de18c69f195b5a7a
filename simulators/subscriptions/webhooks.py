"""Webhook endpoints as the API manages them; credentials go in and never come out."""

from typing import Any

from simulators.kit.fidelity import exact
from simulators.kit.store import Doc
from simulators.subscriptions.errors import Refused, not_found
from simulators.subscriptions.params import Params
from simulators.subscriptions.work import Work

exact(
    "at most five webhook endpoints, with event filters, disabled ones, credentials never shown",
    source="documented",
    held_by="test_events",
)

Result = dict[str, Any]
ENDPOINTS_MAX = 5


def _fields(endpoint: Doc, params: Params) -> None:
    if "name" in params or "name" not in endpoint:
        endpoint["name"] = params.need("name")
    if "url" in params or "url" not in endpoint:
        endpoint["url"] = params.need("url", longest=2_000)
        if not endpoint["url"].startswith(("http://", "https://")):
            raise params.wrong("url", "is not a URL")
    for name in ("primary_url", "disabled", "send_card_resource"):
        flag = params.boolean(name)
        endpoint[name] = endpoint.get(name, False) if flag is None else flag
    endpoint["api_version"] = params.choice("api_version", ("v2",)) or "v2"
    params.choice("chargebee_response_schema_type", ("plans_addons", "items", "compat"))
    for name, member in (("basic_auth_username", "_username"), ("basic_auth_password", "_password")):
        if name in params:
            endpoint[member] = params.text(name)
    if "enabled_events" in params or "enabled_events" not in endpoint:
        endpoint["enabled_events"] = params.strings("enabled_events")


def create(work: Work, params: Params) -> Result:
    """POST /webhook_endpoints."""
    if len(work.find("webhook_endpoint")) >= ENDPOINTS_MAX:
        raise Refused("resource_limit_exhausted", f"a site has at most {ENDPOINTS_MAX} webhook endpoints")
    endpoint: Doc = {
        "id": f"whe_{work.token('webhook_endpoint', 12)}", "created_at": work.at, "deleted": False,
        "object": "webhook_endpoint",
    }  # fmt: skip
    _fields(endpoint, params)
    return {"webhook_endpoint": work.save("webhook_endpoint", endpoint)}


def update(work: Work, params: Params, key: str) -> Result:
    """POST /webhook_endpoints/{id}."""
    endpoint = work.need("webhook_endpoint", key)
    _fields(endpoint, params)
    return {"webhook_endpoint": work.save("webhook_endpoint", endpoint)}


def delete(work: Work, _params: Params, key: str) -> Result:
    """POST /webhook_endpoints/{id}/delete."""
    endpoint = work.get("webhook_endpoint", key)
    if endpoint is None:
        raise not_found(None, key)
    work.remove("webhook_endpoint", key)
    return {"webhook_endpoint": endpoint}
