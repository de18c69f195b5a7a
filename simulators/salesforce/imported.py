"""A user's own schema: describe results of a real org turned into the definition that this org goes by (pure)."""

import base64
import binascii
import copy
from collections.abc import Iterable, Mapping
from typing import Any

from simulators.kit.currencies import decimals
from simulators.kit.fidelity import approximate
from simulators.salesforce.calculated import understood
from simulators.salesforce.definition import CALCULATED, DefinitionError, Raw, compile_schema, history_of, put_rule
from simulators.salesforce.formula.compiler import Use
from simulators.salesforce.formula.values import FormulaError
from simulators.salesforce.ids import parse_id
from simulators.salesforce.rollups import of_metadata

approximate(
    "an imported schema",
    "is what describe results and validation rules tell: formulas that this org does not understand, and roll-ups "
    "whose Metadata is not there, are empty, page layouts and the picklist values of record types are not known, auto "
    "numbers have a form of ours; "
    "stages that this org does not know get a probability by their name; whatever is left out is said",
    source="ours",
)

_SYSTEM = frozenset((
    "id", "isdeleted", "createddate", "createdbyid", "lastmodifieddate", "lastmodifiedbyid", "systemmodstamp",
))  # fmt: skip
_TYPES = {
    "combobox": "picklist", "encryptedstring": "string", "base64": "textarea", "long": "double", "string": "string",
    "textarea": "textarea", "picklist": "picklist", "multipicklist": "multipicklist", "email": "email",
    "phone": "phone", "url": "url", "boolean": "boolean", "int": "int", "double": "double", "currency": "currency",
    "percent": "percent", "date": "date", "datetime": "datetime", "time": "time", "reference": "reference",
    "anyType": "anyType",
}  # fmt: skip
_TEXT = frozenset(("string", "textarea", "picklist", "multipicklist", "email", "phone", "url", "autonumber"))
_SIDE = ("ChangeEvent", "Share", "Feed", "__Tag", "__Share", "__Feed", "__History")
_RECORD_TYPE = "012"
SHOWN = 60  # characters of a formula in a note
Describe = Mapping[str, Any]


def import_describes(
    raw: Raw, describes: Iterable[Describe], rules: Iterable[Describe] = ()
) -> tuple[Raw, list[str], list[str]]:  # fmt: skip
    """The definition with the described objects in place of its own, their names, and notes on what was not taken over.

    `rules`: validation rules as the Tooling API tells them, {FullName, Metadata}. DefinitionError names the object and
    field that cannot be read.
    """
    changed = copy.deepcopy(raw)
    notes: list[str] = []
    rules = list(rules)
    taken = [] if rules and not describes else [one for one in _checked(describes) if not _beside(one, raw, notes)]
    names = {str(one["name"]).lower() for one in taken} | {name.lower() for name in changed["objects"]}
    children = {
        (str(child["childSObject"]).lower(), str(child["field"]).lower()): child
        for one in taken for child in one.get("childRelationships") or () if {"childSObject", "field"} <= set(child)
    }  # fmt: skip
    for one in taken:
        try:
            _currencies(changed, one)
            _stages(changed, one, notes)
            known = raw["objects"].get(one["name"], {})
            changed["objects"][one["name"]] = _Object(one, known, names, children, notes).definition()
        except (AttributeError, KeyError, TypeError) as error:
            raise DefinitionError(f"{one['name']} is no describe result: {error!r}") from error
    _prefixes(changed, [str(one["name"]) for one in taken], notes)
    _formulas(changed, [str(one["name"]) for one in taken], notes)
    compile_schema(changed)
    for rule in rules:
        changed = _ruled(changed, rule, notes)
    return changed, [str(one["name"]) for one in taken], notes


def _checked(describes: Iterable[Describe]) -> list[Describe]:
    found: list[Describe] = []
    for place, one in enumerate(describes):
        if not isinstance(one, Mapping) or not isinstance(one.get("name"), str):
            raise DefinitionError(f"describe result {place + 1} has no name")
        if not isinstance(one.get("fields"), list):
            raise DefinitionError(f"{one['name']} has no fields: send the result of its own describe call")
        found.append(one)
    if not found:
        raise DefinitionError("there is no describe result to import")
    return found


def _beside(one: Describe, raw: Raw, notes: list[str]) -> bool:
    """Whether it stands beside another object (history, feed, shares, change events): the org makes its own."""
    name = str(one["name"])
    if name in {history_of(other) for other, spec in raw["objects"].items() if "history" in spec}:
        return True
    if name.endswith(_SIDE) and name not in raw["objects"]:
        notes.append(f"{name} is left out: it stands beside another object")
        return True
    return False


