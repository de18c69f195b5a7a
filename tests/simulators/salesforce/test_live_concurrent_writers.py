"""Writers at once on one record: simple-salesforce in many threads, unmodified, over http and https, and jsforce."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceError, SalesforceGeneralError

from tests.node.programs import run_script
from tests.simulators.salesforce.grpc_client import Server, Subscriber, served
from tests.simulators.salesforce.test_live_simple_salesforce import PlainHttp

pytestmark = pytest.mark.live

WRITERS = 20
FIELDS = (
    "Phone", "Fax", "AccountNumber", "Website", "Sic", "SicDesc", "TickerSymbol", "Description", "Site", "Jigsaw",
    "BillingStreet", "BillingCity", "BillingState", "BillingPostalCode", "BillingCountry", "ShippingStreet",
    "ShippingCity", "ShippingState", "ShippingPostalCode", "ShippingCountry",
)  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with served() as running:
        yield running


@pytest.fixture(scope="module")
def clients(server: Server) -> list[Salesforce]:
    """Each with a session and a login of its own, every other one over TLS."""
    return [signed_in(server, secure=number % 2 == 0) for number in range(WRITERS)]


@pytest.fixture
def sf(clients: list[Salesforce]) -> Salesforce:
    return clients[0]


def signed_in(server: Server, secure: bool, **known: str) -> Salesforce:
    """A client with a session of its own, by client credentials or whatever else it is given."""
    session = requests.Session()
    session.trust_env = False
    session.verify = server.ready["ca"]
    if not secure:
        session.mount("https://", PlainHttp())
    port = server.ready["https_port" if secure else "port"]
    known = known or {"consumer_key": "windtunnel-core", "consumer_secret": "windtunnel-secret"}
    return Salesforce(**known, domain=f"127.0.0.1:{port}/my", session=session)


def at_once(clients: Sequence[Salesforce], act: Callable[[int, Salesforce], Any]) -> list[Any]:
    """What came of an act that all begin together, in the clients' order; a refusal is a result."""
    gate = threading.Barrier(len(clients))

    def one(number: int) -> Any:
        gate.wait(timeout=60)
        try:
            return act(number, clients[number])
        except SalesforceError as error:
            return error

    with ThreadPoolExecutor(len(clients)) as pool:
        return list(pool.map(one, range(len(clients))))


def codes(results: Sequence[Any]) -> list[str]:
    """The refusals' codes."""
    return [one.content[0]["errorCode"] for one in results if isinstance(one, SalesforceError)]


def shown(sf: Salesforce, record_id: str) -> tuple[dict[str, Any], dict[str, str]]:
    """An account and its validators."""
    reply = sf.session.get(f"{sf.base_url}sobjects/Account/{record_id}", headers=sf.headers, timeout=30)
    return reply.json(), {"If-Match": reply.headers["ETag"], "If-Unmodified-Since": reply.headers["Last-Modified"]}


def test_writers_of_different_fields_lose_nothing(clients: list[Salesforce], sf: Salesforce):
    account = sf.Account.create({"Name": "Acme"})["id"]
    written = at_once(clients, lambda number, one: one.Account.update(account, {FIELDS[number]: f"{number}"}))
    assert written == [204] * WRITERS
    found = sf.Account.get(account)
    assert {name: found[name] for name in FIELDS} == {name: f"{number}" for number, name in enumerate(FIELDS)}


def test_each_of_their_changes_is_told_once_and_in_the_order_of_commits(server: Server, clients: list[Salesforce]):
    account = clients[0].Account.create({"Name": "Told"})["id"]
    with server.plain() as channel:
        subscriber = Subscriber(server, channel, "/data/AccountChangeEvent", WRITERS)
        at_once(clients, lambda number, one: one.Account.update(account, {FIELDS[number]: f"told {number}"}))
        events = [event for _, event in subscriber.events(WRITERS)]
        subscriber.close()
    told = [value for event in events for value in texts(event) if value.startswith("told ")]
    assert sorted(told) == sorted(f"told {number}" for number in range(WRITERS))
    headers = [event["ChangeEventHeader"] for event in events]
    numbers = [header["commitNumber"] for header in headers]
    assert numbers == sorted(set(numbers)) and len({header["transactionKey"] for header in headers}) == WRITERS


