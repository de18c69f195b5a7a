"""A vendor call in simulation beside a bare FastAPI route's raw ASGI call with the same bodies."""

import json
from pathlib import Path
from urllib.parse import quote, urlencode

import jwt

from harness.bench.baseline import bare
from harness.bench.measure import Call, Figure, paired
from harness.drivers.sales import API, Sales
from harness.scenario import load_story
from harness.simulation import Flight
from harness.simulation.asgi import request
from harness.simulation.hangar import HOSTS, hangar, key_pair
from harness.simulation.loop import run_virtual
from harness.simulation.world import SimWorld
from harness.world import SystemName

STORIES = Path(__file__).parents[2] / "scenarios"
REST = "/services/rest"
CALL_BAR = "at most 1.5"


def vendor_calls() -> list[Figure]:
    """Each system's typical calls, each beside the bare route with the same request and answer body."""
    found: list[Figure] = run_virtual(_vendor_calls)
    return found


async def _vendor_calls() -> list[Figure]:
    story = load_story(STORIES / "new-business.yaml")
    world = SimWorld(hangar("default"), story, "1", Flight())
    await world.open()
    sales = Sales(world)
    account = await sales.create("Account", {"Name": "Bench", "Selling_Entity__c": "US", "BillingCountry": "US"})
    token = {"authorization": f"Bearer {sales._token}", "content-type": "application/json"}
    basic = {"authorization": "Basic dGVzdF9rZXk6", "content-type": "application/x-www-form-urlencoded"}
    form = b"id=bench&company=Bench&cf_sf_account=001"
    await world.call("subscriptions", "POST", "/api/v2/customers", basic, form)
    told = b"enabled_events[0]=customer_changed"  # so that an update has all that one can have: event and delivery
    await world.call("subscriptions", "POST", "/api/v2/webhook_endpoints/core", basic, told)
    query = quote(f"SELECT Id, Name, SystemModstamp FROM Account WHERE Id = '{account}'")
    bearer = {"authorization": f"Bearer {await _cloud_token(world)}", "content-type": "application/json"}
    record = b'{"companyName":"Bench","subsidiary":{"id":"1"},"currency":{"id":"1"}}'
    await world.call("erp_cloud", "PUT", f"{REST}/record/v1/customer/eid:bench", bearer, record)
    transient = bearer | {"prefer": "transient"}
    suiteql = b'{"q":"SELECT id, companyname FROM customer WHERE externalid = \'bench\'"}'
    cases: list[tuple[str, SystemName, str, str, dict[str, str], bytes]] = [
        ("Salesforce record GET", "salesforce", "GET", f"{API}/sobjects/Account/{account}", token, b""),
        ("Salesforce SOQL by id", "salesforce", "GET", f"{API}/query?q={query}", token, b""),
        ("Salesforce record POST", "salesforce", "POST", f"{API}/sobjects/Account", token,
         b'{"Name":"Bench","BillingCountry":"US","Phone":"1"}'),
        ("Salesforce record PATCH", "salesforce", "PATCH", f"{API}/sobjects/Account/{account}", token,
         b'{"Phone":"1"}'),
        ("platform customer GET", "subscriptions", "GET", "/api/v2/customers/bench", basic, b""),
        ("cloud ERP record GET", "erp_cloud", "GET", f"{REST}/record/v1/customer/eid:bench", bearer, b""),
        ("cloud ERP SuiteQL", "erp_cloud", "POST", f"{REST}/query/v1/suiteql", transient, suiteql),
        ("platform customer update", "subscriptions", "POST", "/api/v2/customers/bench", basic, b"company=Bench2"),
    ]  # fmt: skip
    figures = []
    for name, system, method, path, headers, body in cases:
        figures.append(await _beside_bare(world, name, system, method, path, headers, body))
    await world.close()
    return figures


async def _cloud_token(world: SimWorld) -> str:
    """An access token of the integration, by signed assertion."""
    url = f"{world.base_url('erp_cloud')}{REST}/auth/oauth2/v1/token"
    now = int(world.hangar.wire())
    claims = {"iss": "m2m", "scope": ["rest_webservices"], "aud": url, "iat": now, "exp": now + 600}
    assertion = jwt.encode(claims, key_pair()[0], algorithm="ES256", headers={"kid": "cert"})
    form = urlencode({"grant_type": "client_credentials", "client_assertion": assertion,
                      "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"})  # fmt: skip
    headers = {"content-type": "application/x-www-form-urlencoded"}
    reply = await world.call("erp_cloud", "POST", f"{REST}/auth/oauth2/v1/token", headers, form.encode())
    return str(json.loads(reply.body)["access_token"])


async def _beside_bare(
    world: SimWorld, name: str, system: SystemName, method: str, path: str, headers: dict[str, str], body: bytes
) -> Figure:
    app = world.hangar.systems[system].app
    sent = {"host": HOSTS[system], **headers}
    answer = await request(app, method, path, sent, body, None)
    if answer.status >= 400:
        raise RuntimeError(f"{name} answered {answer.status}: {answer.body[:200]!r}")
    answered = json.loads(answer.body) if answer.body else {}
    plain = bare(answered, answered)
    kind = "/form" if b"=" in body and not body.startswith(b"{") else "/post"
    verb, target = ("GET", "/get") if method == "GET" else ("POST", kind)

    def ours() -> Call:
        return lambda: request(app, method, path, sent, body, None)

    def theirs() -> Call:
        return lambda: request(plain, verb, target, sent, body, None)

    mine, other, ratio = await paired(ours(), theirs())
    return Figure(f"{name}, in process", mine, "us", other, ratio, CALL_BAR, "beside a bare FastAPI route")
