"""The schema is data: described to clients, enforced on writes, changed while the org runs."""

import asyncio

import pytest

from simulators.salesforce import definition
from simulators.salesforce.definition import DefinitionError
from tests.simulators.salesforce.org import Org

# What a recorded describe has for each field.
FIELD_KEYS = """aggregatable autoNumber byteLength calculated calculatedFormula cascadeDelete caseSensitive createable
compoundFieldName controllerName custom defaultValue defaultedOnCreate dependentPicklist digits encrypted externalId
extraTypeInfo filterable groupable htmlFormatted idLookup inlineHelpText label length name nameField namePointing
nillable permissionable picklistValues polymorphicForeignKey precision referenceTo relationshipName restrictedPicklist
scale soapType sortable type unique updateable"""


@pytest.fixture
def org() -> Org:
    return Org().login()


def described(org: Org, sobject: str) -> dict:
    found = org.rest("GET", f"sobjects/{sobject}/describe").json
    return {item["name"]: item for item in found["fields"]}


def test_describe_tells_clients_what_they_need(org: Org):
    found = org.rest("GET", "sobjects/opportunity/describe").json
    assert (found["name"], found["keyPrefix"], found["createable"]) == ("Opportunity", "006", True)
    fields = {item["name"]: item for item in found["fields"]}
    assert all(key in fields["StageName"] for key in FIELD_KEYS.split())
    required = [
        name for name, item in fields.items()
        if item["createable"] and not item["nillable"] and not item["defaultedOnCreate"]
    ]  # fmt: skip
    assert required == ["Name", "StageName", "CloseDate"]
    assert fields["AccountId"]["referenceTo"] == ["Account"] and fields["AccountId"]["relationshipName"] == "Account"
    assert fields["External_Id__c"]["externalId"] and fields["External_Id__c"]["unique"]
    assert [value["value"] for value in fields["StageName"]["picklistValues"]][-2:] == ["Closed Won", "Closed Lost"]
    lines = {item["relationshipName"]: item for item in found["childRelationships"]}["OpportunityLineItems"]
    assert (lines["childSObject"], lines["field"], lines["cascadeDelete"]) == (
        "OpportunityLineItem",
        "OpportunityId",
        True,
    )


def test_describe_global_lists_every_object(org: Org):
    found = org.rest("GET", "sobjects").json
    names = {item["name"]: item for item in found["sobjects"]}
    assert {"Account", "Invoice__c", "Payment__c", "PricebookEntry", "User"} <= set(names)
    assert names["Invoice__c"]["custom"] and not names["Organization"]["createable"]
    assert org.rest("GET", "sobjects/Account").json["objectDescribe"]["keyPrefix"] == "001"


def test_every_object_can_be_described_and_queried_by_its_described_fields(org: Org):
    for item in org.rest("GET", "sobjects").json["sobjects"]:
        if not item["queryable"]:
            continue  # an event
        fields = ", ".join(described(org, item["name"]))
        assert org.query(f"SELECT {fields} FROM {item['name']} LIMIT 5").status == 200


def test_a_field_added_at_run_time_is_written_read_queried_and_described(org: Org):
    account = org.create("Account", Name="Acme")
    spec = {"type": "string", "length": 10, "external_id": True, "unique": True}
    org.act("alter_schema", change="add_field", object="Account", field="Legacy__c", definition=spec)
    assert org.get("Account", account)["Legacy__c"] is None
    assert org.rest("PATCH", "sobjects/Account/Legacy__c/L1", {"Name": "New"}).status == 201
    assert org.rows("SELECT Name FROM Account WHERE Legacy__c = 'l1'")[0]["Name"] == "New"
    assert described(org, "Account")["Legacy__c"]["length"] == 10


def test_a_renamed_field_keeps_its_values_and_the_old_name_is_gone(org: Org):
    account = org.create("Account", Name="Acme", Tax_Id__c="T1")
    org.rows("SELECT Tax_Id__c FROM Account")
    org.act("alter_schema", change="rename_field", object="Account", field="Tax_Id__c", to="VAT__c")
    assert org.get("Account", account)["VAT__c"] == "T1"
    assert org.query("SELECT Tax_Id__c FROM Account").code == "INVALID_FIELD"
    assert org.update("Account", account, Tax_Id__c="T2").code == "INVALID_FIELD"
    assert len(org.rows("SELECT Id FROM Account WHERE VAT__c = 't1'")) == 1


def test_what_is_looked_up_by_an_index_follows_changes_of_the_schema(org: Org):
    one, two = org.create("Account", Name="One", Tax_Id__c="T1"), org.create("Account", Name="Two", Tax_Id__c="T2")
    found = lambda field, value: [row["Id"] for row in org.rows(f"SELECT Id FROM Account WHERE {field} = '{value}'")]  # noqa: E731
    org.act("alter_schema", change="change_field", object="Account", field="Tax_Id__c", definition={"unique": True})
    assert found("Tax_Id__c", "t1") == [one], "values of before are in the new column"
    assert org.update("Account", two, Tax_Id__c="T1").code == "DUPLICATE_VALUE"
    org.act("alter_schema", change="rename_field", object="Account", field="Tax_Id__c", to="VAT__c")
    assert org.update("Account", one, VAT__c="T3").status == 204
    assert (found("VAT__c", "T3"), found("VAT__c", "T1"), found("VAT__c", "T2")) == ([one], [], [two])
    spec = {"type": "string", "length": 20, "unique": True}
    org.act("alter_schema", change="add_field", object="Account", field="Tax_Id__c", definition=spec)
    assert found("Tax_Id__c", "T1") == [], "nothing is left of the former field of that name"
    org.act("alter_schema", change="remove_field", object="Account", field="VAT__c")
    assert org.update("Account", one, Tax_Id__c="T3").status == 204
    org.act("alter_schema", change="add_field", object="Account", field="VAT__c", definition=spec)
    assert found("VAT__c", "T3") == [one] and found("Tax_Id__c", "T3") == [one]


