"""The schema file: read it, compile it, and alter it the way an administrator does in a running org."""

import copy
import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from simulators.salesforce.calculated import compile_calculated
from simulators.salesforce.declared import compile_declared
from simulators.salesforce.formula.values import FormulaError
from simulators.salesforce.rollups import compile_rollups
from simulators.salesforce.schemas import ADDRESS_PARTS, HISTORY, Field, FieldType, Schema, SObject

Raw = dict[str, Any]
FILE = Path(__file__).with_name("org.yaml")

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
_PREFIX = re.compile(r"[A-Za-z0-9]{3}")
_RESERVED = frozenset(("key", "doc", "rowid", "oid"))  # what the tables beneath call their own

_DEFAULTS: dict[str, Raw] = {
    "string": {"length": 255}, "textarea": {"length": 32_000, "filterable": False, "sortable": False},
    "picklist": {"length": 255}, "multipicklist": {"length": 4_099, "sortable": False}, "email": {"length": 80},
    "phone": {"length": 40}, "url": {"length": 255}, "int": {"precision": 9}, "double": {"precision": 18, "scale": 2},
    "currency": {"precision": 18, "scale": 2}, "percent": {"precision": 5, "scale": 2}, "reference": {"length": 18},
    "id": {"length": 18}, "autonumber": {"length": 80, "read_only": True},
    "address": {"read_only": True, "filterable": False, "sortable": False},
    "anyType": {"read_only": True, "length": 255, "filterable": False, "sortable": False},
}  # fmt: skip
CALCULATED = ("string", "double", "currency", "percent", "int", "boolean", "date", "datetime")  # what formulas make
_TYPES = frozenset(FieldType.__args__)  # type: ignore[attr-defined]
_OPTIONS = frozenset((
    "type", "length", "precision", "scale", "required", "read_only", "create_only", "default", "values", "restricted",
    "unique", "external_id", "id_lookup", "case_sensitive", "to", "child", "cascade", "restrict", "name", "format",
    "label", "filterable", "sortable", "relationship", "compound", "labels", "controller", "valid_for", "hidden",
    "locked", "formula", "blank_as_zero", "calculated", "summary",
))  # fmt: skip
_OBJECT_OPTIONS = frozenset((
    "prefix", "label", "plural", "access", "owner", "currency", "addresses", "fields", "history", "validations",
    "updates", "setting",
))  # fmt: skip
_RO: Raw = {"read_only": True}
_ADDRESS_TYPES: dict[str, Raw] = {
    "Street": {"type": "textarea", "length": 255, "filterable": True, "sortable": True},
    "City": {"type": "string", "length": 40}, "State": {"type": "string", "length": 80},
    "PostalCode": {"type": "string", "length": 20}, "Country": {"type": "string", "length": 80},
    "Latitude": {"type": "double", "precision": 18, "scale": 15},
    "Longitude": {"type": "double", "precision": 18, "scale": 15},
    "GeocodeAccuracy": {"type": "picklist", "values": ["Address", "Street", "City", "State", "Zip", "Unknown"]},
}  # fmt: skip


class DefinitionError(ValueError):
    """The schema file or an alteration makes no sense; the message names the place."""


@cache
def load(path: Path = FILE) -> Raw:
    """The schema file as plain data."""
    raw: Raw = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return raw


def compile_schema(raw: Raw) -> Schema:
    """The compiled schema; raises DefinitionError with the name of the object and field that is wrong."""
    specs = dict(raw["objects"])
    for name, spec in raw["objects"].items():
        if "history" in spec:
            specs[history_of(name)] = _history(name)
    objects = {name.lower(): _object(name, spec, raw) for name, spec in specs.items()}
    for sobject in objects.values():
        for item in sobject.references:
            if unknown := [name for name in item.targets if name.lower() not in objects] or (not item.targets and [""]):
                raise DefinitionError(f"{sobject.name}.{item.name} refers to {unknown[0]!r}, which does not exist")
    for event_name in raw.get("events") or ():
        event(raw, event_name)
    schema = Schema(objects, raw)
    try:
        compile_calculated(schema)
        compile_rollups(schema)
    except FormulaError as error:
        raise DefinitionError(str(error)) from error
    for name, spec in raw["objects"].items():
        try:
            objects[name.lower()].declared = compile_declared(schema, objects[name.lower()], spec)
        except FormulaError as error:
            raise DefinitionError(f"{name}: {error}") from error
    return schema


