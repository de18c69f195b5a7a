"""A run's result as plain JSON: what scripts read, and what the other reports are drawn from."""

from typing import Any

from harness.money import text
from harness.report.repeat import repeat_command
from harness.runner import RunResult
from harness.tieout import Identity

EXIT = {"holds": 0, "broken": 1, "unknown": 3}


def summary(result: RunResult, took_s: float, more: str = "") -> dict[str, Any]:
    """Story, seed, verdicts, findings, tie-out, digest; amounts as text in the currency's decimals.

    `more`: options that repeating it needs, see `repeat_command`.
    """
    return {
        "story": result.story, "seed": result.seed, "mode": result.mode, "outcome": result.outcome,
        "broken_off": result.broken_off or None, "digest": result.digest, "took_s": round(took_s, 2),
        "repeat": repeat_command(result, more),
        "verdicts": [
            {"invariant": one.invariant, "outcome": one.outcome, "title": one.title, "checked": one.checked,
             "findings": list(one.findings)}
            for one in result.verdicts
        ],
        "tie_out": [identity_row(one) for one in result.identities],
    }  # fmt: skip


def identity_row(identity: Identity) -> dict[str, Any]:
    """One line of the tie-out."""

    def amount(minor: int) -> str:
        return text(minor, identity.currency)

    return {
        "identity": identity.name, "entity": identity.entity, "currency": identity.currency,
        "a": {"book": identity.a_name, "amount": amount(identity.a)},
        "b": {"book": identity.b_name, "amount": amount(identity.b)},
        "items": [
            {"kind": item.kind, "document": item.document, "amount": amount(item.amount), "reason": item.reason}
            for item in identity.items
        ],
        "breaks": [
            {"document": one.document, "amount": amount(one.amount), "reason": one.reason} for one in identity.breaks
        ],
        "unexplained": amount(identity.unexplained), "holds": identity.holds,
    }  # fmt: skip


def worst(outcomes: list[str]) -> str:
    """Broken before unknown before holds; nothing at all is unknown."""
    if "broken" in outcomes:
        return "broken"
    return "unknown" if "unknown" in outcomes or not outcomes else "holds"
