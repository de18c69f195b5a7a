"""Conditional requests: nothing is sent twice, nothing is overwritten unseen."""

import pytest

from tests.simulators.salesforce.org import Org, Reply


@pytest.fixture
def org() -> Org:
    return Org().login()


def ask(org: Org, method: str, path: str, body: object = None, **headers: str) -> Reply:
    return org.rest(method, path, body, **{name.replace("_", "-"): value for name, value in headers.items()})


def test_entity_tags_of_accounts(org: Org):
    account = org.create("Account", Name="Acme", Billing_Customer_Id__c="cb_1")
    for path in (f"sobjects/Account/{account}", "sobjects/Account/Billing_Customer_Id__c/cb_1"):
        first = ask(org, "GET", path).headers["etag"]
        assert first.startswith('"') and first.endswith('--gzip"')
        assert ask(org, "GET", path, if_none_match=first).status == 304
        assert ask(org, "GET", path, if_none_match='"other", ' + first).content == b""
        assert ask(org, "GET", path, if_match=first).status == 200
        assert ask(org, "GET", path, if_match='"other"').status == 412
        assert ask(org, "PATCH", path, {"Site": "A"}, if_none_match=first).status == 412
        assert ask(org, "PATCH", path, {"Site": path}, if_match=first).status in (200, 204)
        assert ask(org, "PATCH", path, {"Site": "B"}, if_match=first).code == "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE"
        assert org.get("Account", account)["Site"] == path
        assert ask(org, "GET", path).headers["etag"] != first


def test_modification_dates_of_any_row(org: Org):
    contact = org.create("Contact", LastName="May")
    path = f"sobjects/Contact/{contact}"
    shown = ask(org, "GET", path).headers
    assert shown["last-modified"] == "Mon, 05 Jan 2026 09:00:00 GMT" and "etag" not in shown
    same, before = shown["last-modified"], "Mon, 05 Jan 2026 08:59:59 GMT"
    assert ask(org, "GET", path, if_modified_since=same).status == 304
    assert ask(org, "GET", path, if_modified_since=before).status == 200
    assert ask(org, "PATCH", path, {"Title": "x"}, if_unmodified_since=before).status == 412
    assert ask(org, "PATCH", path, {"Title": "x"}, if_modified_since=same).status == 412
    assert ask(org, "PATCH", path, {"Title": "x"}, if_unmodified_since=same).status == 204
    assert ask(org, "PATCH", path, {"Title": "y"}, if_match='"other"').status == 204, "tags are for accounts alone"
    assert ask(org, "DELETE", path, if_unmodified_since=before).status == 204, "conditions are not for deletes"


def test_dates_that_are_none(org: Org):
    path = f"sobjects/Contact/{org.create('Contact', LastName='May')}"
    for header in ("if_modified_since", "if_unmodified_since"):
        assert ask(org, "GET", path, **{header: "yesterday"}).status == 400


def test_an_upsert_that_creates_meets_no_condition(org: Org):
    path = "sobjects/Account/Billing_Customer_Id__c/new"
    assert ask(org, "PATCH", path, {"Name": "x"}, if_match='"other"').status == 201
