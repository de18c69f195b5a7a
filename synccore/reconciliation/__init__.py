"""Reconciliation: all books pulled through the vendors' public APIs, matched by pure rules, never our own tables."""

from synccore.reconciliation.compare import compare
from synccore.reconciliation.run import Reconciliation

__all__ = ["Reconciliation", "compare"]
