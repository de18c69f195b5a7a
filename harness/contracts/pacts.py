"""Pact files: who expects what of whom, and the fingerprint that tells one set of expectations from another."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from harness.contracts.documents import read


@dataclass(frozen=True)
class PactFile:
    """One consumer's expectations of one provider. `sha` is that of the interactions alone, whatever their order.

    Where files cross instead of messages, each record's layout stands as an interaction.
    """

    path: Path
    consumer: str
    provider: str
    interactions: tuple[dict[str, Any], ...]
    sha: str

    @property
    def is_messages(self) -> bool:
        """Events, not HTTP."""
        return any(str(one.get("type", "")).startswith("Asynchronous") for one in self.interactions)

    @property
    def is_layouts(self) -> bool:
        """Records of files."""
        return self.path.parent.name == "layouts"

    @property
    def name(self) -> str:
        """The file, relative to the contracts' folder."""
        return f"{self.path.parent.name}/{self.path.name}"


def read_pact(path: Path) -> PactFile:
    """Read one file; ValueError says what is wrong with it."""
    content = read(path)
    try:
        records = content.get("records", {})
        layouts = ({"description": name, **record} for name, record in records.items())
        interactions = tuple(layouts) if records else tuple(content["interactions"])
        names = str(content["consumer"]["name"]), str(content["provider"]["name"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: no pact of specification V4 (no {error})") from None
    parts = sorted(orjson.dumps(one, option=orjson.OPT_SORT_KEYS) for one in interactions)
    return PactFile(path, *names, interactions, hashlib.sha256(b"\n".join(parts)).hexdigest()[:16])


def read_pacts(folder: Path) -> list[PactFile]:
    """All pacts of the contracts' folder, by file name, and the layouts."""
    return [read_pact(path) for kind in ("pacts", "layouts") for path in sorted((folder / kind).glob("*.json"))]


def of_apps(pacts: Iterable[PactFile], names: Iterable[str]) -> list[PactFile]:
    """Those in which one of the apps takes part; all when none is named. ValueError for an app without a pact."""
    found, wanted = list(pacts), list(names)
    known = {name for pact in found for name in (pact.consumer, pact.provider)}
    for name in wanted:
        if name not in known:
            raise ValueError(f"no pact names '{name}'; there are pacts of {', '.join(sorted(known)) or 'nobody'}")
    return [pact for pact in found if not wanted or {pact.consumer, pact.provider} & set(wanted)]