def history_of(name: str) -> str:
    """The object that keeps the field history of another."""
    if name.endswith("__c"):
        return f"{name[:-1]}History"
    return "OpportunityFieldHistory" if name == "Opportunity" else f"{name}History"


def _history(name: str) -> Raw:
    """The definition of a history object: which field of which record changed from what to what."""
    parent = "ParentId" if name.endswith("__c") else f"{name}Id"
    fields: Raw = {
        parent: {"type": "reference", "to": name, "child": "Histories", "cascade": True},
        "Field": {"type": "picklist", "length": 255}, "DataType": {"type": "picklist", "length": 40},
        "OldValue": {"type": "anyType"}, "NewValue": {"type": "anyType"},
    }  # fmt: skip
    label = f"{name.removesuffix('__c').replace('_', ' ')} History"
    return {"prefix": HISTORY, "access": "read", "label": label, "plural": label, "fields": fields}


def event(raw: Raw, name: str) -> SObject:
    """A platform event that the schema declares; the fields that every event has are not among its own."""
    spec = raw["events"][name]
    fields = [_field(key, value, raw, f"{name}.") for key, value in spec.get("fields", {}).items()]
    if not name.endswith("__e") or any(not _NAME.fullmatch(item.name) or item.type == "address" for item in fields):
        raise DefinitionError(f"{name} is no legal platform event: its name ends in __e, its fields are plain")
    keyed = {item.name.lower(): item for item in fields}
    return SObject(name, spec.get("label", name.removesuffix("__e")), name, "e00", True, keyed)


def _object(name: str, spec: Raw, raw: Raw) -> SObject:
    if unknown := sorted(set(spec) - _OBJECT_OPTIONS):
        raise DefinitionError(f"{name}: unknown option {unknown[0]!r}")
    writable = spec.get("access") != "read"
    fields = [_field("Id", {"type": "id", **_RO}, raw), _field("IsDeleted", {"type": "boolean", **_RO}, raw)]
    fields += [
        _field(key, value, raw, f"{name}.", writable)
        for key, value in spec.get("fields", {}).items() if not value.get("hidden")
    ]  # fmt: skip
    for group in spec.get("addresses", ()):
        compound = f"{group}Address"
        fields += [
            _field(f"{group}{part}", {**_ADDRESS_TYPES[part], "compound": compound}, raw) for part in ADDRESS_PARTS
        ]
        fields.append(_field(compound, {"type": "address"}, raw))
    if spec.get("currency"):
        options = {spec["currency"]: True} if isinstance(spec["currency"], str) else {}
        iso = {"type": "picklist", "values": "currencies", "restricted": True, "length": 3, **options}
        fields.append(_field("CurrencyIsoCode", {**iso, "default": next(iter(raw["currencies"]))}, raw))
    if spec.get("owner"):
        owners = ["Group", "User"] if spec["owner"] == "queue" else "User"
        fields.append(_field("OwnerId", {"type": "reference", "to": owners}, raw))
    if spec.get("setting"):
        holder = {"type": "reference", "to": ["Organization", "Profile", "User"], "required": True, "unique": True}
        fields.append(_field("SetupOwnerId", {**holder, "create_only": True}, raw))
    for field_name, to in (("Created", "User"), ("LastModified", "User")):
        fields.append(_field(f"{field_name}Date", {"type": "datetime", **_RO}, raw))
        fields.append(_field(f"{field_name}ById", {"type": "reference", "to": to, **_RO}, raw))
    fields.append(_field("SystemModstamp", {"type": "datetime", **_RO}, raw))
    label = spec.get("label", name.removesuffix("__c").replace("_", " "))
    wrong = [item.name for item in fields if not _NAME.fullmatch(item.name) or item.name.lower() in _RESERVED]
    if wrong or not _NAME.fullmatch(name) or not _PREFIX.fullmatch(str(spec["prefix"])):
        raise DefinitionError(f"{name}: {wrong[0] if wrong else 'its name or key prefix'} is no legal name")
    keyed = {item.name.lower(): item for item in fields}
    if len(keyed) != len(fields):
        raise DefinitionError(f"{name}: two fields have the same name")
    sobject = SObject(name, label, spec.get("plural", f"{label}s"), str(spec["prefix"]), writable, keyed)
    sobject.setting = bool(spec.get("setting"))
    if "history" in spec:
        tracked = [str(one) for one in spec["history"] or ()]
        if strange := [one for one in tracked if one.lower() not in keyed]:
            raise DefinitionError(f"{name}: the history cannot track {strange[0]!r}, which is no field")
        sobject.tracked, sobject.history = tuple(keyed[one.lower()].name for one in tracked), history_of(name)
    return sobject


