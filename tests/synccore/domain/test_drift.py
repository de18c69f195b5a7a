"""Field maps: our names to theirs and back, in records and in SOQL, and what a system demands beyond."""

import pytest
from pydantic import ValidationError

from synccore.domain.drift import FieldMaps, topic
from synccore.domain.mappings import FieldMap, topics
from synccore.systems import soql

MAPS = FieldMaps()
MAPS.renew({
    "salesforce/Opportunity": {"names": {"Payment_Method__c": "Collection__c", "Sync_Status__c": "Billing_State__c"}},
    "salesforce/Account": {"names": {"Tax_Id__c": "VAT__c"}},
    "salesforce/Invoice__c": {"names": {"Invoice_Number__c": "Number__c"}},
    "erp_cloud/invoice": {"defaults": {"custbody_channel": "direct"}},
})  # fmt: skip


def test_a_query_asks_for_their_names_by_object_and_parent() -> None:
    asked = MAPS.query("salesforce", soql.deal("006"))
    assert "Payment_Method__c" not in asked and " Collection__c," in asked
    assert "Account.VAT__c" in asked and "Account.Tax_Id__c" not in asked
    assert "FROM OpportunityLineItems" in asked and asked.endswith("FROM Opportunity WHERE Id = '006'")
    assert " VAT__c," in MAPS.query("salesforce", soql.account("001"))
    assert "Invoice__r.Number__c" in MAPS.query("salesforce", "SELECT Invoice__r.Invoice_Number__c FROM Payment__c")


def test_records_come_back_under_our_names_at_any_depth() -> None:
    row = {
        "attributes": {"type": "Opportunity"}, "Collection__c": "card",
        "Account": {"attributes": {"type": "Account"}, "VAT__c": "DE1"}, "Lines": {"records": [{"VAT__c": "as it is"}]},
    }  # fmt: skip
    back = MAPS.back("salesforce", [row])[0]
    assert (back["Payment_Method__c"], back["Account"]["Tax_Id__c"]) == ("card", "DE1")
    assert back["Lines"]["records"] == [{"VAT__c": "as it is"}]


def test_a_record_goes_out_under_their_names_with_what_they_demand() -> None:
    assert MAPS.out("salesforce", "Opportunity", {"Sync_Status__c": "Synced"}) == {"Billing_State__c": "Synced"}
    assert MAPS.out("erp_cloud", "invoice", {"memo": "x"}) == {"custbody_channel": "direct", "memo": "x"}
    assert MAPS.out("erp_cloud", "invoice", {"custbody_channel": "partner"}) == {"custbody_channel": "partner"}
    assert MAPS.out("erp_cloud", "customer", {"memo": "x"}) == {"memo": "x"}


def test_renewing_says_whether_anything_is_new() -> None:
    maps = FieldMaps()
    assert maps.renew({"erp_cloud/invoice": {"defaults": {"a": 1}}})
    assert not maps.renew({"erp_cloud/invoice": {"defaults": {"a": 1}}})
    assert maps.renew({})


def test_a_field_map_wakes_its_own_topic_and_is_one_to_one() -> None:
    assert topics("fields", "salesforce/Opportunity", {}) == [topic("salesforce", "Opportunity")]
    with pytest.raises(ValidationError, match="cannot both be X__c"):
        FieldMap.model_validate({"names": {"A__c": "X__c", "B__c": "X__c"}})
    with pytest.raises(ValidationError, match="fields"):
        FieldMap.model_validate({"fields": {}})