def texts(event: dict[str, Any]) -> list[str]:
    """The texts that a change event tells, also those within an address."""
    inner = [event, *(value for name, value in event.items() if name.endswith("Address") and value)]
    return [value for part in inner for value in part.values() if isinstance(value, str)]


def test_counting_under_a_condition_counts_every_step(clients: list[Salesforce], sf: Salesforce):
    account, steps = sf.Account.create({"Name": "Counted", "NumberOfEmployees": 0})["id"], 3

    def count(_number: int, one: Salesforce) -> int:
        refused = done = 0
        while done < steps:
            found, validators = shown(one, account)
            condition = {"If-Match": validators["If-Match"]}
            try:
                one.Account.update(account, {"NumberOfEmployees": found["NumberOfEmployees"] + 1}, headers=condition)
                done += 1
            except SalesforceGeneralError as error:
                assert error.status == 412
                refused += 1
        return refused

    at_once(clients[:8], count)
    assert sf.Account.get(account)["NumberOfEmployees"] == 8 * steps


def test_who_has_read_before_anothers_write_is_refused_and_writes_nothing(
    server: Server, clients: list[Salesforce], sf: Salesforce
):
    account = sf.Account.create({"Name": "Held", "Site": "first"})["id"]
    _, read = shown(sf, account)
    now = server.session.get(f"{server.url}/_control/clock", headers={"x-control-token": "control"}, timeout=30)
    server.control("clock", {"to": now.json()["now"] + 5})  # HTTP dates tell whole seconds
    sf.Account.update(account, {"Site": "second"})
    for name, value in read.items():
        late = at_once(clients, lambda number, one, c={name: value}: one.Account.update(  # type: ignore[misc]
            account, {"Site": f"{number}", "Phone": "late"}, headers=c))  # fmt: skip
        assert codes(late) == ["ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE"] * WRITERS
    found, read = shown(sf, account)
    assert (found["Site"], found["Phone"]) == ("second", None)
    tagged = at_once(clients, lambda number, one: one.Account.update(
        account, {"Site": f"{number}"}, headers={"If-Match": read["If-Match"]}))  # fmt: skip
    assert tagged.count(204) == 1 and len(codes(tagged)) == WRITERS - 1
    assert sf.Account.get(account)["Site"] == f"{tagged.index(204)}"


def test_an_external_id_that_twenty_upsert_at_once_is_one_record(clients: list[Salesforce], sf: Salesforce):
    results = at_once(
        clients, lambda number, one: one.Invoice__c.upsert("Invoice_Number__c/RACE", {"Gross__c": number})
    )
    assert sorted(results) == [200] * (WRITERS - 1) + [201]
    assert sf.query("SELECT count() FROM Invoice__c WHERE Invoice_Number__c = 'RACE'")["totalSize"] == 1


def test_the_same_by_every_way_of_writing(clients: list[Salesforce], sf: Salesforce):
    row = {"Invoice_Number__c": "WAYS", "Gross__c": 5}
    fields = {"Gross__c": 5}
    typed = {"attributes": {"type": "Invoice__c"}, **row}
    path = "sobjects/Invoice__c/Invoice_Number__c/WAYS"

    def single(one: Salesforce) -> bool:
        return bool(one.Invoice__c.upsert("Invoice_Number__c/WAYS", fields) == 201)

    def collection(one: Salesforce) -> bool:
        resource = "composite/sobjects/Invoice__c/Invoice_Number__c"
        return bool(one.restful(resource, method="PATCH", json={"allOrNone": True, "records": [typed]})[0]["created"])

    def composite(one: Salesforce) -> bool:
        url = f"/services/data/v{one.sf_version}/{path}"
        part = {"method": "PATCH", "url": url, "referenceId": "r", "body": fields}
        done = one.restful("composite", method="POST", json={"compositeRequest": [part]})["compositeResponse"][0]
        return bool(done["httpStatusCode"] == 201)

    def bulk(one: Salesforce) -> bool:
        rows = [{name: str(value) for name, value in row.items()}]
        job = one.bulk2.Invoice__c.upsert(records=rows, external_id_field="Invoice_Number__c", wait=0.05)[0]
        return "true" in one.bulk2.Invoice__c.get_successful_records(job["job_id"]).splitlines()[1]

    ways = (single, collection, composite, bulk)
    made = at_once(clients, lambda number, one: ways[number % len(ways)](one))
    assert sorted(map(bool, made)) == [False] * (WRITERS - 1) + [True], made
    assert sf.query("SELECT count() FROM Invoice__c WHERE Invoice_Number__c = 'WAYS'")["totalSize"] == 1


