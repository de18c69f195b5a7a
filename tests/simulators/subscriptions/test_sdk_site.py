"""What belongs to the site, by the vendor's own client: exports, currencies, comments, addresses, transfers."""

import csv
import io
import zipfile
from typing import Any

import httpx
import pytest

from tests.simulators.subscriptions.site import CONTROL, DAY, GENESIS
from tests.simulators.subscriptions.test_sdk import customer, subscribe
from tests.simulators.subscriptions.test_sdk_money import bill, refused, travel

pytestmark = pytest.mark.live


def test_an_export_is_made_by_a_job_and_fetched_as_csv_in_a_zip(sdk: Any) -> None:
    customer(sdk, cf_sf_account="001A")
    invoices = [bill(sdk, amount) for amount in (100, 5_000)]
    asked = sdk.Export.invoices({"invoice": {"total": {"gt": 1_000}}}).export
    assert (asked.status, asked.operation_type) == ("in_process", "invoices")
    travel(sdk, 1)
    done = sdk.Export.retrieve(asked.id).export
    assert (done.status, done.download.mime_type) == ("completed", "application/zip")
    answer = httpx.get(done.download.download_url)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        (row,) = csv.DictReader(io.TextIOWrapper(archive.open("invoices.csv")))
    assert (row["id"], row["status"], row["billing_address.city"]) == (invoices[1].id, "payment_due", "New York")
    assert httpx.get(done.download.download_url + "x").status_code == 404
    people = sdk.Export.customers({"customer": {"id": {"is": "nobody"}}}).export
    travel(sdk, 1)
    assert sdk.Export.retrieve(people.id).export.status == "completed"
    refused("param_wrong_value", sdk.Export.invoices, {"invoice": {"nonsense": {"is": "x"}}})


def test_bills_and_credit_notes_are_had_as_pdf(sdk: Any) -> None:
    customer(sdk)
    made = bill(sdk, 5_000)
    found = sdk.Invoice.pdf(made.id, {"disposition_type": "inline"}).download
    answer = httpx.get(found.download_url)
    assert found.mime_type == answer.headers["content-type"] == "application/pdf"
    assert found.valid_till >= int(GENESIS) + 3_600
    assert answer.headers["content-disposition"] == f"inline; filename={made.id}.pdf"
    body = answer.content
    assert body.startswith(b"%PDF-1.4") and f"Invoice {made.id}".encode() in body
    start = int(body.rpartition(b"startxref\n")[2].split()[0])
    places = [int(row.split()[0]) for row in body[start:].splitlines()[3:] if row.endswith(b"n ")]
    assert [body[place : place + 7] for place in places] == [b"%d 0 obj" % number for number in range(1, 6)]
    note = {"reference_invoice_id": made.id, "type": "adjustment", "total": 100, "reason_code": "waiver"}
    credit = sdk.CreditNote.create(note).credit_note
    assert f"Credit note {credit.id}".encode() in httpx.get(sdk.CreditNote.pdf(credit.id).download.download_url).content
    travel(sdk, 1)
    assert httpx.get(found.download_url).status_code == 404
    refused("resource_not_found", sdk.Invoice.pdf, "none")


def test_a_session_of_the_portal(sdk: Any) -> None:
    customer(sdk)
    subscribe(sdk)
    made = sdk.PortalSession.create(
        {"customer": {"id": "acme"}, "redirect_url": "https://acme.test/back"}
    ).portal_session
    assert (made.status, made.customer_id, made.token in made.access_url) == ("created", "acme", True)
    (linked,) = made.linked_customers
    assert (linked.customer_id, linked.has_active_subscription, linked.has_payment_method) == ("acme", True, False)
    refused("param_wrong_value", sdk.PortalSession.activate, made.id, {"token": "other"})
    assert sdk.PortalSession.activate(made.id, {"token": made.token}).portal_session.status == "logged_in"
    assert sdk.PortalSession.logout(made.id).portal_session.status == "logged_out"
    assert sdk.PortalSession.retrieve(made.id).portal_session.logout_at >= int(GENESIS)
    refused("invalid_state_for_request", sdk.PortalSession.activate, made.id, {"token": made.token})
    refused("resource_not_found", sdk.PortalSession.create, {"customer": {"id": "nobody"}})


