"""Operations of product catalog 1.0, which a site of catalog 2.0 refuses by a code of its own."""

import re

from simulators.kit.calls import Answer, Call, json_answer
from simulators.kit.fidelity import exact
from simulators.subscriptions.errors import JSON, Refused

exact(
    "operations of product catalog 1.0 (plans, addons, subscriptions and invoices made from them): 400 "
    "`configuration_incompatible` with `error_code` `api_restricted` and no `type` (chargebee-ruby, issues 59 and 66)",
    source="observed",
    held_by="test_transport, test_operations",
)

_MESSAGE = "This API operation is not enabled for this site. Please contact support@chargebee.com to get this enabled"
_ANY = re.compile(r"/api/v2/(plans|addons)(/.*)?")
_POST = re.compile(
    r"/api/v2/(subscriptions(/(import_subscription|[^/]+(/cancel)?))?|invoices(/charge_addon|/[^/]+/add_addon_charge)?"
    r"|customers/[^/]+/(subscriptions|import_subscription|create_subscription_estimate)"
    r"|estimates/(create|update)_subscription)"
)


class OlderCatalog(Refused):
    """400 as the vendor words it where an operation is switched off for the site."""

    def __init__(self) -> None:
        super().__init__("configuration_incompatible", _MESSAGE)

    def answer(self) -> Answer:
        """Without a type, unlike all others."""
        body = {
            "message": _MESSAGE, "api_error_code": self.code, "error_code": "api_restricted", "error_msg": _MESSAGE,
            "http_status_code": self.status,
        }  # fmt: skip
        return json_answer(self.status, body, JSON)


def of_older_catalog(call: Call) -> bool:
    """Whether a call that no route takes is one of catalog 1.0."""
    return bool(_ANY.fullmatch(call.raw_path) or (call.method == "POST" and _POST.fullmatch(call.raw_path)))
