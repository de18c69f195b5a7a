"""Edit and retry: what the core was handed and could not take is put right with its difference, and taken."""

import asyncio

from synccore.domain.extracts import OutboundFile
from synccore.domain.patches import difference, merged
from synccore.ports.stores import BusinessException
from synccore.processes.intake import take_all
from synccore.processes.legacy_answers import LegacyOutbound
from synccore.processes.usage_intake import take_rows
from synccore.processes.usage_polls import event_of
from tests.synccore.experience.desks import Office, token
from tests.synccore.experience.test_api import problem

MEMBERS = ("id", "subscription", "customer", "meter", "quantity", "time", "recorded_at", "corrects")
WRONG = {"id": "e1", "subscription": "SUB-1", "meter": "calls", "quantity": "ten", "time": "2026-01-05T09:00:00Z",
         "recorded_at": "2026-01-05T09:05:00Z"}  # fmt: skip


async def drained(office: Office, *left_out: str) -> None:
    """Let the work be done, but that of processes whose systems do not answer here."""
    await office.core.kick()
    for run, (process, *_) in list(office.engine.known.items()):
        if process in left_out:
            office.engine.states[run] = "done"
    await office.engine.drain()


def test_a_merge_patch_takes_out_what_is_null_and_leaves_the_record_alone() -> None:
    record = {"a": {"b": 1, "c/d": [1]}, "e": 2}
    after = merged(record, {"a": {"b": None, "c/d": [2]}, "f": {"g": 3}})
    assert after == {"a": {"c/d": [2]}, "e": 2, "f": {"g": 3}} and record["e"] == 2
    assert difference(record, after) == {"/a/b": (1, None), "/a/c~1d": ([1], [2]), "/f": (None, {"g": 3})}
    assert merged({"a": 1}, "text") == "text" and difference(after, after) == {}


def test_a_row_of_usage_is_put_right_with_its_difference_and_taken() -> None:
    async def story() -> None:
        office = Office()
        row = event_of(WRONG, "usage of 2026-01-05, line 2")
        await office.core.database.run(lambda unit: take_rows(unit, [row], 10.0))
        await drained(office)
        async with office.client() as client:
            (one,) = (await client.get("/exceptions")).json()
            assert (one["kind"], one["subject"], one["owner_role"]) == ("usage_malformed", "e1", "product-operations")
            assert one["reason"] == "usage of 2026-01-05, line 2, column quantity: 'ten' is no quantity"
            path = f"/exceptions/{one['id']}/edit"
            seen = (await client.post(path, json={"changes": {}, "dry": True})).json()
            assert seen["record"]["row"]["quantity"] == "ten" and seen["note"] == "nothing would change"
            problem(await client.post(path, json={"changes": {}}, headers=token("viewer")), 403)
            problem(await client.post(path, json={"changes": [1]}), 422)
            would = (await client.post(path, json={"changes": {"row": {"quantity": "1O"}}, "dry": True})).json()
            assert (would["difference"], would["note"]) == ({"/row/quantity": ["ten", "1O"]}, "as it would be")
            await client.post(path, json={"changes": {"row": {"quantity": "1O"}}})
            problem(await client.post(path, json={"changes": {"row": {"quantity": "10"}}}), 409)  # it runs
            await drained(office)
            (still,) = (await client.get("/exceptions", params={"state": "open"})).json()
            assert "'1O' is no quantity" in still["reason"], "it is looked at anew"
            done = (await client.post(path, json={"changes": {"row": {"quantity": "10"}}})).json()
            assert (done["difference"], done["note"]) == ({"/row/quantity": ["1O", "10"]}, "due now")
            await drained(office, "usage-upload")
            assert (await client.get(f"/exceptions/{one['id']}")).json()["state"] == "resolved"
            problem(await client.post(path, json={"changes": {"row": {"quantity": "11"}}}), 409)
        database = office.core.database
        told = await database.run(lambda unit: unit.events.of_partition("SUB-1"))
        assert [(event.type, event.data["quantity"]) for event in told] == [("usage-reported", "10")]
        audit = await database.run(lambda unit: unit.audit.of_subject("metering"))
        assert [entry.details["difference"] for entry in audit if entry.action == "exception.edit"] == [
            {"/row/quantity": ["ten", "1O"]},
            {"/row/quantity": ["1O", "10"]},
        ]

    asyncio.run(story())


