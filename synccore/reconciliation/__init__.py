"""Reconciliation: all books pulled through the vendors' public APIs, matched by pure rules, never our own tables."""

from synccore.reconciliation.compare import compare
from synccore.reconciliation.run import Reconciliation
from synccore.reconciliation.schedule import DailyReconciliation, plan_next

__all__ = ["DailyReconciliation", "Reconciliation", "compare", "plan_next"]