def _ruled(raw: Raw, rule: Describe, notes: list[str]) -> Raw:
    """The definition with one validation rule more, as far as this org understands its formula, or one roll-up."""
    name, told = str(rule.get("FullName") or ""), rule.get("Metadata")
    sobject, _, own = name.partition(".")
    if isinstance(told, Mapping) and told.get("type") == "Summary":
        return _rolled_up(raw, sobject, own, told, notes)
    if not own or not isinstance(told, Mapping) or not told.get("errorConditionFormula"):
        raise DefinitionError(f"validation rule {name or '(without a FullName)'} has no Metadata with a formula")
    if not told.get("active", True):
        notes.append(f"validation rule {name} is left out: it is not active")
        return raw
    spec = {"when": str(told["errorConditionFormula"]), "message": str(told.get("errorMessage") or "")}
    if told.get("errorDisplayField"):
        spec["field"] = str(told["errorDisplayField"])
    try:
        return put_rule(raw, sobject, "validations", own, spec)
    except DefinitionError as error:
        notes.append(f"validation rule {name} is left out: {error}")
        return raw


def _rolled_up(raw: Raw, sobject: str, name: str, told: Describe, notes: list[str]) -> Raw:
    """The definition with what a roll-up summary field is of, as far as this org can keep it."""
    changed = copy.deepcopy(raw)
    field = changed["objects"].get(sobject, {}).get("fields", {}).get(name)
    if field is None:
        raise DefinitionError(f"{sobject}.{name} is a roll-up, and no describe result has it: import its object too")
    try:
        field["summary"] = of_metadata(told)
        compile_schema(changed)
    except (DefinitionError, FormulaError, KeyError) as error:
        notes.append(f"{sobject}.{name} stays empty: {error}")
        return raw
    notes[:] = [note for note in notes if not note.startswith(f"{sobject}.{name} is calculated there from other")]
    return changed


def _formulas(raw: Raw, names: Iterable[str], notes: list[str]) -> None:
    """Leave the formulas that this org can reckon where they stand; take the others out, and say why."""
    found: dict[Use, str] = {}
    empty: set[Use] = set()
    for name in names:
        for key, spec in raw["objects"][name]["fields"].items():
            if "formula" in spec:
                found[name, key] = spec.pop("formula")
            elif spec.get("calculated"):
                empty.add((name, key))
    fit = {one: text for one, text in found.items() if _spec(raw, one)["type"] in CALCULATED}
    schema = compile_schema(raw)
    objects = schema.objects
    wanted = [
        (objects[name.lower()], objects[name.lower()].fields[key.lower()], text) for (name, key), text in fit.items()
    ]
    good, bad = understood(schema, wanted, empty | (set(found) - set(fit)))
    for one, text in found.items():
        if one in good:
            _spec(raw, one)["formula"] = text
            continue
        why = bad.get(one, f"no formula makes a {_spec(raw, one)['type']} here")
        notes.append(
            f"{one[0]}.{one[1]} is calculated there by a formula ({text[:SHOWN]}): here it is read only and empty, "
            f"because {why}"
        )


def _spec(raw: Raw, one: Use) -> Raw:
    spec: Raw = raw["objects"][one[0]]["fields"][one[1]]
    return spec


def record_types(describes: Iterable[Describe], notes: list[str]) -> list[Raw]:
    """Rows of RecordType that the described objects have, under their own ids, so that records which name them load."""
    found = []
    for one in _checked(describes):
        for info in one.get("recordTypeInfos") or ():
            known = parse_id(str(info.get("recordTypeId") or ""))
            if info.get("master"):
                continue
            if known is None or not known.startswith(_RECORD_TYPE):
                notes.append(f"{one['name']}: record type {info.get('name')!r} is left out: it has no id")
                continue
            found.append({
                "Id": known, "Name": str(info.get("name") or ""), "DeveloperName": str(info.get("developerName") or ""),
                "SobjectType": str(one["name"]), "IsActive": bool(info.get("active", True)),
            })  # fmt: skip
    return found


