"""The wire: forms, JSON and repr, authentication, errors, lists, idempotency, limits, business entities."""

import json
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.subscriptions.forms import Malformed, form_tree, literal
from tests.simulators.subscriptions.site import SEED, Site, play


def test_transposed_arrays_and_groups_become_a_tree() -> None:
    tree = form_tree("items%5Bid%5D%5B0%5D=a&items[id][1]=b&card[number]=41+11&empty=&x=%C3%A9")
    assert tree == {"items": {"id": {"0": "a", "1": "b"}}, "card": {"number": "41 11"}, "empty": "", "x": "é"}


@pytest.mark.parametrize("body", ["a[=1", "a]=1", "a[][b]=1", "=1", "a=1&a[b]=2", "a[b]=1&a=2", "a=%ff", "a[b]c=1"])
def test_malformed_forms_are_named(body: str) -> None:
    with pytest.raises(Malformed):
        form_tree(body)


@given(st.text(max_size=60))
def test_any_text_is_a_tree_or_malformed(text: str) -> None:
    try:
        assert isinstance(form_tree(text), dict)
    except Malformed:
        pass


def test_lists_are_read_as_json_and_as_python_repr() -> None:
    assert literal("['active', '1']") == ["active", "1"]
    assert literal('["active", 1]') == ["active", 1]
    with pytest.raises(ValueError):
        literal("[open")


def test_keys_are_checked_and_a_wrong_one_is_401() -> None:
    async def story(site: Site) -> None:
        assert (await site.get("/customers", key="right")).status == 200
        assert (await site.get("/customers", key="wrong")).code() == (401, "api_authentication_failed", None)
        for header in ("", "Basic !!!", "Bearer right"):
            assert (await site.get("/customers", headers={"authorization": header})).status == 401

    play(story, credentials={"api_key": "right"})


def test_an_unknown_operation_and_a_wrong_method_answer_in_the_vendors_shape() -> None:
    async def story(site: Site) -> None:
        reply = await site.get("/quotes/q1")
        assert reply.code() == (404, "resource_not_found", None)
        assert reply.json["http_status_code"] == 404 and reply.json["type"] == "invalid_request"
        assert (await site.call("DELETE", "/customers")).code()[:2] == (405, "http_method_not_supported")

    play(story)


def test_bad_parameters_are_named_and_nothing_is_half_applied() -> None:
    async def story(site: Site) -> None:
        wrong = "param_wrong_value"
        assert (await site.do("/customers", {"auto_collection": "maybe"})).code() == (400, wrong, "auto_collection")
        assert (await site.do("/customers", {"net_term_days": "ten"})).code() == (400, wrong, "net_term_days")
        assert (await site.do("/customers", {"nickname": "x"})).code() == (400, wrong, "nickname")
        assert (await site.do("/customers", {"billing_address": {"country": "USA"}})).code()[2] == (
            "billing_address[country]"
        )
        assert (await site.do("/customers", raw="meta_data=[1,2]")).code() == (400, wrong, "meta_data")
        assert (await site.do("/customers", raw="id[x]=1")).code() == (400, wrong, "id")
        assert (await site.do("/customers", raw="a[=1")).code() == (400, "invalid_request", "a[")
        assert (await site.do("/customers", {"id": "x" * 51})).code() == (400, wrong, "id")
        huge = "meta_data=" + "x" * 100_000
        assert (await site.do("/customers", raw=huge)).code() == (400, wrong, "meta_data")
        assert (await site.do("/customers", raw="id=" + "x" * 3_000_000)).status == 413
        assert (await site.get("/customers"))["list"] == []
        assert (await site.get("/events"))["list"] == []

    play(story)


