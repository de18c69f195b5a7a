"""Customer, invoice and payment through the nightly window: the main line of the legacy ERP."""

from decimal import Decimal

from . import partner
from .partner import Bill, customer
from .world import World, story

KUNNR = "0000100001"


def test_customer_and_its_first_invoice_go_through_in_one_window() -> None:
    async def body(world: World) -> None:
        cust = await world.send("CUST", 1, customer("0000000000000001", KUNNR))
        bill = await world.send("BILL", 1, Bill("SG-000001").idoc("0000000000000002"))
        await world.until("2026-01-06T02:00")

        head, docs = await world.answers(cust)
        assert head[:3] == "ACK" and head[43:46] == "OK " and head[58:82] == "00000001" + "00000001" + "00000000"
        assert docs[0][57:67] == KUNNR and docs[0][51:53] == "53"
        head, docs = await world.answers(bill)
        assert docs[0][3:19] == "0000000000000002" and docs[0][35:51].strip() == "SG-000001"
        assert docs[0][51:57] == "53SG01" and docs[0][57:71] == "18000000012026"
        assert world.balance("0000140000") == Decimal("1744.00")
        assert world.balance("0000175000") == Decimal("-144.00")
        assert world.balance("0000400100") == Decimal("-1600.00")
        assert await world.drop.listdir("subhub", "/inbound") == []
        assert f"{bill}.DAT" in await world.drop.listdir("subhub", "/archive")

    story(body)


def test_bank_receipt_clears_and_appears_in_that_nights_extract() -> None:
    async def body(world: World) -> None:
        await world.send("CUST", 1, customer("1", KUNNR))
        await world.send("BILL", 1, Bill("SG-000001").idoc("2"))
        await world.until("2026-01-06T10:00")
        paid = await world.act("bank_receipt", BUKRS="SG01", KUNNR=KUNNR, XBLNR="SG-000001", WRBTR="1744.00",
                               WAERS="SGD", date="2026-01-06")  # fmt: skip
        await world.until("2026-01-07T02:00")

        line, trailer = await world.outbound("ZSUBPAY_20260106_000002.TXT")
        assert len(line) == len(trailer) == 120
        assert line[:7] == "PAYSG01" and line[39:55].strip() == "SG-000001" and line[55:60] == "SGD  "
        assert line[60:76].strip() == "1744.00" and line[92:108].strip() == "0.00"
        assert line[108:118] == paid["BELNR"] and line[7:17] == paid["BELNR"] and line[21:29] == "20260106"
        assert trailer[:11] == "TRL00000001" and Decimal(trailer[11:27]) == Decimal("1744.00")
        assert await world.outbound("ZOPENITM_20260106.TXT") == ["TRL00000000".ljust(160)]
        assert [row["AUGBL"] for row in world.documents("DR")] == [paid["BELNR"]]
        (clearing,) = world.erp.books()["allocation"]
        assert (clearing["XBLNR"], clearing["WRBTR"], clearing["AUGBL"]) == ("SG-000001", "1744.00", paid["BELNR"])

    story(body)


def test_bank_file_pays_too() -> None:
    async def body(world: World) -> None:
        await world.send("CUST", 1, customer("1", KUNNR))
        await world.send("BILL", 1, Bill("SG-000001").idoc("2"))
        pay = partner.payment("KA0001", "1744.00", "SG-000001", sender="BANK01")
        base = await world.send("PAY", 1, pay.idoc("3"), user="bank01", sender="BANK01")
        await world.run()
        _, docs = await world.answers_of("bank01", base)
        assert docs[0][57:67] == "1400000001"
        line, _ = await world.outbound("ZSUBPAY_20260105_000001.TXT")
        assert line[108:118] == "1400000001" and line[39:55].strip() == "SG-000001"
        assert not any(name.startswith("ZSUBPAY") for name in await world.drop.listdir("bank01", "/outbound"))

    story(body)


def test_two_equal_partial_payments_do_not_collide() -> None:
    async def body(world: World) -> None:
        await world.send("CUST", 1, customer("1", KUNNR))
        await world.send("BILL", 1, Bill("SG-000001").idoc("2"))
        await world.run()
        for _ in range(2):
            await world.act("bank_receipt", BUKRS="SG01", XBLNR="SG-000001", WRBTR="872.00", WAERS="SGD")
        await world.run()
        first, second, _ = await world.outbound("ZSUBPAY_20260105_000002.TXT")
        assert first[108:118] != second[108:118]
        assert [line[92:108].strip() for line in (first, second)] == ["872.00", "0.00"]
        assert first[7:17] == second[7:17] == second[108:118]

    story(body)
