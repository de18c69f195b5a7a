"""IDoc files against the published offsets: envelope, segments, amounts, totals, characters."""

import hashlib
from datetime import date
from decimal import Decimal

import pytest

from synccore.domain.legacy import LegacyCustomer, LegacyDocument, LegacyFile, LegacyLine, LegacyTax
from synccore.systems.credentials import LegacyErpAccess
from synccore.systems.idoc import data_and_control
from synccore.systems.idoc_layout import CTL, latin, money, record
from synccore.systems.idoc_reading import file_of


def _document(number: str, currency: str = "SGD", net: int = 1_600_000, tax: int = 144_000) -> LegacyDocument:
    lines = (
        LegacyLine(posting_key="01", customer=True, account="0000900001", debit=True, amount=net + tax),
        LegacyLine(posting_key="50", account="0000400100", debit=False, amount=net, tax_code="A9", tax_base=net,
                   quantity="1", material="PLAT", text="Platform"),
    )  # fmt: skip
    return LegacyDocument(
        kind="DR", company="SG01", reference=number, document_date=date(2026, 1, 5), posting_date=date(2026, 1, 5),
        due_date=date(2026, 2, 4), currency=currency, kunnr="0000900001", subscription="sub-1", source_id=number,
        lines=lines, taxes=(LegacyTax(code="A9", rate=Decimal(9), base=net, amount=tax),),
    )  # fmt: skip


def _file(*documents: LegacyDocument) -> LegacyFile:
    return LegacyFile(
        name="BILL_SUBHUB_20260105_000003", interface="BILL", sequence=3, created="20260105", created_time="213000",
        documents=documents,
    )  # fmt: skip


def test_the_envelope_and_segments_sit_at_the_vendors_offsets() -> None:
    data, _ = data_and_control(_file(_document("SG-000001")), LegacyErpAccess())
    envelope, header, customer, revenue, tax, rest = data.decode("latin-1").split("\r\n")
    assert rest == ""
    assert len(envelope) == 524
    assert {len(line) for line in (header, customer, revenue, tax)} == {1063}
    assert envelope[:10].strip() == "EDI_DC40"
    assert envelope[13:29] == "2000000003000001"
    assert envelope[434:504].strip() == "SG-000001"
    assert [line[49:63] for line in (header, customer, revenue, tax)] == [
        "00000100000001", "00000200000102", "00000300000102", "00000400000102",
    ]  # fmt: skip
    body = header[63:]
    assert (body[:2], body[2:6], body[6:22].strip(), body[22:38], body[38:40]) == (
        "DR", "SG01", "SG-000001", "2026010520260105", "01",
    )  # fmt: skip
    assert (body[96:104], body[222]) == ("20260204", "C")
    assert (revenue[69:71], revenue[71], revenue[72:82], revenue[82]) == ("50", "S", "0000400100", "H")
    assert revenue[83:99] == "16000.00".rjust(16)
    assert (tax[69:71], tax[71:80].strip(), tax[96:112]) == ("A9", "9.000", "1440.00".rjust(16))


def test_the_control_file_proves_the_data_file_by_currency() -> None:
    yen = _document("SG-000002", "JPY", 1000, 90)
    data, control = data_and_control(_file(_document("SG-000001"), yen), LegacyErpAccess())
    head, first, second, end, _ = control.decode("latin-1").split("\r\n")
    assert {len(line) for line in (head, first, second, end)} == {120}
    assert (head[29:35], head[49:57], head[57:65], head[65:105].strip()) == (
        "000003", "00000002", "00000008", "BILL_SUBHUB_20260105_000003",
    )  # fmt: skip
    assert (first[3:8], int(first[8:26]), int(first[26:44]), int(first[44:60])) == (
        "SGD  ", 1_744_000, 1_744_000, 900_001,
    )  # fmt: skip
    assert (second[3:8], int(second[8:26]), int(second[26:44])) == ("JPY  ", 1090, 1090)
    assert int(end[3:15]) == len(data)
    assert end[15:79] == hashlib.sha256(data).hexdigest()
    assert int(end[79:87]) == data.count(b"\r\n")


