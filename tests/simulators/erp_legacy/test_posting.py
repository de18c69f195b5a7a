"""What the ledger refuses and what it makes of what it accepts: rules, taxes, periods, reversals, currencies."""

from dataclasses import replace
from decimal import Decimal

import pytest

from .partner import Bill, Doc, amount, customer, data, payment, record, transfer
from .world import SEED, World, signed, story

KUNNR = "0000100001"


async def post(world: World, *docs: Doc, iface: str = "BILL", user: str = "subhub", sender: str = "SUBHUB",
               ) -> list[tuple[str, str, str]]:  # fmt: skip
    """Send documents through a window; (status, message, BELNR) of each."""
    if not world.erp.store.find("kna1"):
        await world.send("CUST", 1, customer("0", KUNNR))
    last = world.erp.arrivals.last_sequence(sender, iface)
    base = await world.send(iface, last + 1, *docs, user=user, sender=sender)
    await world.run()
    _, lines = await world.answers_of(user, base)
    return [(line[51:53], f"{line[71:91].strip()} {line[91:94]}", line[57:67].strip()) for line in lines]


async def one(world: World, bill: Bill, iface: str = "BILL") -> tuple[str, str, str]:
    (outcome,) = await post(world, bill.idoc("77"), iface=iface)
    return outcome


