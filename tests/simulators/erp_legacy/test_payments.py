"""Money that comes in: partial, too much, too early, with discount, returned; and what the extracts say of it."""

from dataclasses import replace
from decimal import Decimal

import pytest

from .partner import Bill, customer, payment
from .world import World, story

KUNNR = "0000100001"


async def invoiced(world: World) -> None:
    await world.send("CUST", 1, customer("1", KUNNR))
    await world.send("BILL", 1, Bill("SG-000001").idoc("2"))
    await world.run()


async def receive(world: World, amount: str, xblnr: str = "SG-000001", **more: str) -> dict[str, str]:
    return await world.act("bank_receipt", BUKRS="SG01", KUNNR=KUNNR, XBLNR=xblnr, WRBTR=amount, WAERS="SGD", **more)


async def extract(world: World, number: int) -> list[tuple[str, str, str, str]]:
    """XBLNR, WRBTR, SKONTO, RESTBT of each payment row after one more window."""
    await world.run()
    *lines, trailer = await world.outbound(f"ZSUBPAY_20260105_{number:06d}.TXT")
    assert int(trailer[3:11]) == len(lines)
    assert Decimal(trailer[11:27]) == sum(Decimal(line[60:76]) for line in lines)
    return [(line[39:55].strip(), *(line[at : at + 16].strip() for at in (60, 76, 92))) for line in lines]


async def open_items(world: World) -> list[tuple[str, str, str]]:
    *lines, trailer = await world.outbound("ZOPENITM_20260105.TXT")
    assert int(trailer[3:11]) == len(lines)
    assert sum(Decimal(line[97:113]) for line in lines) == world.balance("0000140000")
    return [(line[34:36], line[81:97].strip(), line[97:113].strip()) for line in lines]


def test_a_partial_payment_leaves_the_rest_open() -> None:
    async def body(world: World) -> None:
        await invoiced(world)
        await receive(world, "1000.00")
        assert await extract(world, 2) == [("SG-000001", "1000.00", "0.00", "744.00")]
        assert await open_items(world) == [("DR", "1744.00", "744.00")]
        assert {row["AUGBL"] for row in world.documents()} == {""}
        assert await extract(world, 3) == []

    story(body)


def test_too_much_stays_on_account() -> None:
    async def body(world: World) -> None:
        await invoiced(world)
        await receive(world, "1800.00")
        assert await extract(world, 2) == [("SG-000001", "1800.00", "0.00", "-56.00")]
        assert await open_items(world) == [("DZ", "-1800.00", "-56.00")]

    story(body)


def test_money_for_nothing_known_is_on_account() -> None:
    async def body(world: World) -> None:
        await invoiced(world)
        await receive(world, "10.00", "")
        await receive(world, "20.00", "what is this")
        assert await extract(world, 2) == [("", "10.00", "0.00", "0.00"), ("", "20.00", "0.00", "0.00")]
        assert world.balance("0000140000") == Decimal("1714.00")

    story(body)


def test_money_before_its_invoice_is_matched_the_night_the_invoice_comes() -> None:
    async def body(world: World) -> None:
        await world.send("CUST", 1, customer("1", KUNNR))
        await world.run()
        await receive(world, "1744.00")
        assert await extract(world, 2) == [("", "1744.00", "0.00", "0.00")]
        await world.send("BILL", 1, Bill("SG-000001").idoc("2"))
        assert await extract(world, 3) == []
        assert await open_items(world) == [] and world.documents("DR")[0]["AUGBL"] == "1400000001"

    story(body)


def test_a_cash_discount_clears_with_the_payment() -> None:
    async def body(world: World) -> None:
        await invoiced(world)
        await receive(world, "1709.12", SKONTO="34.88")
        assert await extract(world, 2) == [("SG-000001", "1709.12", "34.88", "0.00")]
        assert await open_items(world) == []
        assert world.balance("0000480000") == Decimal("34.88")

    story(body)


