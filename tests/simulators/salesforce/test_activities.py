"""Tasks, events, cases and campaigns: whose they are, when they are, whether they are over."""

import pytest

from tests.simulators.salesforce.org import Org
from tests.simulators.salesforce.test_selling import a_deal


@pytest.fixture
def org() -> Org:
    return Org().login()


def test_a_task_knows_whose_it_is_and_goes_with_it(org: Org):
    deal = a_deal(org)
    contact = org.create("Contact", LastName="May", AccountId=deal["account"])
    about = org.create("Task", Subject="Call", WhatId=deal["opportunity"], WhoId=contact, Priority="High")
    found = org.get("Task", about)
    assert (found["AccountId"], found["IsClosed"], found["IsHighPriority"]) == (deal["account"], False, True)
    org.update("Task", about, Status="Completed")
    assert org.get("Task", about)["IsClosed"] is True
    assert org.rest("POST", "sobjects/Task", {"WhatId": contact}).code == "MALFORMED_ID"
    org.rest("DELETE", f"sobjects/Opportunity/{deal['opportunity']}")
    assert org.rows("SELECT Id FROM Task") == []


def test_an_event_has_a_beginning_and_a_length_in_all_the_ways_in_which_they_are_told(org: Org):
    deal = a_deal(org)
    told = org.create("Event", Subject="Demo", WhatId=deal["opportunity"], StartDateTime="2026-01-07T10:00:00Z",
                      EndDateTime="2026-01-07T10:45:00Z")  # fmt: skip
    found = org.get("Event", told)
    assert told.startswith("00U") and found["AccountId"] == deal["account"]
    assert (found["DurationInMinutes"], found["ActivityDate"]) == (45, "2026-01-07")
    assert found["ActivityDateTime"] == found["StartDateTime"] == "2026-01-07T10:00:00.000+0000"
    org.update("Event", told, ActivityDateTime="2026-01-08T10:00:00Z", DurationInMinutes=30)
    assert org.get("Event", told)["EndDateTime"] == "2026-01-08T10:30:00.000+0000"
    day = org.create("Event", Subject="Fair", IsAllDayEvent=True, ActivityDate="2026-02-01")
    assert org.get("Event", day)["DurationInMinutes"] == 1440
    for given, code in (
        ({}, "REQUIRED_FIELD_MISSING"),
        ({"StartDateTime": "2026-01-07T10:00:00Z"}, "REQUIRED_FIELD_MISSING"),
        ({"StartDateTime": "2026-01-07T10:00:00Z", "DurationInMinutes": -1}, "FIELD_INTEGRITY_EXCEPTION"),
    ):
        assert org.rest("POST", "sobjects/Event", {"Subject": "?", **given}).code == code
    rows = org.rows(f"SELECT Id, (SELECT Subject FROM Events) FROM Account WHERE Id = '{deal['account']}'")
    assert rows[0]["Events"] is None, "it hangs on the deal"
    assert org.rows("SELECT (SELECT Subject FROM Events) FROM Opportunity")[0]["Events"]["totalSize"] == 1


def test_a_case_is_closed_by_its_status_and_keeps_its_account(org: Org):
    account = org.create("Account", Name="Acme")
    contact = org.create("Contact", LastName="May", AccountId=account)
    case = org.create("Case", Subject="Down", ContactId=contact, Origin="Email")
    found = org.get("Case", case)
    assert case.startswith("500") and found["CaseNumber"] == "00000001"
    assert (found["AccountId"], found["Status"], found["IsClosed"]) == (account, "New", False)
    org.update("Case", case, Status="Closed")
    found = org.get("Case", case)
    assert found["IsClosed"] and found["ClosedDate"] == found["LastModifiedDate"]
    assert org.rest("DELETE", f"sobjects/Account/{account}").code == "DELETE_FAILED"
    org.update("Case", case, Status="Working")
    assert org.get("Case", case)["ClosedDate"] is None
    assert org.rows("SELECT CaseNumber, Account.Name FROM Case")[0]["Account"]["Name"] == "Acme"


def test_a_campaign_has_its_deals(org: Org):
    campaign = org.create("Campaign", Name="Fair")
    deal = org.create("Opportunity", Name="Deal", StageName="Prospecting", CloseDate="2026-03-31", CampaignId=campaign)
    assert campaign.startswith("701") and org.get("Opportunity", deal)["CampaignId"] == campaign
    rows = org.rows("SELECT Status, (SELECT Id FROM Opportunities) FROM Campaign")
    assert rows[0]["Status"] == "Planned" and rows[0]["Opportunities"]["totalSize"] == 1
