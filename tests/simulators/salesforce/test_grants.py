"""How a session is got: JWT bearer, refresh token, authorization code, and what each refuses."""

import base64
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from simulators.salesforce.assertions import CERTIFICATE, PRIVATE_KEY, load_certificate
from tests.simulators.salesforce.org import GENESIS, ROOT, Org, Reply

KEY = PRIVATE_KEY.read_text()
OTHER_KEY = rsa.generate_private_key(65537, 2048)
CLIENT = {"client_id": "windtunnel-core", "client_secret": "windtunnel-secret"}
USER = "integration@windtunnel.example"
BACK = "https://app.example/callback?from=sf"


def grant(org: Org, **form: str) -> Reply:
    return org.form("/services/oauth2/token", urlencode(form))


def bearer(org: Org, key: Any = KEY, algorithm: str = "RS256", **changes: Any) -> Reply:
    claims = {"iss": "windtunnel-core", "sub": USER, "aud": "https://login.salesforce.com", "exp": GENESIS + 180}
    assertion = jwt.encode({**claims, **changes}, key, algorithm)
    return grant(org, grant_type="urn:ietf:params:oauth:grant-type:jwt-bearer", assertion=assertion)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"aud": "https://test.salesforce.com"},
        {"aud": "https://org.example:8080/my.salesforce.com"},
        {"exp": "1767603780"},  # simple-salesforce writes it as text
        {"sub": USER.upper()},
    ],
)
def test_an_assertion_that_the_registered_certificate_verifies_gives_a_session(changes: dict[str, Any]):
    org = Org()
    reply = bearer(org, **changes)
    assert reply.status == 200, reply.content
    assert "refresh_token" not in reply.json
    org.token = reply.json["access_token"]
    assert org.rest("GET", "limits").status == 200


@pytest.mark.parametrize(
    ("changes", "error", "description"),
    [
        ({"iss": "nobody"}, "invalid_client_id", "client identifier invalid"),
        ({"sub": "nobody@example.com"}, "invalid_grant", "user hasn't approved this consumer"),
        ({"sub": "' OR 1=1 --"}, "invalid_grant", "user hasn't approved this consumer"),
        ({"aud": "https://login.example.com"}, "invalid_grant", "audience is invalid"),
        ({"aud": "login.salesforce.com"}, "invalid_grant", "audience is invalid"),
        ({"aud": "https://salesforce.com.evil.example"}, "invalid_grant", "audience is invalid"),
        ({"aud": ["https://login.salesforce.com"]}, "invalid_grant", "audience is invalid"),
        ({"exp": GENESIS - 181}, "invalid_grant", "invalid assertion"),
        ({"exp": "soon"}, "invalid_grant", "invalid assertion"),
        ({"exp": True}, "invalid_grant", "invalid assertion"),
    ],
)
def test_claims_that_do_not_fit_are_refused(changes: dict[str, Any], error: str, description: str):
    reply = bearer(Org(), **changes)
    assert (reply.status, reply.json) == (400, {"error": error, "error_description": description})


def test_forged_assertions_are_refused():
    org = Org()
    secret = CERTIFICATE.read_text().encode()  # the public part is no secret to sign with
    unsigned = jwt.encode({"iss": "windtunnel-core", "sub": USER}, None, "none")
    header, payload, signature = jwt.encode({"iss": "windtunnel-core", "sub": USER}, KEY, "RS256").split(".")
    hmac_signed = ".".join((base64.urlsafe_b64encode(b'{"alg":"HS256"}').decode().rstrip("="), payload, signature))
    assert secret
    for forged in ("", "x", "a.b.c", unsigned, hmac_signed, f"{header}.{payload}.{signature[:-4]}AAAA"):
        reply = grant(org, grant_type="urn:ietf:params:oauth:grant-type:jwt-bearer", assertion=forged)
        assert (reply.status, reply.json["error_description"]) == (400, "invalid assertion"), forged
    assert bearer(org, key=OTHER_KEY).json["error_description"] == "invalid assertion"
    assert bearer(org, algorithm="RS512").json["error_description"] == "invalid assertion"
    assert org.system.store.find("_session") == []


def test_a_session_belongs_to_the_user_whom_the_assertion_names_while_that_user_is_active():
    org = Org().login()
    ann = org.create("User", Username="ann@example.com", LastName="Ann", FirstName="A")
    org.token = bearer(org, sub="ann@example.com").json["access_token"]
    account = org.create("Account", Name="Acme")
    assert org.get("Account", account)["CreatedById"] == ann
    org.update("User", ann, IsActive=False)
    assert bearer(org, sub="ann@example.com").json["error_description"] == "user hasn't approved this consumer"


def test_another_certificate_may_be_registered():
    pem = OTHER_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    org = Org(credentials={"certificate_pem": pem})
    assert bearer(org, key=OTHER_KEY).status == 200
    assert bearer(org).json["error_description"] == "invalid assertion"
    with pytest.raises(ValueError):
        load_certificate("nothing")


# -- web server flow --------------------------------------------------------------------------