def test_a_returned_payment_opens_its_invoice_again() -> None:
    async def body(world: World) -> None:
        await invoiced(world)
        paid = await receive(world, "1744.00")
        await world.run()
        await world.act("bank_return", BUKRS="SG01", BELNR=paid["BELNR"], GJAHR="2026")
        assert await extract(world, 3) == [("SG-000001", "-1744.00", "0.00", "1744.00")]
        assert await open_items(world) == [("DR", "1744.00", "1744.00")]
        with pytest.raises(ValueError, match="reversed already"):
            await world.act("bank_return", BUKRS="SG01", BELNR=paid["BELNR"], GJAHR="2026")

    story(body)


async def paid_and_credited(world: World) -> None:
    """A paid bill has a credit memo of a quarter."""
    await invoiced(world)
    await receive(world, "1744.00")
    memo = Bill("SG-CN-1", blart="DG", rebzg="SG-000001", gross="436.00", net=(("0000400100", "400.00"),),
                tax=(("A9", "9.000", "400.00", "36.00"),))  # fmt: skip
    await world.send("BILL", 2, memo.idoc("3"))
    assert await extract(world, 2) == [("SG-000001", "1744.00", "0.00", "0.00")]


def test_a_credit_memo_is_paid_out_and_told_with_a_minus() -> None:
    async def body(world: World) -> None:
        await paid_and_credited(world)
        number = world.documents("DG")[0]["BELNR"]
        await world.send("PAY", 1, payment("SG-CN-1", "436.00", number, out=True).idoc("4"))
        assert await extract(world, 3) == [("SG-CN-1", "-436.00", "0.00", "0.00")]
        assert await open_items(world) == []
        world.check_books()

    story(body)


def test_a_clerk_has_the_bank_pay_a_credit_memo_out_in_two_parts_and_no_more() -> None:
    async def body(world: World) -> None:
        await paid_and_credited(world)
        place = {name: world.documents("DG")[0][name] for name in ("BUKRS", "BELNR", "GJAHR")}
        with pytest.raises(ValueError, match="43600 minor units"):
            await world.act("pay_out", **place, WRBTR="436.01")
        await world.act("pay_out", **place, WRBTR="36.00")
        await world.act("pay_out", **place)
        with pytest.raises(ValueError, match="anything open"):
            await world.act("pay_out", **place)
        assert await extract(world, 3) == [
            ("SG-CN-1", "-36.00", "0.00", "0.00"),
            ("SG-CN-1", "-400.00", "0.00", "0.00"),
        ]
        assert await open_items(world) == []
        world.check_books()

    story(body)


def test_money_paid_out_for_nothing_known_stays_open() -> None:
    async def body(world: World) -> None:
        await invoiced(world)
        await world.send("PAY", 1, payment("SG-CN-9", "10.00", "SG-CN-9", out=True).idoc("4"))
        assert await extract(world, 2) == [("", "-10.00", "0.00", "0.00")]
        assert ("DZ", "10.00", "10.00") in await open_items(world)

    story(body)


def test_a_payment_taken_back_by_its_sender_has_the_senders_own_name_for_that() -> None:
    async def body(world: World) -> None:
        await invoiced(world)
        await world.send("PAY", 1, payment("SG-000001", "1744.00", "SG-000001", source="txn_1").idoc("3"))
        await world.run()
        paid = world.documents("DZ")[0]["BELNR"]
        back = payment("SG-000001", "1744.00", paid, source="txn_2", action="R", stgrd="01")
        await world.send("PAY", 2, back.idoc("4"))
        assert await extract(world, 3) == [("SG-000001", "-1744.00", "0.00", "1744.00")]
        assert [(row["ZSRCID"], row["STBLG"] != "") for row in world.documents("AB")] == [("txn_2", True)]
        line, _ = await world.outbound("ZSUBPAY_20260105_000003.TXT")
        assert line[7:17] == paid  # AUGBL: which payment it takes back

    story(body)


