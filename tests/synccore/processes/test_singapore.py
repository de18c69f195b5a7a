"""The Singapore entity: bills go out in files, are final when answered, and payments come in extracts."""

import pytest

from synccore.domain.deals import Address
from synccore.systems.credentials import LegacyErpAccess
from synccore.systems.erp_legacy import LegacyErpAdapter
from tests.synccore.processes.flight import Flight, account, fly
from tests.synccore.processes.old_ledger import FakeDrop, OldLedger
from tests.synccore.processes.test_new_business import at_rest

DEAL = "006000000000007AAA"
GROSS = 1_744_000  # one seat at 16,000.00 and 9 % GST
HOUR = 3600.0


class SingaporeFlight(Flight):
    """A flight with an old ledger behind the file drop."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.drop = FakeDrop(self.wire)
        self.ledger = OldLedger(self.drop)
        self.legacy = LegacyErpAdapter(LegacyErpAccess(), self.drop, self.clock)
        self.core = self._build()

    async def win(self, **more: object) -> None:
        address = Address(street="1 Raffles Place", city="Singapore", country="SG", postal_code="048616")
        customer = account(7, name="Merlion — Freight", entity="SG", bill_to=address, tax_id="201912345K")
        lines = [("PLAT-ANNUAL", 1, 1_600_000)]
        self.salesforce.win(customer, DEAL, lines, currency="SGD", payment_method="transfer", **more)
        await self.settle()

    async def night(self) -> None:
        """Past the cut-off, the ledger's window, and to rest again."""
        self.clock.at += 5 * HOUR
        await self.settle()
        self.ledger.window()
        self.clock.at += 19 * HOUR
        await self.settle()


async def paid(flight: Flight) -> None:
    assert isinstance(flight, SingaporeFlight)
    await flight.win()
    await flight.night()
    flight.ledger.bank("SG-000001", GROSS)
    await flight.night()


async def paid_by_card(flight: Flight) -> None:
    assert isinstance(flight, SingaporeFlight)
    await flight.win()
    flight.platform.settle("SG-000001", GROSS)
    await flight.settle()
    await flight.night()
    await flight.night()
    await flight.night()


def books(flight: Flight) -> dict[str, object]:
    assert isinstance(flight, SingaporeFlight)
    return {
        "customers": flight.ledger.customers,
        "documents": flight.ledger.documents,
        "payments": [(p.amount, p.reference) for p in flight.platform.payments.values()],
        "bills": [(b.id, b.gross, b.due) for b in flight.platform.bills.values()],
        "copies": {k: (str(v["Balance__c"]), v["Posting_Status__c"], v["ERP_Document__c"])
                   for k, v in flight.salesforce.bills.items()},
        "receipts": {k: str(v["Amount__c"]) for k, v in flight.salesforce.receipts.items()},
    }  # fmt: skip


def test_a_bill_waits_for_the_window_is_posted_and_paid_by_the_extract() -> None:
    async def story(flight: Flight) -> None:
        assert isinstance(flight, SingaporeFlight)
        await flight.win()
        (waiting,) = [work for work in await flight.open_work() if work.process == "invoice-publication"]
        assert waiting.waiting_on == ("file:SG-000001",)
        assert flight.salesforce.bills["SG-000001"]["Posting_Status__c"] == "Waiting for batch window"
        await flight.night()
        assert flight.salesforce.bills["SG-000001"]["Posting_Status__c"] == "Posted"
        flight.ledger.bank("SG-000001", GROSS)
        await flight.night()
        assert await at_rest(flight) == (0, 0, 0)

    found = books(fly(story, SingaporeFlight()))
    assert found["customers"] == {"0000900001": "Merlion - Freight"}
    assert found["payments"] == [(GROSS, "L-SG01-2026-1400000001")]
    assert found["bills"] == [("SG-000001", GROSS, 0)]
    assert found["copies"] == {"SG-000001": ("0.00", "Posted", "SG01-2026-1800000001")}
    assert found["receipts"] == {"L-SG01-2026-1400000001": "17440.00"}


def test_a_card_payment_goes_to_the_ledger_and_its_echo_in_the_extract_is_no_receipt() -> None:
    flight = fly(paid_by_card, SingaporeFlight())
    found = books(flight)
    assert [d["kind"] for d in flight.ledger.documents.values()] == ["DR", "DZ"]  # type: ignore[attr-defined]
    assert found["payments"] == [(GROSS, "")]
    assert found["receipts"] == {"CB:txn_001": "17440.00"}


