"""Invoices and credit memos: amounts, tax, subsidiaries and currencies, items, status, ledger."""

from typing import Any

import pytest

from tests.simulators.erp_cloud.world import SEED, World, invoice_body

INVOICE = "/record/v1/invoice"


@pytest.fixture
def world() -> World:
    world = World()
    world.customer()
    return world


def gl(world: World, key: str) -> list[tuple[str, str, str]]:
    rows = [row for row in world.system.books()["ledger"] if row["transaction"] == key]
    return [(row["acctName"], row["debit"], row["credit"]) for row in rows]


def test_an_invoice_is_totalled_and_posted_in_double_entry(world: World) -> None:
    key = world.invoice(tax="8.88")
    shown = world.get("invoice", key)
    assert (shown["subtotal"], shown["taxTotal"], shown["total"], shown["amountRemaining"]) == (
        100,
        8.88,
        108.88,
        108.88,
    )
    assert shown["status"] == {"id": "A", "refName": "Open"}
    assert gl(world, key) == [
        ("Accounts Receivable", "108.88", "0.00"),
        ("Services Income", "0.00", "100.00"),
        ("Sales Taxes Payable", "0.00", "8.88"),
    ]


def test_an_item_with_a_deferral_account_credits_deferred_revenue(world: World) -> None:
    body = invoice_body()
    body["item"]["items"] = [{"item": {"externalId": "SUB-PLATFORM"}, "quantity": 5, "rate": 12_000}]
    key = world.call("POST", INVOICE, body).id
    assert gl(world, key)[1] == ("Deferred Revenue", "0.00", "60000.00")


def test_a_line_amount_is_quantity_times_rate_rounded_half_up_unless_it_is_given(world: World) -> None:
    body = invoice_body()
    body["item"]["items"] = [
        {"item": "22", "quantity": 3, "rate": 0.335},
        {"item": "22", "quantity": 3, "amount": 1},
        {"item": "22", "rate": 2.5},
    ]
    lines = world.get("invoice", world.call("POST", INVOICE, body).id)["item"]["items"]
    assert [line["amount"] for line in lines] == [1.01, 1, 2.5]
    assert lines[1]["rate"] == 0.33333333


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({"entity": None}, "USER_ERROR", "entity"),
        ({"item": {"items": []}}, "USER_ERROR", ""),
        ({"item": {"items": [{"amount": 1}]}}, "USER_ERROR", "item.items[0].item"),
        ({"item": {"items": [{"item": "22"}]}}, "USER_ERROR", "item.items[0].amount"),
        ({"item": {"items": [{"item": "22", "amount": -5}]}}, "USER_ERROR", "total"),
        ({"subsidiary": "2"}, "INVALID_CONTENT", "subsidiary"),
        ({"currency": "4"}, "INVALID_CONTENT", "currency"),
        ({"account": "11"}, "INVALID_CONTENT", "account"),
        ({"tranDate": "2026-02-30"}, "INVALID_CONTENT", "tranDate"),
        ({"tranDate": "1/5/2026"}, "INVALID_CONTENT", "tranDate"),
        ({"approvalStatus": "7"}, "INVALID_CONTENT", "approvalStatus"),
        ({"exchangeRate": -1, "currency": "1"}, "", ""),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_an_invoice_is_refused_for(world: World, change: dict[str, Any], code: str, path: str) -> None:
    answer = world.call("POST", INVOICE, invoice_body() | change)
    if not code:
        assert answer.status == 204  # the rate of the base currency is one, whatever is said
        return
    assert (answer.status, answer.code) == (400, code), answer.body
    assert path in answer.path
    assert world.rows("SELECT COUNT(*) AS n FROM transaction") == [{"n": "0"}]


def test_a_refused_write_leaves_no_trace(world: World) -> None:
    before = world.system.store.snapshot()
    refused = invoice_body(tax="8.88")
    refused["taxDetails"]["items"][0]["taxDetailsReference"] = "nope"
    refused["externalId"] = "CBINV-X"
    assert world.call("POST", INVOICE, refused).status == 400
    assert world.system.store.snapshot() == before
    assert world.call("POST", INVOICE, invoice_body() | {"externalId": "CBINV-X"}).id == "1001"


