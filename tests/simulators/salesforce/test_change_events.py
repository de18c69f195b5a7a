"""What the org tells of its changes: each kind of change, what of its fields, transactions, merging, and silence."""

import fastavro
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.kit.faults import Fault
from simulators.salesforce.events import capture
from simulators.salesforce.events.avro import change_layout, decoded, encoded
from tests.simulators.salesforce.bus import composite, told
from tests.simulators.salesforce.org import Org

ACCOUNTS = "/data/AccountChangeEvent"


@pytest.fixture
def org() -> Org:
    return Org().login()


def test_a_record_is_told_from_its_birth_to_its_end(org: Org):
    record = org.create("Account", Name="Acme", BillingCity="Oslo", AnnualRevenue=12)
    org.update("Account", record, BillingCity="Rome", Phone="1")
    org.update("Account", record, Phone=None)
    org.rest("DELETE", f"sobjects/Account/{record}")
    created, moved, cleared, deleted = told(org, ACCOUNTS)
    header = created["header"]
    assert header | {"transactionKey": "", "commitNumber": 0} == {
        "entityName": "Account", "recordIds": [record], "changeType": "CREATE", "sequenceNumber": 1,
        "changeOrigin": "com/salesforce/api/rest/60.0", "transactionKey": "", "commitNumber": 0,
        "commitTimestamp": 1_767_603_600_000, "commitUser": org.system.org.user_id, "diffFields": [],
    }  # fmt: skip
    assert created["changed"] == set() and created["values"]["Name"] == "Acme"
    assert created["values"]["AnnualRevenue"] == 12.0 and created["values"]["CreatedDate"] == 1_767_603_600_000
    assert created["values"]["BillingAddress"]["City"] == "Oslo" and "Phone" not in created["values"]
    assert moved["header"]["changeType"] == "UPDATE"
    assert moved["changed"] == {"Phone", "BillingAddress.City", "LastModifiedDate"}
    assert set(moved["values"]) == {"Phone", "BillingAddress", "LastModifiedDate"}
    assert cleared["nulled"] == {"Phone"} and cleared["changed"] == {"Phone", "LastModifiedDate"}
    assert set(cleared["values"]) == {"LastModifiedDate"}
    assert deleted["header"]["changeType"] == "DELETE" and deleted["values"] == {} and deleted["changed"] == set()
    numbers = [one["header"]["commitNumber"] for one in (created, moved, cleared, deleted)]
    assert numbers == sorted(set(numbers))


def test_a_transaction_has_one_key_and_counts_its_events_and_a_client_is_named(org: Org):
    composite(
        org,
        ("a", "POST", "sobjects/Account", {"Name": "Acme"}),
        ("c", "POST", "sobjects/Contact", {"LastName": "Ito", "FirstName": "Aya", "AccountId": "@{a.id}"}),
        ("p", "PATCH", "sobjects/Account/@{a.id}", {"Phone": "7"}),
    )
    account, contact = told(org, "/data/ChangeEvents")
    assert account["header"]["transactionKey"] == contact["header"]["transactionKey"]
    assert [one["header"]["sequenceNumber"] for one in (account, contact)] == [1, 2]
    assert account["header"]["changeType"] == "CREATE" and account["values"]["Phone"] == "7"
    assert contact["values"]["Name"] == {"Salutation": None, "FirstName": "Aya", "LastName": "Ito"}
    org.rest("POST", "sobjects/Account", {"Name": "Two"}, **{"sforce-call-options": "client=Sync/1"})
    assert told(org, ACCOUNTS)[-1]["header"]["changeOrigin"] == "com/salesforce/api/rest/60.0;client=Sync/1"


def test_equal_changes_of_one_transaction_are_told_once_with_all_ids(org: Org):
    ids = [org.create("Account", Name=f"A{number}") for number in range(3)]
    seen = len(told(org, ACCOUNTS))
    rows = [{"attributes": {"type": "Account"}, "id": record, "Site": "HQ"} for record in ids[:2]]
    rows.append({"attributes": {"type": "Account"}, "id": ids[2], "Site": "Lab"})
    org.rest("PATCH", "composite/sobjects", {"allOrNone": True, "records": rows})
    assert [one["header"]["recordIds"] for one in told(org, ACCOUNTS)[seen:]] == [ids[:2], ids[2:]]
    org.rest("DELETE", f"composite/sobjects?ids={','.join(ids)}&allOrNone=true")
    assert told(org, ACCOUNTS)[-1]["header"]["recordIds"] == ids


