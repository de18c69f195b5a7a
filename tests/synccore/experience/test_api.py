"""What people and programs see of the core."""

import asyncio
import json
import re
from dataclasses import replace
from typing import Any

import httpx
import pytest

from synccore import bootstrap
from synccore.domain.events import Event
from synccore.domain.facts import fact
from synccore.ports.outcomes import Parked
from synccore.ports.stores import Signal
from tests.synccore.experience.desks import WEBHOOK, Office, token

EVENT = {
    "id": "ev_1", "event_type": "invoice_generated", "occurred_at": 1000,
    "content": {"invoice": {"id": "US-000001", "customer_id": "001000000000001AAA-US", "status": "payment_due",
                            "total": 100, "currency_code": "USD"}},
}  # fmt: skip


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status and body["title"] and body["detail"]
    return body


def test_a_webhook_is_stored_before_it_is_acknowledged_and_has_one_effect() -> None:
    async def story() -> None:
        office = Office()
        async with office.client() as client:
            first = await client.post("/webhooks/subscriptions", json=EVENT, headers=WEBHOOK)
            second = await client.post("/webhooks/subscriptions", json=EVENT, headers=WEBHOOK)
        assert [(first.status_code, first.json()), (second.status_code, second.json())] == [
            (200, {"known": False}), (200, {"known": True})
        ]  # fmt: skip
        stored = await office.core.database.run(lambda unit: unit.inbox.find("subscriptions", "", 0.0, 1e12, 10))
        assert [(signal.key, signal.payload["content"]) for signal in stored] == [("ev_1", EVENT["content"])]
        assert [run[0] for run in office.engine.known.values()] == ["invoice-publication"]

    asyncio.run(story())


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({}, EVENT, 401),
        ({"authorization": "Basic cGxhdGZvcm06d3Jvbmc="}, EVENT, 401),
        ({"authorization": "Basic ???"}, EVENT, 401),
        ({"authorization": "Bearer admin-token"}, EVENT, 401),
        (WEBHOOK, {**EVENT, "id": ""}, 422),
        (WEBHOOK, {"hello": "world"}, 422),
        (WEBHOOK, [], 422),
        (WEBHOOK, b"{not json", 422),
        (WEBHOOK, b'{"id":"e","event_type":"x","occurred_at":1,"content":{"a":NaN}}', 422),
        (WEBHOOK, b'{"id":"e","event_type":"x","occurred_at":1,"content":{"a":1e999}}', 422),
        (WEBHOOK, b'{"id":"e","event_type":"x","occurred_at":1,"content":{"a":"\\ud800"}}', 422),
        (WEBHOOK, b"\xff\xfe", 422),
        (WEBHOOK, b"[" * 100_000, 422),
        (WEBHOOK, b" " * 1_100_000, 413),
    ],
)
def test_what_is_not_from_the_platform_or_no_event_is_refused(headers: dict[str, str], body: Any, status: int) -> None:
    async def story() -> None:
        office = Office()
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        async with office.client() as client:
            client.headers.pop("authorization")
            answer = await client.post(
                "/webhooks/subscriptions", content=content, headers={"content-type": "application/json", **headers}
            )
        problem(answer, status)
        assert await office.core.database.run(lambda unit: unit.inbox.find("", "", 0.0, 1e12, 10)) == []

    asyncio.run(story())


def test_roles_are_kept() -> None:
    async def story() -> None:
        office = Office()
        async with office.client() as client:
            client.headers.pop("authorization")
            problem(await client.get("/exceptions"), 401)
            problem(await client.get("/exceptions", headers={"authorization": "Bearer nonsense"}), 401)
            assert (await client.get("/exceptions", headers=token("viewer"))).status_code == 200
            item = {"kind": "charge"}
            problem(await client.put("/mappings/items/A", json=item, headers=token("viewer")), 403)
            assert (await client.put("/mappings/items/A", json=item, headers=token("operator"))).status_code == 200
            assert (await client.put("/mappings/items/A", json=item, headers=token("admin"))).status_code == 200
            assert (await client.get("/health")).status_code == 200

    asyncio.run(story())


