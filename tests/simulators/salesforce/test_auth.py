"""Sessions: how they begin, how they end, and what a caller without one is told."""

import base64
from urllib.parse import urlencode

import pytest

from tests.simulators.salesforce.org import ROOT, Org

CLIENT = {"client_id": "windtunnel-core", "client_secret": "windtunnel-secret"}


def grant(org: Org, **form: str):
    return org.form("/services/oauth2/token", urlencode(form))


def test_client_credentials_give_a_token_that_names_the_org():
    org = Org()
    reply = grant(org, grant_type="client_credentials", **CLIENT)
    assert reply.status == 200
    body = reply.json
    org_part, _, rest = body["access_token"].partition("!")
    assert len(org_part) == 15 and org_part.startswith("00D") and len(rest) > 80
    assert body["instance_url"] == "http://org.example:8080"
    assert body["id"].split("/")[-2:] == [org.system.org.org_id, org.system.org.user_id]
    assert body["token_type"] == "Bearer" and body["issued_at"] == "1767603600000"


def test_the_client_may_authenticate_by_basic_header_and_through_a_salesforce_host_segment():
    org = Org()
    basic = base64.b64encode(b"windtunnel-core:windtunnel-secret").decode()
    path = "/my.salesforce.com/services/oauth2/token"
    reply = org.form(path, "grant_type=client_credentials", authorization=f"Basic {basic}")
    assert reply.status == 200


def test_password_grant_takes_password_with_or_without_security_token():
    org = Org()
    for password in ("windtunnel", "windtunneltoken"):
        form = {"username": "integration@windtunnel.example", "password": password}
        assert grant(org, grant_type="password", **CLIENT, **form).status == 200


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"client_id": "x"}, "invalid_client_id"),
        ({"client_secret": "x"}, "invalid_client"),
        ({"grant_type": "magic"}, "unsupported_grant_type"),
        ({"grant_type": "password", "username": "x", "password": "y"}, "invalid_grant"),
        ({"grant_type": ""}, "unsupported_grant_type"),
    ],
)
def test_bad_grants_are_refused_by_name(change: dict[str, str], error: str):
    reply = grant(Org(), **{"grant_type": "client_credentials", **CLIENT, **change})
    assert reply.status == 400
    assert reply.json["error"] == error


def test_a_caller_without_a_live_session_gets_a_json_list():
    org = Org()
    expected = [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
    for headers in ({}, {"authorization": "Bearer 00D000000000001!x"}, {"authorization": "nonsense"}):
        reply = org.call("GET", f"{ROOT}/sobjects", None, **headers)
        assert (reply.status, reply.json) == (401, expected)


def test_tokens_die_after_two_hours_of_business_time_and_a_new_login_works():
    org = Org().login()
    org.time.now += 7_199
    assert org.rest("GET", "limits").status == 200
    org.time.now += 1
    assert org.rest("GET", "limits").status == 401
    assert org.login().rest("GET", "limits").status == 200


def test_expired_sessions_revocation_and_the_act_end_sessions_at_once():
    org = Org().login()
    org.system.expire_credentials()
    assert org.rest("GET", "limits").code == "INVALID_SESSION_ID"
    org.login().act("expire_sessions")
    assert org.rest("GET", "limits").code == "INVALID_SESSION_ID"
    org.login()
    assert org.form("/services/oauth2/revoke", urlencode({"token": org.token})).status == 200
    assert org.rest("GET", "limits").code == "INVALID_SESSION_ID"
    assert org.form("/services/oauth2/revoke", "token=none").status == 400


def test_sessions_survive_a_restart_of_a_persisted_org(tmp_path):
    first = Org(data=tmp_path).login()
    account = first.create("Account", Name="Acme")
    first.system.store.close()
    second = Org(data=tmp_path)
    second.token = first.token
    assert second.get("Account", account)["Name"] == "Acme"


def test_userinfo_and_identity_name_user_and_org():
    org = Org().login()
    info = org.call("GET", "/services/oauth2/userinfo").json
    assert info["organization_id"] == org.system.org.org_id
    assert info["preferred_username"] == "integration@windtunnel.example"
    identity = org.call("GET", f"/id/{info['organization_id']}/{info['user_id']}?format=json").json
    assert identity["user_id"] == info["user_id"]
    assert org.call("GET", f"/id/{info['organization_id']}/005000000000000AAA").status == 404


def test_versions_need_no_session_and_show_no_limits():
    reply = Org().call("GET", "/services/data")
    assert reply.status == 200 and reply.json[-1]["version"] >= "60.0"
    assert "sforce-limit-info" not in reply.headers


@pytest.mark.parametrize(
    ("version", "status"), [("v20.0", 200), ("v67.0", 200), ("V60.0", 200), ("v19.0", 404), ("v60", 404)]
)
def test_any_version_from_twenty_up(version: str, status: int):
    assert Org().login().call("GET", f"/services/data/{version}/limits/").status == status


SOAP = """<?xml version="1.0"?><env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Body>
<n1:login xmlns:n1="urn:partner.soap.sforce.com"><n1:username>{}</n1:username><n1:password>{}</n1:password></n1:login>
</env:Body></env:Envelope>"""


def soap(org: Org, body: str):
    return org.call(
        "POST", "/services/Soap/u/59.0/", body.encode(), **{"content-type": "text/xml", "soapaction": "login"}
    )


def test_soap_login_hands_out_a_session():
    org = Org()
    reply = soap(org, SOAP.format("integration@windtunnel.example", "windtunneltoken"))
    text = reply.content.decode()
    org.token = text.partition("<sessionId>")[2].partition("<")[0]
    assert f"<serverUrl>http://org.example:8080/services/Soap/u/59.0/{org.system.org.org_id[:15]}</serverUrl>" in text
    assert "<passwordExpired>false</passwordExpired>" in text
    assert org.rest("GET", "limits").status == 200


def test_soap_login_with_a_wrong_password_is_a_fault_with_the_vendors_prefix():
    reply = soap(Org(), SOAP.format("integration@windtunnel.example", "wrong"))
    assert reply.status == 500
    text = reply.content.decode()
    assert "<sf:exceptionCode>INVALID_LOGIN</sf:exceptionCode>" in text
    assert (
        "<faultstring>INVALID_LOGIN: Invalid username, password, security token; or user locked out.</faultstring>"
        in text
    )
