"""OAuth2 machine-to-machine: which assertions buy a token, how long it lives, and what a dead one gets."""

import base64
import hmac
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from simulators.erp_cloud import PRIVATE_KEY, RSA_CERTIFICATE
from simulators.erp_cloud.oauth2 import Assertions, Client
from tests.simulators.erp_cloud.world import GENESIS, KEY, PUBLIC_PEM, World


def test_an_assertion_buys_a_token_whose_lifetime_is_a_string() -> None:
    world = World()
    answer = world.login()
    assert answer.status == 200
    assert set(answer.json) == {"access_token", "expires_in", "token_type"}
    assert (answer.json["expires_in"], answer.json["token_type"]) == ("3600", "Bearer")
    assert world.call("GET", "/record/v1/customer").status == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "('https://tstdrv123-sb1.suitetalk.api.netsuite.com/services/rest/auth/oauth2/v1/token',)"},
        {"iat": GENESIS + 0.25, "exp": GENESIS + 3600.25},
        {"scope": "restlets, rest_webservices"},
        {"scope": "rest_webservices"},
    ],
    ids=lambda claims: next(iter(claims)),
)
def test_what_real_clients_really_send_is_accepted(claims: dict[str, Any]) -> None:
    world = World()
    assert world.login(world.assertion(**claims)).status == 200


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ({"iss": "someone"}, "invalid_client"),
        ({"aud": "https://elsewhere/token"}, "invalid_grant"),
        ({"exp": GENESIS + 3601, "iat": GENESIS}, "invalid_grant"),
        ({"exp": GENESIS - 61, "iat": GENESIS - 3600}, "invalid_grant"),
        ({"iat": GENESIS + 61}, "invalid_grant"),
        ({"iat": "now"}, "invalid_grant"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
    ],
    ids=lambda case: str(case)[:30],
)
def test_a_wrong_assertion_is_refused(claims: dict[str, Any], error: str) -> None:
    world = World()
    answer = world.login(world.assertion(**claims))
    assert (answer.status, answer.json["error"]) == (400, error)


def test_rs256_is_refused_and_ps256_accepted() -> None:
    key = rsa.generate_private_key(65537, 2048)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    claims = {
        "iss": "client-1", "scope": "rest_webservices", "iat": 0, "exp": 3600,
        "aud": "http://erp/services/rest/auth/oauth2/v1/token",
    }  # fmt: skip
    assertions = Assertions(Client("client-1", {"cert-1": public.decode()}))

    def judge(algorithm: str, kid: str = "cert-1") -> tuple[str, str] | None:
        return assertions.refusal({
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid}),
        }, 10.0)  # fmt: skip

    assert judge("PS256") is None
    assert judge("RS256") == ("invalid_client", "the signing algorithm is not allowed")
    assert judge("PS256", kid="other") == ("invalid_client", "unknown certificate")


def test_the_rsa_key_that_is_published_signs_for_the_configured_client_alone() -> None:
    world = World()
    signed = {"algorithm": "PS256", "key": PRIVATE_KEY.read_bytes(), "kid": RSA_CERTIFICATE}
    assert world.login(world.assertion(**signed)).status == 200
    assert world.login(world.assertion(**signed, iss="someone")).json["error"] == "invalid_client"
    assert world.login(world.assertion(**signed | {"kid": "cert-1"})).json["error"] == "invalid_client"


def test_a_foreign_key_and_a_changed_assertion_are_refused() -> None:
    world = World()
    foreign = world.assertion(key=ec.generate_private_key(ec.SECP256R1()))
    head, body, tail = world.assertion().split(".")
    for text in (foreign, f"{head}.{body}.{tail[:-4]}AAAA", "not.a.jwt", ""):
        assert world.login(text).status == 400
    assert KEY is not None


def test_a_token_dies_by_wire_time_by_decree_and_not_by_business_time() -> None:
    world = World()
    path = "/record/v1/customer"
    assert world.call("GET", path).status == 200
    world.system.clock.jump(GENESIS + 30 * 86_400)
    assert world.call("GET", path).status == 200
    world.time[0] += 3600
    refused = world.call("GET", path)
    assert (refused.status, refused.code) == (401, "INVALID_LOGIN")
    assert refused.headers["www-authenticate"].startswith("Bearer")
    world.token = ""
    assert world.call("GET", path).status == 200
    world.system.expire_credentials()
    assert world.call("GET", path).status == 401


def test_tokens_are_a_function_of_the_seed_and_survive_a_snapshot() -> None:
    first, second = World(), World()
    assert first.login().json == second.login().json
    assert first.login().json["access_token"] != second.token
    first.token = first.login().json["access_token"]
    image = first.system.store.snapshot()
    first.system.restore(image)
    assert first.call("GET", "/record/v1/customer").status == 200
    first.system.reset()
    assert first.call("GET", "/record/v1/customer").status == 401


@pytest.mark.parametrize("algorithm", ["none", "HS256", "hs256", "ES257", ""])
def test_no_algorithm_talks_its_way_around_the_certificate(algorithm: str) -> None:
    """An unsigned assertion, and one that is signed with the public key as if that were a secret."""
    world = World()

    def part(value: dict[str, Any]) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    claims = {"iss": "client-1", "scope": "rest_webservices", "iat": GENESIS, "exp": GENESIS + 60,
              "aud": "http://erp/services/rest/auth/oauth2/v1/token"}  # fmt: skip
    said = part({"alg": algorithm, "kid": "cert-1", "typ": "JWT"}) + b"." + part(claims)
    stamped = hmac.new(PUBLIC_PEM.encode(), said, "sha256").digest() if algorithm != "none" else b""
    before = world.system.store.snapshot()
    answer = world.login((said + b"." + base64.urlsafe_b64encode(stamped).rstrip(b"=")).decode())
    assert (answer.status, answer.json["error"]) == (400, "invalid_client")
    assert world.system.store.snapshot() == before
    heard = [entry for entry in world.system.journal.after(0, 100)[0] if entry["kind"] == "call"]
    assert [(entry["operation"], entry["status"]) for entry in heard] == [("token", 400)]
    assert world.login().status == 200
