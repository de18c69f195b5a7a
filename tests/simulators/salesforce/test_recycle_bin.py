"""The recycle bin, undelete and merge: what comes back, what stays with the survivor, what is gone."""

import pytest

from tests.simulators.salesforce.bus import told
from tests.simulators.salesforce.org import Org, a_deal

DAY = 86_400


@pytest.fixture
def org() -> Org:
    return Org().login()


def soap(org: Org, operation: str, body: str) -> str:
    text = (
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">'
        f"<soapenv:Header><SessionHeader><sessionId>{org.token}</sessionId></SessionHeader></soapenv:Header>"
        f'<soapenv:Body><{operation} xmlns="urn:partner.soap.sforce.com">{body}</{operation}></soapenv:Body>'
        "</soapenv:Envelope>"
    )
    reply = org.call("POST", "/services/Soap/u/60.0", text.encode(), **{"content-type": "text/xml"})
    return reply.content.decode()


def live(org: Org, sobject: str) -> int:
    return int(org.query(f"SELECT COUNT() FROM {sobject}").json["totalSize"])


def test_an_account_comes_back_with_what_went_along_and_with_the_references_to_it(org: Org):
    deal = a_deal(org)
    line = org.create(
        "OpportunityLineItem", OpportunityId=deal["opportunity"], PricebookEntryId=deal["entry"], Quantity=2,
        UnitPrice=10,
    )  # fmt: skip
    invoice = org.create("Invoice__c", Account__c=deal["account"])
    other = org.create("Invoice__c", Account__c=deal["account"])
    org.time.now += 60
    org.rest("DELETE", f"sobjects/Account/{deal['account']}")
    new_owner = org.create("Account", Name="New owner")
    org.update("Invoice__c", other, Account__c=new_owner)
    before = live(org, "Opportunity"), live(org, "OpportunityLineItem")
    org.time.now += 60
    assert "<success>true</success>" in soap(org, "undelete", f"<ids>{deal['account']}</ids>")
    assert before == (0, 0) and (live(org, "Opportunity"), live(org, "OpportunityLineItem")) == (1, 1)
    assert org.get("Account", deal["account"])["SystemModstamp"] == "2026-01-05T09:02:00.000+0000"
    assert org.get("Opportunity", deal["opportunity"])["Amount"] == 20.0
    assert org.get("OpportunityLineItem", line)["IsDeleted"] is False
    assert org.get("Invoice__c", invoice)["Account__c"] == deal["account"]
    assert org.get("Invoice__c", other)["Account__c"] == new_owner, "a replaced reference stays replaced"


def test_what_went_along_does_not_come_back_without_its_parent(org: Org):
    deal = a_deal(org)
    org.rest("DELETE", f"sobjects/Account/{deal['account']}")
    assert "UNDELETE_FAILED" in soap(org, "undelete", f"<ids>{deal['opportunity']}</ids>")
    assert "UNDELETE_FAILED" in soap(org, "undelete", f"<ids>{deal['product']}</ids>"), "it is not deleted"
    assert "MALFORMED_ID" in soap(org, "undelete", "<ids>nonsense</ids>")


def test_after_15_days_a_deleted_record_is_gone(org: Org):
    account = org.create("Account", Name="Acme", Billing_Customer_Id__c="cb_1")
    org.rest("DELETE", f"sobjects/Account/{account}")
    org.time.now += 14 * DAY
    org.login()
    assert org.rest("GET", f"sobjects/Account/{account}").code == "ENTITY_IS_DELETED"
    assert len(org.query("SELECT Id FROM Account WHERE IsDeleted = true", "queryAll").json["records"]) == 1
    org.time.now += DAY + 1
    org.login()
    assert org.query("SELECT Id FROM Account", "queryAll").json["records"] == []
    assert org.rest("GET", f"sobjects/Account/{account}").code == "NOT_FOUND"
    assert "UNDELETE_FAILED" in soap(org, "undelete", f"<ids>{account}</ids>")


