"""Histories of fields and stages."""

from tests.simulators.salesforce.org import Org, a_deal


def test_each_change_of_stage_amount_or_date_is_a_row_of_the_opportunitys_history():
    org = Org().login()
    deal = a_deal(org)
    org.update("Opportunity", deal["opportunity"], StageName="Qualification")
    org.update("Opportunity", deal["opportunity"], NextStep="call")
    org.create("OpportunityLineItem", OpportunityId=deal["opportunity"], PricebookEntryId=deal["entry"], Quantity=1,
               UnitPrice=7)  # fmt: skip
    rows = org.rows("SELECT StageName, Amount, Probability FROM OpportunityHistory ORDER BY Id")
    assert [(row["StageName"], row["Amount"]) for row in rows] == [
        ("Prospecting", None), ("Qualification", None), ("Qualification", 7.0)
    ]  # fmt: skip
    found = org.rows("SELECT Id, (SELECT StageName FROM OpportunityHistories) FROM Opportunity")
    assert found[0]["OpportunityHistories"]["totalSize"] == 3
    assert org.rest("POST", "sobjects/OpportunityHistory", {}).code == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"


def test_tracked_fields_have_their_own_rows():
    org = Org().login()
    parent, account = org.create("Account", Name="Parent"), org.create("Account", Name="Acme")
    org.update("Account", account, Name="Acme Inc", ParentId=parent, Site="not tracked")
    rows = org.rows(f"SELECT Field, OldValue, NewValue, DataType FROM AccountHistory WHERE AccountId = '{account}'")
    assert [(row["Field"], row["OldValue"], row["NewValue"], row["DataType"]) for row in rows] == [
        ("created", None, None, "Text"), ("Name", "Acme", "Acme Inc", "Text"), ("ParentId", None, "Parent", "Text"),
        ("ParentId", None, parent, "EntityId"),
    ]  # fmt: skip
    org.rest("DELETE", f"sobjects/Account/{account}")
    assert org.rows(f"SELECT Id FROM AccountHistory WHERE AccountId = '{account}'") == []


def test_tracking_is_the_owners_choice():
    org = Org().login()
    org.act("alter_schema", change="change_object", object="Invoice__c", definition={"history": ["Status__c"]})
    invoice = org.create("Invoice__c", Status__c="open")
    org.update("Invoice__c", invoice, Status__c="paid", Gross__c=5)
    rows = org.rows(f"SELECT Field, NewValue FROM Invoice__History WHERE ParentId = '{invoice}' AND Field != 'created'")
    assert [(row["Field"], row["NewValue"]) for row in rows] == [("Status__c", "paid")]
    org.act("alter_schema", change="rename_field", object="Invoice__c", field="Status__c", to="State__c")
    org.update("Invoice__c", invoice, State__c="void")
    assert org.rows("SELECT OldValue FROM Invoice__History WHERE Field = 'State__c'")[0]["OldValue"] == "paid"
