"""What business does in a story, done through the vendors' public APIs: sales, buyers, the bank, clerks, operators."""

from harness.drivers.stage import Stage, StepFailed
from harness.drivers.verbs import perform

__all__ = ["Stage", "StepFailed", "perform"]