def test_tax_details_need_the_override_a_known_line_and_a_code_of_this_nexus(world: World) -> None:
    body = invoice_body(tax="8.88")
    assert world.call("POST", INVOICE, body | {"taxDetailsOverride": False}).path == "taxDetails"

    def refused(**change: Any) -> tuple[str, str]:
        wrong = invoice_body(tax="8.88")
        wrong["taxDetails"]["items"][0] |= change
        answer = world.call("POST", INVOICE, wrong)
        assert answer.status == 400
        return answer.code, answer.path

    place = "taxDetails.items[0]"
    assert refused(taxCode={"refName": "US-LA"}) == ("INVALID_CONTENT", f"{place}.taxCode")
    assert refused(taxCode={"refName": "DE-19"}) == ("INVALID_CONTENT", f"{place}.taxCode")
    assert refused(taxDetailsReference="7") == ("USER_ERROR", f"{place}.taxDetailsReference")
    assert refused(taxAmount=None) == ("USER_ERROR", f"{place}.taxAmount")
    assert refused(taxCode=None) == ("USER_ERROR", f"{place}.taxCode")
    assert refused(taxType={"refName": "VAT"}) == ("INVALID_CONTENT", f"{place}.taxType")


def test_the_account_may_recompute_tax_and_insist_on_details(world: World) -> None:
    world.act("set_preference", taxTolerance="0.01", taxDetailsRequired=True)
    assert world.call("POST", INVOICE, invoice_body("A", tax="8.90")).code == "USER_ERROR"
    assert world.call("POST", INVOICE, invoice_body("B", tax="8.88")).status == 204
    bare = invoice_body("C", tax="8.88")
    bare["item"]["items"].append({"item": "22", "amount": 1, "taxDetailsReference": "2"})
    assert world.call("POST", INVOICE, bare).path == "taxDetails"


def test_the_engine_taxes_by_its_rules_when_nobody_overrides() -> None:
    rules = [{"subsidiary": "Windtunnel US Inc", "country": "US", "city": "New York", "taxCode": "US-NYC-8.875"},
             {"country": "US", "taxCode": "US-0"}]  # fmt: skip
    world = World(seed=SEED | {"taxRules": rules})
    address = {"country": {"id": "US"}, "city": "New York"}
    world.customer(addressBook={"items": [{"defaultShipping": True, "addressBookAddress": address}]})
    shown = world.get("invoice", world.invoice())
    assert (shown["taxTotal"], shown["taxDetails"]["items"][0]["taxCode"]["refName"]) == (8.88, "US-NYC-8.875")
    elsewhere = world.get("invoice", world.invoice("B", shippingAddress={"country": "US", "city": "Reno"}))
    assert (elsewhere["taxTotal"], elsewhere["taxDetails"]["totalResults"]) == (0, 1)


def test_terms_make_the_due_date(world: World) -> None:
    world.customer("c1", terms={"refName": "Net 30"})
    shown = world.get("invoice", world.invoice())
    assert (shown["terms"]["refName"], shown["dueDate"]) == ("Net 30", "2026-02-04")
    assert world.get("invoice", world.invoice("B", dueDate="2026-03-01"))["dueDate"] == "2026-03-01"


def test_the_date_defaults_to_the_accounts_today(world: World) -> None:
    body = invoice_body()
    del body["tranDate"]
    assert world.get("invoice", world.call("POST", INVOICE, body).id)["tranDate"] == "2026-01-05"


def test_an_item_must_be_offered_in_the_subsidiary(world: World) -> None:
    world.call(
        "POST", "/record/v1/customerSubsidiaryRelationship", {"entity": {"externalId": "CB-c1"}, "subsidiary": "2"}
    )
    world.call("PATCH", "/record/v1/customer/eid:CB-c1", {"currencyList": {"items": [{"currency": "4"}]}})
    german = {"subsidiary": "2", "currency": "4"}
    refused = world.call("POST", INVOICE, invoice_body() | german)
    assert (refused.code, refused.path) == ("INVALID_CONTENT", "item.items[0].item")
    body = invoice_body() | german | {"item": {"items": [{"item": {"externalId": "SUB-PLATFORM"}, "amount": 100}]}}
    assert world.get("invoice", world.call("POST", INVOICE, body).id)["subsidiary"]["id"] == "2"