def test_an_unmapped_item_is_an_exception_until_somebody_maps_it() -> None:
    async def story() -> None:
        office = Office()
        await office.add("post", "inv-1", {"sku": "GTX/Pro"})
        async with office.client() as client:
            opened = (await client.get("/exceptions", params={"state": "open"})).json()
            assert [(found["kind"], found["waiting_on"], found["state"]) for found in opened] == [
                ("unmapped_item", ["item:GTX/Pro"], "open")
            ]
            assert (await client.get(f"/exceptions/{opened[0]['id']}")).json() == opened[0]
            assert (await client.get("/work")).json()["open"][0]["state"] == "parked"
            problem(await client.get("/mappings/items/GTX/Pro"), 404)
            problem(await client.put("/mappings/items/GTX/Pro", json={"kind": "gadget"}), 422)
            done = await client.put("/mappings/items/GTX/Pro", json={"kind": "charge", "erp_item": "SVC"})
            assert (done.json()["version"], done.json()["woken"]) == (1, ["w0000000001"])
            await office.engine.drain()
            assert office.posted == ["GTX/Pro"]
            assert (await client.get(f"/exceptions/{opened[0]['id']}")).json()["state"] == "resolved"
            versions = (await client.get("/mapping-versions/items/GTX/Pro")).json()
            assert [(version["version"], version["by"]) for version in versions] == [(1, "operator")]
            assert list((await client.get("/mappings/items")).json()) == ["GTX/Pro"]
        audit = await office.core.database.run(lambda unit: unit.audit.of_subject("items/GTX/Pro"))
        assert [(entry.actor, entry.action) for entry in audit] == [("operator", "mapping.put")]

    asyncio.run(story())


def test_an_exception_can_be_retried_or_given_up() -> None:
    async def story() -> None:
        office = Office()
        await office.add("post", "inv-1", {"sku": "A"})
        async with office.client() as client:
            (found,) = (await client.get("/exceptions")).json()
            retried = await client.post(f"/exceptions/{found['id']}/retry")
            assert retried.json() == {"id": found["id"], "changed": True, "note": "due now"}
            await office.engine.drain()
            (same,) = (await client.get("/exceptions")).json()
            assert same == found, "nothing was fixed, so it stands"
            problem(await client.post(f"/exceptions/{found['id']}/abandon", json={"reason": ""}), 422)
            given_up = await client.post(f"/exceptions/{found['id']}/abandon", json={"reason": "test order"})
            assert given_up.status_code == 200
            problem(await client.post(f"/exceptions/{found['id']}/retry"), 409)
            problem(await client.post("/exceptions/x00000099/retry"), 404)
            problem(await client.get("/exceptions/99"), 422)
            assert (await client.get("/work")).json()["open"] == []
            timeline = (await client.get("/customers/acc1/timeline")).json()
            assert timeline["work"][0]["state"] == "abandoned"
            assert timeline["exceptions"][0]["state"] == "abandoned"

    asyncio.run(story())


def test_dead_letters_are_requeued_and_discarded_once() -> None:
    async def story() -> None:
        office = Office()
        await office.add("fail", "a", {"n": 1})
        await office.add("fail", "b", {"n": 2})
        for _ in range(10):
            office.clock.at += 400.0
            await office.core.kick()
            await office.engine.drain()
        async with office.client() as client:
            letters = (await client.get("/dead-letters", params={"state": "dead"})).json()
            assert [(letter["payload"], letter["cause"]) for letter in letters] == [
                ({"n": 1}, "RuntimeError: no luck"), ({"n": 2}, "RuntimeError: no luck")
            ]  # fmt: skip
            ids = [letter["id"] for letter in letters]
            told = fact("customer-created", "subscriptions", "a", "acc1", 7.0,
                        {"customer": "a", "name": "A", "system": "subscriptions"}, "signal-7")  # fmt: skip
            await office.core.database.run(lambda unit: unit.events.append(told))
            one = (await client.get(f"/dead-letters/{ids[0]}")).json()
            assert [(row["type"], row["source"], row["causation"]) for row in one["lineage"]] == [
                ("customer-created", "/systems/subscriptions", "signal-7")
            ]  # fmt: skip
            assert (await client.get(f"/dead-letters/{ids[1]}")).json()["lineage"] == [], "of another subject"
            again = [(await client.post(f"/dead-letters/{ids[0]}/requeue")).json()["changed"] for _ in range(2)]
            assert again == [True, False]
            many = (await client.post("/dead-letter-batches/discard", json={"ids": ids})).json()
            assert [(row["id"], row["changed"]) for row in many] == [(ids[0], False), (ids[1], True)]
            problem(await client.post("/dead-letter-batches/requeue", json={"ids": ["d00000099"]}), 404)
            runs = len(office.engine.known)
            restored = [(await client.post(f"/dead-letters/{ids[1]}/requeue")).json()["changed"] for _ in range(2)]
            await office.engine.drain()
            assert restored == [True, False] and len(office.engine.known) == runs + 1
            assert (await client.get(f"/dead-letters/{ids[0]}")).json()["state"] == "requeued"
            problem(await client.get("/dead-letters/d00000099"), 404)

    asyncio.run(story())