def _field(name: str, spec: Raw, raw: Raw, place: str = "", writable: bool = True) -> Field:
    kind: Any = spec.get("type")
    if kind not in _TYPES:
        raise DefinitionError(f"{place}{name}: unknown type {kind!r}")
    unknown = sorted(set(spec) - _OPTIONS)
    if unknown:
        raise DefinitionError(f"{place}{name}: unknown option {unknown[0]!r}")
    known = {**_DEFAULTS.get(kind, {}), **spec}
    formula = str(known.get("formula") or "")
    if formula and kind not in CALCULATED:
        raise DefinitionError(f"{place}{name}: a formula makes no {kind}")
    reckoned = bool(formula) or "summary" in known
    read_only = bool(known.get("read_only")) or reckoned or bool(known.get("locked")) or not writable
    values = known.get("values", ())
    if values == "currencies":
        values = tuple(raw["currencies"])
    elif values == "stages":
        values = tuple(stage[0] for stage in raw["stages"])
    label = known.get("label") or name.removesuffix("__c").replace("_", " ")
    return Field(
        name, kind, label, known.get("length", 0), known.get("precision", 0), known.get("scale", 0),
        bool(known.get("required")), not read_only, not read_only and not known.get("create_only"),
        known.get("default"), tuple(map(str, values)), bool(known.get("restricted")), bool(known.get("unique")),
        bool(known.get("external_id")), bool(known.get("id_lookup")) or bool(known.get("external_id")) or kind == "id",
        bool(known.get("case_sensitive")), _targets(known.get("to", ())), _relationship(name, known),
        known.get("child", ""),
        bool(known.get("cascade")), bool(known.get("restrict")), bool(known.get("name")), known.get("format", ""),
        known.get("filterable", True), known.get("sortable", True), known.get("compound", ""),
        tuple(known.get("labels", {}).items()), known.get("controller", ""),
        tuple((str(value), tuple(map(str, under))) for value, under in known.get("valid_for", {}).items()),
        place.rstrip("."), formula, bool(known.get("blank_as_zero")), reckoned or bool(known.get("calculated")),
    )  # fmt: skip


def _targets(to: Any) -> tuple[str, ...]:
    return (to,) if isinstance(to, str) else tuple(map(str, to))


def _relationship(name: str, spec: Raw) -> str:
    if spec["type"] != "reference":
        return ""
    if "relationship" in spec:
        return str(spec["relationship"])
    return f"{name[:-3]}__r" if name.endswith("__c") else name.removesuffix("Id")


# -- alterations ------------------------------------------------------------------------------


def add_field(raw: Raw, sobject: str, name: str, spec: Raw) -> Raw:
    """The schema with one more field."""
    changed, fields = _editable(raw, sobject)
    if name.lower() in {key.lower() for key in fields}:
        raise DefinitionError(f"{sobject}.{name} exists already")
    fields[name] = spec
    compile_schema(changed)
    return changed


def change_field(raw: Raw, sobject: str, name: str, options: Raw) -> Raw:
    """The schema with other options on a field (required, length, values, …)."""
    changed, fields = _editable(raw, sobject)
    fields[name] = {**_existing(fields, sobject, name), **options}
    compile_schema(changed)
    return changed


def permit_field(raw: Raw, sobject: str, name: str, access: str) -> Raw:
    """The schema as profiles see it who may `edit`, only `read`, or not see (`none`) a field; values stay."""
    if access not in ("edit", "read", "none"):
        raise DefinitionError(f"access is edit, read or none, and not {access!r}")
    known = _existing(_editable(raw, sobject)[1], sobject, name)
    if access != "edit" and (known.get("required") or known.get("name")):
        raise DefinitionError(f"{sobject}.{name} is required: every profile may edit it")
    return change_field(raw, sobject, name, {"hidden": access == "none", "locked": access == "read"})


