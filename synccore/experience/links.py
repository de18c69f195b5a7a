"""OpenAPI links: which operation goes on from an answer, and with what of it; tests and clients follow them."""

from typing import Any


def leads_to(status: int = 200, **operations: dict[str, str]) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route whose answer has what other operations need: parameter to runtime expression."""
    links = {
        name: {"operationId": name, "parameters": parameters} for name, parameters in operations.items()
    }  # fmt: skip
    return {status: {"links": links}}