class _Object:
    """One describe result on its way to a definition."""

    def __init__(
        self, one: Describe, known: Raw, names: set[str], children: Mapping[tuple[str, str], Any], notes: list[str]
    ) -> None:
        self.one, self.known, self.names, self.children, self.notes = one, known, names, children, notes
        self.name = str(one["name"])

    def definition(self) -> Raw:
        """The object's definition."""
        one = self.one
        spec: Raw = {"prefix": one.get("keyPrefix") or "", "label": one.get("label") or self.name,
                     "plural": one.get("labelPlural") or f"{self.name}s", "fields": {}}  # fmt: skip
        if not (one.get("createable") or one.get("updateable")):
            spec["access"] = "read"
        groups = [
            str(item["name"]).removesuffix("Address")
            for item in one["fields"] if isinstance(item, Mapping) and item.get("type") == "address"
        ]  # fmt: skip
        if groups:
            spec["addresses"] = groups
        if one.get("customSetting"):
            spec["setting"] = True
        for item in one["fields"]:
            if not isinstance(item, Mapping) or not isinstance(item.get("name"), str):
                raise DefinitionError(f"{self.name}: a field has no name")
            self._place(spec, item)
        for kind in ("validations", "updates"):
            for name in self.known.get(kind) or ():
                self.notes.append(f"{self.name}: our own rule {name} is gone, a describe result tells no rules")
        if "history" in self.known:
            there = {*spec["fields"], "OwnerId", "CurrencyIsoCode"}
            spec["history"] = [name for name in self.known["history"] or () if name in there]
        return spec

    def _place(self, spec: Raw, item: Mapping[str, Any]) -> None:
        name = str(item["name"])
        compound = str(item.get("compoundFieldName") or "")
        if name.lower() in _SYSTEM or item.get("type") == "address" or (name == "SetupOwnerId" and spec.get("setting")):
            return
        if compound.endswith("Address") and compound.removesuffix("Address") in spec.get("addresses", ()):
            return
        if name == "CurrencyIsoCode":
            spec["currency"] = _access(item) or True
        elif name == "OwnerId":
            spec["owner"] = "queue" if "Group" in (item.get("referenceTo") or ()) else True
        else:
            found = self._field(name, item)
            if found is not None:
                spec["fields"][name] = found

    def _field(self, name: str, item: Mapping[str, Any]) -> Raw | None:
        kind = "autonumber" if item.get("autoNumber") else _TYPES.get(str(item.get("type")))
        if kind is None:
            self.notes.append(f"{self.name}.{name} is left out: the type {item.get('type')!r} is not there")
            return None
        field = self._shape(kind, item)
        if item.get("calculated"):
            field["calculated"] = True
            if item.get("calculatedFormula"):
                field["formula"] = str(item["calculatedFormula"])
                field["blank_as_zero"] = bool(item.get("formulaTreatNullNumberAsZero"))
            else:
                self.notes.append(
                    f"{self.name}.{name} is calculated there from other records: here it is read only and empty"
                )
        for option, member in _FLAGS.items():
            if item.get(member):
                field[option] = True
        for option in ("filterable", "sortable"):
            if item.get(option) is False:
                field[option] = False
            elif kind in ("textarea", "multipicklist", "anyType"):
                field[option] = True
        self._values(field, item)
        if kind == "reference":
            self._reference(name, field, item)
        if kind == "autonumber":
            field["format"] = self.known.get("fields", {}).get(name, {}).get("format", "{00000000}")
            field["read_only"] = True
        return field

    @staticmethod
    def _shape(kind: str, item: Mapping[str, Any]) -> Raw:
        """Type, size, access, requirement and default."""
        field: Raw = {"type": kind, "label": str(item.get("label") or item["name"])}
        if kind in _TEXT and item.get("length"):
            field["length"] = int(item["length"])
        if kind == "int":
            field["precision"] = int(item.get("digits") or 9)
        elif kind in ("double", "currency", "percent"):
            field |= {"precision": int(item.get("precision") or 18), "scale": int(item.get("scale") or 0)}
        access = _access(item)
        if access and kind != "autonumber":
            field[access] = True
        required = item.get("createable") and not item.get("nillable") and not item.get("defaultedOnCreate")
        if required and kind not in ("boolean", "autonumber"):
            field["required"] = True
        if item.get("defaultValue") is not None:
            field["default"] = item["defaultValue"]
        return field

    def _values(self, field: Raw, item: Mapping[str, Any]) -> None:
        listed = [one for one in item.get("picklistValues") or () if one.get("active", True)]
        if not listed or field["type"] not in ("picklist", "multipicklist"):
            return
        values = [str(one["value"]) for one in listed]
        field["values"] = values
        labels = {
            str(one["value"]): str(one["label"]) for one in listed if one.get("label") not in (None, one["value"])
        }
        if labels:
            field["labels"] = labels
        if item["name"] == "StageName" and self.name == "Opportunity":
            field["values"] = "stages"
        controller = str(item.get("controllerName") or "")
        if item.get("dependentPicklist") and controller:
            order = self._order(controller)
            under = {str(one["value"]): _bits(one.get("validFor"), order) for one in listed}
            field |= {"controller": controller, "valid_for": under}

    def _order(self, controller: str) -> list[str]:
        found: Describe = next((one for one in self.one["fields"] if one.get("name") == controller), {})
        return [str(one["value"]) for one in found.get("picklistValues") or ()]

    def _reference(self, name: str, field: Raw, item: Mapping[str, Any]) -> None:
        targets = [str(one) for one in item.get("referenceTo") or ()]
        here = [one for one in targets if one.lower() in self.names]
        if not here:
            self.notes.append(
                f"{self.name}.{name} refers to {', '.join(targets) or 'nothing'}, which is not here: kept as text"
            )
            field |= {"type": "string", "length": 18}
            return
        field["to"] = here if len(here) > 1 else here[0]
        field["relationship"] = str(item.get("relationshipName") or "")
        child = self.children.get((self.name.lower(), name.lower()), {})
        if child.get("relationshipName"):
            field["child"] = str(child["relationshipName"])
        for option, member in (("cascade", "cascadeDelete"), ("restrict", "restrictedDelete")):
            if child.get(member, item.get(member)):
                field[option] = True