def rename_field(raw: Raw, sobject: str, name: str, to: str) -> Raw:
    """The schema with a field under another name, in the same place."""
    changed, fields = _editable(raw, sobject)
    _existing(fields, sobject, name)
    if to.lower() in {key.lower() for key in fields}:
        raise DefinitionError(f"{sobject}.{to} exists already")
    renamed = {to if key == name else key: value for key, value in fields.items()}
    changed["objects"][sobject]["fields"] = renamed
    _track_instead(changed["objects"][sobject], name, [to])
    compile_schema(changed)
    return changed


def remove_field(raw: Raw, sobject: str, name: str) -> Raw:
    """The schema without a field; stored values stay where they are, unseen."""
    changed, fields = _editable(raw, sobject)
    _existing(fields, sobject, name)
    del fields[name]
    _track_instead(changed["objects"][sobject], name, [])
    compile_schema(changed)
    return changed


def change_object(raw: Raw, sobject: str, options: Raw) -> Raw:
    """The schema with other options on an object (label, history, …)."""
    changed, _fields = _editable(raw, sobject)
    changed["objects"][sobject] |= options
    compile_schema(changed)
    return changed


def put_rule(raw: Raw, sobject: str, kind: str, name: str, rule: Raw | None) -> Raw:
    """The schema with a validation rule or field update (`kind`: validations, updates) added, replaced or, without a
    definition, removed."""
    changed, _fields = _editable(raw, sobject)
    rules: Raw = changed["objects"][sobject].setdefault(kind, {})
    if rule is not None:
        rules[name] = rule
    elif rules.pop(name, None) is None:
        raise DefinitionError(f"{sobject} has no rule {name}")
    compile_schema(changed)
    return changed


def add_object(raw: Raw, name: str, spec: Raw) -> Raw:
    """The schema with one more object."""
    if name in raw["objects"]:
        raise DefinitionError(f"{name} exists already")
    changed = copy.deepcopy(raw)
    taken = {str(item["prefix"]) for item in changed["objects"].values()}
    if "prefix" not in spec:
        free = (f"a{number:02d}" for number in range(100))
        spec = {"prefix": next(prefix for prefix in free if prefix not in taken), **spec}
    elif spec["prefix"] in taken:
        raise DefinitionError(f"{name}: key prefix {spec['prefix']} is taken")
    changed["objects"][name] = spec
    compile_schema(changed)
    return changed


def _track_instead(spec: Raw, name: str, by: list[str]) -> None:
    if "history" in spec:
        spec["history"] = [other for one in spec["history"] or () for other in (by if one == name else [one])]


def add_event(raw: Raw, name: str, spec: Raw) -> Raw:
    """The schema with one more platform event, or with another description of one."""
    changed = copy.deepcopy(raw)
    changed["events"] = {**(changed.get("events") or {}), name: spec}
    compile_schema(changed)
    return changed


def set_channel(raw: Raw, name: str, members: list[str]) -> Raw:
    """The schema with a channel `X__chn` that carries the changes of these objects, or these platform events."""
    known = {*raw["objects"], *(raw.get("events") or ())}
    if not name.endswith("__chn") or not members or not set(members) <= known:
        raise DefinitionError(f"{name}: a channel's name ends in __chn, and its members exist")
    changed = copy.deepcopy(raw)
    changed["channels"] = {**(changed.get("channels") or {}), name: list(members)}
    return changed


def select_changes(raw: Raw, objects: list[str] | None) -> Raw:
    """The schema with change events for these objects alone (None: for all that can be written)."""
    unknown = sorted(set(objects or ()) - set(raw["objects"]))
    if unknown:
        raise DefinitionError(f"no object {unknown[0]}")
    changed = copy.deepcopy(raw)
    changed["change_events"] = objects
    return changed


def _editable(raw: Raw, sobject: str) -> tuple[Raw, Raw]:
    changed = copy.deepcopy(raw)
    if sobject not in changed["objects"]:
        raise DefinitionError(f"no object {sobject}")
    fields: Raw = changed["objects"][sobject].setdefault("fields", {})
    return changed, fields


def _existing(fields: Raw, sobject: str, name: str) -> Raw:
    if name not in fields:
        raise DefinitionError(f"no field {sobject}.{name} that could be changed")
    found: Raw = fields[name]
    return found
