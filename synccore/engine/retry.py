"""When failed work is tried again, and when no more: one table of numbers and two pure functions."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RetryPolicy:
    """Delays in seconds. A delay that a system asked for (Retry-After) is never shortened."""

    error_first_s: float = 2.0
    error_tries_max: int = 5  # unforeseen exceptions: a defect does not heal by waiting
    later_tries_max: int = 1000  # outages and unknown outcomes: at the longest delay more than three days
    delay_max_s: float = 300.0
    growth: float = 2.0
    jitter: float = 0.2
    jitter_max_s: float = 5.0


def later_delay_s(policy: RetryPolicy, asked_s: float, tries: int, counts: bool, chance: float) -> float | None:
    """How long to wait after a `Later` that asked for `asked_s`, with `tries` before it; None when the budget is spent.

    `chance` in [0, 1) draws the jitter. What does not count (a limit, a due time) waits just as long as it asked.
    """
    if not counts:
        return asked_s + _jitter_s(policy, asked_s, chance)
    if tries + 1 >= policy.later_tries_max:
        return None
    grown = min(policy.delay_max_s, asked_s * policy.growth ** min(tries, 30))
    delay = max(asked_s, grown)
    return delay + _jitter_s(policy, delay, chance)


def error_delay_s(policy: RetryPolicy, tries: int, chance: float) -> float | None:
    """How long to wait after an unforeseen exception; None when it has been tried often enough."""
    if tries + 1 >= policy.error_tries_max:
        return None
    delay = min(policy.delay_max_s, policy.error_first_s * policy.growth ** min(2 * tries, 30))
    return delay + _jitter_s(policy, delay, chance)


def _jitter_s(policy: RetryPolicy, delay_s: float, chance: float) -> float:
    return min(policy.jitter * delay_s, policy.jitter_max_s) * chance
