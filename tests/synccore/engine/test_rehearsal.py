"""A dry run: real reads, nothing sent or stored; each write is told with its fields as they are and would be."""

import asyncio
import json
import sqlite3
from typing import Any

import pytest

from synccore.bootstrap import inline_database, prepare
from synccore.engine.rehearsal import Reading, Undoing, rehearse, telling
from synccore.ports.outcomes import Later, Parked
from synccore.ports.rehearsals import Rehearsed
from synccore.ports.transport import NoAnswer, Request, Response

FORM = {"content-type": "application/x-www-form-urlencoded", "Authorization": "Basic x"}
JSON = {"content-type": "application/json"}


class Site:
    """Answers GETs from a dict, everything else with 200, and notes what was sent."""

    def __init__(self, **records: Any) -> None:
        self.records, self.sent = records, list[tuple[str, str]]()

    async def send(self, request: Request) -> Response:
        self.sent.append((request.method, request.url))
        if request.url.endswith("/gone"):
            raise NoAnswer("reset")
        found = self.records.get(request.url.rpartition("/")[2])
        return Response(404 if found is None else 200, {}, json.dumps(found).encode())


def told(site: Site, request: Request) -> Rehearsed:
    """What a process that sends this is told to do."""

    async def process(_run: Any, _argument: Any) -> None:
        await Reading(site).send(request)

    return asyncio.run(rehearse({"p": process}, {("p", "k", "s"): {}}))[0]


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", "http://x/services/data/v60.0/query?q=SELECT"), ("POST", "http://x/services/oauth2/token"),
        ("POST", "http://x/services/rest/auth/oauth2/v1/token"), ("POST", "http://x/services/rest/query/v1/suiteql?l=1"),
        ("POST", "http://x/api/v2/estimates/update_subscription_for_items"),
    ],
)  # fmt: skip
def test_what_reads_is_sent(method: str, url: str):
    site = Site()
    assert told(site, Request(method, url)).outcome == "nothing to do"
    assert site.sent == [(method, url)]


def test_a_patch_is_compared_with_the_record_as_it_is():
    site = Site(**{"7": {"id": "7", "companyName": "Old", "total": "10.00", "isPerson": False, "memo": None}})
    body = {"companyName": "New", "total": 10, "isPerson": False, "memo": "", "terms": {"id": "2"}}
    one = told(site, Request("PATCH", "http://x/record/v1/customer/7", JSON, json.dumps(body).encode()))
    (write,) = one.writes
    assert (one.outcome, write.method, write.target) == ("would write", "PATCH", "/record/v1/customer/7")
    assert write.fields == {"companyName": ("Old", "New"), "terms": (None, '{"id": "2"}')}
    assert site.sent == [("GET", "http://x/record/v1/customer/7")]


def test_a_form_is_compared_member_by_member_and_what_is_new_has_nothing_now():
    site = Site(c1={"customer": {"id": "c1", "company": "Old", "billing_address": {"city": "Oslo"}}})
    body = b"company=New&billing_address[city]=Oslo&billing_address[zip]=1"
    one = told(site, Request("POST", "http://x/api/v2/customers/c1", FORM, body))
    assert one.writes[0].fields == {"company": ("Old", "New"), "billing_address[zip]": (None, "1")}
    made = told(site, Request("POST", "http://x/api/v2/invoices", FORM, b"customer_id=c1"))
    assert made.writes[0].fields == {"customer_id": (None, "c1")}


def test_each_part_of_a_composite_is_told():
    site = Site(**{"001": {"Name": "Old", "Id": "001"}})
    parts = [
        {"method": "PATCH", "url": "/services/data/v60.0/sobjects/Account/001", "body": {"Name": "New"}},
        {"method": "POST", "url": "/services/data/v60.0/sobjects/Contract", "body": {"AccountId": "001"}},
    ]
    body = json.dumps({"compositeRequest": parts}).encode()
    one = told(site, Request("POST", "http://x/services/data/v60.0/composite", JSON, body))
    assert [write.fields for write in one.writes] == [{"Name": ("Old", "New")}, {"AccountId": (None, "001")}]


