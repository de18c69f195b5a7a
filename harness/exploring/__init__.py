"""Exhaustive exploration of a story: every request of the core x every outcome, a crash at every crash point, and pairs
of crashes: one, and another while the core recovers from it.
"""

from harness.exploring.forks import Judged
from harness.exploring.points import OUTCOMES, SLOW_S, NotFlyable, Point, Points, distinct, points_of
from harness.exploring.walk import Exploration, explore, explore_point

__all__ = [
    "OUTCOMES", "SLOW_S", "Exploration", "Judged", "NotFlyable", "Point", "Points", "distinct", "explore",
    "explore_point", "points_of",
]  # fmt: skip
