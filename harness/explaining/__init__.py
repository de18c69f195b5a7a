"""A failure told: whose it is, since when the books say so, the calls around it, and what a calm run does instead."""

from harness.explaining.explanation import Explanation, explain
from harness.explaining.failing import Failing

__all__ = ["Explanation", "Failing", "explain"]
