"""The reviewed contract documents are what the core promises, and every event that it tells has one."""

import ast
import json
from pathlib import Path

from jsonschema import Draft202012Validator

from harness.contracts.documents import ADD_EVENT, CONTRACTS, differences
from synccore.domain.payloads import EVENT_TYPES

ROOT = Path(__file__).parents[2]


def test_reviewed_documents_are_what_the_core_says() -> None:
    found = [f"contracts/{one.document} {one.problem}" + "".join(f"\n    {why}" for why in one.breaks)
             for one in differences()]  # fmt: skip
    assert not found, "\n".join(found)


def test_every_event_that_is_told_has_a_schema() -> None:
    """Looks for the first argument of `fact(...)`, a literal or a name bound to literals nearby."""
    told: dict[str, str] = {}
    for path in sorted((ROOT / "synccore").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("fact") and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    told[str(first.value)] = f"{path.relative_to(ROOT)}:{node.lineno}"
    assert len(told) > 5
    missing = {kind: place for kind, place in told.items() if kind not in EVENT_TYPES}
    assert not missing, f"events without a schema: {missing}; {ADD_EVENT}"


def test_schemas_are_schemas_and_dataschema_leads_to_them() -> None:
    files = sorted((CONTRACTS / "events").glob("*.json"))
    assert files
    for path in files:
        schema = json.loads(path.read_text())
        Draft202012Validator.check_schema(schema)
        kind, _, version = path.stem.rpartition(".v")
        assert schema["$id"] == f"urn:windtunnel:event:{kind}:{version}"
        assert schema["description"] and schema["properties"]


def test_neither_core_nor_simulator_names_the_folder_of_contracts() -> None:
    for folder in ("synccore", "simulators"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            assert "contracts/" not in path.read_text(), path
