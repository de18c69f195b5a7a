"""Usage by events, batches and files: counted once, refused when out of reach, rated at close, explained by line."""

import json
from typing import Any

from tests.simulators.subscriptions.site import DAY, GENESIS, Reply, Site, play
from tests.simulators.subscriptions.test_usage import MONTH, START, seed

NOW_MS = int(GENESIS) * 1_000
HOUR_MS = 3_600_000
JSON = {"content-type": "application/json;charset=UTF-8"}


async def subscribed(site: Site, *items: str) -> None:
    await site.customer()
    rows = [{"item_price_id": "platform-USD-yearly", "quantity": 1}, *({"item_price_id": one} for one in items)]
    assert (
        await site.do("/customers/acme/subscription_for_items", {"id": "sub", "subscription_items": rows})
    ).status == 200


async def ingest(site: Site, path: str, body: dict[str, Any]) -> Reply:
    return await site.do(path, raw=json.dumps(body), headers=JSON)


def event(key: str, at_ms: int = NOW_MS, **properties: Any) -> dict[str, Any]:
    return {"subscription_id": "sub", "deduplication_id": key, "usage_timestamp": at_ms, "properties": properties}


def test_an_event_is_counted_once_however_often_it_is_sent() -> None:
    async def story(site: Site) -> None:
        await subscribed(site, "calls")
        for _ in range(3):
            sent = await ingest(site, "/usage_events", event("a", quantity=70))
            assert sent["usage_event"] == {**event("a", quantity=70), "object": "usage_event"}
        await ingest(site, "/usage_events", event("b", quantity="30.5"))
        await ingest(site, "/usage_events", event("a", NOW_MS + 1, quantity=5))  # another instant: another event
        await ingest(site, "/usage_events", event("c"))  # without a quantity it counts one
        charge = (await site.get("/subscriptions/sub/usage_charges"))["list"][0]["usage_charge"]
        assert (charge["total_usage"], charge["feature_id"], charge["amount"]) == ("106.5", "calls", "1033")
        days = {"feature_id": "calls", "window_size": "day", "timeframe_start": START, "timeframe_end": START + 2 * DAY}
        windows = (await site.get("/subscriptions/sub/usage_summary", days))["list"]
        assert [row["usage_summary"]["aggregated_value"] for row in windows] == ["106.5", "0"]

    play(story, seed=seed())


def test_what_is_refused_and_what_comes_back_of_a_batch() -> None:
    async def story(site: Site) -> None:
        await subscribed(site, "calls", "storage")
        path = "/usage_events"
        late = await ingest(site, path, event("late", NOW_MS - 12 * HOUR_MS - 1, item_price_id="calls"))
        assert late.code() == (400, "param_wrong_value", "usage_timestamp")
        ahead = await ingest(site, path, event("ahead", NOW_MS + HOUR_MS, item_price_id="calls"))
        assert ahead.code() == (400, "param_wrong_value", "usage_timestamp")
        which = await ingest(site, path, event("which"))  # two metered items: it has to be said
        assert which.code() == (400, "param_wrong_value", "properties")
        nobody = await ingest(site, path, {**event("x"), "subscription_id": "nope"})
        assert nobody.code() == (404, "resource_not_found", "subscription_id")
        assert (await ingest(site, path, {"subscription_id": "sub"})).status == 400
        assert (await site.do(path, raw="[1", headers=JSON)).status == 400
        good, bad = event("g", item_price_id="calls"), event("b", item_price_id="platform-USD-yearly")
        done = await ingest(site, "/batch/usage_events", {"events": [good, bad, good]})
        assert done["batch_id"].startswith("batch_")
        (failed,) = done["failed_events"]
        assert failed["deduplication_id"] == "b" and failed["error"]["param"] == "events[properties][1]"
        many = [event(str(number), item_price_id="calls") for number in range(501)]
        assert (await ingest(site, "/batch/usage_events", {"events": many})).code()[2] == "events"

    play(story, seed=seed())


def test_a_line_says_which_usages_and_events_it_counted_and_a_void_frees_both() -> None:
    async def story(site: Site) -> None:
        await subscribed(site, "calls")
        await ingest(site, "/usage_events", event("e", quantity=40))
        await site.do("/subscriptions/sub/usages", {
            "id": "u", "item_price_id": "calls", "quantity": "2", "usage_date": START + DAY,
        })  # fmt: skip
        await site.travel(32)
        draft = (await site.get("/invoices?status[is]=pending"))["list"][0]["invoice"]
        closed = (await site.do(f"/invoices/{draft['id']}/close"))["invoice"]
        line = closed["line_items"][0]
        assert line["quantity"] == 42
        said = await site.system.acts["explain_line"]({"line_item_id": line["id"]})
        assert [(row["kind"], row["quantity"]) for row in said["counted"]] == [("usage_event", "40"), ("usage", "2")]
        late = await ingest(site, "/usage_events", event("late", (START + MONTH - 60) * 1_000))
        assert late.status == 400  # more than 12 hours: nothing is smuggled into a closed term
        await site.do(f"/invoices/{closed['id']}/void")
        await site.travel(28)
        follow = (await site.get("/invoices?status[is]=pending"))["list"][0]["invoice"]
        assert follow["line_items"][0]["quantity"] == 42

    play(story, seed=seed())


def test_the_last_call_for_usage_comes_a_day_before_the_close() -> None:
    async def story(site: Site) -> None:
        await subscribed(site, "calls")
        await ingest(site, "/usage_events", event("e"))
        await site.travel(33)
        assert "add_usages_reminder" in site.post.types() and site.post.types().count("invoice_generated") == 1
        await site.travel(1)
        assert site.post.types().count("invoice_generated") == 2

    play(story, seed=seed(usage_close_days=3))


def test_a_file_of_usage_is_ingested_row_by_row() -> None:
    async def story(site: Site) -> None:
        await subscribed(site, "calls")
        made = (await site.do("/usage_files/upload_url", {"file_name": "day.csv", "mime_type": "text/csv"}))[
            "usage_file"
        ]
        assert made["status"] == "queued" and made["upload_details"]["url"].startswith("http://127.0.0.1/api/v2/")
        path = made["upload_details"]["url"].removeprefix("http://127.0.0.1/api/v2")
        rows = ["subscription_id,deduplication_id,usage_timestamp,quantity", f"sub,a,{NOW_MS - 20 * HOUR_MS},5",
                f"sub,b,{NOW_MS},7", f"nope,c,{NOW_MS},1", f"sub,d,{NOW_MS},minus"]  # fmt: skip
        assert (await site.call("PUT", path.replace("token=", "token=x"), raw="\n".join(rows))).status == 404
        assert (await site.call("PUT", path, raw="\n".join(rows), key="")).status == 200
        assert (await site.call("PUT", path, raw="\n".join(rows))).status == 400  # once
        await site.travel(1 / 24)
        status = f"/usage_files/{made['id']}/processing_status"
        done = (await site.get(status))["usage_file"]
        assert (done["status"], done["total_records_count"], done["failed_records_count"]) == ("processed", 4, 2)
        errors = await site.get(done["error_file_url"].removeprefix("http://127.0.0.1/api/v2"))
        assert errors.raw.decode().splitlines()[1].startswith("nope,c,")
        charge = (await site.get("/subscriptions/sub/usage_charges"))["list"][0]["usage_charge"]
        assert charge["total_usage"] == "7"  # the other lies before the term
        assert "usage_file_ingested" in site.post.types()

    play(story, seed=seed())