def test_what_is_rolled_back_or_seeded_is_never_told(org: Org):
    composite(
        org,
        ("a", "POST", "sobjects/Account", {"Name": "Acme"}),
        ("b", "POST", "sobjects/Account", {"Phone": "no name"}),
    )
    org.seed({"Account": [{"Id": "001000000000001AAA", "Name": "Seeded"}]})
    assert told(org, "/data/ChangeEvents") == []


def test_a_part_that_fails_alone_takes_only_its_own_events_with_it(org: Org):
    rows = [{"attributes": {"type": "Account"}, "Name": "Good"}, {"attributes": {"type": "Account"}, "Phone": "1"}]
    org.rest("POST", "composite/sobjects", {"allOrNone": False, "records": rows})
    assert [one["values"]["Name"] for one in told(org, ACCOUNTS)] == ["Good"]


def test_a_schema_gets_another_id_when_a_field_is_added_and_the_old_one_stays(org: Org):
    org.create("Account", Name="Before")
    org.act("alter_schema", change="add_field", object="Account", field="Tier__c",
            definition={"type": "string", "length": 10})  # fmt: skip
    org.create("Account", Name="After", Tier__c="gold")
    before, after = told(org, ACCOUNTS)
    assert "Tier__c" not in before["values"] and after["values"]["Tier__c"] == "gold"


def test_an_event_is_the_same_whether_it_is_made_at_the_commit_or_for_its_first_reader(
    monkeypatch: pytest.MonkeyPatch,
):
    def lived(late: bool) -> list[tuple[object, ...]]:
        org = Org().login()
        one = org.create("Account", Name="Wörter", BillingCity="Köln", NumberOfEmployees=3, Credit_Hold__c=True)
        org.create("Contact", LastName="Nachname", FirstName="Vorname", AccountId=one, MailingCity="Bonn")
        deal = org.create("Opportunity", Name="D", AccountId=one, StageName="Prospecting", CloseDate="2026-12-31")
        org.update("Opportunity", deal, StageName="Closed Won", Amount=12.5)
        org.update("Account", one, BillingCity=None, Phone="1")
        if late:
            org.act("alter_schema", change="add_field", object="Account", field="Tier__c",
                    definition={"type": "string", "length": 10})  # fmt: skip
        org.rest("DELETE", f"sobjects/Account/{one}")
        rows = org.system.store.rows("SELECT schema, payload FROM _event")
        noted.append([payload[:1] == b"[" for schema, payload in rows if not schema])
        events = org.system.bus.after(0, None, 100)
        assert org.system.bus.after(0, None, 100) == events
        return [(one.replay, one.id, one.entity, one.schema, one.payload) for one in events]

    noted: list[list[bool]] = []
    for late in (False, True):
        found = lived(late)
        monkeypatch.setattr(capture, "NOTE_MAX", -1)
        assert lived(late) == found and len({one[1] for one in found}) == len(found) >= 7
        monkeypatch.undo()
    assert [len(one) for one in noted] == [len(noted[0]), 0, 3, 0] and all(noted[0] + noted[2])


def test_custom_objects_and_channels_have_topics_of_their_own(org: Org):
    account = org.create("Account", Name="Acme")
    org.create("Invoice__c", Invoice_Number__c="US-1", Account__c=account)
    assert [one["header"]["entityName"] for one in told(org, "/data/Invoice__ChangeEvent")] == ["Invoice__c"]
    assert [one["header"]["entityName"] for one in told(org, "/data/Sales__chn")] == ["Account"]
    org.act("alter_schema", change="select_changes", objects=["Contact"])
    org.update("Account", account, Phone="1")
    assert len(told(org, ACCOUNTS)) == 1


