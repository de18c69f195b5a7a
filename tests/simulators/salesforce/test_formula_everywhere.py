"""What formulas know beside their record: who saves, the org, and records that validation rules look up."""

from typing import Any

import pytest

from tests.simulators.salesforce.org import Org

RATE = {
    "label": "Rate", "fields": {
        "Name": {"type": "string", "length": 80, "name": True, "required": True},
        "Percent__c": {"type": "double", "precision": 5, "scale": 2},
        "Worth__c": {"type": "currency", "precision": 18, "scale": 2},
        "Account__c": {"type": "reference", "to": "Account"},
    },
}  # fmt: skip


@pytest.fixture
def org() -> Org:
    org = Org().login()
    org.act("alter_schema", change="add_object", object="Rate__c", definition=RATE)
    return org


def rule(org: Org, when: str, **more: Any) -> None:
    definition = {"when": when, "message": "no", **more}
    org.act("alter_schema", change="put_validation", object="Account", rule="R", definition=definition)


def refused(org: Org, **fields: Any) -> bool:
    reply = org.rest("POST", "sobjects/Account", {"Name": "Acme", **fields})
    assert reply.status in (201, 400), reply.content
    return reply.status == 400


@pytest.mark.parametrize(
    ("when", "strikes"),
    [
        ('$User.Alias = "integ"', True), ('$User.Alias = "other"', False), ("ISBLANK($User.ManagerId)", True),
        ('$Profile.Name = "System Administrator"', True), ('$Profile.Name <> "System Administrator"', False),
        ('$profile.name = "System Administrator" && Name = "Acme"', True), ("$User.Id = OwnerId", True),
        ("$Organization.IsSandbox", True), ("$Organization.FiscalYearStartMonth = 1", True),
        ('ISBLANK($RecordType.DeveloperName)', True), ('$User.Profile.Name = "System Administrator"', True),
    ],
)  # fmt: skip
def test_rules_know_who_saves_and_where(org: Org, when: str, strikes: bool):
    rule(org, when)
    assert refused(org) is strikes


def test_a_rule_looks_up_a_custom_record_by_its_name(org: Org):
    org.create("Rate__c", Name="AT", Percent__c=20)
    org.create("Rate__c", Name="at", Percent__c=99)
    rule(org, "VLOOKUP($ObjectType.Rate__c.Fields.Percent__c, $ObjectType.Rate__c.Fields.Name, Site) = 20")
    assert refused(org, Site="AT")
    assert not refused(org, Site="DE")
    assert not refused(org)
    [rate] = org.rows("SELECT Id FROM Rate__c WHERE Percent__c = 20")
    org.rest("DELETE", f"sobjects/Rate__c/{rate['Id']}")
    assert not refused(org, Site="AT")


@pytest.mark.parametrize(
    ("when", "why"),
    [
        ("$Setup.Rate__c.Percent__c = 1", "Field $Setup.Rate__c.Percent__c does not exist. Check spelling."),
        ("$Setup.Prefs__c", "Field $Setup.Prefs__c does not exist. Check spelling."),
        ("$Permission.Bypass", "Field $Permission.Bypass does not exist. Check spelling."),
        ("$User", "Field $User does not exist. Check spelling."),
        ("$User.Nope__c = 1", "Field $User.Nope__c does not exist. Check spelling."),
        ("ISCHANGED($User.Alias)", "ISCHANGED takes a field of the record itself"),
        ("$ObjectType.Rate__c.Fields.Name = Name", "Field $ObjectType.Rate__c.Fields.Name does not exist"),
        ("ISBLANK(VLOOKUP(Name, Name, Name))", "VLOOKUP takes two fields of one custom object"),
        ("ISBLANK(VLOOKUP($ObjectType.Nope__c.Fields.Name, $ObjectType.Rate__c.Fields.Name, Name))",
         "Field $ObjectType.Nope__c.Fields.Name does not exist"),
        ("ISBLANK(VLOOKUP($ObjectType.Contact.Fields.Phone, $ObjectType.Contact.Fields.Name, Name))",
         "record name of a custom object"),
        ("ISBLANK(VLOOKUP($ObjectType.Rate__c.Fields.Name, $ObjectType.Rate__c.Fields.Percent__c, Name))",
         "record name of a custom object"),
        ("ISBLANK(VLOOKUP($ObjectType.Rate__c.Fields.Worth__c, $ObjectType.Rate__c.Fields.Name, Name))",
         "VLOOKUP cannot return a field of type currency"),
        ("ISBLANK(VLOOKUP(Name))", "'VLOOKUP()'. Expected 3, received 1"),
    ],
)  # fmt: skip
def test_what_does_not_exist_is_refused_when_the_rule_is_declared(org: Org, when: str, why: str):
    with pytest.raises(Exception, match=r".") as caught:
        rule(org, when)
    assert why in str(caught.value)
    assert not refused(org)


def test_a_rule_knows_the_users_role(org: Org):
    rule(org, '$UserRole.Name = "CEO"')
    assert not refused(org)
    role = org.create("UserRole", Name="CEO")
    assert org.update("User", org.system.org.user_id, UserRoleId=role).status == 204
    assert refused(org)


def test_a_custom_setting_is_the_users_else_the_profiles_else_the_orgs(org: Org):
    fields = {"Most__c": {"type": "double", "precision": 5}, "Off__c": {"type": "boolean"}}
    org.act("alter_schema", change="add_object", object="Prefs__c", definition={"setting": True, "fields": fields})
    rule(org, "AND(NOT($Setup.Prefs__c.Off__c), NumberOfEmployees > $Setup.Prefs__c.Most__c)")
    assert not refused(org, NumberOfEmployees=7)  # nothing is set: nothing is more than that
    [user] = org.rows("SELECT Id, ProfileId FROM User")
    default = org.create("Prefs__c", SetupOwnerId=org.system.org.org_id, Most__c=5)
    assert refused(org, NumberOfEmployees=7)
    assert org.rest("POST", "sobjects/Prefs__c", {"SetupOwnerId": org.system.org.org_id}).code == "DUPLICATE_VALUE"
    org.create("Prefs__c", SetupOwnerId=user["ProfileId"], Most__c=9)
    assert not refused(org, NumberOfEmployees=7)
    own = org.create("Prefs__c", SetupOwnerId=user["Id"])
    assert refused(org, NumberOfEmployees=10)  # what the user's row leaves blank is the profile's
    org.update("Prefs__c", own, Off__c=True)
    assert not refused(org, NumberOfEmployees=10)
    assert org.rest("GET", "sobjects/Prefs__c/describe").json["customSetting"] is True
    assert org.update("Prefs__c", default, SetupOwnerId=user["Id"]).status == 400


def test_a_calculated_field_knows_the_user_but_looks_nothing_up(org: Org):
    def field(formula: str) -> None:
        definition = {"type": "boolean", "formula": formula}
        org.act("alter_schema", change="add_field", object="Account", field="Mine__c", definition=definition)

    with pytest.raises(Exception, match="Function VLOOKUP may not be used in this type of formula"):
        field("ISBLANK(VLOOKUP($ObjectType.Rate__c.Fields.Name, $ObjectType.Rate__c.Fields.Name, Name))")
    field("OwnerId = $User.Id")
    org.create("Account", Name="Acme")
    assert [row["Mine__c"] for row in org.rows("SELECT Mine__c FROM Account WHERE Mine__c = true")] == [True]