def test_a_customer_comes_from_another_site(sdk: Any, port: int) -> None:
    def other(name: str, **fields: Any) -> None:
        row = {"site": "acme-old", "customer": {"id": name, **fields}}
        act = f"http://127.0.0.1:{port}/_control/act/other_site"
        assert httpx.post(act, json=row, headers=CONTROL).status_code == 200

    other("old-1", company="Old One", cf_sf_account="001O")
    other("old-2", email="no address")
    refused("resource_not_found", sdk.Customer.move, {"id_at_from_site": "old-1", "from_site": "nowhere"})
    asked = [sdk.Customer.move({"id_at_from_site": name, "from_site": "acme-old"}).resource_migration
             for name in ("old-1", "old-2", "old-3")]  # fmt: skip
    assert {(one.status, one.entity_type, one.from_site) for one in asked} == {("scheduled", "customer", "acme-old")}
    travel(sdk, 1)
    ends = [sdk.ResourceMigration.retrieve_latest(
        {"from_site": "acme-old", "entity_type": "customer", "entity_id": one.entity_id}).resource_migration
        for one in asked]  # fmt: skip
    assert [one.status for one in ends] == ["succeeded", "failed", "failed"]
    assert "email" in ends[1].errors and "old-3" in ends[2].errors
    assert sdk.Customer.retrieve("old-1").customer.company == "Old One"
    told = [row.event.event_type for row in sdk.Event.list({"limit": 20}).list]
    assert told.count("customer_moved_in") == 1 and "customer_created" not in told
    refused("invalid_state_for_request", sdk.Customer.move, {"id_at_from_site": "old-1", "from_site": "acme-old"})


def test_currencies_and_their_scheduled_rates(sdk: Any) -> None:
    made = sdk.Currency.create({"currency_code": "JPY", "forex_type": "manual", "manual_exchange_rate": "150"}).currency
    assert [row.currency.currency_code for row in sdk.Currency.list().list] == ["USD", "JPY"]
    refused("duplicate_entry", sdk.Currency.create, {"currency_code": "JPY", "forex_type": "auto"})
    later = int(GENESIS) + DAY
    assert (
        sdk.Currency.add_schedule(made.id, {"manual_exchange_rate": "151", "schedule_at": later}).scheduled_at == later
    )
    travel(sdk, 2)
    assert sdk.Currency.retrieve(made.id).currency.manual_exchange_rate == "151"
    refused("invalid_state_for_request", sdk.Currency.remove_schedule, made.id)
    assert sdk.Currency.update(made.id, {"forex_type": "auto"}).currency.manual_exchange_rate is None


def test_comments_configuration_and_addresses(sdk: Any) -> None:
    customer(sdk)
    made = sdk.Comment.create({"entity_type": "customer", "entity_id": "acme", "notes": "Called"}).comment
    assert sdk.Comment.retrieve(made.id).comment.notes == "Called"
    listed = sdk.Comment.list({"entity_type": "customer", "entity_id": "acme"}).list
    assert [row.comment.id for row in listed] == [made.id]
    assert sdk.Comment.delete(made.id).comment.id == made.id
    refused("resource_not_found", sdk.Comment.retrieve, made.id)
    assert sdk.Configuration.list().configurations[0].product_catalog_version == "v2"
    held = subscribe(sdk).subscription
    label = {"subscription_id": held.id, "label": "office"}
    refused("resource_not_found", sdk.Address.retrieve, label)
    sdk.Address.update({**label, "addr": "2 Side", "city": "Albany", "country": "US"})
    assert sdk.Address.retrieve(label).address.addr == "2 Side"
    ship = {"subscription_id": held.id, "label": "shipping_address"}
    sdk.Address.update({**ship, "addr": "3 Dock", "country": "US"})
    assert sdk.Subscription.retrieve(held.id).subscription.shipping_address.line1 == "3 Dock"


def test_a_customer_goes_to_another_business_entity_and_leaves_a_stub(sdk: Any) -> None:
    customer(sdk)
    invoice = bill(sdk)
    move = {
        "active_resource_ids": ["acme"], "destination_business_entity_ids": ["SG"], "resource_types": ["customer"],
        "reason_codes": ["correction"],
    }  # fmt: skip
    done = sdk.BusinessEntity.create_transfers(move).business_entity_transfer
    assert (done.resource_id, done.source_business_entity_id) == ("acme", "US")
    assert sdk.Customer.retrieve("acme").customer.active_id == done.active_resource_id
    moved = sdk.Customer.retrieve(done.active_resource_id).customer
    assert (moved.business_entity_id, moved.company) == ("SG", "Acme")
    assert sdk.Invoice.retrieve(invoice.id).invoice.customer_id == "acme"
    listed = sdk.BusinessEntity.get_transfers({"resource_id": {"is": "acme"}}).list
    assert [row.business_entity_transfer.id for row in listed] == [done.id]
    refused("param_wrong_value", sdk.BusinessEntity.create_transfers, move)