def test_events_are_read_on_from_a_sequence_as_cloud_events() -> None:
    async def story() -> None:
        office = Office()
        async with office.client() as client:
            for number in (1, 2, 3):
                body = {**EVENT, "id": f"ev_{number}", "content": {"invoice": {
                    **EVENT["content"]["invoice"], "id": f"US-{number}"}}}  # fmt: skip
                await client.post("/webhooks/subscriptions", json=body, headers=WEBHOOK)
            first = (await client.get("/events", params={"limit": 2})).json()
            rest = (await client.get("/events", params={"after": int(first[-1]["sequence"])})).json()
            none = (await client.get("/events", params={"kind": "payment-received"})).json()
            problem(await client.get("/events", params={"kind": "weather"}), 422)
        assert ([event["subject"] for event in [*first, *rest]], none) == (["US-1", "US-2", "US-3"], [])
        assert first[0] == {
            "specversion": "1.0", "id": "invoice-issued/US-1", "source": "/systems/subscriptions",
            "type": "windtunnel.invoice-issued", "subject": "US-1", "time": "1970-01-01T00:16:40.000+00:00",
            "datacontenttype": "application/json", "dataschema": "urn:windtunnel:event:invoice-issued:1",
            "partitionkey": "001000000000001AAA", "sequence": "00000000000000000001", "causationid": "ev_1",
            "correlationid": "US-1", "data": {"invoice": "US-1", "gross": 100, "currency": "USD"},
        }  # fmt: skip

    asyncio.run(story())


def test_an_event_of_the_wrong_shape_is_not_told_but_set_aside_and_others_go_on() -> None:
    async def story() -> None:
        office = Office()
        renamed = {**EVENT, "content": {"invoice": {
            "id": "US-9", "customer_id": "001000000000001AAA-US", "status": "payment_due", "grand_total": 100,
            "currency_code": "USD"}}}  # fmt: skip
        async with office.client() as client:
            for number, body in enumerate((renamed, EVENT)):
                answer = await client.post(
                    "/webhooks/subscriptions", json={**body, "id": f"ev{number}"}, headers=WEBHOOK
                )
                assert answer.status_code == 200
            assert [event["subject"] for event in (await client.get("/events")).json()] == ["US-000001"]
            due = {run[0] for run in office.engine.known.values()}
            assert due == {"invoice-publication", "event-telling"}, "the bill itself is posted from the truth"
            work = await office.core.database.run(lambda unit: unit.work.open())
            telling = [item.id for item in work if item.process == "event-telling"]
            with pytest.raises(Parked) as parked:
                await bootstrap.parts().processes(office.core.context)["event-telling"](
                    None,
                    {"source": "subscriptions", "key": "ev0"},  # type: ignore[arg-type]
                )
            assert len(telling) == 1
            (finding,) = parked.value.findings
            assert (finding.kind, finding.owner_role) == ("misshapen_event", "integration")
            assert finding.reason == "subscriptions ev0 would be told as invoice-issued /gross: Field required"

    asyncio.run(story())


