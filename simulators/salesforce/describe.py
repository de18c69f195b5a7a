"""What the org says about itself: versions, resources, objects and fields."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from simulators.kit.calls import Answer, Call
from simulators.kit.fidelity import absent, approximate, exact
from simulators.salesforce.events import described
from simulators.salesforce.merging import MERGEABLE
from simulators.salesforce.schemas import HISTORY, Child, Field, SObject
from simulators.salesforce.web import Context, reply

if TYPE_CHECKING:
    from simulators.salesforce.app import Salesforce

exact(
    "describeGlobal and describe with every member that clients read: fields, children, record types, dependent "
    "picklists, histories", source="recorded, observed", held_by="test_describe, test_schema, test_jsforce",
)  # fmt: skip
approximate("page layouts", "there are none: the resource names record types alone", source="ours")
absent("compact layouts, quick actions, list views, describe by If-Modified-Since")

NEWEST_VERSION = 67
MASTER_TYPE = "012000000000000AAA"  # the record type of records that have none
_SOAP_TYPES = {
    "id": "tns:ID", "reference": "tns:ID", "currency": "xsd:double", "double": "xsd:double", "percent": "xsd:double",
    "int": "xsd:int", "date": "xsd:date", "datetime": "xsd:dateTime", "time": "xsd:time", "boolean": "xsd:boolean",
    "address": "urn:address", "anyType": "xsd:anyType", "complexvalue": "urn:ChangeEventHeader",
}  # fmt: skip
_RESOURCES = ("composite", "jobs", "limits", "parameterizedSearch", "query", "queryAll", "recent", "search", "sobjects")
_NOT_OF_EVENTS = ("deletable", "mruEnabled", "queryable", "replicateable", "retrieveable", "searchable", "undeletable",
                  "updateable")  # fmt: skip
_NOT_GROUPABLE = ("anyType", "currency", "double", "percent", "textarea", "multipicklist", "address", "datetime")


async def versions(_system: Salesforce, _call: Call) -> Answer:
    """GET /services/data: no session needed."""
    return reply(200, [
        {"label": f"API {number}", "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
        for number in range(20, NEWEST_VERSION + 1)
    ])  # fmt: skip


async def resources(ctx: Context) -> Answer:
    """GET /services/data/vNN.0."""
    identity = f"{ctx.call.base_url}/id/{ctx.org.org_id}/{ctx.call.principal}"
    return reply(200, {name: f"{ctx.root}/{name}" for name in _RESOURCES} | {"identity": identity})


async def all_objects(ctx: Context) -> Answer:
    """GET /sobjects."""
    schema = ctx.org.schema
    known = [*schema.objects.values(), *described.events(schema).values()]
    found = [_summary(spec, ctx.root) for spec in sorted(known, key=lambda spec: spec.name)]
    return reply(200, {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": found})


async def basic(ctx: Context, sobject: str) -> Answer:
    """GET /sobjects/X."""
    spec = _known(ctx, sobject)
    return reply(200, {"objectDescribe": _summary(spec, ctx.root), "recentItems": []})


async def recent(_ctx: Context) -> Answer:
    """GET /recent: nobody has looked at anything."""
    return reply(200, [])


async def one_object(ctx: Context, sobject: str) -> Answer:
    """GET /sobjects/X/describe."""
    spec = _known(ctx, sobject)
    shown = _summary(spec, ctx.root) | {
        "actionOverrides": [], "childRelationships": [_child(child) for child in spec.dependents],
        "compactLayoutable": True, "fields": [_field(spec, item) for item in spec.fields.values()],
        "listviewable": None, "lookupLayoutable": None, "namedLayoutInfos": [], "networkScopeFieldName": None,
        "recordTypeInfos": [] if _is_event(spec) else _record_types(ctx, spec), "searchLayoutable": True,
        "supportedScopes": [{"label": f"All {spec.plural}", "name": "everything"}],
    }  # fmt: skip
    return reply(200, shown)


async def layouts(ctx: Context, sobject: str, **_type: str) -> Answer:
    """GET /sobjects/X/describe/layouts[/<record type>]: no page layouts, and which record type would have which."""
    spec = ctx.sobject(sobject)
    mappings = [
        {name: info[name] for name in ("active", "available", "defaultRecordTypeMapping", "developerName", "master",
                                       "name", "recordTypeId", "urls")} | {"layoutId": None}
        for info in _record_types(ctx, spec)
    ]  # fmt: skip
    return reply(
        200, {"layouts": [], "recordTypeMappings": mappings, "recordTypeSelectorRequired": [len(mappings) > 1]}
    )


def _known(ctx: Context, name: str) -> SObject:
    return described.events(ctx.org.schema).get(name.lower()) or ctx.sobject(name)


def _is_event(spec: SObject) -> bool:
    return spec.name.endswith(("__e", "ChangeEvent"))


def _record_types(ctx: Context, spec: SObject) -> list[dict[str, Any]]:
    """The org's record types of the object, and the master that every object has."""
    found = [row for row in ctx.org.every("RecordType") if row.get("SobjectType") == spec.name]
    master = {"Id": MASTER_TYPE, "Name": "Master", "DeveloperName": "Master", "IsActive": True}
    return [
        {
            "active": bool(row.get("IsActive")), "available": True, "defaultRecordTypeMapping": row is master,
            "developerName": row.get("DeveloperName"), "master": row is master, "name": row.get("Name"),
            "recordTypeId": row["Id"],
            "urls": {"layout": f"{ctx.root}/sobjects/{spec.name}/describe/layouts/{row['Id']}"},
        }
        for row in [*found, master]
    ]  # fmt: skip


