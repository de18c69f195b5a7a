"""The harness API over a real sandbox: nothing twice, nothing on an old look, refusals in words, all in the books."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from chargebee.main import Chargebee

from tests.sandbox import Caller, click, sandbox

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    home: Path = tmp_path_factory.mktemp("api") / "home"
    with sandbox(home) as environment:
        yield environment


@pytest.fixture(scope="module")
def caller(environment: dict[str, str]) -> Caller:
    return Caller(environment)


def refused(answer: httpx.Response, status: int, words: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert words in answer.json()["detail"] and "Traceback" not in answer.text


def offered(caller: Caller, name: str, entity: str = "US", **more: Any) -> None:
    """A customer and a deal of the same name."""
    where = {"country": "US", "state": "IL", "city": "Chicago"} if entity == "US" else {"country": "SG"}
    caller.do("customer", {"id": name, "name": name.title(), "entity": entity, **where, **more})
    caller.do("deal", {"id": name, "customer": name, "lines": [{"sku": "PLAT-ANNUAL", "quantity": 2}]})


def test_nothing_without_the_token(caller: Caller) -> None:
    for headers in ({}, {"authorization": "Bearer wrong"}):
        answer = httpx.get(f"{caller.http.base_url}/sandbox", headers=headers, trust_env=False)
        refused(answer, 401, "Authorization: Bearer")


def test_a_deal_from_offer_to_paid_in_all_books(caller: Caller) -> None:
    offered(caller, "hudson", pays_by="card")
    assert caller.deal("hudson")["state"] == "open"
    assert "won: hudson" in caller.do("close", {"deal": "hudson"}, caller.deal("hudson")["etag"])
    caller.until(lambda: caller.deal("hudson")["state"] == "posted")
    assert "24,000.00 USD" in caller.do("pay_by_card", {"deal": "hudson"})
    more = {"id": "hudson-more", "type": "amendment", "of": "hudson", "customer": "hudson"}
    lines = {"lines": [{"sku": "PLAT-ANNUAL", "quantity": 1}]}
    refused(caller.act("deal", more | lines, "an old look"), 412, "deal hudson has changed")
    paid = caller.until(lambda: (found := caller.deal("hudson"))["state"] == "paid" and found)
    caller.do("deal", more | lines, paid["etag"])
    told = caller.get(f"/customers/{paid['account_id']}/timeline")["entries"]
    words = [f"{entry['where']}: {entry['what']}" for entry in told]
    for wanted in (
        "People: won: hudson (Hudson)", "over 24,000.00 USD is issued",
        "over 24,000.00 USD is posted in the ledger", "receipt of 24,000.00 USD for US-0",
        "payment of 24,000.00 USD is shown to the account team",
    ):  # fmt: skip
        assert any(wanted in line for line in words), words
    books = caller.get("/books")
    assert books["holds"] and any(group["currency"] == "USD" for group in books["tie_out"])


def test_a_click_that_comes_several_times_acts_once(caller: Caller) -> None:
    same = click()
    facts = {"id": "twice", "name": "Twice", "entity": "US", "country": "US"}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: caller.act("customer", facts, id=same), range(4)))
    assert {answer.status_code for answer in answers} == {200}
    assert [one["name"] for one in caller.get("/deals")["customers"]].count("Twice") == 1
    refused(caller.act("customer", facts), 409, "there is a customer 'twice' already")
    refused(caller.act("customer", {**facts, "id": "other"}, id=same), 409, "was something else")


def test_an_old_look_changes_nothing(caller: Caller) -> None:
    offered(caller, "stale")
    seen = caller.deal("stale")["etag"]
    caller.do("close", {"deal": "stale"}, seen)
    refused(caller.act("close", {"deal": "stale"}, seen), 412, "has changed since this page was shown")
    seen = caller.get("/clock")["etag"]
    caller.do("advance", {"by": "1m"}, seen)
    refused(caller.act("advance", {"by": "1m"}, seen), 412, "the clock has changed")


def test_bad_input_is_named_and_does_nothing(caller: Caller) -> None:
    before = len(caller.get("/deals")["customers"])
    refused(caller.act("customer", {"id": "no name", "entity": "US", "nmae": "X"}), 422, "did you mean 'name'?")
    refused(caller.act("fly"), 422, "there is no verb 'fly'")
    refused(caller.act("customer", {}, id="short"), 422, "id")
    said = caller.act("pay_by_card", {"deal": "nobody"}).json()
    assert said["state"] == "failed" and "deal nobody does not exist" in said["said"]
    assert len(caller.get("/deals")["customers"]) == before
    refused(caller.http.get("/customers/001/timeline"), 404, "no account")
    refused(caller.http.get("/actions/unknown-action"), 404, "there is no action")


def test_a_usage_file_is_sent_once_or_told_where_it_is_wrong(caller: Caller) -> None:
    caller.do("customer", {"id": "user", "name": "User", "entity": "US", "country": "US", "state": "IL"})
    lines = [{"sku": "PLAT-ANNUAL", "quantity": 1}, {"sku": "API-CALLS"}]
    caller.do("deal", {"id": "user", "customer": "user", "lines": lines})
    caller.do("close", {"deal": "user"})
    caller.until(lambda: caller.deal("user")["state"] == "posted")
    now = caller.get("/clock")["now"]
    header = "id,deal,meter,quantity,time,recorded,corrects"
    wrong = {"id": click(), "name": "jan.csv", "text": f"{header}\nu1,user,api-calls,10,{now},,\nu2,user,,5,{now},,\n"}
    refused(caller.http.post("/usage", json=wrong), 422, "jan.csv, line 3, column meter: is empty. Nothing was sent.")
    right = {"name": "jan.csv", "text": f"{header}\nu1,user,api-calls,10,{now},,\n"}
    sent = caller.http.post("/usage", params={"wait_s": 20}, json={**right, "id": click()}).json()
    assert sent["state"] == "done" and "1 usage events" in sent["said"], sent
    again = caller.http.post("/usage", params={"wait_s": 20}, json={**right, "id": click()}).json()
    assert again["state"] == "failed" and "nothing more was recorded" in again["said"]


def test_an_exception_is_resolved_by_a_person(caller: Caller) -> None:
    offered(caller, "merlion", "SG")
    caller.do("close", {"deal": "merlion"})
    mine = lambda: [one for one in caller.get("/exceptions") if one["customer"] and one["customer"]["id"] == "merlion"]  # noqa: E731
    found = caller.until(mine)[0]
    assert found["kind"] == "missing_tax_profile" and found["about"] == "Merlion merlion" and found["state"] == "open"
    path = f"/exceptions/{found['id']}"
    refused(caller.http.post(f"{path}/abandon", json={"id": click()}), 422, "say why")
    caller.do("fix_account", {"customer": "merlion", "tax_id": "201912345K"}, found["customer"]["etag"])
    caller.until(lambda: mine()[0]["state"] == "resolved")
    refused(caller.http.post(f"{path}/retry", json={"id": click()}), 412, "resolved already")
    refused(caller.http.post("/exceptions/x99999999/retry", json={"id": click()}), 404, "no exception")


def test_the_core_is_killed_and_started(caller: Caller) -> None:
    seen = caller.get("/sandbox")["core_etag"]
    caller.do("kill_core", {}, seen)
    assert caller.get("/sandbox")["core"] == "stopped"
    refused(caller.act("kill_core", {}, seen), 412, "the sync core's state has changed")
    refused(caller.http.get("/exceptions"), 503, "start it first")
    assert caller.get("/books")["core_known"] is False
    caller.do("start_core")
    assert caller.get("/sandbox")["core"] == "up"


def test_time_passes_with_progress_and_one_thing_at_a_time(caller: Caller) -> None:
    clock = caller.get("/clock")
    assert any("batch window opens" in one["what"] for one in clock["due"])
    order = {"id": click(), "verb": "advance", "facts": {"by": "2d"}}
    begun = caller.http.post("/actions", json=order).json()
    assert begun["state"] == "running" and begun["to"] > clock["now"]
    refused(caller.act("close", {"deal": "hudson"}), 409, "busy")
    done = caller.until(lambda: (now := caller.get(f"/actions/{begun['id']}"))["state"] == "done" and now)
    assert done["share"] == 1.0 and caller.get("/clock")["now"] >= begun["to"]


def test_the_platform_s_time_machine_moves_the_whole_sandbox(caller: Caller, environment: dict[str, str]) -> None:
    Chargebee.verify_ca_certs = False
    client = Chargebee(api_key=environment["CHARGEBEE_API_KEY"], site="sandbox", protocol="http")
    client.env.api_endpoint = environment["CHARGEBEE_ENDPOINT"]
    client.env.time_travel_retry_delay_ms = 1000  # the SDK asks 31 times and gives up: a busy machine may need that
    before = datetime.fromisoformat(caller.get("/clock")["now"])
    destination = int((before + timedelta(days=2)).timestamp())
    machine = client.TimeMachine.travel_forward("delorean", {"destination_time": destination}).time_machine
    assert machine.time_travel_status == "in_progress"
    there = client.TimeMachine.wait_for_time_travel_completion(machine).time_machine
    assert there.time_travel_status == "succeeded"
    travelled = caller.until(lambda: [one for one in caller.get("/actions") if one["id"].startswith("time-machine")])
    assert caller.get(f"/actions/{travelled[0]['id']}?wait_s=20")["state"] == "done"
    assert datetime.fromisoformat(caller.get("/clock")["now"]).timestamp() >= destination
    dated = httpx.get(environment["SALESFORCE_URL"] + "/services/data", trust_env=False).headers["date"]
    assert parsedate_to_datetime(dated).timestamp() >= destination