_FLAGS = {
    "restricted": "restrictedPicklist", "unique": "unique", "external_id": "externalId", "id_lookup": "idLookup",
    "case_sensitive": "caseSensitive", "name": "nameField",
}  # fmt: skip


def _access(item: Mapping[str, Any]) -> str:
    """`read_only`, `create_only`, or nothing."""
    if not item.get("createable") and not item.get("updateable"):
        return "read_only"
    return "" if item.get("updateable") else "create_only"


def _bits(text: object, order: list[str]) -> list[str]:
    """The controlling values that a dependent value goes with, from its bitmap."""
    try:
        bits = base64.b64decode(str(text or ""))
    except binascii.Error:
        return list(order)
    return [
        value for place, value in enumerate(order) if place // 8 < len(bits) and bits[place // 8] & 0x80 >> place % 8
    ]


def _currencies(raw: Raw, one: Describe) -> None:
    """The org's currencies are those of the described picklist; ones that were not known convert one to one."""
    item = next((field for field in one["fields"] if field.get("name") == "CurrencyIsoCode"), None)
    for entry in (item or {}).get("picklistValues") or ():
        if entry.get("active", True):
            code = str(entry["value"])
            raw["currencies"].setdefault(code, {"rate": 1.0, "decimals": decimals(code)})


def _stages(raw: Raw, one: Describe, notes: list[str]) -> None:
    if one["name"] != "Opportunity":
        return
    item: Describe = next((field for field in one["fields"] if field.get("name") == "StageName"), {})
    listed = [str(entry["value"]) for entry in item.get("picklistValues") or () if entry.get("active", True)]
    if not listed:
        return
    known = {stage[0]: stage for stage in raw["stages"]}
    for name in listed:
        if name not in known:
            won, lost = "won" in name.lower(), "lost" in name.lower()
            category = "Closed" if won else "Omitted" if lost else "Pipeline"
            known[name] = [name, 100 if won else 0 if lost else 50, category, won or lost, won]
            notes.append(f"Opportunity stage {name!r} is taken as {category}, {known[name][1]} %")
    raw["stages"] = [known[name] for name in listed]


def _prefixes(raw: Raw, names: list[str], notes: list[str]) -> None:
    """Key prefixes are unique: an imported object keeps its own where nobody else here has it."""
    used = {str(spec["prefix"]) for name, spec in raw["objects"].items() if name not in names}
    free = (f"a{number:02d}" for number in range(100))
    wanted = {str(raw["objects"][name]["prefix"]) for name in names}
    for name in names:
        prefix = str(raw["objects"][name]["prefix"])
        if not prefix or prefix in used:
            prefix = next(one for one in free if one not in used and one not in wanted)
            notes.append(f"{name} has the key prefix {prefix} here")
        used.add(prefix)
        raw["objects"][name]["prefix"] = prefix
