"""The pacts of the consumers of events: what each reads, played through its own handler, and the reviewed files."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pact import Pact

from harness.contracts.documents import CONTRACTS
from tests.contracts.consumers import AccountTeamFeed, FinanceWarehouse
from tests.contracts.exchange import SPECIFICATION, like, shaped, written

PROVIDER = "synccore"
CURRENCY, DAY = shaped("USD", "^[A-Z]{3}$"), shaped("2026-01-05", r"^\d{4}-\d\d-\d\d$")
AT = shaped("2026-01-05T09:00:00.000+00:00", r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$")
INVOICE = shaped("US-000001", "^[A-Z]+-[0-9]+$")
Expected = dict[str, tuple[str, str, dict[str, Any]]]  # description: type, source, data

WAREHOUSE: Expected = {
    "invoice-issued with its tax": ("invoice-issued", "/systems/subscriptions", {
        "invoice": INVOICE, "gross": like(13609375), "tax": like(1109375), "currency": CURRENCY}),
    "invoice-posted in a ledger": ("invoice-posted", "/systems/erp_cloud", {
        "invoice": INVOICE, "ledger": shaped("erp_cloud", "^erp_(cloud|legacy)$"), "document": like("501")}),
    "payment-recorded on a bill": ("payment-recorded", "/systems/subscriptions", {
        "payment": like("NS-900"), "invoice": INVOICE, "amount": like(5800000)}),
}  # fmt: skip
TEAM: Expected = {
    "contract-activated for a deal": ("contract-activated", "/systems/subscriptions", {
        "subscription": like("sub-006A"), "value": like(12000000), "currency": CURRENCY, "start": DAY}),
    "invoice-issued to a customer": ("invoice-issued", "/systems/subscriptions", {
        "invoice": INVOICE, "gross": like(13609375), "currency": CURRENCY}),
    "payment-received from a customer": ("payment-received", "/systems/subscriptions", {"payment": like("CB:txn_1")}),
}  # fmt: skip
HANDLERS: dict[str, tuple[Callable[[], Any], Expected]] = {
    "finance-warehouse": (FinanceWarehouse, WAREHOUSE), "account-team-feed": (AccountTeamFeed, TEAM)
}  # fmt: skip


def event(kind: str, source: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": like(f"{kind}/1"), "source": like(source), "type": f"windtunnel.{kind}",
        "partitionkey": shaped("001000000000001AAA", "^[0-9A-Za-z]{18}$"), "time": AT, "data": data,
    }  # fmt: skip


@pytest.mark.parametrize("name", HANDLERS)
def test_the_reviewed_pact_is_what_the_consumer_reads(name: str, tmp_path: Path) -> None:
    handler, (_, expected) = HANDLERS[name][0](), HANDLERS[name]
    for says, (kind, source, data) in expected.items():
        pact = Pact(name, PROVIDER).with_specification(SPECIFICATION)
        upon = pact.upon_receiving(says, "Async").given("a story has been played", story="new-business")
        upon.with_body(event(kind, source, data), content_type="application/json")
        pact.verify(lambda body, _metadata: handler(_json(body)), kind="Async")
        pact.write_file(tmp_path)
    assert len(getattr(handler, "facts", None) or next(iter(handler.lines.values()))) == len(expected)
    path = Path(CONTRACTS, "pacts", f"{name}-{PROVIDER}.json")
    text = written(tmp_path, name, PROVIDER)
    if os.environ.get("WINDTUNNEL_WRITE"):
        path.write_text(text)
    assert path.read_text() == text, "the consumer reads something else now: review it, WINDTUNNEL_WRITE=1 writes it"


def _json(body: Any) -> Any:
    return json.loads(body) if isinstance(body, str | bytes) else body
