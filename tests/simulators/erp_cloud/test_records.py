"""Record CRUD as the vendor has it: status codes, Location, external ids, references, sublists, refusals."""

from typing import Any

import pytest

from tests.simulators.erp_cloud.world import World, invoice_body

CUSTOMER = "/record/v1/customer"


@pytest.fixture
def world() -> World:
    return World()


def test_post_answers_204_with_a_location_and_nothing_else(world: World) -> None:
    answer = world.call("POST", CUSTOMER, {"companyName": "Acme", "subsidiary": {"id": "1"}})
    assert (answer.status, answer.body) == (204, b"")
    assert "content-type" not in answer.headers
    assert answer.headers["location"] == f"http://erp/services/rest/record/v1/customer/{answer.id}"
    shown = world.call("GET", f"{CUSTOMER}/{answer.id}")
    assert shown.headers["content-type"] == "application/vnd.oracle.resource+json; type=singular"
    assert (shown.json["id"], shown.json["companyName"]) == (answer.id, "Acme")
    assert shown.json["subsidiary"]["refName"] == "Windtunnel US Inc"


def test_put_by_external_id_creates_then_changes_the_same_record(world: World) -> None:
    first = world.customer("c1", email="a@b.c")
    second = world.customer("c1", phone="123")
    assert first == second
    for reference in (first, "eid:CB-c1", "eid%3ACB-c1"):
        shown = world.get("customer", reference)
        assert (shown["id"], shown["email"], shown["phone"]) == (first, "a@b.c", "123")


def test_put_by_internal_id_is_refused(world: World) -> None:
    key = world.customer()
    answer = world.call("PUT", f"{CUSTOMER}/{key}", {"email": "a@b.c"})
    assert (answer.status, answer.code) == (400, "INVALID_REQUEST")


def test_a_second_post_with_the_same_external_id_is_a_user_error(world: World) -> None:
    world.customer()
    answer = world.call("POST", CUSTOMER, {"companyName": "Twin", "subsidiary": "1", "externalId": "CB-c1"})
    assert (answer.status, answer.code, answer.path) == (400, "USER_ERROR", "externalId")
    assert "already exists" in answer.detail


def test_an_idempotency_key_does_nothing_on_a_synchronous_call(world: World) -> None:
    body = {"companyName": "Acme", "subsidiary": "1"}
    ids = {world.call("POST", CUSTOMER, body, X_NetSuite_Idempotency_Key="k").id for _ in range(2)}
    assert len(ids) == 2


@pytest.mark.parametrize(
    "reference", [{"id": "1"}, {"id": 1}, "1", 1, {"refName": "Windtunnel US Inc"}, {"ID": "1"}], ids=str
)
def test_a_reference_is_accepted_in_all_its_forms(world: World, reference: Any) -> None:
    assert world.get("customer", world.customer(subsidiary=reference))["subsidiary"]["id"] == "1"


@pytest.mark.parametrize(
    "reference", [{"id": "9"}, 99, {"refName": "Nobody"}, {"id": None}, [], True, 1.5, {}], ids=str
)
def test_a_reference_to_nothing_is_invalid_content(world: World, reference: Any) -> None:
    answer = world.call("POST", CUSTOMER, {"companyName": "A", "subsidiary": reference})
    assert (answer.status, answer.code, answer.path) == (400, "INVALID_CONTENT", "subsidiary")


def test_names_of_records_and_properties_ignore_case(world: World) -> None:
    key = world.call("POST", "/record/v1/CUSTOMER", {"companyname": "Acme", "SUBSIDIARY": "1"}).id
    assert world.call("GET", f"/record/v1/Customer/{key}").json["companyName"] == "Acme"


def test_unknown_properties_follow_the_leniency_header(world: World) -> None:
    body = {"companyName": "A", "subsidiary": "1", "colour": "red"}
    warned = world.call("POST", CUSTOMER, body)
    assert warned.status == 204 and "colour" in warned.headers["warning"]
    ignored = world.call("POST", CUSTOMER, body, X_NetSuite_PropertyNameValidation="ignore")
    assert ignored.status == 204 and "warning" not in ignored.headers
    refused = world.call("POST", CUSTOMER, body, X_NetSuite_PropertyNameValidation="Error")
    assert (refused.status, refused.code, refused.path) == (400, "INVALID_CONTENT", "colour")
    nonsense = world.call("POST", CUSTOMER, body, X_NetSuite_PropertyNameValidation="maybe")
    assert (nonsense.status, nonsense.code) == (400, "INVALID_HEADER")