GOOD = Bill("SG-000001")
REFUSED: dict[str, tuple[Bill, str]] = {
    "unknown customer": (replace(GOOD, kunnr="0000999999"), "F5 102"),
    "unknown company code": (replace(GOOD, bukrs="XX01"), "F5 165"),
    "closed period": (replace(GOOD, budat="20160105", bldat="20240105", monat="01"), "F5 201"),
    "period after the last open one": (replace(GOOD, budat="20280105", monat="01"), "F5 201"),
    "month that does not fit": (replace(GOOD, monat="02"), "F5A 036"),
    "special period outside December": (replace(GOOD, monat="13"), "F5A 036"),
    "balance": (replace(GOOD, gross="1745.00"), "F5 702"),
    "no reference": (replace(GOOD, xblnr=""), "F5 808"),
    "no document date": (replace(GOOD, bldat="00000000"), "F5 808"),
    "no day of the calendar": (replace(GOOD, budat="20260231"), "Z1 001"),
    "unknown account": (replace(GOOD, net=(("0000400999", "1600.00"),)), "F5 117"),
    "reconciliation account posted directly": (replace(GOOD, net=(("0000140000", "1600.00"),)), "F5 117"),
    "account that needs a CO object": (replace(GOOD, net=(("0000500000", "1600.00"),)), "KI 235"),
    "revenue without tax code": (replace(GOOD, mwskz="", tax=(), gross="1600.00"), "FF 703"),
    "unknown tax code": (replace(GOOD, mwskz="Q1", tax=(("Q1", "9.000", "1600.00", "144.00"),)), "FF 703"),
    "rate of another year": (replace(GOOD, tax=(("A9", "8.000", "1600.00", "128.00"),), gross="1728.00"), "FF 703"),
    "tax code no longer valid": (
        replace(GOOD, mwskz="A8", tax=(("A8", "8.000", "1600.00", "128.00"),), gross="1728.00"), "FF 703"),
    "tax beyond the tolerance": (replace(GOOD, tax=(("A9", "9.000", "1600.00", "144.02"),), gross="1744.02"), "FF 703"),
    "base that is not the lines'": (replace(GOOD, tax=(("A9", "9.000", "1500.00", "144.00"),)), "FF 703"),
    "tax segment left out": (replace(GOOD, tax=(), gross="1600.00"), "FF 703"),
    "payment over the billing interface": (replace(GOOD, blart="DZ"), "Z1 004"),
    "unknown action": (replace(GOOD, action="Q"), "Z1 002"),
    "amount of nothing": (replace(GOOD, gross="0.00", net=(("0000400100", "0.00"),),
                                  tax=(("A9", "9.000", "0.00", "0.00"),)), "F5 808"),
    "credit memo for an unknown document": (replace(GOOD, blart="DG", rebzg="SG-999999"), "Z1 011"),
    "reversal without reason": (replace(GOOD, action="R", rebzg="1800000001"), "F5 808"),
    "reversal of an unknown document": (replace(GOOD, action="R", rebzg="1800000001", stgrd="01"), "Z1 011"),
    "currency without rate": (replace(GOOD, waers="EUR"), "SG 105"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused_documents_stand_in_the_queue_and_change_nothing(case: str) -> None:
    bill, expected = REFUSED[case]

    async def body(world: World) -> None:
        assert await one(world, bill) == ("51", expected, "")
        assert world.documents() == [] and world.ledger() == []
        (queued,) = (await world.act("queue_list"))["documents"]
        first = queued["messages"][0]
        assert queued["STATUS"] == "51" and f"{first['STAMID']} {first['STAMNO']}" == expected
        (parked,) = [row for row in world.erp.books()["document"] if row["object"] == "IDOC"]
        assert parked["STATUS"] == "51" and parked["STATXT"]

    story(body)


def test_posting_keys_and_customer_lines() -> None:
    async def body(world: World) -> None:
        wrong_key, two_customers = GOOD.idoc("1"), replace(GOOD, xblnr="SG-000002").idoc("2")
        wrong_key.lines[2] = wrong_key.lines[2][:69] + "11" + wrong_key.lines[2][71:]
        line = record(210, (0, 6, "000009"), (6, 2, "01"), (8, 1, "D"), (19, 1, "S"), (20, 16, amount("0.00")))
        two_customers.lines.append(data("2", len(two_customers.lines), "Z1SUBIT", line))
        outcome = await post(world, wrong_key, two_customers)
        assert [row[:2] for row in outcome] == [("51", "Z1 003"), ("51", "Z1 005")]

    story(body)


def test_all_messages_of_a_document_are_shown() -> None:
    async def body(world: World) -> None:
        await one(world, replace(GOOD, kunnr="0000999999", gross="1.00", monat="07"))
        (queued,) = (await world.act("queue_list"))["documents"]
        assert [f"{note['STAMID']} {note['STAMNO']}" for note in queued["messages"]] == [
            "F5A 036", "F5 102", "F5 702"]  # fmt: skip

    story(body)


def test_the_same_invoice_twice_posts_once_or_twice() -> None:
    async def on(world: World) -> None:
        assert (await one(world, GOOD))[0] == "53"
        assert (await one(world, GOOD))[:2] == ("51", "Z1 010")
        assert len(world.documents("DR")) == 1

    async def off(world: World) -> None:
        assert [(await one(world, GOOD))[2] for _ in range(2)] == ["1800000001", "1800000002"]

    story(on)
    story(off, duplicate_check=False)


def test_a_reversed_invoice_may_come_again() -> None:
    async def body(world: World) -> None:
        await one(world, GOOD)
        outcome = await one(world, replace(GOOD, action="R", rebzg="1800000001", stgrd="01"))
        assert outcome == ("53", "F5 312", "0100000001")
        original, mirror = world.documents()
        assert (original["STBLG"], mirror["STBLG"], mirror["BLART"]) == ("0100000001", "1800000001", "AB")
        assert world.balance("0000140000") == world.balance("0000400100") == world.balance("0000175000") == 0
        assert {row["AUGBL"] for row in world.ledger() if row["KOART"] == "D"} == {"0100000001"}
        assert (await one(world, replace(GOOD, action="R", rebzg="1800000001", stgrd="01")))[1] == "Z1 012"
        assert (await one(world, GOOD))[0] == "53"

    story(body)


def test_a_reversal_goes_into_the_original_period_while_that_is_open() -> None:
    async def body(world: World) -> None:
        await one(world, GOOD)
        await one(world, replace(GOOD, xblnr="SG-000002"))
        reversal = replace(GOOD, action="R", stgrd="01", budat="20260210", monat="02")
        await one(world, replace(reversal, rebzg="SG-000001"))
        await world.act("lock_period", BUKRS="SG01", period="2026-01")
        await one(world, replace(reversal, rebzg="SG-000002", xblnr="SG-000002"))
        assert [row["BUDAT"] for row in world.documents("AB")] == ["20260105", "20260210"]

    story(body)


def test_a_paid_invoice_is_not_reversed_until_its_clearing_is_reset() -> None:
    async def body(world: World) -> None:
        await one(world, GOOD)
        paid = await world.act("bank_receipt", BUKRS="SG01", XBLNR="SG-000001", WRBTR="1744.00", WAERS="SGD")
        reversal = replace(GOOD, action="R", rebzg="1800000001", stgrd="01")
        assert (await one(world, reversal))[1] == "Z1 013"
        done = await world.act("reset_clearing", BUKRS="SG01", BELNR="1800000001", GJAHR="2026")
        assert done == {"applications": 1}
        assert (await one(world, reversal))[0] == "53"
        rest = {row["BELNR"]: row["RESTBT"] for row in world.documents("DZ")}
        assert rest == {paid["BELNR"]: "1744.00"}  # the money is on account now

    story(body)


def test_a_credit_memo_settles_its_invoice_at_the_old_rate() -> None:
    async def body(world: World) -> None:
        old = replace(GOOD, bldat="20231231", mwskz="A8", tax=(("A8", "8.000", "1600.00", "128.00"),), gross="1728.00")
        assert (await one(world, old))[0] == "53"
        memo = replace(old, xblnr="SG-CN-000001", blart="DG", bldat="20260105", rebzg="SG-000001")
        assert (await one(world, memo))[0] == "53"
        assert world.balance("0000140000") == 0
        lines = [(row["BSCHL"], row["SHKZG"]) for row in world.ledger() if row["XBLNR"] == "SG-CN-000001"]
        assert lines == [("11", "H"), ("40", "S"), ("40", "S")]
        assert await world.outbound("ZOPENITM_20260105.TXT") == ["TRL00000000".ljust(160)]

    story(body)


def test_a_credit_memo_without_reference_stays_open() -> None:
    async def body(world: World) -> None:
        memo = replace(GOOD, xblnr="SG-CN-000001", blart="DG")
        await one(world, memo)
        item, trailer = await world.outbound("ZOPENITM_20260105.TXT")
        assert item[81:97].strip() == item[97:113].strip() == "-1744.00" and trailer[:11] == "TRL00000001"

    story(body)


def test_changes_after_posting_touch_no_amount() -> None:
    async def body(world: World) -> None:
        await one(world, GOOD)
        assert (await one(world, replace(GOOD, action="X", rebzg="SG-000001", gross="9.00")))[1] == "Z1 014"
        changed = await one(world, replace(GOOD, action="X", rebzg="SG-000001", bldat="20260301"))
        assert changed == ("53", "F5 312", "1800000001")
        (document,) = world.documents()
        assert document["ZFBDT"] == "20260301" and document["BLDAT"] == "20260105"

    story(body)


def test_tax_lines_are_rounded_one_by_one_within_the_tolerance() -> None:
    async def body(world: World) -> None:
        half_cents = (("A9", "9.000", "0.05", "0.01"),) * 2
        bill = replace(GOOD, net=(("0000400100", "0.05"), ("0000400200", "0.05")), tax=half_cents, gross="0.12")
        assert (await one(world, bill))[0] == "53"
        assert world.balance("0000175000") == Decimal("-0.02")
        rows = [row for row in world.erp.books()["line"] if row["object"] == "BSET"]
        assert [row["FWSTE"] for row in rows] == ["0.01", "0.01"]

    story(body)


def test_number_ranges_run_per_company_year_and_type() -> None:
    seed = {**SEED, "company_codes": [*SEED["company_codes"], {"BUKRS": "SG02", "WAERS": "SGD", "zone": "UTC"}],
            "tax_codes": [*SEED["tax_codes"], {"MWSKZ": "A9", "rate": "9.000", "BUKRS": "SG02",
                                               "valid_from": "2024-01-01", "HKONT": "0000175000"}]}  # fmt: skip

    async def body(world: World) -> None:
        second = customer("1", KUNNR, bukrs="SG02")
        await world.send("CUST", 1, customer("0", KUNNR), second)
        await world.run()
        docs = [
            GOOD, replace(GOOD, xblnr="A2"), replace(GOOD, xblnr="A3", budat="20270105"),
            replace(GOOD, xblnr="A4", bukrs="SG02"), replace(GOOD, xblnr="A5", blart="DG"),
        ]  # fmt: skip
        await post(world, *(bill.idoc(str(number)) for number, bill in enumerate(docs)))
        numbers = [(row["BUKRS"], row["GJAHR"], row["BELNR"]) for row in world.documents()]
        assert numbers == [
            ("SG01", "2026", "1800000001"), ("SG01", "2026", "1800000002"), ("SG01", "2027", "1800000001"),
            ("SG02", "2026", "1800000001"), ("SG01", "2026", "1600000001"),
        ]  # fmt: skip

    story(body, seed=seed)


def yen(xblnr: str, gross: str, budat: str) -> Bill:
    return replace(GOOD, xblnr=xblnr, waers="JPY", gross=gross, net=(("0000400100", gross),), mwskz="A0",
                   tax=(("A0", "0.000", gross, "0"),), budat=budat)  # fmt: skip


def test_foreign_currency_realises_its_exchange_difference() -> None:
    async def body(world: World) -> None:
        await one(world, yen("SG-000001", "120000", "20260105"))
        await world.act("bank_receipt", BUKRS="SG01", XBLNR="SG-000001", WRBTR="50000", WAERS="JPY", date="2026-01-08")
        await world.act("bank_receipt", BUKRS="SG01", XBLNR="SG-000001", WRBTR="70000", WAERS="JPY", date="2026-01-12")
        await world.run()
        assert world.balance("0000140000", "DMBTR") == world.balance("0000140000", currency="JPY") == 0
        # 70,000 yen came in at 0.0091 instead of 0.0086
        assert world.balance("0000230000", "DMBTR") == Decimal("-35.00")
        assert await world.outbound("ZOPENITM_20260105.TXT") == ["TRL00000000".ljust(160)]

    story(body)


def test_local_rounding_keeps_each_document_balanced() -> None:
    async def body(world: World) -> None:
        bill = replace(GOOD, waers="JPY", mwskz="A0", gross="3",
                       net=(("0000400100", "1"), ("0000400200", "1"), ("0000400200", "1")),
                       tax=(("A0", "0.000", "3", "0"),))  # fmt: skip
        await one(world, bill)
        assert [row["DMBTR"] for row in world.ledger()] == ["0.03", "0.01", "0.01", "0.01"]
        await one(world, replace(bill, xblnr="SG-000002", gross="5", net=(("0000400100", "2"), ("0000400200", "3")),
                                 tax=(("A0", "0.000", "5", "0"),)))  # fmt: skip
        assert sum(signed(row, "DMBTR") for row in world.ledger()) == 0

    story(body)


def test_customer_records_create_change_and_refuse() -> None:
    async def body(world: World) -> None:
        await world.send("CUST", 1, customer("0", KUNNR, serial="20260105090000"))
        await world.run()
        docs = [
            customer("1", KUNNR, serial="20260105100000"), customer("2", "", name="Numbered here"),
            customer("3", "0000100003", name=""), customer("4", "0000100004", bukrs="XX01"),
            customer("5", "0000100005", akont="0000400100"), customer("6", "0000100006", akont=""),
            customer("7", KUNNR, name="Renamed", serial="20260105110000"),
            customer("8", KUNNR, name="Old news", serial="20260105103000"),
        ]  # fmt: skip
        outcome = await post(world, *docs, iface="CUST")
        assert [row[:2] for row in outcome] == [
            ("53", "F2 056"), ("53", "F2 056"), ("51", "F5 808"), ("51", "F5 165"), ("51", "F5 117"), ("51", "F5 808"),
            ("53", "F2 056"), ("51", "Z1 020"),
        ]  # fmt: skip
        assert outcome[1][2] == "0000900001"
        names = {row["KUNNR"]: row["NAME1"] for row in world.erp.books()["party"] if row["object"] == "KNA1"}
        assert names == {KUNNR: "Renamed", "0000900001": "Numbered here"}

    story(body)


def test_a_blocked_customer_is_not_posted_to() -> None:
    seed = {**SEED, "customers": [{"KUNNR": "100001", "NAME1": "Known before", "LAND1": "SG", "companies": [
        {"BUKRS": "SG01", "AKONT": "140000", "SPERR": "X"}]}]}  # fmt: skip

    async def body(world: World) -> None:
        assert (await one(world, GOOD))[:2] == ("51", "Z1 016")

    story(body, seed=seed)


def test_payment_files_pay_by_reference_or_by_the_invoices_own_number() -> None:
    async def body(world: World) -> None:
        await one(world, GOOD)
        await one(world, replace(GOOD, xblnr="SG-000002"))
        outcome = await post(world, payment("txn_1", "1744.00", "SG-000001").idoc("1"),
                             payment("SG-000002", "1000.00", zsubid="txn_2").idoc("2"),
                             payment("SG-000002", "744.00", zsubid="txn_3").idoc("3"),
                             payment("SG-000002", "744.00", zsubid="txn_3").idoc("4"), iface="PAY")  # fmt: skip
        assert [row[:2] for row in outcome] == [("53", "F5 312")] * 3 + [("51", "Z1 010")]
        assert world.balance("0000140000") == 0 and world.balance("0000113100") == 2 * 1744

    story(body)


def test_a_payment_that_comes_back() -> None:
    async def body(world: World) -> None:
        await one(world, GOOD)
        await post(world, payment("txn_1", "1744.00", "SG-000001").idoc("1"), iface="PAY")
        back = payment("txn_1", "1744.00", "1400000001", action="R", stgrd="02")
        outcome = await post(world, back.idoc("2"), iface="PAY")
        assert outcome[0][0] == "53"
        line, _ = await world.outbound("ZSUBPAY_20260105_000003.TXT")
        assert line[60:76].strip() == "-1744.00" and line[92:108].strip() == "1744.00"
        assert line[39:55].strip() == "SG-000001" and line[108:118] == outcome[0][2] != "1400000001"
        assert world.balance("0000140000") == 1744 and world.documents("DR")[0]["AUGBL"] == ""

    story(body)


def test_an_open_item_goes_to_an_account_without_tax() -> None:
    async def body(world: World) -> None:
        await one(world, GOOD)
        await post(world, payment("txn_1", "744.00", "SG-000001").idoc("1"), iface="PAY")
        wrong = (
            transfer("M-1", "1000.01", "1800000001"), transfer("M-1", "1000.00", "1800000009"),
            transfer("M-1", "1000.00", "1800000001", mwskz="A9", tax=(("A9", "9.000", "1000.00", "0.00"),)),
        )  # fmt: skip
        outcome = await post(world, *(bill.idoc(str(number)) for number, bill in enumerate(wrong)))
        assert [row[:2] for row in outcome] == [("51", "F5 263"), ("51", "Z1 011"), ("51", "FF 703")]
        taxed = world.balance("0000175000")
        good = transfer("M-1", "1000.00", "1800000001")
        outcome = await post(world, good.idoc("1"), good.idoc("2"))
        assert [row[:2] for row in outcome] == [("53", "F5 312"), ("51", "Z1 010")]
        assert world.balance("0000140000") == 0 and world.balance("0000199000") == 1000
        assert world.balance("0000175000") == taxed and world.documents("DR")[0]["AUGBL"] == outcome[0][2]
        late = transfer("M-2", "1.00", "1800000001")
        assert (await post(world, late.idoc("3")))[0][:2] == ("51", "F5 263"), "nothing is open any more"

    story(body)


def test_a_clerk_keeps_customers_and_has_them_listed() -> None:
    async def body(world: World) -> None:
        facts = {"BUKRS": "SG01", "NAME1": "Merlion Freight", "LAND1": "SG", "AKONT": "140000", "ZZSTCEG": "T1"}
        assert (await world.act("customer_save", KUNNR="100007", **facts))["KUNNR"] == "0000100007"
        with pytest.raises(ValueError, match="F5 808"):
            await world.act("customer_save", **{**facts, "NAME1": ""})
        *lines, trailer = await world.outbound((await world.act("customer_list", BUKRS="SG01"))["file"])
        assert [line[:17] for line in lines] == ["CUSSG010000100007"] and trailer.startswith("TRL00000001")
        assert lines[0][17:52].strip() == "Merlion Freight" and lines[0][125:145].strip() == "T1"
        assert len(lines[0]) == len(trailer) == 160

    story(body)
