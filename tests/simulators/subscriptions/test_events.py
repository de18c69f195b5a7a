"""Events and webhooks: snapshots, order, versions, retries on the clock, faults, resending, endpoints."""

import base64

from simulators.kit.faults import Fault
from tests.simulators.subscriptions.site import DAY, GENESIS, Site, play


def test_the_feed_holds_snapshots_that_later_changes_leave_alone() -> None:
    async def story(site: Site) -> None:
        await site.customer(company="Before")
        await site.do("/customers/acme", {"company": "After"})
        feed = await site.get(
            "/events?sort_by[asc]=occurred_at&event_type[in]=['customer_created', 'customer_changed']"
        )
        events = [row["event"] for row in feed["list"]]
        assert [event["content"]["customer"]["company"] for event in events] == ["Before", "After"]
        versions = [event["content"]["customer"]["resource_version"] for event in events]
        assert versions == sorted(set(versions))
        assert events[0]["object"] == "event" and events[0]["source"] == "api" and events[0]["api_version"] == "v2"
        one = await site.get(f"/events/{events[0]['id']}")
        assert one["event"] == events[0] and not any(name.startswith("_") for name in one["event"])
        assert (await site.get("/events/ev_none")).status == 404
        assert (await site.get(f"/events?occurred_at[after]={int(GENESIS)}"))["list"] == []

    play(story)


def test_a_webhook_is_the_event_with_basic_auth_and_its_status_is_kept() -> None:
    async def story(site: Site) -> None:
        await site.customer()
        await site.system.jobs.drained()
        sent, headers = site.post.received[0], site.post.headers[0]
        assert headers["authorization"] == "Basic " + base64.b64encode(b"hook:hook-secret").decode()
        event = (await site.get("/events"))["list"][0]["event"]
        assert event["webhook_status"] == "succeeded"
        assert event["webhooks"] == [{"id": "core", "webhook_status": "succeeded", "object": "webhook"}]
        assert sent["id"] == event["id"] and sent["content"] == event["content"]

    play(story)


def test_a_refused_webhook_is_tried_again_after_2_6_30_minutes_and_then_given_up() -> None:
    async def story(site: Site) -> None:
        site.post.answers = [500] * 8
        await site.customer()
        await site.system.jobs.drained()
        event = (await site.get("/events"))["list"][0]["event"]
        assert event["webhook_status"] == "re_scheduled" and "500" in event["webhook_failure_reason"]
        for minutes, count in ((1.9, 1), (0.2, 2), (6, 3), (30, 4)):
            await site.travel(minutes / 1_440)
            assert len(site.post.received) == count
        await site.travel(4)
        assert len(site.post.received) == 8
        event = (await site.get("/events"))["list"][0]["event"]
        assert event["webhook_status"] == "failed"
        assert (await site.get("/events?webhook_status[is]=failed"))["list"] != []
        await site.system.acts["resend_webhook"]({"event_id": event["id"]})
        await site.system.jobs.drained()
        assert len(site.post.received) == 9
        assert (await site.get("/events"))["list"][0]["event"]["webhook_status"] == "succeeded"

    play(story)


def test_webhooks_can_come_twice_late_or_never_while_the_feed_is_whole() -> None:
    async def story(site: Site) -> None:
        add = site.system.faults.add
        add(Fault(id="twice", kind="duplicate_event", operation="customer_created", copies=2, delay_s=60))
        add(Fault(id="late", kind="delay_event", operation="subscription_created", delay_s=3_600))
        add(Fault(id="never", kind="drop_event", operation="contract_term_created"))
        await site.customer()
        await site.subscribe(billing_cycles=1, contract_term={"action_at_term_end": "renew"})
        await site.travel(1)
        assert site.post.types() == [
            "customer_created", "mrr_updated", "invoice_generated", "customer_created", "customer_created",
            "subscription_created",
        ]  # fmt: skip
        ids = [event["id"] for event in site.post.received if event["event_type"] == "customer_created"]
        assert len(ids) == 3 and len(set(ids)) == 1
        assert all(fault.hits == 1 for fault in site.system.faults)
        assert len((await site.get("/events"))["list"]) == 5
        lost = (await site.get("/events?event_type[is]=contract_term_created"))["list"][0]["event"]["id"]
        await site.system.acts["resend_webhook"]({"event_id": lost})
        await site.system.jobs.drained()
        assert site.post.received[-1]["id"] == lost

    play(story)


def test_a_caller_may_suppress_webhooks_and_the_event_is_recorded_all_the_same() -> None:
    async def story(site: Site) -> None:
        await site.do("/customers", {"id": "q"}, headers={"chargebee-event-webhook": "all-disabled"})
        await site.system.jobs.drained()
        assert site.post.received == []
        event = (await site.get("/events"))["list"][0]["event"]
        assert event["event_type"] == "customer_created" and event["webhook_status"] == "skipped"

    play(story)