def test_the_same_file_is_always_the_same_bytes() -> None:
    first = data_and_control(_file(_document("SG-000001")), LegacyErpAccess())
    again = data_and_control(LegacyFile.model_validate_json(_file(_document("SG-000001")).model_dump_json()),
                             LegacyErpAccess())  # fmt: skip
    assert first == again


def test_a_customer_carries_name_country_and_reconciliation_account() -> None:
    customer = LegacyCustomer(
        kunnr="0000900001", company="SG01", name="Žluťoučký — Kůň Pte", country="SG", receivables="0000140000"
    )
    file = LegacyFile(
        name="CUST_SUBHUB_20260105_000001", interface="CUST", sequence=1, created="20260105", created_time="213000",
        customers=(customer,),
    )  # fmt: skip
    _, general, company, _ = data_and_control(file, LegacyErpAccess())[0].decode("latin-1").split("\r\n")
    assert (general[63 + 3 : 63 + 13], general[63 + 153 : 63 + 156].strip()) == ("0000900001", "SG")
    assert general[63 + 179 : 63 + 214].strip() == "Zlutoucký - Kun Pte"
    assert (company[63 + 3 : 63 + 7], company[63 + 14 : 63 + 24]) == ("SG01", "0000140000")


def test_a_file_that_we_handed_over_is_read_back_to_the_byte() -> None:
    payment = LegacyDocument(
        kind="DZ", company="SG01", reference="SG-000001", document_date=date(2026, 1, 5),
        posting_date=date(2026, 1, 5), currency="JPY", kunnr="0000900001", text="txn_1", subscription="txn_1",
        source_id="txn_1", invoice_document="1800000001", lines=(
            LegacyLine(posting_key="40", account="0000113100", debit=True, amount=90, assignment="SG-000001"),
            LegacyLine(posting_key="15", customer=True, account="0000900001", debit=False, amount=90,
                       starts="20260105", ends="20270104"),
        ),
    )  # fmt: skip
    taken_back = payment.model_copy(update={"action": "R", "reason": "01", "lines": ()})
    documents = (_document("SG-000001"), _document("SG-000002", "JPY", 1000, 90), payment, taken_back)
    keys = ("SG-000001", "SG-000002", "CB:txn_1/SG-000001", "CB:txn_2")
    sent = _file(*documents).model_copy(update={"keys": keys})
    data, control = data_and_control(sent, LegacyErpAccess())
    read = file_of(sent.name, data)
    assert data_and_control(read, LegacyErpAccess()) == (data, control)
    assert (read.keys, [one.kind for one in read.documents]) == (keys, ["DR", "DR", "DZ", "DZ"])
    assert read.documents[2] == payment


def test_whose_number_a_customers_is_can_be_read_from_its_file() -> None:
    customer = LegacyCustomer(kunnr="0000900001", company="SG01", name="Merlion", country="SG",
                              receivables="0000140000", source_id="001000000000007AAA-SG")  # fmt: skip
    sent = LegacyFile(
        name="CUST_SUBHUB_20260105_000001R2", interface="CUST", sequence=1, created="20260105", created_time="213000",
        customers=(customer,), keys=("0000900001/abc",),
    )  # fmt: skip
    data = data_and_control(sent, LegacyErpAccess())[0]
    assert file_of(sent.name, data) == sent


@pytest.mark.parametrize("name", ["PAY_BANK01.TXT", "ZSUBPAY_20260105_000001", "BILL_SUBHUB_20260105_000003"])
def test_a_file_that_is_none_of_ours_is_not_read(name: str) -> None:
    with pytest.raises(ValueError):
        file_of(name, b"anything\r\n")


@pytest.mark.parametrize(("amount", "currency", "text"), [
    (1200, "JPY", "1200"), (1250, "KWD", "1.250"), (-1250, "SGD", "12.50"),
])  # fmt: skip
def test_amounts_are_positive_with_the_currencys_own_decimals(amount: int, currency: str, text: str) -> None:
    assert money(amount, currency) == text


def test_a_key_that_does_not_fit_is_refused_and_text_is_cut_to_one_line() -> None:
    with pytest.raises(ValueError, match="BASENAME"):
        record(CTL, {"BASENAME": "x" * 41})
    assert latin("a\nb €5 日") == "a b EUR5 ?"
