"""Record ids: 15 case-sensitive characters and a checksum that makes 18 characters case-insensitive."""

import re
from functools import lru_cache

from simulators.kit.fidelity import exact

exact("ids with checksum, 15 or 18 characters in, 18 out, 18 in any case", source="observed", held_by="test_ids")

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_ALNUM = re.compile(r"[A-Za-z0-9]+\Z")
INSTANCE = "Wt"  # two characters that name the instance, as real ids carry them


def checksum(id15: str) -> str:
    """The three check characters: for each chunk of five, bit i is set where character i is upper-case."""
    return _check(id15[:5]) + _check(id15[5:10]) + _check(id15[10:15])


@lru_cache(maxsize=4096)
def _check(chunk: str) -> str:
    return _CHECK[sum(1 << place for place, char in enumerate(chunk) if "A" <= char <= "Z")]


def make_id(prefix: str, number: int) -> str:
    """The 18-character id of the `number`-th record under a three-character key prefix; ids sort by number."""
    high, low = divmod(number, 62)
    head, checks, bits = _block(prefix, high)
    return f"{head}{BASE62[low]}{checks}{_CHECK[bits | 16 if 10 <= low < 36 else bits]}"


@lru_cache(maxsize=4096)
def _block(prefix: str, high: int) -> tuple[str, str, int]:
    """What 62 ids in a row have in common: all but the last digit, two check characters and the third's bits so far."""
    digits = ""
    for _ in range(8):
        high, index = divmod(high, 62)
        digits = BASE62[index] + digits
    head = f"{prefix}{INSTANCE}0{digits}"
    return head, _check(head[:5]) + _check(head[5:10]), _CHECK.index(_check(head[10:]))


def parse_id(text: object) -> str | None:
    """The 18-character form of a 15- or 18-character id, or None for what is no id.

    An 18-character id may come in any case: its checksum says which letters are upper-case.
    """
    return _parsed(text) if isinstance(text, str) and len(text) in (15, 18) else None


@lru_cache(maxsize=4096)
def _parsed(text: str) -> str | None:
    if not _ALNUM.match(text):
        return None
    if len(text) == 15:
        return text + checksum(text)
    if checksum(text[:15]) == text[15:]:
        return text
    return _recase(text)


def _recase(text: str) -> str | None:
    restored = ""
    for chunk, check in enumerate(text[15:].upper()):
        bits = _CHECK.find(check)
        if bits < 0:
            return None
        for place in range(5):
            char = text[chunk * 5 + place]
            upper = bits >> place & 1
            if upper and not char.isalpha():
                return None
            restored += char.upper() if upper else char.lower()
    return restored + text[15:].upper()
