"""What the adapters do when a record no longer fits: the field is named, and nothing is taken for empty."""

import asyncio

import pytest

from synccore.domain.drift import FieldMaps
from synccore.ports.systems import Drifted
from tests.synccore.systems.test_erp_cloud import CURRENCIES, POSTING
from tests.synccore.systems.test_erp_cloud import adapter as cloud
from tests.synccore.systems.test_salesforce import adapter as sales
from tests.synccore.systems.wires import Script, reply

GONE = reply(400, [{"errorCode": "INVALID_FIELD", "message": (
    "\nSELECT Id, Payment_Method__c FROM Opportunity\n ^\nERROR at Row:1:Column:12\n"
    "No such column 'Payment_Method__c' on entity 'Opportunity'. If you are attempting to use a custom field, be sure…"
)}])  # fmt: skip
WON = {
    "attributes": {"type": "Opportunity"}, "Id": "006", "AccountId": "001", "SystemModstamp": "2026-01-05T09:00:00Z",
    "CloseDate": "2026-01-05", "Account": {"Id": "001"}, "IsWon": True,
}  # fmt: skip


def test_a_deal_that_lacks_a_field_is_not_read_with_a_hole_in_it() -> None:
    with pytest.raises(Drifted) as caught:
        asyncio.run(sales(Script(GONE)).deal("006"))
    drift = caught.value
    assert (drift.target, drift.record, drift.field) == ("salesforce", "Opportunity", "Payment_Method__c")
    assert str(drift) == (
        "salesforce Opportunity has changed: Payment_Method__c was expected as a field Payment_Method__c, "
        "came no such field"
    )


def test_a_poll_leaves_the_lost_field_out_and_says_so() -> None:
    script = Script(GONE, reply(200, {"records": [WON], "done": True}))
    (row,) = asyncio.run(sales(script).changed_deals(""))
    assert row.missing == ("Payment_Method__c",)
    assert "Payment_Method__c" not in row.content
    assert "Payment_Method__c" in script.requests[0].url and "Payment_Method__c" not in script.requests[1].url


@pytest.mark.parametrize(("field", "value", "expected"), [
    ("Contract_Term_Months__c", "a year", "a whole number"),
    ("Contract_Term_Months__c", 11.5, "a whole number"),
    ("Contract_Start_Date__c", "soon", "a date"),
    ("Amount", {"value": 1}, "an amount"),
])  # fmt: skip
def test_a_value_of_another_kind_is_drift_of_its_field(field: str, value: object, expected: str) -> None:
    with pytest.raises(Drifted) as caught:
        asyncio.run(sales(Script(reply(200, {"records": [{**WON, field: value}], "done": True}))).deal("006"))
    assert (caught.value.field, caught.value.expected) == (field, expected)


@pytest.mark.parametrize(("answer", "record", "field"), [
    (reply(400, [{"errorCode": "INVALID_FIELD", "message": "No such column 'Net__c' on sobject of type Invoice__c"}]),
     "Invoice__c", "Net__c"),
    (reply(404, [{"errorCode": "NOT_FOUND", "message":
                  "Provided external ID field does not exist or is not accessible: Invoice_Number__c"}]),
     "Invoice__c", "Invoice_Number__c"),
])  # fmt: skip
def test_a_copy_that_the_org_no_longer_takes_names_its_field(answer: object, record: str, field: str) -> None:
    with pytest.raises(Drifted) as caught:
        asyncio.run(sales(Script(answer)).write_bill("US-1", {"Net__c": 1}))  # type: ignore[arg-type]
    assert (caught.value.record, caught.value.field) == (record, field)


def test_a_field_that_the_ledger_demands_is_named_and_given_from_the_map() -> None:
    refusal = {"o:errorDetails": [{"detail": "Please enter value(s) for: Sales Channel.", "o:errorCode": "USER_ERROR",
                                   "o:errorPath": "custbody_channel"}]}  # fmt: skip
    erp, script = cloud(CURRENCIES, reply(400, refusal), reply(204, location="/invoice/5"))
    with pytest.raises(Drifted) as caught:
        asyncio.run(erp.create_invoice(POSTING))
    assert (caught.value.target, caught.value.record, caught.value.field) == (
        "erp_cloud", "invoice", "custbody_channel",
    )  # fmt: skip
    maps: FieldMaps = erp._fields
    maps.renew({"erp_cloud/invoice": {"defaults": {"custbody_channel": "direct"}}})
    assert asyncio.run(erp.create_invoice(POSTING)) == "5"
    assert b'"custbody_channel":"direct"' in script.requests[-1].body