def test_wrong_values_follow_their_header_too(world: World) -> None:
    body = {"companyName": "A", "subsidiary": "1", "isInactive": "perhaps"}
    assert world.call("POST", CUSTOMER, body).path == "isInactive"
    assert world.call("POST", CUSTOMER, body, X_NetSuite_PropertyValueValidation="warning").status == 204


def test_a_path_names_the_line_at_fault(world: World) -> None:
    world.customer()
    body = invoice_body()
    body["item"]["items"].append({"item": {"externalId": "NOPE"}, "amount": 1})
    answer = world.call("POST", "/record/v1/invoice", body)
    assert (answer.code, answer.path) == ("INVALID_CONTENT", "item.items[1].item")


def test_mandatory_fields(world: World) -> None:
    assert "Company Name" in world.call("POST", CUSTOMER, {"subsidiary": "1"}).detail
    assert "Subsidiary" in world.call("POST", CUSTOMER, {"companyName": "A"}).detail
    blank = {"companyName": "A", "subsidiary": "1", "currencyList": {"items": [{}]}}
    assert world.call("POST", CUSTOMER, blank).path == "currencyList.items[0].currency"
    person = {"isPerson": True, "firstName": "Ada", "subsidiary": "1"}
    assert "Last Name" in world.call("POST", CUSTOMER, person).detail
    assert world.call("POST", CUSTOMER, person | {"lastName": "L"}).status == 204


def test_expand_fields_and_sublist_links(world: World) -> None:
    world.customer()
    key = world.invoice()
    plain = world.get("invoice", key, "")
    assert plain["item"] == {
        "links": [{"rel": "self", "href": f"http://erp/services/rest/record/v1/invoice/{key}/item"}]
    }
    assert world.get("invoice", key)["item"]["items"][0]["line"] == 1
    assert set(world.get("invoice", key, "fields=total,TRANID")) == {"links", "id", "total", "tranId"}
    assert world.get("invoice", key, "simpleEnumFormat=true")["status"] == "A"
    assert world.call("GET", f"/record/v1/invoice/{key}/item").json["totalResults"] == 1
    assert world.call("GET", f"/record/v1/invoice/{key}/item/1").json["amount"] == 100
    assert world.call("GET", f"/record/v1/invoice/{key}/item/2").status == 404
    assert world.call("GET", f"/record/v1/invoice/{key}?fields=nope").code == "INVALID_PARAMETER"


def test_amounts_are_exact_numbers_on_the_wire(world: World) -> None:
    world.customer()
    body = invoice_body()
    body["item"]["items"] = [{"item": "22", "amount": 0.1}, {"item": "22", "amount": 0.2}]
    key = world.call("POST", "/record/v1/invoice", body).id
    raw = world.call("GET", f"/record/v1/invoice/{key}").body
    assert b'"total":0.3,' in raw


def test_a_retried_put_with_lines_appends_them_again_unless_the_list_is_replaced(world: World) -> None:
    world.customer()
    key = world.invoice(amount="100.00")
    assert world.get("invoice", key)["total"] == 100
    assert world.invoice(amount="100.00") == key
    doubled = world.get("invoice", key)
    assert (doubled["total"], [line["line"] for line in doubled["item"]["items"]]) == (200, [1, 2])
    world.call("PUT", "/record/v1/invoice/eid:CBINV-US-000001?replace=item", invoice_body())
    assert world.get("invoice", key)["total"] == 100


def test_lines_are_updated_by_number_and_unknown_numbers_refused(world: World) -> None:
    world.customer()
    key = world.invoice()
    path = f"/record/v1/invoice/{key}"
    assert world.call("PATCH", path, {"item": {"items": [{"line": 1, "amount": 70, "quantity": 7}]}}).status == 204
    assert world.get("invoice", key)["total"] == 70
    refused = world.call("PATCH", path, {"item": {"items": [{"line": 9, "amount": 70}]}})
    assert (refused.code, refused.path) == ("INVALID_CONTENT", "item.items[0].line")
    assert world.call("PATCH", f"{path}?replace=total", {}).code == "INVALID_PARAMETER"


def test_null_clears_a_field(world: World) -> None:
    key = world.customer(email="a@b.c")
    world.call("PATCH", f"{CUSTOMER}/{key}", {"email": None})
    assert "email" not in world.get("customer", key)