def test_a_unique_value_is_given_once(clients: list[Salesforce], sf: Salesforce):
    results = at_once(clients, lambda number, one: one.Account.create({
        "Name": f"N{number}", "Billing_Customer_Id__c": "only"})["id"])  # fmt: skip
    (winner,) = [one for one in results if isinstance(one, str)]
    assert codes(results) == ["DUPLICATE_VALUE"] * (WRITERS - 1)
    assert all(winner[:15] in one.content[0]["message"] for one in results if isinstance(one, SalesforceError))
    rows = sf.query("SELECT Id FROM Account WHERE Billing_Customer_Id__c = 'only'")["records"]
    assert [one["Id"] for one in rows] == [winner]


def a_line(sf: Salesforce) -> dict[str, Any]:
    """A line, without its price, of a new deal."""
    book = sf.query("SELECT Id FROM Pricebook2 WHERE IsStandard = true")["records"][0]["Id"]
    product = sf.Product2.create({"Name": "P", "IsActive": True})["id"]
    entry = {"Pricebook2Id": book, "Product2Id": product, "UnitPrice": 10, "IsActive": True}
    line = {"PricebookEntryId": sf.PricebookEntry.create(entry)["id"], "Quantity": 1}
    deal = {"Name": "D", "StageName": "Prospecting", "CloseDate": "2026-03-31", "Pricebook2Id": book}
    return {**line, "OpportunityId": sf.Opportunity.create(deal)["id"]}


def test_lines_of_one_deal_add_up_and_a_record_dies_once(clients: list[Salesforce], sf: Salesforce):
    line = a_line(sf)
    at_once(clients, lambda number, one: one.OpportunityLineItem.create(line | {"UnitPrice": number + 0.25}))
    total = sum(number + 0.25 for number in range(WRITERS))
    assert sf.Opportunity.get(line["OpportunityId"])["Amount"] == total
    killed = at_once(clients, lambda _number, one: one.Opportunity.delete(line["OpportunityId"]))
    assert killed.count(204) == 1 and codes(killed) == ["ENTITY_IS_DELETED"] * (WRITERS - 1)
    assert sf.query(f"SELECT count() FROM OpportunityLineItem WHERE OpportunityId = '{line['OpportunityId']}'")[
        "totalSize"] == 0  # fmt: skip


def test_two_records_written_in_both_orders_hold_the_same_writer(clients: list[Salesforce], sf: Salesforce):
    pair = [sf.Account.create({"Name": name})["id"] for name in ("Left", "Right")]

    def both(number: int, one: Salesforce) -> list[bool]:
        ids = pair if number % 2 else pair[::-1]
        site = f"{number}" if number % 5 else "x" * 81  # every fifth one is refused in its second row
        rows = [{"Site": f"{number}"}, {"Site": site}]
        records = [{"attributes": {"type": "Account"}, "Id": id, **row} for id, row in zip(ids, rows, strict=True)]
        done = one.restful("composite/sobjects", method="PATCH", json={"allOrNone": True, "records": records})
        return [row["success"] for row in done]

    done = at_once(clients, both)
    assert done == [[number % 5 != 0] * 2 for number in range(WRITERS)]
    left, right = (sf.Account.get(one)["Site"] for one in pair)
    assert left == right and int(left) % 5 != 0


