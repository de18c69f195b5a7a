"""Field names as data: how each system's record names our fields now, and what it demands beyond them.

A contract with a system says which fields a record has. When it no longer holds (a field renamed, newly mandatory, of
another kind), the records concerned wait, and a person says in a mapping what is so now.
"""

import re
from collections.abc import Mapping
from typing import Any

from synccore.domain.mappings import FieldMap

KIND = "fields"
_CUSTOM = re.compile(r"(?:\b(\w+)\.)?\b(\w+__c)\b(?!\s*'|\.)")
_FROM = re.compile(r"\bFROM (\w+)\s*(?:WHERE|ORDER|$)")
_PARENTS = {"Invoice__r": "Invoice__c"}


def topic(system: str, record: str) -> str:
    """What waits for a field map waits on this."""
    return f"{KIND}:{system}/{record}"


class FieldMaps:
    """All field maps in force, by `<system>/<record>`; renewed when a person changes one."""

    def __init__(self) -> None:
        self._maps: dict[str, FieldMap] = {}

    def renew(self, values: Mapping[str, Any]) -> bool:
        """These are in force from now on; False when they were already."""
        before, self._maps = self._maps, {key: FieldMap.model_validate(value) for key, value in values.items()}
        return before != self._maps

    def theirs(self, system: str, record: str, field: str) -> str:
        """What the system calls our field."""
        known = self._maps.get(f"{system}/{record}")
        return field if known is None else known.names.get(field, field)

    def ours(self, system: str, record: str, field: str) -> str:
        """What we call the system's field."""
        known = self._maps.get(f"{system}/{record}")
        return field if known is None else next((our for our, name in known.names.items() if name == field), field)

    def out(self, system: str, record: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """A record as the system takes it: its names, what it demands beyond what we have, and less what it is not to
        be told.
        """
        known = self._maps.get(f"{system}/{record}")
        if known is None:
            return dict(fields)
        told = {known.names.get(name, name): value for name, value in fields.items() if name not in known.unwritten}
        return {**known.defaults, **told}

    def words(self, system: str, record: str, row: Any) -> Any:
        """A record of the system with our words for those that it says today."""
        known = self._maps.get(f"{system}/{record}")
        if known is None or not known.words or not isinstance(row, Mapping):
            return row
        ours = {field: words.get(str(row.get(field)), row.get(field)) for field, words in known.words.items()}
        return {**row, **{field: word for field, word in ours.items() if field in row}}

    def query(self, system: str, text: str) -> str:
        """A SOQL text of ours in the system's names. Only custom fields can have other ones."""
        if not self._maps:
            return text
        found = _FROM.search(re.sub(r"\(.*?\)", "", text))
        main = found[1] if found else ""

        def name(match: re.Match[str]) -> str:
            parent, field = match[1], match[2]
            record = _PARENTS.get(parent, parent.removesuffix("__r")) if parent else main
            there = self.theirs(system, record, field)
            return f"{parent}.{there}" if parent else there

        return _CUSTOM.sub(name, text)

    def back(self, system: str, value: Any) -> Any:
        """Records as we know them, at any depth; each says of what type it is."""
        if not self._maps:
            return value
        if isinstance(value, list):
            return [self.back(system, one) for one in value]
        if not isinstance(value, dict):
            return value
        attributes = value.get("attributes")
        record = str(attributes.get("type") or "") if isinstance(attributes, dict) else ""
        return {self.ours(system, record, name): self.back(system, member) for name, member in value.items()}