@pytest.mark.parametrize("url", ["http://x/a/gone", "http://x/a/unknown"])
def test_a_record_that_cannot_be_read_is_as_if_it_were_new(url: str):
    one = told(Site(), Request("PATCH", url, JSON, b'{"a": 1}'))
    assert one.writes[0].fields == {"a": (None, 1)}


def test_work_goes_on_behind_a_write_as_far_as_its_answer_is_not_needed():
    site, writes = Site(c1={"customer": {"id": "c1", "company": "Old", "note": "n"}}), []
    customers = "http://x/api/v2/customers"

    async def sent(method: str, url: str, body: bytes) -> Any:
        return await Reading(site).send(Request(method, url, FORM, body))

    write = telling(sent, writes)

    async def process(_run: Any, argument: Any) -> None:
        assert await write("POST", customers, b"id=c9&company=New") == "c9", "the writer names it"
        assert await write("POST", f"{customers}/c1", b"company=New") == "c1", "the path names it"
        unnamed = await write("POST", "http://x/api/v2/invoices", b"customer_id=c1")
        await write("POST", f"{customers}/c1", f"note={unnamed}".encode())  # most likely the same as now
        if argument["hangs"] == "url":
            await Reading(site).send(Request("GET", f"http://x/api/v2/invoices/{unnamed}"))
        elif argument["hangs"] == "key":
            await write("POST", customers, f"id=CB-{unnamed}".encode())
        else:
            unnamed["members"]
        await write("POST", "http://x/api/v2/never", b"a=1")

    for hangs in ("url", "key", "members"):
        (one,) = asyncio.run(rehearse({"p": process}, {("p", "k", "s"): {"hangs": hangs}}, writes))
        assert one.outcome == "would write"
        assert [write.target for write in one.writes] == [
            "/api/v2/customers", "/api/v2/customers/c1", "/api/v2/invoices",
        ]  # fmt: skip
    assert all(method == "GET" for method, _ in site.sent)


def test_what_goes_wrong_before_any_write_is_not_hidden():
    async def broken(_run: Any, _argument: Any) -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        asyncio.run(rehearse({"p": broken}, {("p", "k", "s"): {}}))


def test_how_work_ends_that_writes_nothing():
    async def parks(_run: Any, _argument: Any) -> None:
        raise Parked("no tax id")

    async def waits(_run: Any, _argument: Any) -> None:
        raise Later(5.0, "away")

    async def steps(run: Any, argument: Any) -> None:
        async def one() -> Any:
            return argument

        assert await run.step("one", one) == {"a": 1}

    work: Any = {(name, "k", name): {"a": 1} for name in ("parks", "waits", "steps")}
    found = asyncio.run(rehearse({"parks": parks, "waits": waits, "steps": steps}, work))
    assert [one.outcome for one in found] == [
        "would wait: no tax id", "would be tried later: away", "nothing to do",
    ]  # fmt: skip


def test_nothing_is_stored_and_a_file_for_the_ledger_is_a_write():
    connection = sqlite3.connect(":memory:")
    prepare(connection)
    memory = Undoing(inline_database(connection))

    async def story() -> list[Rehearsed]:
        await memory.run(lambda unit: unit.cursors.set("a", "1"))
        assert await memory.run(lambda unit: unit.cursors.get("a")) is None

        async def spools(_run: Any, _argument: Any) -> None:
            await memory.run(lambda unit: unit.spool.add("BILL", "SG-1", {"gross": 5}, 0.0))

        await memory.run(lambda unit: unit.work.add("spools", "k", "SG-1", {"bill": "SG-1"}, 0.0, "test"))
        assert memory.found == {("spools", "k", "SG-1"): {"bill": "SG-1"}}
        return await rehearse({"spools": spools}, memory.found)

    (one,) = asyncio.run(story())
    assert one.writes[0].target == "erp_legacy BILL SG-1" and one.writes[0].fields == {"gross": (None, 5)}
    assert not connection.execute("SELECT count(*) FROM spool").fetchone()[0]
