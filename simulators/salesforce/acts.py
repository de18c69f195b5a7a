"""What an administrator does inside the org: change its schema, end all sessions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from simulators.salesforce import definition
from simulators.salesforce.definition import Raw

if TYPE_CHECKING:
    from simulators.salesforce.app import Salesforce

_CHANGES: dict[str, Callable[[Raw, dict[str, Any]], Raw]] = {
    "add_field": lambda raw, a: definition.add_field(raw, a["object"], a["field"], a["definition"]),
    "change_field": lambda raw, a: definition.change_field(raw, a["object"], a["field"], a["definition"]),
    "require_field": lambda raw, a: definition.change_field(
        raw, a["object"], a["field"], {"required": bool(a.get("required", True))}
    ),
    "rename_field": lambda raw, a: definition.rename_field(raw, a["object"], a["field"], a["to"]),
    "remove_field": lambda raw, a: definition.remove_field(raw, a["object"], a["field"]),
    "add_object": lambda raw, a: definition.add_object(raw, a["object"], a["definition"]),
}
"""What `alter_schema` can do: arguments are change, object, field, and definition or to."""


def register(system: Salesforce) -> None:
    """Put the acts into force."""

    async def alter_schema(arguments: dict[str, Any]) -> dict[str, Any]:
        """Change the org's schema as an administrator would; a renamed field keeps its values."""
        change = arguments.get("change")
        if change not in _CHANGES:
            raise ValueError(f"change must be one of {', '.join(_CHANGES)}")
        org = system.org
        raw = _CHANGES[change](org.schema.raw, arguments)  # type: ignore[arg-type]
        with system.store.transaction():
            org.set_schema(raw)
            if change == "rename_field":
                _move_values(system, arguments["object"], arguments["field"], arguments["to"])
        return {"changed": change}

    async def expire_sessions(_arguments: dict[str, Any]) -> dict[str, Any]:
        """End every session: the next call of anyone is answered 401."""
        system.expire_credentials()
        return {}

    system.acts["alter_schema"] = alter_schema
    system.acts["expire_sessions"] = expire_sessions


def _move_values(system: Salesforce, sobject: str, field: str, to: str) -> None:
    system.store.db.execute(
        f"UPDATE \"{sobject}\" SET doc = json_remove(json_set(doc, '$.{to}', json_extract(doc, '$.{field}')), "
        f"'$.{field}') WHERE json_type(doc, '$.{field}') IS NOT NULL"
    )