def test_a_store_of_an_older_release_is_gone_on_with(org: Org):
    """There every field was a generated column."""
    fields = [item.name for item in org.system.org.spec("Task").fields.values() if item.type != "address"]
    columns = ", ".join(f"\"{name}\" AS (json_extract(doc, '$.{name}')) VIRTUAL" for name in fields)
    org.system.store.db.executescript(
        f'DROP TABLE "Task"; CREATE TABLE "Task" (key TEXT PRIMARY KEY, doc TEXT NOT NULL, {columns});'
        'CREATE INDEX "Task~WhatId" ON "Task" ("WhatId") WHERE "WhatId" IS NOT NULL;'
    )
    org.system.restore(org.system.store.snapshot())
    org.login()
    account = org.create("Account", Name="A")
    task = org.create("Task", Subject="Call", WhatId=account)
    spec = {"type": "string", "length": 10, "unique": True}
    org.act("alter_schema", change="add_field", object="Task", field="Key__c", definition=spec)
    assert org.update("Task", task, Key__c="k1", Subject="Email").status == 204
    rows = org.rows(f"SELECT Subject FROM Task WHERE WhatId = '{account}' AND Key__c = 'K1' ORDER BY Subject")
    assert [row["Subject"] for row in rows] == ["Email"]


def test_a_newly_required_field_stops_writes_that_lack_it(org: Org):
    account = org.create("Account", Name="Acme")
    org.act("alter_schema", change="require_field", object="Account", field="Tax_Id__c")
    assert org.rest("POST", "sobjects/Account", {"Name": "B"}).message == "Required fields are missing: [Tax_Id__c]"
    assert org.update("Account", account, Site="HQ").code == "REQUIRED_FIELD_MISSING"
    assert org.update("Account", account, Tax_Id__c="T").status == 204


def test_fields_can_be_removed_retyped_and_objects_added(org: Org):
    org.act("alter_schema", change="remove_field", object="Account", field="Tax_Id__c")
    assert "Tax_Id__c" not in described(org, "Account")
    org.act("alter_schema", change="change_field", object="Account", field="Site", definition={"length": 3})
    assert org.rest("POST", "sobjects/Account", {"Name": "B", "Site": "long"}).code == "STRING_TOO_LONG"
    fields = {"Name": {"type": "autonumber", "format": "S-{000}", "name": True}, "Account__c": {
        "type": "reference", "to": "Account", "child": "Subscriptions__r"}}  # fmt: skip
    org.act("alter_schema", change="add_object", object="Subscription__c", definition={"fields": fields, "owner": True})
    made = org.create("Subscription__c", Account__c=org.create("Account", Name="A"))
    assert made.startswith("a05") and org.get("Subscription__c", made)["Name"] == "S-001"
    assert org.rows("SELECT (SELECT Name FROM Subscriptions__r) FROM Account")[0]["Subscriptions__r"]["totalSize"] == 1


@pytest.mark.parametrize(
    "change",
    [
        {"change": "add_field", "object": "Nope", "field": "X__c", "definition": {"type": "string"}},
        {"change": "add_field", "object": "Account", "field": "X__c", "definition": {"type": "colour"}},
        {"change": "add_field", "object": "Account", "field": "X__c", "definition": {"type": "string", "colour": 1}},
        {
            "change": "add_field",
            "object": "Account",
            "field": "X__c",
            "definition": {"type": "reference", "to": "Nope"},
        },
        {"change": "add_field", "object": "Account", "field": "Site", "definition": {"type": "string"}},
        {"change": "add_field", "object": "Account", "field": "x'); --", "definition": {"type": "string"}},
        {"change": "rename_field", "object": "Account", "field": "Nope", "to": "X__c"},
        {"change": "paint", "object": "Account", "field": "Site"},
    ],
)
def test_alterations_that_make_no_sense_change_nothing(org: Org, change: dict):
    before = org.system.org.schema
    with pytest.raises(ValueError):
        org.act("alter_schema", **change)
    assert org.system.org.schema is before


def test_an_altered_schema_is_undone_by_reset_and_kept_by_snapshots(org: Org):
    org.act("alter_schema", change="remove_field", object="Account", field="Tax_Id__c")
    image = org.system.store.snapshot()
    org.system.reset()
    org.login()
    assert "Tax_Id__c" in described(org, "Account")
    org.system.restore(image)
    org.login()
    assert "Tax_Id__c" not in described(org, "Account")


def test_the_schema_file_is_sound():
    schema = definition.compile_schema(definition.load())
    prefixes = [spec.prefix for spec in schema.objects.values() if spec.prefix != "017"]  # which histories share
    assert len(set(prefixes)) == len(prefixes) and all(len(prefix) == 3 for prefix in prefixes)
    assert schema.objects["account"].fields["billing_customer_id__c"].unique
    with pytest.raises(DefinitionError, match=r"Account\.Site"):
        definition.change_field(definition.load(), "Account", "Site", {"type": "x"})


def test_the_control_page_alters_too(org: Org):
    async def act(body: bytes) -> int:
        reply = await org.acall("POST", "/_control/act/alter_schema", body, x_control_token="control")
        return reply.status

    assert asyncio.run(act(b'{"change": "require_field", "object": "Account", "field": "Site"}')) == 200
    assert asyncio.run(act(b'{"change": "require_field", "object": "Account"}')) == 422
