"""Vendors' request limits, judged on wire time: per window, at once, and per day."""

from dataclasses import dataclass
from typing import Literal

Profile = Literal["vendor", "roomy", "none"]
ROOMY_FACTOR = 100


@dataclass(frozen=True)
class Limits:
    """What a vendor allows; None means no such limit. `concurrent` counts calls that have run for `running_s`."""

    per_window: int | None = None
    window_s: float = 60.0
    concurrent: int | None = None
    running_s: float = 0.0
    per_day: int | None = None

    def scaled(self, profile: Profile) -> "Limits":
        """The limits of a profile: `roomy` allows a hundred times as much, `none` anything."""
        if profile == "vendor":
            return self
        if profile == "none":
            return Limits(window_s=self.window_s)

        def roomy(value: int | None) -> int | None:
            return None if value is None else value * ROOMY_FACTOR

        return Limits(
            roomy(self.per_window), self.window_s, roomy(self.concurrent), self.running_s, roomy(self.per_day)
        )


@dataclass(frozen=True)
class Excess:
    """Which limit was hit; `retry_after_s` is the time until the window clears (0: not known)."""

    kind: Literal["window", "concurrent", "day"]
    retry_after_s: int


class LimitMeter:
    """Counts calls against limits; refused calls count as traffic, as the vendors do."""

    def __init__(self, limits: Limits, profile: Profile) -> None:
        self._declared, self._profile = limits, profile
        self.profile: Profile = profile
        self.limits = limits.scaled(profile)
        self.reset()

    def reset(self) -> None:
        """Forget all traffic, and the profile that somebody switched to."""
        self.use(self._profile)
        self._begun: list[float] = []  # wire times at which the calls in flight were let in
        self.used_today = 0
        self.used_window = 0
        self._window_start = self._day_start = 0.0
        self._window_tripped = False

    def use(self, profile: Profile) -> None:
        """Switch the profile; what was counted stays counted."""
        self.profile = profile
        self.limits = self._declared.scaled(profile)

    def enter(self, wire_now: float) -> Excess | None:
        """Count a call in; an Excess means that it must be refused (and `leave` must not be called)."""
        limits = self.limits
        if wire_now - self._day_start >= 86_400:
            self._day_start, self.used_today = wire_now, 0
        if wire_now - self._window_start >= limits.window_s:
            self._window_start, self.used_window, self._window_tripped = wire_now, 0, False
        self.used_today += 1
        self.used_window += 1
        if limits.per_day is not None and self.used_today > limits.per_day:
            return Excess("day", 0)
        if limits.per_window is not None and (self._window_tripped or self.used_window > limits.per_window):
            self._window_tripped = True
            return Excess("window", max(1, int(self._window_start + limits.window_s - wire_now + 0.999)))
        if limits.concurrent is not None and self._running(wire_now) >= limits.concurrent:
            return Excess("concurrent", 0)
        self._begun.append(wire_now)
        return None

    def leave(self, entered: float) -> None:
        """Count out a call that was counted in at that wire time."""
        if entered in self._begun:  # a reset has forgotten it
            self._begun.remove(entered)

    def _running(self, wire_now: float) -> int:
        since = self.limits.running_s
        return sum(wire_now - begun >= since for begun in self._begun)
