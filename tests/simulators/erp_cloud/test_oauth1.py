"""TBA: signatures made by oauthlib are accepted, and every way of being wrong is refused as a failed login."""

import time
from typing import Any
from urllib.parse import quote

import pytest
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA1, SIGNATURE_HMAC_SHA256, Client

from simulators.erp_cloud.oauth1 import SKEW_S_MAX, Nonces, Request, Token, parameters, refusal, signature
from tests.simulators.erp_cloud.world import GENESIS, World

TOKEN = Token("ck", "cs", "tk", "ts", "integration")


def signed(
    method: str, target: str, world: World, *, body: str | None = None, algorithm: str = SIGNATURE_HMAC_SHA256,
    realm: str = "TSTDRV123_SB1", secret: str = "ts", token: str = "tk", at: float = GENESIS, nonce: str | None = None,
) -> dict[str, str]:  # fmt: skip
    client = Client(
        "ck", "cs", token, secret, signature_method=algorithm, realm=realm, timestamp=str(int(at)), nonce=nonce
    )
    headers = {"Content-Type": "application/json"} if body is not None else {}
    _, made, _ = client.sign(f"http://erp{target}", method, body=body, headers=headers)
    return {name.lower(): value for name, value in made.items()}


@pytest.mark.parametrize(
    "target",
    [
        "/services/rest/record/v1/customer",
        "/services/rest/record/v1/customer?limit=1&offset=0",
        "/services/rest/record/v1/customer?q=companyName%20IS%20%22Acme%20%26%20S%C3%B6hne%22",
        "/services/rest/record/v1/customer?q=companyName+IS+%22Acme%22&limit=5",
        "/services/rest/record/v1/accountingPeriod/5?fields=periodName",
    ],
)
def test_what_oauthlib_signs_is_accepted(target: str) -> None:
    world = World()
    assert world.raw("GET", target, b"", signed("GET", target, world)).status == 200


def test_eid_and_transform_are_signed_as_they_were_sent() -> None:
    world = World()
    world.customer()
    world.invoice()
    for target in (
        "/services/rest/record/v1/invoice/eid:CBINV-US-000001",
        "/services/rest/record/v1/invoice/eid%3ACBINV-US-000001",
    ):
        given = {
            "oauth_consumer_key": "ck", "oauth_token": "tk", "oauth_nonce": target[-20:-10],
            "oauth_timestamp": str(int(GENESIS)), "oauth_version": "1.0", "oauth_signature_method": "HMAC-SHA256",
        }  # fmt: skip
        made = signature(Request("GET", "http://erp", target, "", b""), given, TOKEN)
        pairs = {"realm": "TSTDRV123_SB1", **given, "oauth_signature": made}
        header = "OAuth " + ", ".join(f'{name}="{quote(value, safe="-._~")}"' for name, value in pairs.items())
        answer = world.raw("GET", target, b"", {"authorization": header})
        assert (answer.status, answer.json["tranId"]) == (200, "US-000001")


def test_a_body_hash_is_verified_when_there_is_one() -> None:
    world = World()
    target, body = "/services/rest/record/v1/customer", '{"companyName": "Hash", "subsidiary": {"id": "1"}}'
    headers = signed("POST", target, world, body=body)
    assert "oauth_body_hash" in headers["authorization"]
    assert world.raw("POST", target, body.replace("Hash", "Cash").encode(), headers).code == "INVALID_LOGIN"
    assert world.raw("POST", target, body.encode(), signed("POST", target, world, body=body)).status == 204


@pytest.mark.parametrize(
    "wrong",
    [
        {"algorithm": SIGNATURE_HMAC_SHA1},
        {"realm": "OTHER"},
        {"secret": "guess"},
        {"token": "nobody"},
        {"at": GENESIS - 301},
        {"at": GENESIS + 301},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_wrong_login_is_refused_in_the_vendors_shape(wrong: dict[str, Any]) -> None:
    world = World()
    target = "/services/rest/record/v1/customer"
    answer = world.raw("GET", target, b"", signed("GET", target, world, **wrong))
    assert (answer.status, answer.code, answer.json["title"]) == (401, "INVALID_LOGIN", "Unauthorized")
    assert answer.headers["www-authenticate"].startswith('OAuth realm="TSTDRV123_SB1"')
    assert answer.headers["content-type"] == "application/vnd.oracle.resource+json; type=error"
    assert "Login Audit Trail" in answer.detail


def test_a_nonce_is_used_once_until_the_window_has_passed() -> None:
    world = World()
    target = "/services/rest/record/v1/customer"
    headers = signed("GET", target, world, nonce="n1")
    assert [world.raw("GET", target, b"", headers).status for _ in range(2)] == [200, 401]
    nonces = Nonces()
    assert nonces.first_use({"oauth_token": "t", "oauth_timestamp": "1", "oauth_nonce": "a"}, 0.0)
    for number in range(10):
        later = 3 * SKEW_S_MAX + float(number)
        assert nonces.first_use({"oauth_token": "t", "oauth_timestamp": "1", "oauth_nonce": str(number)}, later)
    assert nonces.first_use({"oauth_token": "t", "oauth_timestamp": "1", "oauth_nonce": "a"}, 9_999.0)


def test_wire_time_judges_and_not_business_time() -> None:
    world = World()
    world.system.clock.jump(GENESIS + 400 * 86_400)
    target = "/services/rest/record/v1/customer"
    assert world.raw("GET", target, b"", signed("GET", target, world)).status == 200
    assert time.gmtime(world.system.clock.now()).tm_year == 2027


def test_a_killed_session_costs_a_tba_caller_one_refusal() -> None:
    world = World()
    world.system.expire_credentials()
    target = "/services/rest/record/v1/customer"
    statuses = [world.raw("GET", target, b"", signed("GET", target, world)).status for _ in range(2)]
    assert statuses == [401, 200]


@pytest.mark.parametrize("header", ["", "OAuth", 'OAuth oauth_token="tk"', "Basic YTpi", "Bearer", 'OAuth é="1"'])
def test_garbage_instead_of_a_login(header: str) -> None:
    answer = World().raw("GET", "/services/rest/record/v1/customer", b"", {"authorization": header})
    assert (answer.status, answer.code) == (401, "INVALID_LOGIN")


def test_rfc_5849_example_of_a_base_string_holds() -> None:
    """Duplicate and empty query parameters, and a host in capitals, sort and encode as section 3.4.1 has them."""
    given = parameters(
        'OAuth realm="x", oauth_consumer_key="ck", oauth_token="tk", oauth_signature_method="HMAC-SHA256"'
    )
    upper = Request("GET", "http://ERP:8080", "/r%20v/X", "a3=2%20q&a3=a&b5=%3D%253D&c%40=&a2=r%20b&c2", b"")
    lower = Request("GET", "http://erp:8080", "/r%20v/X", "c2=&a2=r%20b&c%40=&b5=%3D%253D&a3=a&a3=2%20q", b"")
    assert signature(upper, given, TOKEN) == signature(lower, given, TOKEN)
    assert refusal(upper, given, None, "x", 0.0) == "unknown consumer key or token"