def test_the_timeline_tells_what_happened() -> None:
    async def story() -> None:
        office = Office()
        event = Event("invoice-issued", "subscriptions", "ev_1", "US-000001", "acc1", 5.0, {"gross": 100})
        await office.core.database.run(lambda unit: unit.events.append(event))
        async with office.client() as client:
            found = (await client.get("/customers/acc1/timeline")).json()
            assert [(entry["what"], entry["subject"], entry["data"]) for entry in found["entries"]] == [
                ("invoice-issued", "US-000001", {"gross": 100})
            ]
            problem(await client.get("/customers/nobody/timeline"), 404)

    asyncio.run(story())


def test_replay_translates_stored_signals_again() -> None:
    async def story() -> None:
        office = Office()
        async with office.client() as client:
            await client.post("/webhooks/subscriptions", json=EVENT, headers=WEBHOOK)
            report = await client.post("/replay", json={"source": "subscriptions"})
            assert report.json() == {"signals": 1, "work": 1}
            assert (await client.post("/replay", json={"key": "unheard-of"})).json() == {"signals": 0, "work": 0}
            problem(await client.post("/replay", json={"since": -1}), 422)

    asyncio.run(story())


def test_a_stored_signal_of_any_source_can_be_replayed_without_harm() -> None:
    async def story() -> None:
        office = Office()
        for source in ("salesforce", "subscriptions", "erp_cloud", "erp_legacy", "unknown"):
            signal = Signal(source, f"{source}-1", "whatever", {"odd": True}, 1.0)
            await office.core.database.run(lambda unit, signal=signal: unit.inbox.accept(signal))
        async with office.client() as client:
            assert (await client.post("/replay", json={})).json() == {"signals": 5, "work": 0}

    asyncio.run(story())


def test_work_health_metrics_and_effects_are_reported() -> None:
    async def story() -> None:
        office = Office()
        await office.core.database.run(lambda unit: unit.effects.plan("k", "erp_cloud", "invoice", "d", "c", 1.0))
        await office.add("post", "inv-1", {"sku": "A"})
        office.core.meter.api_call("salesforce", "query", "ok")
        async with office.client() as client:
            assert (await client.get("/work")).json()["idle"] is False
            await office.engine.tickers["dispatch"]()
            report = (await client.get("/work")).json()
            assert (report["idle"], report["next_due"], report["rounds"]) == (True, None, {"dispatch": 1})
            assert report["looking"] == []
            health = (await client.get("/health")).json()
            assert (health["live"], health["ready"], health["runs_of_other_versions"]) == (True, True, 0)
            assert health["alone"] is True
            office.core.ports = replace(office.core.ports, alone=lambda: False)
            health = (await client.get("/health")).json()
            assert (health["live"], health["ready"], health["alone"]) == (True, False, False)
            text = (await client.get("/metrics")).text
            assert 'synccore_runs_total{outcome="parked",process="post"} 1.0' in text
            assert 'synccore_api_calls_total{operation="query",outcome="ok",system="salesforce"} 1.0' in text
            assert "synccore_open_exceptions 1.0" in text
            effects = (await client.get("/effects", params={"unresolved": "true"})).json()
            assert [(row["key"], row["state"]) for row in effects] == [("k", "planned")]
            await office.core.database.run(lambda unit: unit.effects.settle("k", "applied", "17", 2.0))
            (done,) = (await client.get("/trail")).json()
            assert (done["key"], done["cause"], done["traceparent"]) == ("k", "c", effects[0]["traceparent"])
            assert (await client.get(f"/trail?after={done['sequence']}")).json() == []
            problem(await client.get("/nowhere"), 404)
            problem(await client.get("/exceptions?stat=open"), 422)
            problem(await client.delete("/work"), 405)
            assert (await client.delete("/mappings/items/A")).headers["allow"] == "GET, PUT"
            office.core.ready = False
            problem(await client.get("/work"), 503)

    asyncio.run(story())