def test_json_bodies_and_repr_meta_data_are_understood() -> None:
    async def story(site: Site) -> None:
        body = json.dumps({"id": "j", "billing_address": {"city": "Bonn", "country": "DE"}, "meta_data": {"a": [1]}})
        reply = await site.do("/customers", raw=body, headers={"content-type": "application/json;charset=UTF-8"})
        assert reply["customer"]["meta_data"] == {"a": [1]}
        reply = await site.do("/customers", raw="id=r&meta_data=%7B%27k%27%3A+%7B%27z%27%3A+1%7D%7D")
        assert reply["customer"]["meta_data"] == {"k": {"z": 1}}
        reply = await site.do("/customers/r", {"meta_data": "", "company": "Now"})
        assert reply.json["api_error_code"] == "param_wrong_value"  # '""' is JSON, but no object
        assert "meta_data" not in (await site.do("/customers/r", raw="meta_data="))["customer"]
        assert (await site.do("/customers", raw="{", headers={"content-type": "application/json"})).status == 400

    play(story)


def test_what_connectors_ask_of_every_site_is_answered_as_the_vendor_does() -> None:
    """The lists that an ELT connector walks (Airbyte's, with its parameters), a site of catalog 2.0 being asked."""

    async def story(site: Site) -> None:
        since = {"sort_by[asc]": "updated_at", "include_deleted": "true", "updated_at[between]": "[16, 1900000000]"}
        families = (await site.get(f"/item_families?{urlencode(since)}"))["list"]
        assert [row["item_family"]["id"] for row in families] == ["windtunnel"]
        for path in ("gifts", "orders", "hosted_pages", "site_migration_details", "differential_prices",
                     "virtual_bank_accounts"):  # fmt: skip
            assert (await site.get(f"/{path}?{urlencode(since)}"))["list"] == [], path
        older = (("GET", "/plans"), ("POST", "/addons"), ("POST", "/subscriptions"), ("GET", "/plans/p1"),
                 ("POST", "/subscriptions/s1/cancel"), ("POST", "/invoices"))  # fmt: skip
        for method, path in older:
            reply = await site.call(method, path)
            assert (reply.status, reply.json["api_error_code"], reply.json["error_code"]) == (
                400, "configuration_incompatible", "api_restricted",
            ), path  # fmt: skip
            assert "type" not in reply.json and "not enabled for this site" in reply.json["message"]
        assert (await site.call("POST", "/nothing")).status == 404

    play(story)


def test_lists_filter_sort_and_page() -> None:
    async def story(site: Site) -> None:
        for number in range(7):
            site.system.clock.jump(site.system.clock.now() + 10)
            await site.customer(f"c{number}", company=f"Company {number % 2}", cf_tier="gold" if number < 3 else None)
        first = await site.get("/customers?limit=3")
        assert [row["customer"]["id"] for row in first["list"]] == ["c6", "c5", "c4"]
        second = await site.get("/customers", {"limit": 3, "offset": first["next_offset"]})
        assert [row["customer"]["id"] for row in second["list"]] == ["c3", "c2", "c1"]
        last = await site.get("/customers", {"limit": 3, "offset": second["next_offset"]})
        assert [row["customer"]["id"] for row in last["list"]] == ["c0"] and "next_offset" not in last.json

        async def ids(query: str) -> list[str]:
            return [row["customer"]["id"] for row in (await site.get(f"/customers?{query}"))["list"]]

        assert await ids("sort_by[asc]=created_at&limit=2") == ["c0", "c1"]
        assert await ids("id[in]=['c1', 'c2']") == ["c2", "c1"]
        assert await ids('id[in]=["c1"]') == ["c1"]
        assert await ids("company[is]=Company 1&id[is_not]=c3") == ["c5", "c1"]
        assert await ids("company[starts_with]=Company&cf_tier[is]=gold") == ["c2", "c1", "c0"]
        assert await ids("cf_tier[is_present]=false&limit=2") == ["c6", "c5"]
        assert await ids("created_at[between]=['1767603610', '1767603620']") == ["c1", "c0"]
        assert await ids("created_at[after]=1767603660") == ["c6"]
        assert len(await ids("created_at[on]=1767603610")) == 7
        for bad in ("limit=101", "limit=0", "offset=junk", "status[is]=x", "id[near]=x", "created_at[after]=soon",
                    "id[in]=[x", "sort_by[asc]=company"):  # fmt: skip
            assert (await site.get(f"/customers?{bad}")).code()[:2] == (400, "param_wrong_value"), bad

    play(story)