def test_who_meets_a_locked_row_and_tries_again_loses_nothing(
    server: Server, clients: list[Salesforce], sf: Salesforce
):
    account = sf.Account.create({"Name": "Locked"})["id"]
    server.control("faults", {"id": "lock", "kind": "lock_row", "operation": "update:Account", "times": 7})

    def until_done(number: int, one: Salesforce) -> int:
        refused = 0
        while True:
            try:
                one.Account.update(account, {FIELDS[number]: f"{number}"})
                return refused
            except SalesforceError as error:
                assert codes([error]) == ["UNABLE_TO_LOCK_ROW"]
                refused += 1

    assert sum(at_once(clients, until_done)) == 7  # type: ignore[arg-type]
    found = sf.Account.get(account)
    assert [found[name] for name in FIELDS] == [f"{number}" for number in range(WRITERS)]


def test_two_programs_with_jsforce_write_beside_python(server: Server, clients: list[Salesforce], sf: Salesforce):
    """All at once on the same records: what each one was told was done stands there, and nothing else does."""
    programs, python, each = 2, 5, 5
    line = a_line(sf)
    account = sf.Account.create({"Name": "Mixed"})["id"]
    shares = [list(FIELDS[at : at + each]) for at in range(0, each * (programs + 1), each)]
    with ThreadPoolExecutor(programs) as pool:
        running = [pool.submit(run_script, "writers", SALESFORCE_URL=server.url, SALESFORCE_TOKEN=server.token,
                               WRITER=f"js{number}", http_proxy="", https_proxy="", SHARED=json.dumps(
                                   {"account": account, "line": line, "fields": shares[number]}))
                   for number in range(programs)]  # fmt: skip
        while sf.query("SELECT count() FROM Account WHERE Name LIKE 'Ready js%'")["totalSize"] < programs:
            assert not any(one.done() for one in running), [one.result() for one in running if one.done()]
        sf.Account.create({"Name": "Gate"})

        def write(number: int, one: Salesforce) -> list[Any]:
            own = one.Account.update(account, {shares[-1][number]: f"py {number}"})
            created = one.Invoice__c.upsert("Invoice_Number__c/MIXED", {"Gross__c": number}) == 201
            one.OpportunityLineItem.create(line | {"UnitPrice": number + 0.25})
            try:
                one.Account.create({"Name": f"py {number}", "Billing_Customer_Id__c": "mixed"})
                return [own, created, "made"]
            except SalesforceError as error:
                return [own, created, *codes([error])]

        ours = at_once(clients[:python], write)
        theirs = [one.result() for one in running]
    assert all(one["own"] == one["line"] == [True] * each and one["rows"] == [True] for one in theirs), theirs
    assert [one["bulk"] for one in theirs] == [[each]] * programs and [row[0] for row in ours] == [204] * python
    assert sum([*(row[1] for row in ours), *(made for one in theirs for made in one["upserted"])]) == 1
    told = sorted([*(row[2] for row in ours), *(text for one in theirs for text in one["unique"])])
    assert told == ["DUPLICATE_VALUE"] * (each * programs + python - 1) + ["made"]
    found = sf.Account.get(account)
    for writer, share in zip(("js0", "js1", "py"), shares, strict=True):
        assert [found[name] for name in share] == [f"{writer} {number}" for number in range(each)]
    total = (programs + 1) * sum(number + 0.25 for number in range(each))
    assert sf.Opportunity.get(line["OpportunityId"])["Amount"] == total
    for soql, count in (("Account WHERE Billing_Customer_Id__c = 'mixed'", 1), ("Account WHERE Site = 'mixed'", 20),
                        ("Invoice__c WHERE Invoice_Number__c = 'MIXED'", 1)):  # fmt: skip
        assert sf.query(f"SELECT count() FROM {soql}")["totalSize"] == count, soql
