"""Two small consumers of the core's events, each reading what it needs and no more: a warehouse, a feed for sales."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

EXPONENTS = {"JPY": 0}


def _kind(event: dict[str, Any]) -> str:
    return str(event["type"]).removeprefix("windtunnel.")


@dataclass
class FinanceWarehouse:
    """Consumer `finance-warehouse`: one row a fact, by the event's own identity: a repetition changes nothing."""

    facts: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def __call__(self, event: dict[str, Any]) -> None:
        """Load one event."""
        data, kind = event["data"], _kind(event)
        row = {"customer": event["partitionkey"], "at": event["time"], "fact": kind}
        if kind == "invoice-issued":
            row |= {"invoice": data["invoice"], "net_minor": data["gross"] - data["tax"], "tax_minor": data["tax"],
                    "currency": data["currency"]}  # fmt: skip
        elif kind == "invoice-posted":
            row |= {"invoice": data["invoice"], "ledger": data["ledger"], "document": data["document"]}
        elif kind == "payment-recorded":
            row |= {"invoice": data["invoice"], "payment": data["payment"], "amount_minor": data["amount"]}
        self.facts[event["source"], event["id"]] = row


@dataclass
class AccountTeamFeed:
    """Consumer `account-team-feed`: lines that an account executive reads, by account."""

    lines: dict[str, list[str]] = field(default_factory=dict)

    def __call__(self, event: dict[str, Any]) -> None:
        """Tell one event in words."""
        data, kind = event["data"], _kind(event)
        if kind == "contract-activated":
            said = (
                f"contract {data['subscription']} runs from {data['start']}, {_money(data['value'], data['currency'])}"
            )
        elif kind == "invoice-issued":
            said = f"bill {data['invoice']} over {_money(data['gross'], data['currency'])}"
        else:
            said = f"payment {data['payment']} came in"
        self.lines.setdefault(event["partitionkey"], []).append(said)


def _money(minor: int, currency: str) -> str:
    return f"{Decimal(minor).scaleb(-EXPONENTS.get(currency, 2)):,} {currency}"
