"""What formulas know beside their record: who saves, the org, and records of custom objects that are looked up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulators.kit.store import Doc
from simulators.salesforce.formula.values import FormulaError, Value, stored
from simulators.salesforce.schemas import Field, Schema, SObject

if TYPE_CHECKING:
    from simulators.salesforce.formula.compiler import Save

Root = Callable[["Save"], Doc | None]


def _user(save: Save) -> Doc | None:
    return save.org.get("User", save.user or save.org.user_id)


def _profile(save: Save) -> Doc | None:
    profile = (_user(save) or {}).get("ProfileId")
    return save.org.get("Profile", profile) if profile else None


def _role(save: Save) -> Doc | None:
    role = (_user(save) or {}).get("UserRoleId")
    return save.org.get("UserRole", role) if role else None


def _record_type(save: Save) -> Doc | None:
    chosen = save.new.get("RecordTypeId")
    return save.org.get("RecordType", chosen) if chosen else None


_ROOTS: dict[str, tuple[str, Root]] = {
    "$user": ("User", _user), "$userrole": ("UserRole", _role), "$profile": ("Profile", _profile),
    "$recordtype": ("RecordType", _record_type),
    "$organization": ("Organization", lambda save: save.org.get("Organization", save.org.org_id)),
}  # fmt: skip
"""Global variables that are records: of which object, and which one."""


def root(name: str, schema: Schema, path: str) -> tuple[SObject, Root]:
    """The object and record of a global variable; FormulaError for one that this org has nothing behind."""
    if name.lower() not in _ROOTS:
        raise no_field(path)
    sobject, find = _ROOTS[name.lower()]
    return schema.objects[sobject.lower()], find


def setting(schema: Schema, path: str) -> tuple[SObject, Root]:
    """The custom setting of a path `$Setup.Name__c.Field__c`: each field as the user has it, else the user's profile,
    else the org. Source: Visualforce guide, "$Setup"; of type "hierarchy" alone.
    """
    parts = path.split(".")
    sobject = schema.get(parts[1]) if len(parts) > 2 else None
    if sobject is None or not sobject.setting:
        raise no_field(path)
    name = sobject.name

    def find(save: Save) -> Doc:
        user = _user(save) or {}
        found: Doc = {}
        for owner in (save.org.org_id, user.get("ProfileId"), user.get("Id")):
            for row in save.org.where(name, "SetupOwnerId", owner, limit=1):
                found |= row
        return found

    return sobject, find


def no_field(path: str) -> FormulaError:
    """As the vendor's editor says it."""
    return FormulaError(f"Field {path} does not exist. Check spelling.")


@dataclass(frozen=True, slots=True)
class Foreign:
    """`$ObjectType.Object.Fields.Field`: a field as such, for VLOOKUP."""

    of: SObject
    item: Field


def foreign(schema: Schema, path: str) -> Foreign:
    """The field that a `$ObjectType` path names."""
    parts = path.split(".")
    sobject = schema.get(parts[1]) if len(parts) == 4 and parts[2].lower() == "fields" else None
    item = None if sobject is None else sobject.get(parts[3])
    if sobject is None or item is None:
        raise no_field(path)
    return Foreign(sobject, item)


_RETURNED = (
    "string", "autonumber", "reference", "boolean", "date", "datetime", "email", "int", "double", "percent", "phone",
    "picklist", "textarea", "url",
)  # fmt: skip


def lookup(wanted: Any, by: Any, value: Callable[[Save], Value]) -> Callable[[Save], Value]:
    """VLOOKUP(field to return, record name on the same custom object, value): of the first record by that name.

    Source: help, "Formula Operators and Functions": custom objects only, by their Name, in validation rules only.
    """
    if not isinstance(wanted, Foreign) or not isinstance(by, Foreign) or by.of is not wanted.of:
        raise FormulaError("VLOOKUP takes two fields of one custom object, as $ObjectType.Object__c.Fields.Field")
    if not by.of.custom or not by.item.is_name:
        raise FormulaError("VLOOKUP looks up by the record name of a custom object")
    if wanted.item.type not in _RETURNED or wanted.item.formula:
        raise FormulaError(f"VLOOKUP cannot return a field of type {wanted.item.type}")

    def run(save: Save) -> Value:
        name = value(save)
        if not isinstance(name, str) or not name:
            return None
        found = save.org.where(by.of.name, by.item.name, name, limit=1)
        return stored(found[0], wanted.item) if found else None

    return run
