"""What all exchanges with the subscription platform have in common: who asks, of whom, and what values look like."""

from typing import Any

from tests.contracts.exchange import Exchange, each, injected, like, shaped

API = "/api/v2"
CUSTOMER = "001000000000001AAA-US"
SIGNED_IN = ("the client is signed in", {})
KEY = {**shaped("Basic a2V5Og==", "^Basic .+$"), "pact:generator:type": "ProviderState",
       "expression": "Basic ${basic}"}  # fmt: skip
A_CUSTOMER = ("a customer", {"customer": CUSTOMER})
NUMBER = shaped("US-000001", "^[A-Z]+-[0-9]+$")
CURRENCY = shaped("USD", "^[A-Z]{3}$")
AT = like(1767603600)


def get(says: str, path: Any, *given: Any, query: dict[str, str] | None = None, **answer: Any) -> Exchange:
    return Exchange(says, (SIGNED_IN, *given), "GET", path if not isinstance(path, str) else f"{API}{path}",
                    query or {}, authorized=KEY, **answer)  # fmt: skip


def post(says: str, path: Any, form: list[tuple[str, str]], *given: Any, **answer: Any) -> Exchange:
    return Exchange(says, (SIGNED_IN, *given), "POST", path if not isinstance(path, str) else f"{API}{path}", form=form,
                    authorized=KEY, **answer)  # fmt: skip


def bill_path(tail: str = "") -> dict[str, Any]:
    return injected(f"{API}/invoices/US-000001{tail}", f"{API}/invoices/${{invoice}}{tail}")


def rows(**members: Any) -> dict[str, Any]:
    return {"list": each(members, min=1)}
