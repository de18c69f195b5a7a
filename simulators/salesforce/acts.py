"""What people do inside the org: change its schema, end all sessions, undelete and merge records."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from simulators.salesforce import birth, definition, fiscal, imported, rollups, tables
from simulators.salesforce.commit import Writer
from simulators.salesforce.definition import Raw
from simulators.salesforce.errors import ApiError
from simulators.salesforce.intake import Writing
from simulators.salesforce.schemas import SObject

if TYPE_CHECKING:
    from simulators.salesforce.app import Salesforce

T = TypeVar("T")

_CHANGES: dict[str, Callable[[Raw, dict[str, Any]], Raw]] = {
    "add_field": lambda raw, a: definition.add_field(raw, a["object"], a["field"], a["definition"]),
    "change_field": lambda raw, a: definition.change_field(raw, a["object"], a["field"], a["definition"]),
    "require_field": lambda raw, a: definition.change_field(
        raw, a["object"], a["field"], {"required": bool(a.get("required", True))}
    ),
    "permit_field": lambda raw, a: definition.permit_field(raw, a["object"], a["field"], a["access"]),
    "rename_field": lambda raw, a: definition.rename_field(raw, a["object"], a["field"], a["to"]),
    "remove_field": lambda raw, a: definition.remove_field(raw, a["object"], a["field"]),
    "change_object": lambda raw, a: definition.change_object(raw, a["object"], a["definition"]),
    "put_validation": lambda raw, a: definition.put_rule(raw, a["object"], "validations", a["rule"], a["definition"]),
    "remove_validation": lambda raw, a: definition.put_rule(raw, a["object"], "validations", a["rule"], None),
    "put_update": lambda raw, a: definition.put_rule(raw, a["object"], "updates", a["rule"], a["definition"]),
    "remove_update": lambda raw, a: definition.put_rule(raw, a["object"], "updates", a["rule"], None),
    "add_object": lambda raw, a: definition.add_object(raw, a["object"], a["definition"]),
    "add_event": lambda raw, a: definition.add_event(raw, a["event"], a["definition"]),
    "set_channel": lambda raw, a: definition.set_channel(raw, a["channel"], a["members"]),
    "select_changes": lambda raw, a: definition.select_changes(raw, a.get("objects")),
}
"""What `alter_schema` can do: arguments are change, object, field or rule, and definition or to."""


_COMPANY: dict[str, tuple[Any, ...]] = {
    "FiscalYearStartMonth": tuple(range(1, 13)), "UsesStartDateAsFiscalYearName": (False, True),
}  # fmt: skip
"""What `set_company` can change, and to what."""


def register(system: Salesforce) -> None:
    """Put the acts into force."""

    async def alter_schema(arguments: dict[str, Any]) -> dict[str, Any]:
        """Change the org's schema as an administrator would; a renamed field keeps its values."""
        change = arguments.get("change")
        if change not in _CHANGES:
            raise ValueError(f"change must be one of {', '.join(_CHANGES)}")
        org = system.org
        raw = _CHANGES[change](org.schema.raw, arguments)  # type: ignore[arg-type]
        before = org.schema
        with system.store.transaction():
            org.set_schema(raw)
            rollups.recalculate(_writer(system), before)
            if change == "rename_field":
                _move_values(system, arguments["object"], arguments["field"], arguments["to"])
        return {"changed": change}

    async def import_schema(arguments: dict[str, Any]) -> dict[str, Any]:
        """Take the objects of another org over, by its describe results, and its validation rules, as the Tooling API
        tells them: {"describes": […], "rules": [{"FullName", "Metadata"}]}.
        """
        org, describes, rules = system.org, arguments["describes"], arguments.get("rules") or ()
        raw, names, notes = imported.import_describes(org.schema.raw, describes, rules)  # type: ignore[arg-type]
        types = imported.record_types(describes, notes) if describes else []
        before = org.schema
        with system.store.transaction():
            org.set_schema(raw)
            rollups.recalculate(_writer(system), before)
            birth.complete(org, system.clock.now())
            for row in types:
                if org.get("RecordType", row["Id"]) is None:
                    org.put_plain("RecordType", row, system.clock.now(), org.user_id)
        return {"objects": names, "notes": notes}

    async def expire_sessions(_arguments: dict[str, Any]) -> dict[str, Any]:
        """End every session: the next call of anyone is answered 401."""
        system.expire_credentials()
        return {}

    async def undelete(arguments: dict[str, Any]) -> dict[str, Any]:
        """Bring records back from the recycle bin, as its page does: {"ids": […]}."""
        writer = _writer(system)
        with system.store.transaction():
            found = [_asked(partial(writer.undelete, _of(system, one), one)) for one in arguments["ids"]]
        return {"ids": found}

    async def merge(arguments: dict[str, Any]) -> dict[str, Any]:
        """Merge accounts or contacts, as their page does: {"master": id, "losers": [ids], "values": {…}}."""
        master, losers = arguments["master"], arguments["losers"]
        found = _asked(
            lambda: _writer(system).merge(_of(system, master), master, losers, arguments.get("values") or {})
        )
        return {"id": found.id, "losers": list(found.losers), "moved": list(found.moved)}

    system.acts |= {
        "undelete": undelete, "merge": merge, "alter_schema": alter_schema, "import_schema": import_schema,
        "expire_sessions": expire_sessions, "set_company": partial(_set_company, system),
    }  # fmt: skip


async def _set_company(system: Salesforce, arguments: dict[str, Any]) -> dict[str, Any]:
    """Change the company information: {"values": {FiscalYearStartMonth: 1-12, UsesStartDateAsFiscalYearName}}.
    Opportunities tell their fiscal period anew.
    """
    values = arguments.get("values")
    if not isinstance(values, dict) or not values or not set(values) <= set(_COMPANY):
        raise ValueError(f"values are some of {', '.join(_COMPANY)}")
    if wrong := [name for name, value in values.items() if value not in _COMPANY[name] or type(value) is float]:
        raise ValueError(f"{wrong[0]} is one of {', '.join(str(one) for one in _COMPANY[wrong[0]])}")
    org, writer = system.org, _writer(system)
    with system.store.transaction():
        row = org.get("Organization", org.org_id)
        writer.touch(org.spec("Organization"), {**(row or {}), **values})
        for deal in list(org.every("Opportunity")):
            told = fiscal.fields(org, deal["CloseDate"])
            if any(deal.get(name) != value for name, value in told.items()):
                writer.touch(org.spec("Opportunity"), {**deal, **told}, modified=False)
    return {"set": sorted(values)}


def _writer(system: Salesforce) -> Writer:
    return Writer(system.org, Writing(system.clock.now(), system.org.user_id))


def _of(system: Salesforce, record_id: str) -> SObject:
    spec = system.org.schema.of_id(record_id)
    if spec is None:
        raise ValueError(f"{record_id} is no record id of this org")
    return spec


def _asked(work: Callable[[], T]) -> T:
    """What a person at the page is told when the org refuses."""
    try:
        return work()
    except ApiError as error:
        raise ValueError(str(error)) from error


def _move_values(system: Salesforce, sobject: str, field: str, to: str) -> None:
    system.store.db.execute(
        f"UPDATE \"{sobject}\" SET doc = json_remove(json_set(doc, '$.{to}', json_extract(doc, '$.{field}')), "
        f"'$.{field}') WHERE json_type(doc, '$.{field}') IS NOT NULL"
    )
    tables.refresh(system.store, sobject, (field, to))