def test_a_receipt_in_the_same_window_as_its_invoice() -> None:
    async def body(world: World) -> None:
        await world.send("CUST", 1, customer("1", KUNNR))
        await world.send("BILL", 1, Bill("SG-000001").idoc("2"))
        card = payment("txn_1", "1744.00", "SG-000001")
        base = await world.send("PAY", 1, card.idoc("3"))
        assert await extract(world, 1) == [("SG-000001", "1744.00", "0.00", "0.00")]
        _, docs = await world.answers(base)
        line, _ = await world.outbound("ZSUBPAY_20260105_000001.TXT")
        assert line[108:118] == docs[0][57:67]  # how a sender knows its own payment in the extract

    story(body)


@pytest.mark.parametrize(("arguments", "says"), [
    ({"WRBTR": 17.44}, "decimal string"), ({"WRBTR": "17.4"}, "2 decimals"), ({"BUKRS": "XX01"}, "F5 165"),
    ({"KUNNR": "77"}, "F5 102"), ({"date": "2016-12-31"}, "F5 201"), ({"WRBTR": "0.00"}, "F5 808"),
    ({"reference": "x" * 17}, "16 characters"), ({"KUNNR": "", "XBLNR": "unknown"}, "say KUNNR"),
    ({"WAERS": "EUR"}, "SG 105"),
])  # fmt: skip
def test_receipts_that_cannot_be_posted(arguments: dict[str, object], says: str) -> None:
    async def body(world: World) -> None:
        await invoiced(world)
        good = {"BUKRS": "SG01", "KUNNR": KUNNR, "XBLNR": "SG-000001", "WRBTR": "1744.00", "WAERS": "SGD",
                "date": "2026-01-05"}  # fmt: skip
        with pytest.raises(ValueError, match=says):
            await world.act("bank_receipt", **{**good, **arguments})
        assert world.documents("DZ") == []

    story(body)


def test_the_date_of_a_receipt_is_the_company_codes_day() -> None:
    async def body(world: World) -> None:
        await invoiced(world)
        await world.until("2026-01-07T00:30")  # still the 6th in UTC
        await receive(world, "1744.00")
        assert world.documents("DZ")[0]["BUDAT"] == "20260107"

    story(body)


def test_another_currency_is_no_payment_of_the_invoice() -> None:
    async def body(world: World) -> None:
        await invoiced(world)
        await world.act("bank_receipt", BUKRS="SG01", XBLNR="SG-000001", WRBTR="1296.65", WAERS="USD")
        assert await extract(world, 2) == [("", "1296.65", "0.00", "0.00")]
        assert world.balance("0000140000", currency="SGD") == 1744

    story(body)


def test_several_customers_open_items_are_listed_whole_each_night() -> None:
    async def body(world: World) -> None:
        await world.send("CUST", 1, customer("1", KUNNR), customer("2", "0000100002"))
        bills = [replace(Bill("SG-000001")), replace(Bill("SG-000002"), kunnr="0000100002")]
        await world.send("BILL", 1, *(bill.idoc(str(number)) for number, bill in enumerate(bills, 3)))
        for _ in range(2):
            await world.run()
            lines = await world.outbound("ZOPENITM_20260105.TXT")
            assert [line[7:17] for line in lines[:-1]] == [KUNNR, "0000100002"]
            assert lines[0][113:153].strip() == "sub-1" and lines[0][31:34] == "001"

    story(body)


@pytest.mark.parametrize("verb", ["bank_return", "reset_clearing"])
def test_nothing_is_taken_back_in_a_month_that_is_shut(verb: str) -> None:
    """Found by the machine over the ledger: both posted whatever the month, an exchange difference at least."""

    async def body(world: World) -> None:
        await invoiced(world)
        paid = await world.act("bank_receipt", BUKRS="SG01", XBLNR="SG-000001", WRBTR="1744.00", WAERS="SGD")
        place = {name: paid[name] for name in ("BUKRS", "BELNR", "GJAHR")}
        await world.act("lock_period", BUKRS="SG01", period="2026-01")
        with pytest.raises(ValueError, match="F5 201"):
            await world.act(verb, **place)
        await world.act(verb, **place, date="2026-02-02")

    story(body)
