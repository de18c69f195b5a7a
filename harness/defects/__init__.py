"""Proof that the judges see: planted defects and the canary, who catches them, how soon, and how small they become."""

from harness.defects.canary import Canary, fly_canary
from harness.defects.killing import Kill, kill, kills
from harness.defects.planted import PROOFLESS, Crash, Defect, broken, failing_of, flights, names, planted

__all__ = [
    "PROOFLESS", "Canary", "Crash", "Defect", "Kill", "broken", "failing_of", "flights", "fly_canary", "kill", "kills",
    "names", "planted",
]  # fmt: skip