def test_lists_carry_ids_and_pages(world: World) -> None:
    ids = [world.customer(f"c{number}") for number in range(5)]
    first = world.call("GET", f"{CUSTOMER}?limit=2").json
    assert [item["id"] for item in first["items"]] == ids[:2]
    assert set(first["items"][0]) == {"links", "id"}
    assert (first["count"], first["hasMore"], first["totalResults"], first["offset"]) == (2, True, 5, 0)
    links = {link["rel"]: link["href"] for link in first["links"]}
    assert set(links) == {"self", "next", "last"}
    following = world.call("GET", links["next"].removeprefix("http://erp/services/rest"))
    assert [item["id"] for item in following.json["items"]] == ids[2:4]
    for bad in ("limit=0", "limit=1001", "limit=2&offset=1", "limit=x", "offset=-2"):
        assert world.call("GET", f"{CUSTOMER}?{bad}").code == "INVALID_PARAMETER", bad


def test_delete_leaves_a_trace_and_frees_the_external_id(world: World) -> None:
    key = world.customer()
    assert world.call("DELETE", f"{CUSTOMER}/eid:CB-c1").status == 204
    assert world.call("GET", f"{CUSTOMER}/{key}").code == "NONEXISTENT_ID"
    trace = world.rows("SELECT recordid, recordtypeid, externalid FROM deletedrecord")
    assert trace == [{"recordid": key, "recordtypeid": "customer", "externalid": "CB-c1"}]
    assert world.customer() != key


def test_what_does_not_exist(world: World) -> None:
    missing = world.call("GET", f"{CUSTOMER}/999")
    assert (missing.status, missing.code) == (404, "NONEXISTENT_ID")
    assert "record instance does not exist" in missing.detail
    assert world.call("GET", "/record/v1/unicorn").status == 404
    assert world.call("GET", "/nowhere").status == 404
    assert world.call("POST", f"{CUSTOMER}/1", {}).status == 405
    assert world.call("POST", "/record/v1/accountingPeriod", {"periodName": "X"}).status == 405
    world.customer()
    key = world.invoice()
    assert world.call("GET", f"/record/v1/creditMemo/{key}").status == 404


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'"x"', b"\xff\xfe", b'{"companyName": NaN}', b"[" * 50_000, b'{"companyName": "\\ud800"}']
)
def test_what_is_no_json_object_is_invalid_content(world: World, body: bytes) -> None:
    answer = world.call("POST", CUSTOMER, body)
    assert (answer.status, answer.code) == (400, "INVALID_CONTENT")


@pytest.mark.parametrize("amount", [1e30, "1e400", "abc", True, {"x": 1}, "0x10", "1_000_000_000_000_000_000_0"])
def test_amounts_that_are_none(world: World, amount: Any) -> None:
    world.customer()
    body = invoice_body()
    body["item"]["items"][0] = {"item": "22", "amount": amount}
    answer = world.call("POST", "/record/v1/invoice", body)
    assert (answer.status, answer.code) == (400, "INVALID_CONTENT")


@pytest.mark.parametrize("external", ["a|b", "a/b", "ü", "x" * 101, " "])
def test_external_ids_are_plain(world: World, external: str) -> None:
    body = {"companyName": "A", "subsidiary": "1", "externalId": external}
    assert world.call("POST", CUSTOMER, body).path == "externalId"


def test_media_types(world: World) -> None:
    body = {"companyName": "A", "subsidiary": "1"}
    assert world.call("POST", CUSTOMER, body, content_type="text/xml").status == 415
    assert world.call("POST", CUSTOMER, body, content_type="application/json; charset=utf-8").status == 204


def test_a_clerk_may_take_payments_and_look_but_not_bill(world: World) -> None:
    world.customer()
    key = world.invoice()
    world.system.access._bearers["clerk-token"] = ("cash_clerk", 9e12)
    world.token = "clerk-token"
    assert world.call("GET", f"/record/v1/invoice/{key}").status == 200
    refused = world.call("POST", "/record/v1/invoice", invoice_body("US-2"))
    assert (refused.status, refused.code) == (403, "INSUFFICIENT_PERMISSION")
    payment = {"customer": {"externalId": "CB-c1"}, "payment": 10}
    assert world.call("POST", "/record/v1/customerPayment", payment).status == 204


def test_links_that_a_get_shows_may_be_sent_back(world: World) -> None:
    key = world.customer()
    shown = world.get("customer", key)
    answer = world.call("PATCH", f"{CUSTOMER}/{key}", shown, X_NetSuite_PropertyNameValidation="error")
    assert answer.status == 204
    assert world.get("customer", key) == shown