def test_a_foreign_currency_is_converted_at_the_rate_of_the_day(world: World) -> None:
    world.call(
        "PATCH", "/record/v1/customer/eid:CB-c1", {"currencyList": {"items": [{"currency": "4"}, {"currency": "5"}]}}
    )
    key = world.invoice("E", amount="100.05", currency="4")
    assert world.get("invoice", key)["exchangeRate"] == 1.1
    assert gl(world, key) == [("Accounts Receivable", "110.06", "0.00"), ("Services Income", "0.00", "110.06")]
    yen = world.get("invoice", world.invoice("J", amount="1000.5", currency="5"))
    assert (yen["total"], yen["exchangeRate"]) == (1001, 0.0069)


def test_a_pending_or_rejected_invoice_does_not_post(world: World) -> None:
    key = world.invoice("P", approvalStatus={"id": "1"})
    assert gl(world, key) == []
    assert world.rows("SELECT status, posting, BUILTIN.DF(status) AS s FROM transaction") == [
        {"status": "D", "posting": "F", "s": "Invoice : Pending Approval"}
    ]
    world.call("PATCH", f"{INVOICE}/{key}", {"approvalStatus": {"refName": "Approved"}})
    assert len(gl(world, key)) == 2


def test_numbers_are_given_or_made_and_doubles_refused_only_when_the_account_says_so(world: World) -> None:
    body = invoice_body()
    del body["tranId"]
    assert world.get("invoice", world.call("POST", INVOICE, body).id)["tranId"] == "INV1"
    assert world.call("POST", INVOICE, invoice_body("D")).status == 204
    assert world.call("POST", INVOICE, invoice_body("D")).status == 204
    world.act("set_preference", duplicateTranId="refuse")
    assert world.call("POST", INVOICE, invoice_body("D")).path == "tranId"


def test_a_credit_memo_settles_its_invoice_and_may_stay_open(world: World) -> None:
    invoice = world.invoice(tax="8.88")
    body = invoice_body("US-CN-1", amount="50.00") | {"externalId": "CBCN-1", "createdFrom": invoice}
    body["apply"] = {"items": [{"doc": {"id": invoice}, "apply": True, "amount": 30}]}
    key = world.call("POST", "/record/v1/creditMemo", body).id
    memo = world.get("creditMemo", key)
    assert (memo["total"], memo["applied"], memo["unapplied"], memo["status"]["id"]) == (50, 30, 20, "A")
    assert memo["apply"]["items"][0]["doc"]["id"] == invoice
    assert world.get("invoice", invoice)["amountRemaining"] == 78.88
    assert gl(world, key) == [("Accounts Receivable", "0.00", "50.00"), ("Services Income", "50.00", "0.00")]
    world.call("PATCH", f"/record/v1/creditMemo/{key}", {"apply": {"items": [{"doc": invoice, "amount": 50}]}})
    assert world.get("creditMemo", key)["status"]["refName"] == "Fully Applied"
    assert world.get("invoice", invoice)["amountRemaining"] == 58.88


def test_an_invoice_is_transformed_into_a_payment_or_a_credit_memo(world: World) -> None:
    first, second = world.invoice("A", tax="8.88"), world.invoice("B", tax="8.88")
    paid = world.call("POST", f"{INVOICE}/{first}/!transform/customerPayment", {"account": "11"})
    assert world.get("customerPayment", paid.id)["payment"] == 108.88
    memo = world.call("POST", f"{INVOICE}/{second}/%21transform/creditMemo", {"externalId": "CBCN-9"})
    assert world.get("creditMemo", memo.id)["total"] == 108.88
    for key in (first, second):
        assert world.get("invoice", key)["status"]["id"] == "B"
    assert world.call("POST", f"{INVOICE}/{first}/!transform/salesOrder", {}).code == "INVALID_REQUEST"
    assert world.call("POST", f"{INVOICE}/{first}/!transform/cashSale", {}).status == 404
    assert world.call("POST", f"{INVOICE}/{first}/!transform/customerPayment", {}).status == 400