@pytest.mark.parametrize(
    ("kind", "seen"),
    [
        ("gap_event", [("GAP_UPDATE", True), ("UPDATE", True)]),
        ("overflow_event", [("GAP_OVERFLOW", False), ("UPDATE", True)]),
        ("duplicate_event", [("UPDATE", True), ("UPDATE", True), ("UPDATE", True)]),
        ("drop_event", [("UPDATE", True)]),
        ("delay_event", [("UPDATE", True)]),
    ],
)
def test_faults_spoil_what_is_told_but_never_what_was_done(org: Org, kind: str, seen: list[tuple[str, bool]]):
    record = org.create("Account", Name="Acme")
    org.system.faults.add(Fault(id="f", kind=kind, operation="event:Account", contains=record, delay_s=0.0 if
                                kind == "duplicate_event" else 60.0))  # type: ignore[arg-type] # fmt: skip
    org.update("Account", record, Phone="1")
    org.update("Account", record, Phone="2")
    events = told(org, ACCOUNTS)[1:]
    assert [(one["header"]["changeType"], one["header"]["recordIds"] == [record]) for one in events] == seen
    assert [fault.hits for fault in org.system.faults] == [1] and org.get("Account", record)["Phone"] == "2"
    assert len(org.system.jobs.pending()) == (kind == "delay_event")


NAMES = st.sampled_from(("Phone", "Site", "Fax", "BillingCity", "NumberOfEmployees"))
TEXT = st.one_of(st.none(), st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=8))
CHANGES = st.dictionaries(NAMES, TEXT, min_size=1, max_size=3)


@settings(max_examples=25, deadline=None)
@given(st.lists(CHANGES, min_size=1, max_size=6))
def test_whoever_applies_all_events_holds_the_record(changes: list[dict[str, str | None]]):
    org = Org().login()
    record = org.create("Account", Name="Acme")
    for change in changes:
        if "NumberOfEmployees" in change:
            change = {**change, "NumberOfEmployees": len(change["NumberOfEmployees"] or "")}  # type: ignore[dict-item]
        assert org.update("Account", record, **change).status == 204
    copy: dict[str, object] = {}
    for event in told(org, ACCOUNTS):
        for name, value in event["values"].items():
            copy |= {f"Billing{part}": inner for part, inner in value.items() if inner is not None} if isinstance(
                value, dict) else {name: value}  # fmt: skip
        for name in event["nulled"]:
            copy.pop(name.replace("Address.", ""), None)
    stored = org.system.org.get("Account", record)
    assert stored is not None
    wanted = ("Name", "Phone", "Site", "Fax", "BillingCity", "NumberOfEmployees")
    assert {name: copy.get(name) for name in wanted} == {name: stored.get(name) for name in wanted}


SAMPLES = {"boolean": True, "int": -1_234_567, "date": "1969-12-31", "datetime": "2026-01-05T09:00:00.000+0000",
           "time": "10:20:30.4Z", "currency": 12.5, "double": -0.25, "percent": 3}  # fmt: skip
HEADER = {"entityName": "X", "recordIds": ["001", "002"], "changeType": "UPDATE", "changeOrigin": "", "commitUser": "ü",
          "transactionKey": "k", "sequenceNumber": 300, "commitTimestamp": 1_767_603_600_000, "commitNumber": 2**40,
          "nulledFields": [], "diffFields": [], "changedFields": ["0x02"]}  # fmt: skip


def test_payloads_are_what_the_codec_makes_of_the_schema_byte_for_byte(org: Org):
    for sobject in org.system.org.schema.objects.values():
        layout = change_layout(sobject)
        schema = fastavro.parse_schema(orjson.loads(layout.text))
        doc = {field.name: SAMPLES.get(field.type, "né" * 70) for field in sobject.fields.values()}
        doc |= {field.name: 59.5 for field in sobject.fields.values() if field.name.endswith(("Latitude", "Longitude"))}
        for wanted in (None, frozenset[str](), frozenset(list(doc)[::3])):
            payload = layout.encode(HEADER, doc, wanted)
            record = decoded(schema, payload)
            assert encoded(schema, record) == payload and record["ChangeEventHeader"] == HEADER
            shown = {column.name for column in layout.columns if record[column.name] is not None}
            told = {column.name for column in layout.columns for _, _, field in column.parts
                    if wanted is None or field.name in wanted}  # fmt: skip
            assert shown == told, (sobject.name, shown ^ told)
