"""Every refusal in the vendor's shape, from one table of codes."""

from simulators.kit.calls import Answer, json_answer
from simulators.kit.fidelity import exact

exact(
    "errors with message, type, api_error_code, param, http_status_code; `type` picks the client's exception class",
    source="observed, documented",
    held_by="test_transport, test_sdk",
)

JSON = "application/json;charset=utf-8"
CODES: dict[str, tuple[int, str]] = {
    # api_error_code: (HTTP status, type). The type picks the exception class in the vendor's clients.
    "param_wrong_value": (400, "invalid_request"),
    "duplicate_entry": (400, "invalid_request"),
    "invalid_request": (400, "invalid_request"),
    "invalid_state_for_request": (400, "invalid_request"),
    "resource_limit_exhausted": (400, "invalid_request"),
    "configuration_incompatible": (400, "invalid_request"),
    "payment_processing_failed": (400, "payment"),
    "payment_method_not_present": (400, "payment"),
    "payment_method_verification_failed": (400, "payment"),
    "api_authentication_failed": (401, ""),
    "api_authorization_failed": (403, ""),
    "resource_not_found": (404, "invalid_request"),
    "http_method_not_supported": (405, "invalid_request"),
    "lock_timeout": (409, "operation_failed"),
    "api_request_limit_exceeded": (429, "operation_failed"),
    "internal_error": (500, "operation_failed"),
    "internal_temporary_error": (503, "operation_failed"),
    "gateway_timeout": (504, "operation_failed"),
}


class Refused(Exception):
    """A call that the platform does not carry out; it unwinds the transaction and becomes the answer."""

    def __init__(self, code: str, message: str, param: str | None = None, status: int | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.param = code, message, param
        self.status = status or CODES[code][0]

    def answer(self) -> Answer:
        """The refusal as the vendor sends it."""
        kind = CODES[self.code][1]
        body = {"message": self.message, "api_error_code": self.code, "error_code": self.code}
        if kind:
            body["type"] = kind
        if self.param is not None:
            body |= {"param": self.param, "error_param": self.param}
        full = {**body, "error_msg": self.message, "http_status_code": self.status}
        return json_answer(self.status, full, JSON)


def wrong(param: str, why: str) -> Refused:
    """400 param_wrong_value."""
    return Refused("param_wrong_value", f"{param} : {why}", param)


def not_found(param: str | None, value: str) -> Refused:
    """404 resource_not_found; the parameter is left out when the id stood in the path."""
    return Refused("resource_not_found", f"{param + ' : ' if param else ''}{value} not found", param)


def bad_state(message: str, param: str | None = None) -> Refused:
    """400 invalid_state_for_request."""
    return Refused("invalid_state_for_request", message, param)


def duplicate(param: str, value: str) -> Refused:
    """400 duplicate_entry."""
    return Refused("duplicate_entry", f"{param} : The value {value} is already present.", param)