def test_delete_is_refused_while_something_depends_on_it(world: World) -> None:
    invoice = world.invoice()
    payment = world.call("POST", f"{INVOICE}/{invoice}/!transform/customerPayment", {}).id
    refused = world.call("DELETE", f"{INVOICE}/{invoice}")
    assert (refused.status, refused.code) == (400, "USER_ERROR")
    assert world.call("DELETE", "/record/v1/customer/eid:CB-c1").code == "USER_ERROR"
    assert world.call("DELETE", f"/record/v1/customerPayment/{payment}").status == 204
    assert world.get("invoice", invoice)["status"]["id"] == "A"
    assert world.call("DELETE", f"{INVOICE}/{invoice}").status == 204
    assert world.system.books()["ledger"] == []


def test_a_paid_invoice_keeps_customer_currency_and_more_than_was_paid(world: World) -> None:
    invoice = world.invoice()
    world.call("POST", f"{INVOICE}/{invoice}/!transform/customerPayment", {"payment": 60})
    world.customer("c2")
    path = f"{INVOICE}/{invoice}"
    assert world.call("PATCH", path, {"entity": {"externalId": "CB-c2"}}).path == "entity"
    assert world.call("PATCH", path, {"item": {"items": [{"line": 1, "amount": 59}]}}).path == "total"
    assert world.call("PATCH", path, {"item": {"items": [{"line": 1, "amount": 61}]}}).status == 204
    assert world.get("invoice", invoice)["amountRemaining"] == 1


def test_a_customers_subsidiary_is_fixed_by_its_transactions(world: World) -> None:
    world.invoice()
    assert world.call("PATCH", "/record/v1/customer/eid:CB-c1", {"subsidiary": "2"}).path == "subsidiary"
    assert world.call("PATCH", "/record/v1/customer/eid:CB-c1", {"subsidiary": "1"}).status == 204


def test_a_relationship_exists_once(world: World) -> None:
    path, body = "/record/v1/customerSubsidiaryRelationship", {"entity": {"externalId": "CB-c1"}, "subsidiary": "2"}
    key = world.call("POST", path, body).id
    assert world.call("POST", path, body).code == "USER_ERROR"
    assert world.call("DELETE", f"{path}/{key}").status == 204
    primary = world.rows("SELECT id FROM customersubsidiaryrelationship WHERE isprimarysub = 'T'")[0]["id"]
    assert world.call("DELETE", f"{path}/{primary}").code == "USER_ERROR"


def test_an_entity_id_is_unique(world: World) -> None:
    world.customer("c2", entityId="ACME")
    refused = world.call("POST", "/record/v1/customer", {"companyName": "A", "entityId": "ACME", "subsidiary": "1"})
    assert refused.code == "USER_ERROR" and "DUP_ENTITY" in refused.detail


def test_a_field_made_mandatory_at_run_time_is_asked_for(world: World) -> None:
    world.act("require_field", record="invoice", field="otherRefNum")
    refused = world.call("POST", INVOICE, invoice_body())
    assert (refused.code, refused.path) == ("USER_ERROR", "otherRefNum")
    assert "Other Ref Num" in refused.detail
    assert world.call("POST", INVOICE, invoice_body(otherRefNum="PO-1")).status == 204
    world.act("require_field", record="invoice", field="otherRefNum", required=False)
    assert world.call("POST", INVOICE, invoice_body()).status == 204


def test_a_custom_field_is_unknown_until_it_is_defined(world: World) -> None:
    body = invoice_body(custbody_contract="C-1")
    strict = {"X_NetSuite_PropertyNameValidation": "error"}
    assert world.call("POST", INVOICE, body, **strict).path == "custbody_contract"
    world.act("define_field", id="custbody_contract", record="invoice")
    world.act("define_field", id="custcol_seats", record="invoice", sublist="item", type="integer")
    body["item"]["items"][0]["custcol_seats"] = 5
    shown = world.get("invoice", world.call("POST", INVOICE, body, **strict).id)
    assert (shown["custbody_contract"], shown["item"]["items"][0]["custcol_seats"]) == ("C-1", 5)
