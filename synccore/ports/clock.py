"""Business time, wire time and waiting, as the core asks for them."""

from typing import Protocol


class Clock(Protocol):
    """`now` is business time (what the systems' calendars say), `wire` is the time of tokens and time-outs; epoch s."""

    def now(self) -> float:
        """Business time."""
        ...

    def wire(self) -> float:
        """Wire time."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that many wire seconds."""
        ...
