"""The contract documents that the core makes of its own models, beside the reviewed copies of the contracts' folder."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from synccore import bootstrap

CONTRACTS = Path(__file__).parents[2] / "contracts"
OPENAPI, ASYNCAPI, LAYOUTS = "openapi/synccore.json", "asyncapi/events.json", "layouts/synccore-erp_legacy.json"
_EVENT = re.compile(r"^(?P<kind>[a-z-]+)\.v(?P<version>\d+)\.json$")
PUBLISH = "`windtunnel contracts publish` writes it; the change is then there for review"
ADD_EVENT = (
    "an event type is declared in synccore/domain/payloads.py (a Payload class and a row of EVENT_TYPES); "
    "then `windtunnel contracts publish`"
)


@dataclass
class Difference:
    """One document that is not as reviewed. `breaks`: why it may not be published as it is."""

    document: str  # relative to the contracts' folder
    problem: str
    breaks: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """As one JSON object."""
        return {"document": self.document, "problem": self.problem, "breaks": self.breaks}


def rendered(value: Any) -> str:
    """A document's text: the same for the same content."""
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def exported() -> dict[str, Any]:
    """What the core promises now, by file name relative to the contracts' folder."""
    events = {
        f"events/{kind}.v{schema['x-version']}.json": schema for kind, schema in bootstrap.event_schemas().items()
    }
    names = {"consumer": {"name": "synccore"}, "provider": {"name": "erp_legacy"}}
    records = {LAYOUTS: {**names, "records": bootstrap.layouts()}}
    return {**events, **records, ASYNCAPI: bootstrap.asyncapi(), OPENAPI: bootstrap.api(lambda: None).openapi()}


def kept(folder: Path, kind: str) -> list[tuple[str, Any]]:
    """All reviewed versions of an event's schema, oldest first."""
    found = []
    for path in (folder / "events").glob(f"{kind}.v*.json"):
        match = _EVENT.match(path.name)
        if match and match["kind"] == kind:
            found.append((int(match["version"]), read(path)))
    return [(str(version), schema) for version, schema in sorted(found, key=lambda pair: pair[0])]


def differences(folder: Path = CONTRACTS, now: Mapping[str, Any] | None = None) -> list[Difference]:
    """Where the reviewed copies are not what the core promises now."""
    promised = exported() if now is None else dict(now)
    found = []
    for name, document in promised.items():
        path = folder / name
        reviewed = read(path) if path.exists() else None
        if reviewed == document and path.read_text() == rendered(document):
            continue
        problem = f"is not reviewed yet; {PUBLISH}" if reviewed is None else f"is not what the core says; {PUBLISH}"
        found.append(Difference(name, problem, _breaks(folder, name, document, reviewed)))
    kinds = {match["kind"] for name in promised if (match := _EVENT.match(Path(name).name))}
    for path in sorted((folder / "events").glob("*.json")):
        match = _EVENT.match(path.name)
        if match is None or match["kind"] not in kinds:
            why = f"the core tells no such event any more; {ADD_EVENT}"
            found.append(Difference(f"events/{path.name}", "has no event type", [why]))
    return found


def _breaks(folder: Path, name: str, document: Any, reviewed: Any) -> list[str]:
    match = _EVENT.match(Path(name).name)
    if match:
        before = [pair for pair in kept(folder, match["kind"]) if pair[0] != match["version"]]
        if reviewed is not None:
            before.append((match["version"], reviewed))
        found = [str(one) for one in bootstrap.incompatibilities(document, before, document["x-compatibility"])]
        if reviewed is not None and _shape(reviewed) != _shape(document):
            number = int(match["version"])
            found.append(
                f"/: version {number} is published and stays as it is; raise the type's version to {number + 1} in "
                "synccore/domain/payloads.py"
            )
        return found
    if name == OPENAPI and reviewed is not None:
        return [str(one) for one in bootstrap.api_incompatibilities(document, reviewed)]
    return []


def _shape(schema: Any) -> Any:
    """A schema without its words."""
    if isinstance(schema, dict):
        return {name: _shape(value) for name, value in schema.items() if name not in ("description", "title")}
    return [_shape(value) for value in schema] if isinstance(schema, list) else schema


def publish(folder: Path = CONTRACTS) -> tuple[list[Difference], list[Difference]]:
    """Write what differs, unless anything breaks: returns (written, refused); with refusals nothing is written."""
    promised = exported()
    found = differences(folder, promised)
    refused = [one for one in found if one.breaks]
    if refused:
        return [], refused
    for one in found:
        path = folder / one.document
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(rendered(promised[one.document]))
    return found, []


def read(path: Path) -> Any:
    """A JSON file; ValueError naming it when it is none."""
    try:
        return orjson.loads(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path}: no JSON: {error}") from None