def code_of(org: Org, **more: str) -> str:
    asked = {"response_type": "code", "client_id": "windtunnel-core", "redirect_uri": BACK, "state": "s 1", **more}
    reply = org.call("GET", f"/services/oauth2/authorize?{urlencode(asked)}")
    assert reply.status == 302
    back = urlsplit(reply.headers["location"])
    found = parse_qs(back.query)
    assert found["from"] == ["sf"] and found["state"] == ["s 1"]
    return found["code"][0]


def test_a_code_gives_a_session_and_a_refresh_token_once():
    org = Org()
    form = {"grant_type": "authorization_code", "code": code_of(org), "redirect_uri": BACK, **CLIENT}
    wrong = grant(org, **{**form, "redirect_uri": "https://evil.example"})
    assert wrong.json["error_description"] == "redirect_uri must match configuration"
    first = grant(org, **form).json
    assert grant(org, **form).json["error_description"] == "expired authorization code"
    refreshed = grant(org, grant_type="refresh_token", refresh_token=first["refresh_token"], **CLIENT)
    assert refreshed.status == 200 and "refresh_token" not in refreshed.json
    assert refreshed.json["access_token"] != first["access_token"]
    org.token = refreshed.json["access_token"]
    assert org.rest("GET", "limits").status == 200
    org.system.expire_credentials()  # sessions end, refresh tokens do not
    assert org.rest("GET", "limits").status == 401
    assert grant(org, grant_type="refresh_token", refresh_token=first["refresh_token"], **CLIENT).status == 200


def test_a_revoked_refresh_token_ends_its_sessions():
    org = Org()
    first = grant(org, grant_type="authorization_code", code=code_of(org), redirect_uri=BACK, **CLIENT).json
    assert org.form("/services/oauth2/revoke", urlencode({"token": first["refresh_token"]})).status == 200
    org.token = first["access_token"]
    assert org.rest("GET", "limits").status == 401
    reply = grant(org, grant_type="refresh_token", refresh_token=first["refresh_token"], **CLIENT)
    assert reply.json == {"error": "invalid_grant", "error_description": "expired access/refresh token"}


def test_a_code_with_a_challenge_needs_its_verifier_and_no_secret():
    org = Org()
    challenge = base64.urlsafe_b64encode(sha256(b"v" * 60).digest()).decode().rstrip("=")
    form = {"grant_type": "authorization_code", "redirect_uri": BACK, "client_id": "windtunnel-core"}
    code = code_of(org, code_challenge=challenge)
    assert grant(org, **form, code=code, code_verifier="x").json["error_description"] == "invalid code verifier"
    assert grant(org, **form, code=code, code_verifier="v" * 60).status == 200
    assert grant(org, **form, code=code_of(org)).json["error"] == "invalid_client"


def test_a_code_lives_for_a_quarter_of_an_hour():
    org = Org()
    code = code_of(org)
    org.time.now += 900
    reply = grant(org, grant_type="authorization_code", code=code, redirect_uri=BACK, **CLIENT)
    assert reply.json["error_description"] == "expired authorization code"


def test_authorize_refuses_without_a_client_or_a_place_to_go_back_to():
    org = Org()
    for query in ("client_id=x&redirect_uri=https://a", "client_id=windtunnel-core&redirect_uri=javascript:x"):
        assert org.call("GET", f"/services/oauth2/authorize?response_type=code&{query}").status == 400
    query = urlencode({"client_id": "windtunnel-core", "redirect_uri": BACK, "response_type": "token"})
    reply = org.call("GET", f"/services/oauth2/authorize?{query}")
    assert "error=unsupported_response_type" in reply.headers["location"]


# -- what a token is good for -----------------------------------------------------------------


def introspect(org: Org, token: str, **client: str) -> Reply:
    return org.form("/services/oauth2/introspect", urlencode({"token": token, **CLIENT, **client}))


def test_introspection_tells_the_client_about_its_tokens():
    org = Org().login()
    shown = introspect(org, org.token).json
    assert (shown["active"], shown["username"], shown["exp"] - shown["iat"]) == (True, USER, 7_200)
    org.time.now += 7_200
    assert introspect(org, org.token).json == {"active": False}
    assert introspect(org, "00D000000000001!forged").json == {"active": False}
    assert introspect(org, org.token, client_secret="x").status == 401


def test_identities_of_other_orgs_and_users_are_not_shown():
    org = Org().login()
    own, user = org.system.org.org_id, org.system.org.user_id
    assert org.call("GET", f"/id/{own}/{user}").status == 200
    for path in (f"/id/00DAA0000000001MAA/{user}", f"/id/{own}/{own}", "/id/x/y", f"/id/{own}/005AA0000000001MAA"):
        assert org.call("GET", path).status == 404


def test_a_token_of_another_org_and_ids_of_another_org_lead_nowhere():
    org, other = Org(seed="a").login(), Org(seed="b").login()
    assert org.call("GET", f"{ROOT}/limits", None, authorization=f"Bearer {other.token}").status == 401
    foreign = "0015500001H9kZuAAJ"
    assert org.rest("GET", f"sobjects/Account/{foreign}").status == 404
    assert org.rest("PATCH", f"sobjects/Account/{foreign}", {"Name": "x"}).code == "INVALID_CROSS_REFERENCE_KEY"
    assert org.rest("POST", "sobjects/Contact", {"LastName": "x", "AccountId": foreign}).status == 400
