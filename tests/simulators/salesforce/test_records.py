"""sObject rows: what is written, what is read, and what the org says when it cannot."""

import pytest

from tests.simulators.salesforce.org import ROOT, Org, a_deal


@pytest.fixture
def org() -> Org:
    return Org().login()


def test_a_record_is_created_with_a_location_and_read_with_all_its_nulls(org: Org):
    reply = org.rest("POST", "sobjects/account/", {"name": " Acme ", "BillingCity": "Graz", "Phone": ""})
    record_id = reply.json["id"]
    assert reply.status == 201 and reply.json == {"id": record_id, "success": True, "errors": []}
    assert reply.headers["location"] == f"{ROOT}/sobjects/Account/{record_id}"
    found = org.get("ACCOUNT", record_id[:15])
    assert found["attributes"] == {"type": "Account", "url": f"{ROOT}/sobjects/Account/{record_id}"}
    assert found["Name"] == "Acme" and found["Phone"] is None and found["IsDeleted"] is False
    assert found["CreatedDate"] == "2026-01-05T09:00:00.000+0000" == found["SystemModstamp"]
    assert found["BillingAddress"]["city"] == "Graz" and found["ShippingAddress"] is None
    assert found["CurrencyIsoCode"] == "USD" and found["OwnerId"] == org.system.org.user_id
    assert reply.headers["sforce-limit-info"].startswith("api-usage=2/")


def test_ids_carry_their_checksum_and_are_accepted_in_both_lengths(org: Org):
    first = org.create("Account", Name="One")
    assert first == "001Wt0000000001IAA" and len(first) == 18
    assert org.rest("GET", f"sobjects/Account/{first.lower()[:15]}{first[15:]}").json["Id"] == first
    assert org.rest("GET", f"sobjects/Account/{first[:15]}").json["Id"] == first


def test_a_change_clears_with_null_and_moves_the_stamps(org: Org):
    record_id = org.create("Account", Name="Acme", Phone="1")
    org.time.now += 61.7
    reply = org.update("Account", record_id, Phone=None, Site="HQ")
    assert (reply.status, reply.content) == (204, b"")
    found = org.get("Account", record_id)
    assert found["Phone"] is None and found["Site"] == "HQ"
    assert found["CreatedDate"] == "2026-01-05T09:00:00.000+0000"
    assert found["LastModifiedDate"] == found["SystemModstamp"] == "2026-01-05T09:01:01.000+0000"


def test_fields_can_be_chosen(org: Org):
    record_id = org.create("Account", Name="Acme")
    reply = org.rest("GET", f"sobjects/Account/{record_id}?fields=name,Site")
    assert reply.json == {"attributes": reply.json["attributes"], "Name": "Acme", "Site": None, "Id": record_id}
    assert org.rest("GET", f"sobjects/Account/{record_id}?fields=Nope").code == "INVALID_FIELD"


def test_a_deleted_record_goes_to_the_bin_with_what_hangs_on_it(org: Org):
    deal = a_deal(org)
    org.create("Contact", LastName="May", AccountId=deal["account"])
    invoice = org.create("Invoice__c", Account__c=deal["account"])
    assert org.rest("DELETE", f"sobjects/Account/{deal['account']}").status == 204
    for _ in range(2):
        reply = org.rest("GET", f"sobjects/Account/{deal['account']}")
        assert (reply.status, reply.json) == (
            404, [{"message": "entity is deleted", "errorCode": "ENTITY_IS_DELETED", "fields": []}],
        )  # fmt: skip
    assert org.rest("DELETE", f"sobjects/Account/{deal['account']}").code == "ENTITY_IS_DELETED"
    assert org.rows("SELECT Id FROM Opportunity") == [] == org.rows("SELECT Id FROM Contact")
    assert org.get("Invoice__c", invoice)["Account__c"] is None
    assert len(org.query("SELECT Id, IsDeleted FROM Opportunity", "queryAll").json["records"]) == 1


@pytest.mark.parametrize(
    ("sobject", "fields", "status", "code", "message", "names"),
    [
        ("Opportunity", {"Name": "x"}, 400, "REQUIRED_FIELD_MISSING",
         "Required fields are missing: [StageName, CloseDate]", ["StageName", "CloseDate"]),
        ("Account", {"Name": "x", "Nope__c": 1}, 400, "INVALID_FIELD",
         "No such column 'Nope__c' on sobject of type Account", None),
        ("Opportunity", {"Name": "x", "IsWon": True}, 400, "INVALID_FIELD_FOR_INSERT_UPDATE",
         "Unable to create/update fields: IsWon. Please check the security settings of this field and verify that it "
         "is read/write for your profile or permission set.", ["IsWon"]),
        ("Account", {"Name": "x" * 256}, 400, "STRING_TOO_LONG",
         f"Account Name: data value too large: {'x' * 256} (max length=255)", ["Name"]),
        ("Opportunity", {"Name": "x", "Payment_Method__c": "cash"}, 400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
         "Payment Method: bad value for restricted picklist field: cash", ["Payment_Method__c"]),
        ("Contact", {"LastName": "x", "Email": "nope"}, 400, "INVALID_EMAIL_ADDRESS",
         "Email: invalid email address: nope", ["Email"]),
        ("Contact", {"LastName": "x", "AccountId": "nonsense"}, 400, "MALFORMED_ID",
         "AccountId: id value of incorrect type: nonsense", ["AccountId"]),
        ("Contact", {"LastName": "x", "AccountId": "006Wt0000000001IAA"}, 400, "MALFORMED_ID",
         "AccountId: id value of incorrect type: 006Wt0000000001IAA", ["AccountId"]),
        ("Contact", {"LastName": "x", "AccountId": "001Wt0000000009IAA"}, 400, "INVALID_CROSS_REFERENCE_KEY",
         "invalid cross reference id", []),
        ("Account", {"Name": "x", "Id": "001Wt0000000001IAA"}, 400, "INVALID_FIELD",
         "The Id field should not be specified in the sobject data.", None),
        ("Invoice__c", {"Gross__c": 10**17}, 400, "NUMBER_OUTSIDE_VALID_RANGE",
         "Gross: value outside of valid range on numeric field: 100000000000000000", ["Gross__c"]),
        ("Organization", {"Name": "x"}, 400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
         "entity type cannot be inserted: Organization", []),
    ],
)  # fmt: skip
def test_what_cannot_be_written_is_refused_in_the_vendors_words(
    org: Org, sobject: str, fields: dict, status: int, code: str, message: str, names: list | None
):
    reply = org.rest("POST", f"sobjects/{sobject}", fields)
    problem = {"message": message, "errorCode": code} | ({} if names is None else {"fields": names})
    assert (reply.status, reply.json) == (status, [problem])
    assert org.rows("SELECT Id FROM Account") == []