def test_a_bill_counts_from_when_it_was_issued_and_is_late_while_it_waits_for_its_ledger() -> None:
    async def story() -> None:
        office = Office()
        entity = {"name": "US", "ledger": "cloud", "zone": "America/New_York", "currency": "USD", "subsidiary": "1"}
        await office.core.database.run(lambda unit: unit.mappings.put("entities", "US", entity, "test", 0.0))
        async with office.client() as client:
            await client.post("/webhooks/subscriptions", json=EVENT, headers=WEBHOOK)

            async def asked(at: float) -> tuple[dict[str, Any], str]:
                office.clock.at = at
                cloud, legacy = (await client.get("/service-levels")).json()["levels"]
                assert (legacy["kept"], legacy["waiting"], legacy["late"], legacy["alerts"]) == (0, 0, [], [])
                text = (await client.get("/metrics")).text
                return cloud, re.findall(r"^synccore_bill_in_cloud_ledger_alert (.*)$", text, re.MULTILINE)[0]

            first, alert = await asked(1_800.0)
            assert (first["waiting"], first["late"], first["alerts"], alert) == (1, [], [], "0.0")
            second, alert = await asked(1_900.0)
            assert (second["waiting"], second["late"], alert) == (0, ["US-000001"], "1.0")
            assert second["alerts"] == [{"since": 1_900.0, "until": None}]
            posted = fact("invoice-posted", "erp_cloud", "US-000001", "acc1", 1_850.0,
                          {"invoice": "US-000001", "ledger": "erp_cloud", "document": "321"})  # fmt: skip
            await office.core.database.run(lambda unit: unit.events.append(posted))
            third, alert = await asked(2_000.0)
            assert (third["kept"], third["late"], third["alerts"], alert) == (1, [], [], "0.0")

    asyncio.run(story())


def test_an_exception_is_assigned_tagged_noted_and_found_by_it() -> None:
    async def story() -> None:
        office = Office()
        for subject in ("inv-1", "inv-2"):
            await office.add("post", subject, {"sku": "A"})
        async with office.client() as client:
            first, second = (await client.get("/exceptions")).json()
            assert (first["assignee"], first["tags"], first["notes"]) == ("", [], [])
            body = {"assignee": "mia", "tags": ["march", "march", "vat"], "owner_role": "finance", "due_at": 5.0}
            tended = (await client.patch(f"/exceptions/{first['id']}", json=body)).json()
            assert tended == {**first, **body, "tags": ["march", "vat"]}
            await client.patch(f"/exceptions/{first['id']}", json={"assignee": ""})
            noted = (await client.post(f"/exceptions/{first['id']}/notes", json={"text": "asked sales"})).json()
            assert (noted["assignee"], noted["tags"]) == ("", ["march", "vat"])
            assert [(one["by"], one["text"]) for one in noted["notes"]] == [("operator", "asked sales")]
            for query, ids in (({"tag": "vat"}, [first]), ({"owner_role": "finance"}, [first]), ({"tag": "x"}, []),
                               ({"overdue": "true"}, [first]), ({"overdue": "false"}, [second]),
                               ({"kind": "unmapped_item"}, [first, second])):  # fmt: skip
                found = (await client.get("/exceptions", params=query)).json()
                assert [one["id"] for one in found] == [one["id"] for one in ids], query
            problem(await client.patch(f"/exceptions/{first['id']}", json={"asignee": "mia"}), 422)
            problem(await client.patch("/exceptions/x00000099", json={"assignee": "mia"}), 404)

    asyncio.run(story())


def test_several_exceptions_are_retried_or_given_up_at_once_or_none_of_them() -> None:
    async def story() -> None:
        office = Office()
        for subject in ("inv-1", "inv-2"):
            await office.add("post", subject, {"sku": "A"})
        async with office.client() as client:
            first, second = ((one["id"]) for one in (await client.get("/exceptions")).json())
            problem(await client.post("/exception-batches/retry", json={"ids": [first, "x00000099"]}), 404)
            await office.core.database.run(lambda unit: unit.mappings.put("items", "A", {}, "test", 0.0))
            done = (await client.post("/exception-batches/retry", json={"ids": [first, first]})).json()
            assert [(one["id"], one["changed"]) for one in done] == [(first, True)]
            await office.engine.drain()
            assert office.posted == ["A"]
            body = {"ids": [second, first], "reason": "not worth it"}
            problem(await client.post("/exception-batches/abandon", json=body), 409)
            assert (await client.get(f"/exceptions/{second}")).json()["state"] == "open", "none of them"
            await client.post("/exception-batches/abandon", json={**body, "ids": [second]})
            assert (await client.get(f"/exceptions/{second}")).json()["state"] == "abandoned"

    asyncio.run(story())
