"""Whether two customers' names are the same company's: by rule, so that a person can foresee it. Pure."""

import unicodedata
from difflib import SequenceMatcher

FORMS = frozenset(
    ("inc", "incorporated", "llc", "corp", "corporation", "co", "company", "ltd", "limited", "plc", "gmbh", "ag", "se",
     "kg", "sarl", "sas", "sa", "bv", "nv", "pte", "pty", "kk", "oy", "ab", "as", "srl", "spa")
)  # fmt: skip
ALIKE = 0.85  # from this likeness on two names may be one company's: for a person


def plain(name: str) -> str:
    """A name without case, accents, punctuation and legal form: `Müller & Söhne GmbH` -> `muller sohne`."""
    text = unicodedata.normalize("NFKD", name)
    text = "".join(one if one.isalnum() else " " for one in text if not unicodedata.combining(one)).casefold()
    words = [word for word in text.split() if word not in FORMS]
    return " ".join(words) or text.strip()


def alike(one: str, other: str) -> bool:
    """Not the same, but near enough that a person should look."""
    return SequenceMatcher(None, plain(one), plain(other)).ratio() >= ALIKE