def test_a_value_of_the_wrong_json_type_names_its_place(org: Org):
    body = b'{"Name":"x",\n "NumberOfEmployees": "forty"}'
    reply = org.call("POST", f"{ROOT}/sobjects/Account", body)
    assert reply.status == 400 and reply.code == "JSON_PARSER_ERROR"
    assert reply.message == (
        "Cannot deserialize instance of int from VALUE_STRING value forty or request may be missing a required field "
        "at [line:2, column:23]"
    )


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'{"Name":', b"\xff\xfe", b"[" * 5_000])
def test_what_is_no_json_object_is_refused_as_such(org: Org, body: bytes):
    reply = org.call("POST", f"{ROOT}/sobjects/Account", body)
    assert (reply.status, reply.code) == (400, "JSON_PARSER_ERROR")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "sobjects/Account/001Wt0000000009IAA", 404, "NOT_FOUND"),
        ("GET", "sobjects/Account/nonsense", 404, "NOT_FOUND"),
        ("GET", "sobjects/Nope__c/001Wt0000000009IAA", 404, "NOT_FOUND"),
        ("PATCH", "sobjects/Account/001Wt0000000009IAA", 404, "INVALID_CROSS_REFERENCE_KEY"),
        ("DELETE", "sobjects/Account/001Wt0000000009IAA", 404, "INVALID_CROSS_REFERENCE_KEY"),
        ("PUT", "sobjects/Account/001Wt0000000009IAA", 405, "METHOD_NOT_ALLOWED"),
        ("POST", "sobjects/Account/describe", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "nowhere", 404, "NOT_FOUND"),
        ("GET", "sobjects/Account/Site/x", 404, "NOT_FOUND"),
    ],
)
def test_what_is_not_there_is_refused_as_the_vendor_does(org: Org, method: str, path: str, status: int, code: str):
    reply = org.rest(method, path, {"Site": "x"} if method in ("PATCH", "PUT", "POST") else None)
    assert (reply.status, reply.code) == (status, code)


def test_another_content_type_is_415(org: Org):
    reply = org.rest("POST", "sobjects/Account", b"<x/>", **{"content-type": "application/xml"})
    assert (reply.status, reply.code) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_a_method_can_be_given_in_the_query(org: Org):
    record_id = org.create("Account", Name="Acme")
    assert org.rest("POST", f"sobjects/Account/{record_id}?_HttpMethod=PATCH", {"Site": "HQ"}).status == 204
    assert org.get("Account", record_id)["Site"] == "HQ"


def test_get_updated_and_get_deleted_cover_whole_minutes_until_now(org: Org):
    kept, gone = org.create("Account", Name="Kept"), org.create("Account", Name="Gone")
    org.rest("DELETE", f"sobjects/Account/{gone}")
    org.time.now += 600
    window = "start=2026-01-05T08:00:30Z&end=2026-01-05T11:00:00%2B00:00"
    assert org.rest("GET", f"sobjects/Account/updated/?{window}").json == {
        "ids": [kept], "latestDateCovered": "2026-01-05T09:10:00.000+0000",
    }  # fmt: skip
    found = org.rest("GET", f"sobjects/Account/deleted/?{window}").json
    assert found["deletedRecords"] == [{"id": gone, "deletedDate": "2026-01-05T09:00:00.000+0000"}]
    too_old = "start=2025-01-05T08:00:00Z&end=2026-01-05T11:00:00Z"
    assert org.rest("GET", f"sobjects/Account/updated/?{too_old}").code == "INVALID_REPLICATION_DATE"


def test_numbers_round_half_up_and_keep_their_type(org: Org):
    record_id = org.create("Invoice__c", Net__c=10.005, Gross__c=7)
    found = org.get("Invoice__c", record_id)
    assert found["Net__c"] == 10.01 and isinstance(found["Gross__c"], float)
    account = org.create("Account", Name="x", NumberOfEmployees=40)
    assert isinstance(org.get("Account", account)["NumberOfEmployees"], int)


def test_auto_numbers_have_no_gaps_even_after_a_refused_insert(org: Org):
    org.create("Invoice__c", Invoice_Number__c="A")
    assert org.rest("POST", "sobjects/Invoice__c", {"Invoice_Number__c": "a"}).code == "DUPLICATE_VALUE"
    second = org.create("Invoice__c", Invoice_Number__c="B")
    assert org.get("Invoice__c", second)["Name"] == "INV-000002"
