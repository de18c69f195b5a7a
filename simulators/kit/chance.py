"""Seeded ids and chance: named streams, so that one consumer's draws never shift another's."""

import hashlib
from collections.abc import Mapping
from functools import cache
from random import Random
from typing import Any

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

BASE16 = "0123456789abcdef"


@cache
def _pairs(alphabet: str) -> tuple[list[str], int, int, int]:
    """Two letters for each number below the square of their count (lower digit first); what 2, 4 and 8 letters say."""
    pairs = [first + second for second in alphabet for first in alphabet]
    return pairs, len(pairs), len(pairs) ** 2, len(pairs) ** 4


class Chance:
    """Everything random in a system comes from here and is a function of the seed."""

    def __init__(self, seed: str) -> None:
        self.seed = seed
        self._streams: dict[str, Random] = {}

    def stream(self, name: str) -> Random:
        """The random stream called `name`; always the same object, seeded by `seed/name`."""
        if name not in self._streams:
            self._streams[name] = Random(f"{self.seed}/{name}")
        return self._streams[name]

    def token(self, name: str, number: int, length: int, alphabet: str = BASE62) -> str:
        """A random-looking id that depends on seed, name and number alone (no state to save)."""
        digest = hashlib.blake2b(f"{self.seed}/{name}/{number}".encode(), digest_size=48).digest()
        if alphabet == BASE16 and length <= 2 * len(digest):
            return digest.hex()[::-1][:length]  # what the divisions below come to
        value = int.from_bytes(digest, "big")
        pairs, base, four, eight = _pairs(alphabet)
        text, left = "", length
        while left > 2:  # eight letters at a time: a division of so large a number is slow
            value, few = divmod(value, eight)
            high, low = divmod(few, four)
            text += pairs[low % base] + pairs[low // base] + pairs[high % base] + pairs[high // base]
            left -= 8
        return (text + pairs[value % base])[:length]

    def standing(self) -> dict[str, Any]:
        """Seed and how far each stream has come, as JSON."""
        return {"seed": self.seed, "streams": {name: one.getstate() for name, one in sorted(self._streams.items())}}

    def stand(self, standing: Mapping[str, Any]) -> None:
        """Go on where `standing` was."""
        self.restart(standing["seed"])
        for name, (version, internal, gauss) in standing["streams"].items():
            self.stream(name).setstate((version, tuple(internal), gauss))

    def restart(self, seed: str) -> None:
        """Forget all streams and begin with another seed."""
        self.seed = seed
        self._streams.clear()
