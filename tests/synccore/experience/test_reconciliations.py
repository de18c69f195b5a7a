"""Reconciliation by the API: a report that is kept and chained, a refusal when a book cannot be read, and roles."""

import asyncio
import json
from hashlib import sha256

import httpx

from tests.synccore.experience.desks import Office, token
from tests.synccore.reconciliation.books import NAMES, agreeing


async def entities(office: Office) -> None:
    rows = {key: entity.model_dump(mode="json") for key, entity in NAMES.entities.items()}
    await office.core.database.run(
        lambda unit: [unit.mappings.put("entities", key, row, "test", 0.0) for key, row in rows.items()]
    )


def test_a_report_is_kept_and_each_is_chained_to_the_one_before() -> None:
    async def story() -> None:
        office, books = Office(), agreeing()
        await entities(office)
        office.reads(books)
        async with office.client() as client:
            made = await client.post("/reconciliations")
            first = made.json()
            assert (made.status_code, first["verdict"], first["breaks"]) == (201, "agrees", [])
            assert first["previous"] == "" and made.headers["location"] == f"/reconciliations/{first['id']}"
            gone = books.ledgers["erp_cloud"].documents.pop(0)
            second = (await client.post("/reconciliations")).json()
            assert [(one["code"], one["document"]) for one in second["breaks"]] == [("missing", gone.number)]
            office.clock.at += 3600.0
            third = (await client.post("/reconciliations")).json()
            assert third["breaks"][0]["since"] == second["breaks"][0]["since"] < third["at"]
            reports = (await client.get("/reconciliations", params={"limit": 3})).json()
            assert [(one["id"], one["breaks"]) for one in reports] == [
                (third["id"], 1), (second["id"], 1), (first["id"], 0)
            ]  # fmt: skip
            assert [third["previous"], second["previous"]] == [second["hash"], first["hash"]]
            kept = (await client.get(f"/reconciliations/{second['id']}")).json()
            assert kept == second
        body = {name: value for name, value in second.items() if name not in ("id", "hash")}
        text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert sha256(text.encode()).hexdigest() == second["hash"]

    asyncio.run(story())


def test_when_a_book_cannot_be_read_nothing_is_known_and_nothing_kept() -> None:
    async def story() -> None:
        office = Office()
        async with office.client() as client:
            answer = await client.post("/reconciliations")
            assert answer.status_code == 503
            assert answer.headers["content-type"] == "application/problem+json"
            assert int(answer.headers["retry-after"]) >= 1
            assert "salesforce" in answer.json()["detail"]
            assert (await client.get("/reconciliations")).json() == []

    asyncio.run(story())


def test_viewers_read_reports_and_operators_make_them() -> None:
    async def story() -> None:
        office = Office()

        async def status(method: str, path: str, role: str) -> int:
            async with office.client() as client:
                answer: httpx.Response = await client.request(method, path, headers=token(role))
            return answer.status_code

        assert await status("POST", "/reconciliations", "viewer") == 403
        assert await status("POST", "/reconciliations", "nobody") == 401
        assert await status("GET", "/reconciliations", "viewer") == 200
        assert await status("GET", "/reconciliations/r00000009", "viewer") == 404
        assert await status("GET", "/reconciliations/r9", "viewer") == 422

    asyncio.run(story())


def test_copies_are_healed_when_asked_for_and_held_back_when_they_are_many() -> None:
    async def story() -> None:
        office, books = Office(), agreeing()
        await entities(office)
        office.reads(books)
        gone = books.salesforce.documents.pop(0)
        async with office.client() as client:
            told = (await client.post("/reconciliations")).json()
            assert (told["verdict"], told["healed"], told["held"]) == ("breaks", [], "")
            policy = {"at": "06:00", "limit": 0}
            assert (await client.put("/mappings/policies/reconciliation", json=policy)).status_code == 200
            held = (await client.post("/reconciliations", params={"heal": "true"})).json()
            assert held["healed"] == [] and "at most 0 are healed" in held["held"]
            assert await work(office, "invoice-publication") == []
            await client.put("/mappings/policies/reconciliation", json={"at": "07:00"})
            healed = (await client.post("/reconciliations", params={"heal": "true"})).json()
            assert [(one["kind"], one["document"]) for one in healed["healed"]] == [("invoice", gone.number)]
            assert await work(office, "invoice-publication") == [gone.number]
            assert await work(office, "reconciliation") == ["1970-01-01"], "one for each day, however often planned"

    asyncio.run(story())


async def work(office: Office, process: str) -> list[str]:
    items = await office.core.database.run(lambda unit: unit.work.open())
    return [one.subject for one in items if one.process == process]


def test_a_policy_of_a_wrong_shape_is_refused_and_says_where() -> None:
    async def story() -> None:
        office = Office()
        async with office.client() as client:
            for wrong, said in (
                ({"at": "25:00"}, "at"),
                ({"zone": "Mars/Base"}, "Mars/Base"),
                ({"heel": True}, "heel"),
            ):
                answer = await client.put("/mappings/policies/reconciliation", json=wrong)
                assert answer.status_code == 422 and said in answer.json()["detail"]

    asyncio.run(story())