def test_an_emptied_bin_gives_nothing_back(org: Org):
    deal = a_deal(org)
    org.rest("DELETE", f"sobjects/Account/{deal['account']}")
    assert "<success>true</success>" in soap(org, "emptyRecycleBin", f"<ids>{deal['account']}</ids>")
    assert org.query("SELECT Id FROM Opportunity", "queryAll").json["records"] == []
    assert "INVALID_ID_FIELD" in soap(org, "emptyRecycleBin", f"<ids>{deal['account']}</ids>")


def test_a_unique_value_that_was_taken_meanwhile_keeps_the_record_in_the_bin(org: Org):
    account = org.create("Account", Name="Acme", Billing_Customer_Id__c="cb_1")
    org.rest("DELETE", f"sobjects/Account/{account}")
    org.create("Account", Name="Acme again", Billing_Customer_Id__c="CB_1")
    assert "DUPLICATE_VALUE" in soap(org, "undelete", f"<ids>{account}</ids>")
    assert org.rest("GET", f"sobjects/Account/{account}").code == "ENTITY_IS_DELETED"


def test_merged_accounts_leave_their_children_to_the_survivor(org: Org):
    deal = a_deal(org)
    master = org.create("Account", Name="Survivor", ParentId=deal["account"])
    contact = org.create("Contact", LastName="May", AccountId=deal["account"])
    invoice = org.create("Invoice__c", Account__c=deal["account"])
    found = soap(
        org, "merge",
        f"<mergeRequests><masterRecord><type>Account</type><Id>{master}</Id><Site>HQ</Site></masterRecord>"
        f"<recordToMergeIds>{deal['account']}</recordToMergeIds></mergeRequests>",
    )  # fmt: skip
    assert "<success>true</success>" in found and f"<updatedRelatedIds>{contact}" in found
    for sobject, record_id, field in (
        ("Contact", contact, "AccountId"), ("Opportunity", deal["opportunity"], "AccountId"),
        ("Invoice__c", invoice, "Account__c"),
    ):  # fmt: skip
        assert org.get(sobject, record_id)[field] == master
    survivor = org.get("Account", master)
    assert (survivor["Name"], survivor["Site"], survivor["ParentId"]) == ("Survivor", "HQ", None)
    assert org.rest("GET", f"sobjects/Account/{deal['account']}").code == "ENTITY_IS_DELETED"
    loser = org.query("SELECT MasterRecordId, Name FROM Account WHERE IsDeleted = true", "queryAll").json["records"]
    assert [(row["MasterRecordId"], row["Name"]) for row in loser] == [(master, "Acme")]
    assert "<success>true</success>" in soap(org, "undelete", f"<ids>{deal['account']}</ids>")
    assert org.get("Account", deal["account"])["MasterRecordId"] is None
    assert org.get("Contact", contact)["AccountId"] == master, "undelete does not take the children back"


@pytest.mark.parametrize(
    ("losers", "code"),
    [("", "MERGE_FAILED"), ("{m}", "MERGE_FAILED"), ("{a}{a}", "MERGE_FAILED"), ("{a}{a}{a}", "MERGE_FAILED"),
     ("001Wt000000zzzz", "INVALID_CROSS_REFERENCE_KEY"), ("x", "MALFORMED_ID")],
)  # fmt: skip
def test_a_merge_that_cannot_be_changes_nothing(org: Org, losers: str, code: str):
    account, master = org.create("Account", Name="A"), org.create("Account", Name="M")
    ids = losers.format(m=master, a=account)
    rows = "".join(f"<recordToMergeIds>{ids[at : at + 18]}</recordToMergeIds>" for at in range(0, len(ids), 18))
    found = soap(
        org, "merge", f"<mergeRequests><masterRecord><type>Account</type><Id>{master}</Id><Name>X</Name></masterRecord>"
        f"{rows}</mergeRequests>",
    )  # fmt: skip
    assert code in found and "<success>false</success>" in found
    assert [row["Name"] for row in org.rows("SELECT Name FROM Account ORDER BY Name")] == ["A", "M"]