def test_a_repeated_key_replays_the_answer_once_and_for_thirty_minutes() -> None:
    async def story(site: Site) -> None:
        key = {"chargebee-idempotency-key": "k1"}
        first = await site.do("/customers", {"id": "a"}, headers=key)
        again = await site.do("/customers", {"id": "a"}, headers={**key, "x-cb-retry-attempt": "1"})
        assert again.raw == first.raw and again.headers["chargebee-idempotency-replayed"] == "true"
        assert "chargebee-idempotency-replayed" not in first.headers
        other = await site.do("/customers", {"id": "b"}, headers=key)
        assert other.code() == (400, "invalid_request", None)
        failed = await site.do("/customers", {"id": "a"}, headers={"chargebee-idempotency-key": "k2"})
        assert failed.code() == (400, "duplicate_entry", "id")
        replayed = await site.do("/customers", {"id": "a"}, headers={"chargebee-idempotency-key": "k2"})
        assert replayed.raw == failed.raw and replayed.headers["chargebee-idempotency-replayed"] == "true"
        site.system.clock.jump(site.system.clock.now() + 1_801)
        expired = await site.do("/customers", {"id": "a"}, headers=key)
        assert expired.code()[1] == "duplicate_entry"
        long = await site.do("/customers", {"id": "c"}, headers={"chargebee-idempotency-key": "k" * 101})
        assert long.status == 400
        assert len((await site.get("/customers"))["list"]) == 1

    play(story)


def test_over_the_limit_everything_is_refused_until_the_window_clears() -> None:
    async def story(site: Site) -> None:
        for _ in range(150):
            assert (await site.get("/customers")).status == 200
        reply = await site.get("/customers")
        assert reply.code() == (429, "api_request_limit_exceeded", None)
        assert 1 <= int(reply.headers["retry-after"]) <= 60
        site.wire += 60
        assert (await site.get("/customers")).status == 200

    play(story, profile="vendor")


def test_the_business_entity_header_scopes_what_is_seen() -> None:
    async def story(site: Site) -> None:
        await site.customer("us", "US")
        await site.customer("sg", "SG")
        only = {"chargebee-business-entity-id": "SG"}
        listed = await site.get("/customers", headers=only)
        assert [row["customer"]["id"] for row in listed["list"]] == ["sg"]
        assert (await site.get("/customers/us", headers=only)).status == 404
        assert (await site.do("/customers", {"id": "sg2"}, headers=only))["customer"]["business_entity_id"] == "SG"
        assert (await site.get("/customers", headers={"chargebee-business-entity-id": "XX"})).status == 400
        assert (await site.do("/customers", {"id": "d"}))["customer"]["business_entity_id"] == "US"

    play(story)


def test_without_a_seed_the_catalog_can_be_made_through_the_api() -> None:
    async def story(site: Site) -> None:
        for table in ("item_families", "items", "item_prices"):
            for row in SEED[table]:
                assert (await site.do(f"/{table}", row)).status == 200, row
        again = await site.do("/item_prices", SEED["item_prices"][0])
        assert again.code() == (400, "duplicate_entry", "id")
        same_name = {**SEED["item_prices"][0], "id": "other"}
        assert (await site.do("/item_prices", same_name)).code() == (400, "duplicate_entry", "name")
        lost = {**SEED["item_prices"][0], "id": "x", "name": "x", "item_id": "nope"}
        assert (await site.do("/item_prices", lost)).code() == (404, "resource_not_found", "item_id")
        await site.do("/customers", {"id": "plain"})
        reply = await site.subscribe("plain")
        assert reply["invoice"]["id"] == "1" and reply["invoice"]["tax"] == 0
        assert reply["invoice"]["line_items"][0]["tax_exempt_reason"] == "tax_not_configured"
        assert (await site.do("/item_prices/platform-USD-yearly", {"price": 5}))["item_price"]["price"] == 5
        assert (await site.do("/item_prices/platform-USD-yearly/delete"))["item_price"]["status"] == "archived"
        refused = await site.subscribe("plain")
        assert refused.code()[2] == "subscription_items[item_price_id][0]"
        assert (await site.do("/items/platform/delete")).status == 400

    play(story, seed=None)
