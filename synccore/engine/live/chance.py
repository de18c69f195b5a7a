"""Chance from the operating system."""

import os
from random import SystemRandom


class SystemChance:
    """See `ports.chance.Chance`; the stream's name does not matter here."""

    def __init__(self) -> None:
        self._source = SystemRandom()

    def uniform(self, stream: str) -> float:
        """A number in [0, 1)."""
        del stream
        return self._source.random()

    def token(self, stream: str) -> str:
        """A fresh 32-digit hexadecimal text."""
        del stream
        return os.urandom(16).hex()