def test_endpoints_are_managed_and_choose_their_events() -> None:
    async def story(site: Site) -> None:
        made = await site.do("/webhook_endpoints", {
            "name": "Bills", "url": "http://bills.test/hook", "basic_auth_username": "u",
            "basic_auth_password": "secret",
            "enabled_events": ["invoice_generated"],
        })  # fmt: skip
        key = made["webhook_endpoint"]["id"]
        shown = await site.get(f"/webhook_endpoints/{key}")
        assert "secret" not in shown.raw.decode() and shown["webhook_endpoint"]["enabled_events"] == [
            "invoice_generated"
        ]
        await site.do("/webhook_endpoints/core", {"disabled": True})
        await site.customer()
        await site.subscribe()
        await site.system.jobs.drained()
        assert site.post.types() == ["invoice_generated"]
        await site.do(f"/webhook_endpoints/{key}/delete")
        assert [row["webhook_endpoint"]["id"] for row in (await site.get("/webhook_endpoints"))["list"]] == ["core"]
        await site.do("/customers/acme", {"company": "Quiet"})
        newest = (await site.get("/events"))["list"][0]["event"]
        assert newest["webhook_status"] == "disabled"
        await site.do("/webhook_endpoints/core/delete")
        await site.do("/customers/acme", {"company": "Quieter"})
        assert (await site.get("/events"))["list"][0]["event"]["webhook_status"] == "not_configured"

    play(story)


def test_what_waits_for_an_endpoint_that_is_disabled_is_given_up_and_can_be_sent_by_hand() -> None:
    async def story(site: Site) -> None:
        await site.do("/webhook_endpoints/core", {"enabled_events": ["customer_created"]})
        site.post.answers = [500]
        await site.customer()
        await site.travel(1 / 1_440)
        await site.do("/webhook_endpoints/core", {"disabled": True})
        await site.travel(10)
        event = (await site.get("/events"))["list"][0]["event"]
        assert event["webhook_status"] == "disabled" and len(site.post.received) == 1
        await site.do("/webhook_endpoints/core", {"disabled": False})
        await site.do("/customers/acme", {"company": "Other"})
        assert (await site.get("/events"))["list"][0]["event"]["webhook_status"] == "not_applicable"
        await site.system.acts["resend_webhook"]({"event_id": event["id"]})
        await site.system.jobs.drained()
        assert (await site.get(f"/events/{event['id']}"))["event"]["webhook_status"] == "succeeded"

    play(story)


def test_a_refused_call_makes_no_event_and_uses_no_number() -> None:
    async def story(site: Site) -> None:
        await site.customer()
        await site.subscribe(unheard_of="x")
        await site.system.jobs.drained()
        assert site.post.types() == ["customer_created"]
        assert (await site.subscribe())["invoice"]["id"] == "US-000001"

    play(story)


def test_events_of_one_entity_run_forward_in_version() -> None:
    async def story(site: Site) -> None:
        await site.customer(card={"number": "4111111111111111", "expiry_month": 1, "expiry_year": 2031})
        await site.subscribe(auto_collection="on")
        await site.travel(366)
        seen: dict[str, int] = {}
        for event in site.post.received:
            for name in ("subscription", "invoice", "transaction", "customer"):
                doc = event["content"].get(name)
                if doc is not None:
                    assert doc["resource_version"] >= seen.get(doc["id"], 0)
                    seen[doc["id"]] = doc["resource_version"]
        assert site.system.clock.now() >= GENESIS + 366 * DAY

    play(story)


def test_a_change_with_its_event_and_delivery_is_written_when_somebody_looks() -> None:
    async def story(site: Site) -> None:
        await site.customer()
        await site.system.jobs.drained()
        heard: list[str] = []
        database = site.system.store.db
        database.set_trace_callback(heard.append)
        headers = {"chargebee-idempotency-key": "once"}
        for name in ("One", "Two"):
            answer = await site.do("/customers/acme", {"company": name}, headers=headers)
            assert answer["customer"]["company"] == name
            headers = {}
        database.set_trace_callback(None)
        assert [one.partition(" WHERE ")[0] for one in heard] == [
            'SELECT doc FROM "_idempotency"', 'SELECT doc FROM "customer"', 'SELECT doc FROM "_idempotency"',
        ]  # fmt: skip
        await site.system.jobs.drained()
        assert [event["content"]["customer"]["company"] for event in site.post.received] == ["Acme", "One", "Two"]

    play(story)
