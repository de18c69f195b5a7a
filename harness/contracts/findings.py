"""What a verification found, in words for people: the field by its place, a refusal by the provider's own words."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from harness.contracts.host import Answered

WORDS_MAX = 300
_MISSING = re.compile(r"missing the following keys: (?P<names>.+)$")
_QUOTED = re.compile(r"'([A-Za-z_][\w.\[\]]*)'")
_SAID = ("message", "detail", "o:errorDetails", "errors", "title")
_NAMED = ("param", "o:errorPath", "pointer")


def differences(
    result: Mapping[str, Any], interaction: Mapping[str, Any], said: Answered | None
) -> Iterator[tuple[str, str]]:
    """Place and words of each difference of one interaction; another status says more than the body that came along."""
    mismatch = result.get("mismatch") or {}
    found = mismatch.get("mismatches")
    if not found:
        yield "", str(mismatch.get("message") or json.dumps(mismatch) or "it failed")[:WORDS_MAX]
        return
    statuses = [one for one in found if one.get("type") == "StatusMismatch"]
    for one in statuses:
        words, names = refusal(said) if said is not None else ("", [])
        asked = json.dumps(interaction.get("request") or {})
        at = next((name for name in names if name in asked), "")
        yield at, f"{one.get('mismatch')}; it said: {words}"
    for one in () if statuses else found:
        place = str(one.get("path") or one.get("key") or "")
        problem = str(one.get("mismatch") or one.get("description") or one.get("type"))
        missing = _MISSING.search(problem)
        if missing is None:
            yield place, problem[:WORDS_MAX]
            continue
        for name in missing["names"].split(", "):
            yield f"{place}.{name}", "it is not there"


def refusal(said: Answered) -> tuple[str, list[str]]:
    """The provider's words, and the names that it quotes or points to."""
    text = said.body.decode("utf-8", "replace")
    try:
        parts = list(_texts(json.loads(text)))
    except ValueError:
        parts = [("", text)]
    words = "; ".join(dict.fromkeys(" ".join(value.split()) for name, value in parts if name not in _NAMED))
    names = [value for name, value in parts if name in _NAMED] + _QUOTED.findall(words)
    return words[-WORDS_MAX:], names  # what is wrong stands at the end of a long message


def _texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str) and name in (*_SAID, *_NAMED):
        yield name, value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one, name)
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _texts(one, key)