def test_merge_and_undelete_are_told_as_changes_of_one_transaction_each(org: Org):
    deal, master = a_deal(org), org.create("Account", Name="M")
    topics = {name: f"/data/{name}ChangeEvent" for name in ("Account", "Opportunity")}
    before = {name: len(told(org, topic)) for name, topic in topics.items()}
    org.act("merge", master=master, losers=[deal["account"]])
    org.rest("DELETE", f"sobjects/Account/{master}")
    org.act("undelete", ids=[master])
    heads = {name: [one["header"] for one in told(org, topic)[before[name] :]] for name, topic in topics.items()}
    assert [(head["changeType"], head["recordIds"]) for head in heads["Account"]] == [
        ("DELETE", [deal["account"]]), ("UPDATE", [master]), ("DELETE", [master]), ("UNDELETE", [master]),
    ]  # fmt: skip
    assert [head["changeType"] for head in heads["Opportunity"]] == ["UPDATE", "DELETE", "UNDELETE"]
    keys = [[head["transactionKey"] for head in heads[name]] for name in topics]
    assert keys[0][0] == keys[0][1] and keys[0][1:] == keys[1]


def test_people_merge_and_undelete_by_acts_too(org: Org):
    loser, master = org.create("Account", Name="Loser"), org.create("Account", Name="Master")
    assert org.act("merge", master=master, losers=[loser], values={"Name": "One"})["losers"] == [loser]
    assert org.act("undelete", ids=[loser]) == {"ids": [loser]}
    assert [row["Name"] for row in org.rows("SELECT Name FROM Account ORDER BY Name")] == ["Loser", "One"]
    with pytest.raises(ValueError, match="UNDELETE_FAILED"):
        org.act("undelete", ids=[loser])


def test_records_by_soap(org: Org):
    made = soap(org, "create", "<sObjects><type>Account</type><Name>A &amp; B</Name><NumberOfEmployees>5"
                "</NumberOfEmployees></sObjects><sObjects><type>Contact</type></sObjects>")  # fmt: skip
    account = org.rows("SELECT Id, Name, NumberOfEmployees FROM Account")[0]
    assert (account["Name"], account["NumberOfEmployees"]) == ("A & B", 5)
    assert made.count("<success>true") == 1 and "REQUIRED_FIELD_MISSING" in made
    soap(org, "update", f"<sObjects><type>Account</type><fieldsToNull>NumberOfEmployees</fieldsToNull><Id>"
         f"{account['Id']}</Id><Site>HQ</Site></sObjects>")  # fmt: skip
    assert org.rows("SELECT Site, NumberOfEmployees FROM Account")[0]["NumberOfEmployees"] is None
    body = (
        "<externalIDFieldName>Billing_Customer_Id__c</externalIDFieldName><sObjects><type>Account</type>{}</sObjects>"
    )
    for name, created in (("X", "true"), ("Y", "false")):
        fields = f"<Billing_Customer_Id__c>cb_7</Billing_Customer_Id__c><Name>{name}</Name>"
        assert f"<created>{created}</created>" in soap(org, "upsert", body.format(fields))
    contact = (
        "<sObjects><type>Contact</type><LastName>May</LastName><Account><type>Account</type>{}</Account></sObjects>"
    )
    soap(org, "create", contact.format("<Billing_Customer_Id__c>cb_7</Billing_Customer_Id__c>"))
    assert org.rows("SELECT Account.Name FROM Contact")[0]["Account"]["Name"] == "Y"
    assert "<success>true" in soap(org, "delete", f"<ids>{account['Id']}</ids>")
    assert "2026-01-05T09:00:00.000Z" in soap(org, "getServerTimestamp", "")
    assert org.system.org.user_id in soap(org, "getUserInfo", "")


@pytest.mark.parametrize("body", ["<a", '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "<x/>", "", "\x00"])
def test_malformed_messages_are_faults(org: Org, body: str):
    reply = org.call("POST", "/services/Soap/u/60.0", body.encode(), **{"content-type": "text/xml"})
    assert reply.status == 500 and b"<faultstring>" in reply.content
    assert b"INVALID_OPERATION" in soap(org, "describeTabs", "").encode()
    org.token = "wrong"
    assert "INVALID_SESSION_ID" in soap(org, "delete", "")
