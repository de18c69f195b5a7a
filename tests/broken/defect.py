"""The planted defects of this package by name, and what flies them."""

from harness.defects import Crash, Defect, broken, flights, planted

__all__ = ["Crash", "Defect", "broken", "defect", "flights"]


def defect(name: str) -> Defect:
    """The defect of the module with this name."""
    return planted("tests.broken", name)