def _summary(spec: SObject, root: str) -> dict[str, Any]:
    base = f"{root}/sobjects/{spec.name}"
    may = spec.writable
    urls = {"sobject": base, "describe": f"{base}/describe", "rowTemplate": f"{base}/{{ID}}"}
    of = spec.references[0].to if spec.prefix == HISTORY else None
    shown: dict[str, Any] = {
        "activateable": False, "associateEntityType": "History" if of else None, "associateParentEntity": of,
        "createable": may,
        "custom": spec.custom or spec.name.endswith("__e"), "customSetting": spec.setting, "deepCloneable": False,
        "deletable": may and spec.name != "User",
        "deprecatedAndHidden": False, "feedEnabled": False, "hasSubtypes": False, "isInterface": False,
        "isSubtype": False, "keyPrefix": spec.prefix or None, "label": spec.label, "labelPlural": spec.plural,
        "layoutable": may,
        "mergeable": spec.name in MERGEABLE, "mruEnabled": may, "name": spec.name, "queryable": True,
        "replicateable": True, "retrieveable": True, "searchable": may, "triggerable": may,
        "undeletable": may and spec.name != "User", "updateable": may,
        "urls": urls,
    }  # fmt: skip
    if _is_event(spec):
        shown |= dict.fromkeys(_NOT_OF_EVENTS, False) | {"triggerable": True, "layoutable": True}
        shown["urls"] = {**urls, "eventSchema": f"{base}/eventSchema"}
    return shown


def _child(child: Child) -> dict[str, Any]:
    return {
        "cascadeDelete": child.field.cascade, "childSObject": child.sobject, "deprecatedAndHidden": False,
        "field": child.field.name, "junctionIdListNames": [], "junctionReferenceTo": [],
        "relationshipName": child.name or None, "restrictedDelete": child.field.restrict,
    }  # fmt: skip


def _field(spec: SObject, item: Field) -> dict[str, Any]:
    kind = {"autonumber": "string"}.get(item.type, item.type)
    numeric = item.family == "number"
    defaulted = item.defaulted or item.type == "autonumber" or item.name == "OwnerId"
    return {
        "aggregatable": item.type not in ("address", "boolean", "textarea"), "aiPredictionField": False,
        "autoNumber": item.type == "autonumber",
        "byteLength": item.length * 3 if item.family == "text" else item.length,
        "calculated": item.calculated, "calculatedFormula": item.formula or None, "cascadeDelete": item.cascade,
        "caseSensitive": item.case_sensitive, "compoundFieldName": item.compound or None,
        "controllerName": item.controller or None,
        "createable": item.createable, "custom": item.custom, "defaultValue": item.default,
        "defaultValueFormula": None, "defaultedOnCreate": defaulted, "dependentPicklist": bool(item.controller),
        "deprecatedAndHidden": False, "digits": item.precision if item.type == "int" else 0,
        "displayLocationInDecimal": False, "encrypted": False, "externalId": item.external_id, "extraTypeInfo": None,
        "filterable": item.filterable, "filteredLookupInfo": None, "formulaTreatNullNumberAsZero": item.blank_as_zero,
        "groupable": item.type not in _NOT_GROUPABLE, "highScaleNumber": False, "htmlFormatted": False,
        "idLookup": item.id_lookup, "inlineHelpText": None, "label": item.label, "length": item.length, "mask": None,
        "maskType": None, "name": item.name, "nameField": item.is_name, "namePointing": item.polymorphic,
        "nillable": not (item.required or item.type in ("boolean", "id", "autonumber")),
        "permissionable": not item.required,
        "picklistValues": _picklist(spec, item),
        "polymorphicForeignKey": item.polymorphic, "precision": item.precision if numeric and item.type != "int" else 0,
        "queryByDistance": False, "referenceTargetField": None, "referenceTo": list(item.targets),
        "relationshipName": item.relationship or None, "relationshipOrder": None,
        "restrictedDelete": item.restrict, "restrictedPicklist": item.restricted,
        "scale": item.scale if numeric else 0, "searchPrefilterable": False,
        "soapType": _SOAP_TYPES.get(item.type, "xsd:string"), "sortable": item.sortable, "type": kind,
        "unique": item.unique, "updateable": item.updateable, "writeRequiresMasterRead": False,
    }  # fmt: skip


def _picklist(spec: SObject, item: Field) -> list[dict[str, Any]]:
    labels, under = dict(item.labels), dict(item.valid_for)
    controlling = spec.get(item.controller)
    order = controlling.values if controlling else ()
    return [
        {
            "active": True, "defaultValue": value == item.default, "label": labels.get(value, value),
            "validFor": _bits(order, under.get(value, order)) if controlling else None, "value": value,
        }
        for value in item.values
    ]  # fmt: skip


def _bits(order: tuple[str, ...], valid: tuple[str, ...]) -> str:
    """A bitmap in base64: bit i, from the left, says that the value goes with the controlling field's i-th value."""
    bits = bytearray((len(order) + 7) // 8)
    for place, value in enumerate(order):
        if value in valid:
            bits[place // 8] |= 0x80 >> place % 8
    return base64.b64encode(bytes(bits)).decode()