def test_two_equal_partial_payments_are_two_receipts() -> None:
    async def story(flight: Flight) -> None:
        assert isinstance(flight, SingaporeFlight)
        await flight.win()
        await flight.night()
        flight.ledger.bank("SG-000001", GROSS // 2)
        flight.ledger.bank("SG-000001", GROSS // 2)
        await flight.night()

    found = books(fly(story, SingaporeFlight()))
    assert found["bills"] == [("SG-000001", GROSS, 0)]
    assert len(found["receipts"]) == 2  # type: ignore[arg-type]


def test_a_refused_document_is_an_exception_and_a_clerks_late_success_completes_it() -> None:
    async def story(flight: Flight) -> None:
        assert isinstance(flight, SingaporeFlight)
        flight.ledger.refuse.add("SG-000001")
        await flight.win()
        await flight.night()
        (exception,) = await flight.exceptions()
        assert (exception.kind, exception.subject) == ("closed_period", "SG-000001")
        line = "DOC2000000001000001" + " " * 16 + "SG-000001       53SG0118000000992026"
        name = "BILL_SUBHUB_20260105_000001"
        text = f"{f'ACK{name}'.ljust(160)}\r\n{line.ljust(160)}\r\n"
        flight.drop.files[f"/outbound/{name}.A02"] = text.encode("latin-1")
        await flight.settle()
        assert await at_rest(flight) == (0, 0, 0)

    flight = fly(story, SingaporeFlight())
    assert flight.salesforce.bills["SG-000001"]["ERP_Document__c"] == "SG01-2026-1800000099"


@pytest.mark.parametrize(("code", "names"), [
    ("CTL_CHECKSUM", ["CUST_SUBHUB_20260105_000001", "CUST_SUBHUB_20260106_000001R1"]),
    ("DUP_SEQ", ["CUST_SUBHUB_20260105_000001", "CUST_SUBHUB_20260106_000002"]),
])  # fmt: skip
def test_a_rejected_file_goes_out_again_under_the_number_that_is_right(code: str, names: list[str]) -> None:
    async def story(flight: Flight) -> None:
        assert isinstance(flight, SingaporeFlight)
        flight.ledger.reject = [code, code]
        await flight.win()
        await flight.night()
        await flight.night()
        assert await at_rest(flight) == (0, 0, 0)

    flight = fly(story, SingaporeFlight())
    assert isinstance(flight, SingaporeFlight)
    taken = [n.rpartition("/")[2][:-4] for n in flight.drop.files if n.startswith(("/error/CUST", "/archive/CUST"))]
    assert taken == names
    assert [d["reference"] for d in flight.ledger.documents.values()] == ["SG-000001"]


def test_a_file_damaged_or_cut_on_its_way_is_fetched_again() -> None:
    async def story(flight: Flight) -> None:
        assert isinstance(flight, SingaporeFlight)
        drop, read, cut = flight.drop, flight.drop.read, set[str]()

        async def once_cut(path: str) -> bytes:
            data = await read(path)
            if not path.startswith("/outbound/") or path in cut:
                return data
            cut.add(path)
            if path.endswith(".ACK"):
                return data[:162]  # its head alone: every line that is there is right
            return data[: data.find(b"TRL")] if b"TRL" in data else bytes(byte ^ 0x20 for byte in data)

        drop.read = once_cut  # type: ignore[method-assign]
        await paid(flight)
        assert len(cut) >= 3
        assert await at_rest(flight) == (0, 0, 0)

    flight = fly(story, SingaporeFlight())
    assert [bill["Status__c"] for bill in flight.salesforce.bills.values()] == ["Paid"]


def test_an_unreadable_line_is_a_dead_letter_and_the_others_count() -> None:
    async def story(flight: Flight) -> None:
        assert isinstance(flight, SingaporeFlight)
        await flight.win()
        flight.drop.files["/outbound/ZSUBPAY_20260101_000000.TXT"] = b"XYZ nonsense\r\nPAYshort\r\n"
        await flight.night()
        assert [letter.cause[:7] for letter in await flight.letters()] == ["unknown", "PAY lin", "the fil"]

    assert len(fly(story, SingaporeFlight()).salesforce.bills) == 1


@pytest.mark.parametrize("story", [paid, paid_by_card], ids=["transfer", "card"])
def test_a_storm_at_every_file_operation_and_commit_ends_in_the_same_books(story: object) -> None:
    calm = fly(story, SingaporeFlight())  # type: ignore[arg-type]
    assert isinstance(calm, SingaporeFlight)
    expected = books(calm)
    listings = 0
    for index, call in enumerate(calm.wire.calls):
        listings += call == "drop.list"
        if not call.startswith("drop.") or (call == "drop.list" and listings % 5):
            continue
        for fault in ("refused", "lost", "timeout", "crash-after"):
            flight = SingaporeFlight(memory=fault != "crash-after")
            flight.wire.script[index] = fault
            assert books(fly(story, flight)) == expected, (index, call, fault)  # type: ignore[arg-type]
    for index in range(0, calm.commits, 2):
        flight = SingaporeFlight(memory=False, commit_script={index: "crash-after"})
        assert books(fly(story, flight)) == expected, index  # type: ignore[arg-type]
