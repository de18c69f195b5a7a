"""Customers, cards and the money they hold with the platform."""

from tests.simulators.subscriptions.site import NEW_YORK, Site, play

CARD = {"number": "4111 1111 1111 1111", "expiry_month": 12, "expiry_year": 2030, "cvv": "123"}


def test_a_customer_is_created_once_and_keeps_custom_fields() -> None:
    async def story(site: Site) -> None:
        made = await site.customer("acme", cf_sf_account="001A", email="a@acme.test", meta_data={"tier": 1})
        assert made["customer"]["cf_sf_account"] == "001A" and made["customer"]["meta_data"] == {"tier": 1}
        assert (await site.customer("acme")).code() == (400, "duplicate_entry", "id")
        assert (await site.get("/customers/acme"))["customer"] == made["customer"]
        assert (await site.get("/customers/nobody")).code() == (404, "resource_not_found", None)
        found = await site.get("/customers?cf_sf_account[is]=001A")
        assert [row["customer"]["id"] for row in found["list"]] == ["acme"]

    play(story)


def test_updates_raise_the_version_and_clear_what_is_sent_empty() -> None:
    async def story(site: Site) -> None:
        before = (await site.customer("acme", phone="1", vat_number="DE123456789"))["customer"]
        after = (await site.do("/customers/acme", {"phone": None, "first_name": "Ann"}))["customer"]
        assert "phone" not in after and after["first_name"] == "Ann"
        assert after["resource_version"] > before["resource_version"]
        moved = await site.do("/customers/acme/update_billing_info", {
            "vat_number": "DE123456789", "billing_address": {"city": "Berlin", "country": "de"},
        })  # fmt: skip
        assert moved["customer"]["billing_address"]["country"] == "DE"
        assert moved["customer"]["vat_number_status"] == "valid"
        types = [row["event"]["event_type"] for row in (await site.get("/events"))["list"]]
        assert types == ["customer_changed", "customer_changed", "customer_created"]

    play(story)


def test_cards_are_kept_without_their_number() -> None:
    async def story(site: Site) -> None:
        made = await site.customer("acme", card=CARD)
        assert made["card"]["masked_number"] == "************1111" and made["card"]["card_type"] == "visa"
        assert made["customer"]["card_status"] == "valid"
        second = await site.do("/payment_sources/create_card", {
            "customer_id": "acme", "card": {**CARD, "number": "4000000000000002"},
            "replace_primary_payment_source": True,
        })  # fmt: skip
        source = second["payment_source"]["id"]
        assert second["customer"]["primary_payment_source_id"] == source
        for bad in ({"number": "4111111111111112"}, {"expiry_year": 2025}):
            reply = await site.do("/payment_sources/create_card", {"customer_id": "acme", "card": {**CARD, **bad}})
            assert reply.json["type"] == "payment" and reply.status == 400
        assert len((await site.get("/payment_sources?customer_id[is]=acme"))["list"]) == 2
        gone = await site.do(f"/payment_sources/{source}/delete")
        assert gone["customer"]["card_status"] == "no_card"
        image = site.system.store.snapshot()
        assert b"4111111111111111" not in image and b"4000000000000002" not in image

    play(story)


def test_excess_payment_waits_for_the_next_invoice() -> None:
    async def story(site: Site) -> None:
        await site.customer("acme", billing_address={**NEW_YORK, "city": "Albany"})
        paid = await site.do("/customers/acme/record_excess_payment", {
            "transaction": {"amount": 700, "payment_method": "bank_transfer", "reference_number": "W1"},
        })  # fmt: skip
        assert paid["customer"]["excess_payments"] == 700 and paid["transaction"]["amount_unused"] == 700
        charged = await site.do("/invoices/create_for_charge_items_and_charges", {
            "customer_id": "acme", "charges": [{"amount": 500, "description": "Travel"}],
        })  # fmt: skip
        assert charged["invoice"]["status"] == "paid" and charged["invoice"]["amount_paid"] == 500
        assert (await site.get("/customers/acme"))["customer"]["excess_payments"] == 200
        lonely = await site.do("/customers/acme/record_excess_payment", {
            "transaction": {"amount": 5, "payment_method": "cash"},
        })  # fmt: skip
        key = lonely["transaction"]["id"]
        assert (await site.do(f"/transactions/{key}/delete_offline_transaction"))["transaction"]["deleted"]
        assert (await site.get("/customers/acme"))["customer"]["balances"][0]["excess_payments"] == 200
        linked = paid["transaction"]["id"]
        refused = await site.do(f"/transactions/{linked}/delete_offline_transaction")
        assert refused.code()[1] == "invalid_state_for_request"

    play(story)


def test_only_a_customer_without_live_subscriptions_is_deleted() -> None:
    async def story(site: Site) -> None:
        await site.customer()
        await site.subscribe(id="s1")
        assert (await site.do("/customers/acme/delete")).code()[1] == "invalid_state_for_request"
        await site.do("/subscriptions/s1/cancel_for_items", {"cancel_option": "immediately"})
        assert (await site.do("/customers/acme/delete"))["customer"]["deleted"]
        assert (await site.get("/customers/acme")).status == 404
        assert (await site.get("/customers"))["list"] == []
        assert len((await site.get("/customers?include_deleted=true"))["list"]) == 1

    play(story)
