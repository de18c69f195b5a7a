"""A vendor call in simulation beside a bare FastAPI route's raw ASGI call with the same bodies; stories a second."""

import asyncio
import json
import statistics
import time
from collections import Counter
from pathlib import Path
from urllib.parse import quote, urlencode

import jwt

from harness.bench.baseline import bare
from harness.bench.measure import Call, Figure, paired
from harness.drivers.sales import API, Sales
from harness.events import RunEvent
from harness.scenario import load_story
from harness.simulation import Flight, play
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
    query = quote(f"SELECT Id, Name, SystemModstamp FROM Account WHERE Id = '{account}'")
    bearer = {"authorization": f"Bearer {await _cloud_token(world)}", "content-type": "application/json"}
    record = b'{"companyName":"Bench","subsidiary":{"id":"1"},"currency":{"id":"1"}}'
    await world.call("erp_cloud", "PUT", f"{REST}/record/v1/customer/eid:bench", bearer, record)
    transient = bearer | {"prefer": "transient"}
    suiteql = b'{"q":"SELECT id, companyname FROM customer WHERE externalid = \'bench\'"}'
    cases: list[tuple[str, SystemName, str, str, dict[str, str], bytes]] = [
        ("Salesforce record GET", "salesforce", "GET", f"{API}/sobjects/Account/{account}", token, b""),
        ("Salesforce SOQL by id", "salesforce", "GET", f"{API}/query?q={query}", token, b""),
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
    plain = bare(json.loads(answer.body) if answer.body else {})
    kind = "/form" if b"=" in body and not body.startswith(b"{") else "/post"
    verb, target = ("GET", "/get") if method == "GET" else ("POST", kind)

    def ours() -> Call:
        return lambda: request(app, method, path, sent, body, None)

    def theirs() -> Call:
        return lambda: request(plain, verb, target, sent, body, None)

    mine, other, ratio = await paired(ours(), theirs())
    return Figure(f"{name}, in process", mine, "us", other, ratio, CALL_BAR, "beside a bare FastAPI route")


def story_rate(story: str = "new-business", runs: int = 12) -> list[Figure]:
    """Runs a second of a story on one core, and what a run consists of."""
    scenario = load_story(STORIES / f"{story}.yaml")
    kinds: Counter[str] = Counter()

    def count(event: RunEvent) -> None:
        kinds[event.kind if event.kind != "call" else f"calls {event.facts['system']}"] += 1

    result = play(scenario, "1", [count], replay=False)
    if result.outcome != "holds":
        raise RuntimeError(f"{story} does not hold: {result.findings[:3]}")
    took = []
    for number in range(runs):
        begun = time.process_time()
        play(scenario, str(number), replay=False)
        took.append(time.process_time() - begun)
    customers = sum(1 for _ in scenario.facts_of("customer"))
    share = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(7))
    rate = 1 / statistics.median(took)
    virtual_s = result.events[-1].at - scenario.genesis
    return [
        Figure(f"{story} in sim, {customers} customers", rate, "runs/s of CPU", None, None, "20", share),
        Figure(f"{story}: virtual over real time", virtual_s * rate, "x"),
    ]


def where_time_goes(story: str = "new-business", runs: int = 5) -> list[Figure]:
    """CPU time of a story by package."""
    import cProfile  # noqa: PLC0415 - only this measurement needs them
    import pstats  # noqa: PLC0415

    scenario = load_story(STORIES / f"{story}.yaml")
    play(scenario, "1", replay=False)
    profile = cProfile.Profile()
    profile.enable()
    for number in range(runs):
        play(scenario, str(number), replay=False)
    profile.disable()
    spent: Counter[str] = Counter()
    for (file, _, function), row in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        spent[_package(file, function)] += row[2]
    total = sum(spent.values())
    return [
        Figure(f"share of CPU: {name}", 100 * seconds / total, "%", note="under the profiler, which favours C code")
        for name, seconds in spent.most_common(9)
    ]


def _package(file: str, function: str) -> str:
    for part in ("simulators/kit", "simulators", "synccore", "harness"):
        if f"/{part}/" in file:
            return part
    if "sqlite3" in function:
        return "SQLite"
    for library in ("asyncio", "fastapi", "starlette", "pydantic", "json"):
        if library in file or library in function:
            return library
    return "other"


def loop_rate() -> list[Figure]:
    """Wake-ups a second of the virtual loop."""

    async def sleepy() -> float:
        begun = time.perf_counter()
        for _ in range(20_000):
            await asyncio.sleep(60.0)
        return 20_000 / (time.perf_counter() - begun)

    return [Figure("virtual loop", run_virtual(sleepy), "wake-ups/s")]
