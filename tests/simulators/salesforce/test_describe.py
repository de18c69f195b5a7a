"""What the org says about itself: the members that clients read are there, and agree with what it does."""

import pytest

from simulators.salesforce.schemas import SObject
from tests.simulators.salesforce.org import ROOT, Org

FIELD = [
    "aggregatable",
    "autoNumber",
    "byteLength",
    "calculated",
    "calculatedFormula",
    "cascadeDelete",
    "caseSensitive",
    "compoundFieldName",
    "controllerName",
    "createable",
    "custom",
    "defaultValue",
    "defaultedOnCreate",
    "dependentPicklist",
    "digits",
    "encrypted",
    "externalId",
    "extraTypeInfo",
    "filterable",
    "groupable",
    "htmlFormatted",
    "idLookup",
    "inlineHelpText",
    "label",
    "length",
    "name",
    "nameField",
    "namePointing",
    "nillable",
    "permissionable",
    "picklistValues",
    "polymorphicForeignKey",
    "precision",
    "referenceTo",
    "relationshipName",
    "restrictedPicklist",
    "scale",
    "soapType",
    "sortable",
    "type",
    "unique",
    "updateable",
]
GLOBAL = [
    "name",
    "label",
    "labelPlural",
    "keyPrefix",
    "custom",
    "queryable",
    "createable",
    "updateable",
    "deletable",
    "undeletable",
    "retrieveable",
    "searchable",
    "replicateable",
    "triggerable",
    "mergeable",
    "layoutable",
    "feedEnabled",
    "mruEnabled",
    "deprecatedAndHidden",
    "customSetting",
    "isSubtype",
    "hasSubtypes",
    "urls",
]
CHILD = [
    "cascadeDelete",
    "childSObject",
    "deprecatedAndHidden",
    "field",
    "junctionIdListNames",
    "junctionReferenceTo",
    "relationshipName",
    "restrictedDelete",
]


@pytest.fixture(scope="module")
def org() -> Org:
    return Org().login()


def specs(org: Org) -> list[SObject]:
    return list(org.system.org.schema.objects.values())


def test_every_object_and_field_has_the_members_that_clients_read(org: Org):
    listed = org.rest("GET", "sobjects").json["sobjects"]
    names = [row["name"] for row in listed]
    assert names == sorted(names)
    assert {name for name in names if not name.endswith(("__e", "ChangeEvent"))} == {spec.name for spec in specs(org)}
    assert all(set(GLOBAL) <= set(row) for row in listed)
    for row in listed:
        found = org.rest("GET", f"sobjects/{row['name'].lower()}/describe").json
        assert found | row == found, "what the list says of an object is what it says itself"
        assert all(set(FIELD) <= set(item) for item in found["fields"])
        assert all(set(CHILD) == set(child) for child in found["childRelationships"])
        assert {item["soapType"].partition(":")[0] for item in found["fields"]} <= {"tns", "xsd", "urn"}


def test_describe_and_behaviour_agree_on_what_is_required(org: Org):
    for spec in specs(org):
        if not spec.writable or spec.name in ("OpportunityLineItem", "Asset", "Event"):
            continue
        fields = org.rest("GET", f"sobjects/{spec.name}/describe").json["fields"]
        needed = [item["name"] for item in fields
                  if item["createable"] and not item["nillable"] and not item["defaultedOnCreate"]]  # fmt: skip
        reply = org.rest("POST", f"sobjects/{spec.name}", {})
        if needed:
            assert sorted(reply.json[0]["fields"]) == sorted(needed), spec.name
        else:
            assert reply.status == 201, (spec.name, reply.content)


def test_references_to_several_objects_and_their_lists(org: Org):
    task = {item["name"]: item for item in org.rest("GET", "sobjects/Task/describe").json["fields"]}
    assert task["WhoId"]["referenceTo"] == ["Contact", "Lead"] and task["WhoId"]["polymorphicForeignKey"]
    assert task["OwnerId"]["referenceTo"] == ["Group", "User"] and task["WhoId"]["relationshipName"] == "Who"
    for name in task["WhatId"]["referenceTo"]:
        children = org.rest("GET", f"sobjects/{name}/describe").json["childRelationships"]
        assert [child["field"] for child in children if child["relationshipName"] == "Tasks"] == ["WhatId"]


def test_histories_say_whose_they_are(org: Org):
    found = org.rest("GET", "sobjects/AccountHistory").json["objectDescribe"]
    assert (found["associateEntityType"], found["associateParentEntity"]) == ("History", "Account")
    assert not found["createable"] and found["keyPrefix"] == "017"


def test_events_are_found_beside_the_objects(org: Org) -> None:
    rows = {row["name"]: row for row in org.rest("GET", "sobjects").json["sobjects"]}
    notice, told = rows["Sync_Notice__e"], rows["AccountChangeEvent"]
    assert (notice["keyPrefix"], notice["createable"], notice["custom"]) == ("e00", True, True)
    assert (told["keyPrefix"], told["createable"], told["triggerable"]) == (None, False, True)
    assert not any(row[may] for row in (notice, told) for may in ("queryable", "updateable", "deletable"))
    fields = {one["name"]: one for one in org.rest("GET", "sobjects/sync_notice__e/describe").json["fields"]}
    assert list(fields)[:4] == ["ReplayId", "EventUuid", "CreatedDate", "CreatedById"]
    assert [fields[name]["createable"] for name in ("ReplayId", "Message__c")] == [False, True]
    shown = org.rest("GET", "sobjects/AccountChangeEvent/describe").json
    assert not any(one["createable"] or one["updateable"] for one in shown["fields"])
    assert {"ReplayId", "ChangeEventHeader", "BillingAddress"} <= {one["name"] for one in shown["fields"]}
    assert org.rest("GET", shown["urls"]["eventSchema"].removeprefix(f"{ROOT}/")).json["name"] == "AccountChangeEvent"


def test_record_types(org: Org):
    org.seed({"RecordType": [
        {"@": "p", "Name": "Partner", "DeveloperName": "Partner", "SobjectType": "Account", "IsActive": True},
    ]})  # fmt: skip
    infos = org.rest("GET", "sobjects/Account/describe").json["recordTypeInfos"]
    assert [(info["name"], info["master"]) for info in infos] == [("Partner", False), ("Master", True)]
    account = org.create("Account", Name="P", RecordTypeId=infos[0]["recordTypeId"])
    assert org.rows(f"SELECT RecordType.Name FROM Account WHERE Id = '{account}'")[0]["RecordType"]["Name"] == "Partner"
    deal = {"Name": "x", "StageName": "x", "CloseDate": "2026-01-05", "RecordTypeId": infos[0]["recordTypeId"]}
    assert org.rest("POST", "sobjects/Opportunity", deal).code == "INVALID_CROSS_REFERENCE_KEY"
    found = org.rest("GET", "sobjects/Account/describe/layouts").json
    assert [one["name"] for one in found["recordTypeMappings"]] == ["Partner", "Master"] and found["layouts"] == []
    assert org.rest("GET", infos[1]["urls"]["layout"].partition("v60.0/")[2]).status == 200
    assert org.rest("GET", "sobjects/Account/describe/compactLayouts").status == 404