def test_a_row_of_the_feed_that_is_no_event_becomes_one() -> None:
    async def story() -> None:
        office = Office()
        transaction = {"id": "txn_1", "amount": 100, "currency_code": "USD"}
        body = {"event_type": "payment_failed", "occurred_at": 1767603600, "content": {"transaction": transaction}}
        await take_all(office.core.context, [body])
        await drained(office)
        async with office.client() as client:
            (one,) = (await client.get("/exceptions")).json()
            assert one["kind"] == "misshapen_event" and "edit" in one["actions"]
            done = await client.post(f"/exceptions/{one['id']}/edit", json={"changes": {"row": {"id": "ev_1"}}})
            assert done.json()["difference"] == {"/row/id": [None, "ev_1"]}
            await drained(office)
            assert (await client.get(f"/exceptions/{one['id']}")).json()["state"] == "resolved"
        stored = await office.core.database.run(lambda unit: unit.inbox.find("subscriptions", "ev_1", 0.0, 1e12, 1))
        assert [signal.kind for signal in stored] == ["payment_failed"]

    asyncio.run(story())


def test_a_line_of_a_file_that_was_cut_is_put_right_at_its_dead_letter() -> None:
    line = "DOC" + " " * 32 + "US-000001".ljust(16) + "53" + "1000" + "0090000001" + "2026" + " " * 89
    file = OutboundFile("ACK_BILL_X.txt", line[:40] + "\n")

    async def story() -> None:
        office = Office()
        database = office.core.database
        outbound = LegacyOutbound(office.core.context)
        await database.run(lambda unit: outbound._take_in(file, 10.0, unit))
        async with office.client() as client:
            (letter,) = (await client.get("/dead-letters")).json()
            assert letter["process"] == "legacy-line" and letter["payload"]["record"]["line"] == line[:40]
            again = await client.post(f"/dead-letters/{letter['id']}/edit", json={"changes": {"line": line[:80]}})
            assert again.json()["difference"] == {"/line": [line[:40], line[:80]]}
            problem(await client.post(f"/dead-letters/{letter['id']}/edit", json={"changes": {"line": ""}}), 409)
            await drained(office)
            (one,) = (await client.get("/exceptions")).json()
            assert one["kind"] == "unreadable_line" and "this one 80" in one["reason"]
            await client.post(f"/exceptions/{one['id']}/edit", json={"changes": {"line": line}})
            await drained(office)
            assert (await client.get(f"/exceptions/{one['id']}")).json()["state"] == "resolved"
        link = await database.run(lambda unit: unit.links.external("invoice", "US-000001", "erp_legacy"))
        assert link == "1000-2026-0090000001"

    asyncio.run(story())


def test_what_is_read_from_its_system_is_put_right_there() -> None:
    async def story() -> None:
        office = Office()
        await office.add("post", "inv-1", {"sku": "A"})
        for _ in range(20):
            office.clock.at += 100_000.0
            await office.add("fail", "inv-2", {})
        async with office.client() as client:
            (one,) = (await client.get("/exceptions")).json()
            refused = problem(await client.post(f"/exceptions/{one['id']}/edit", json={"changes": {"sku": "B"}}), 409)
            assert "put it right there (fix_mapping)" in refused["detail"]
            letter, *_ = (await client.get("/dead-letters")).json()
            problem(await client.post(f"/dead-letters/{letter['id']}/edit", json={"changes": {"sku": "B"}}), 409)
            problem(await client.post("/exceptions/x99999999/edit", json={"changes": {}}), 404)
            problem(await client.post("/dead-letters/d99999999/edit", json={"changes": {}}), 404)

    asyncio.run(story())


def test_an_exception_about_no_work_is_given_up_and_not_retried() -> None:
    async def story() -> None:
        office = Office()
        lone = BusinessException(
            "", "ledger_refused", "c1", "acc1", "why", "finance", ("correct_in_ledger",), (), "legacy-customer:1", 0.0,
            1.0,
        )  # fmt: skip
        name = await office.core.database.run(lambda unit: unit.exceptions.open(lone))
        async with office.client() as client:
            problem(await client.post(f"/exceptions/{name}/retry"), 409)
            problem(await client.post(f"/exceptions/{name}/edit", json={"changes": {}}), 409)
            assert (await client.post(f"/exceptions/{name}/abandon", json={"reason": "a test"})).status_code == 200

    asyncio.run(story())
