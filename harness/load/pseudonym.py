"""Stable stand-ins for names: the same name always becomes the same other name, and none leads back."""

import hashlib
from collections.abc import Iterable

from faker import Faker


class Pseudonyms:
    """Names by seed; distinct names stay distinct, and no stand-in is a name of the export itself."""

    def __init__(self, seed: str, real: Iterable[str] = ()) -> None:
        self._seed = seed
        self._given: dict[str, str] = {}
        self._taken: set[str] = set(real)

    def of(self, name: str) -> str:
        """The stand-in of a name; an empty name stays empty."""
        if not name:
            return name
        if name not in self._given:
            attempt = 0
            while (stand_in := self._draw(name, attempt)) in self._taken:
                attempt += 1
            self._given[name] = stand_in
            self._taken.add(stand_in)
        return self._given[name]

    def _draw(self, name: str, attempt: int) -> str:
        digest = hashlib.blake2b(f"{self._seed}/{attempt}/{name}".encode(), digest_size=8).digest()
        faker = Faker("en_US")
        faker.seed_instance(int.from_bytes(digest, "big"))
        return str(faker.company())
