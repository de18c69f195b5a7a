"""Random documents, payments, reversals and corrections: the books balance after each, and extracts parse back."""

import asyncio
from decimal import ROUND_HALF_UP, Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .partner import DECIMALS, Bill, Doc, customer, payment
from .world import World

KUNNRS = ("0000100001", "0000100002", "0000999999")  # the last one does not exist
CURRENCIES = ("SGD", "JPY", "USD")
ACCOUNTS = ("0000400100", "0000400200")


def text(amount: Decimal, currency: str) -> str:
    return f"{amount:.{DECIMALS.get(currency, 2)}f}"


@st.composite
def bills(draw: st.DrawFn) -> Bill:
    currency = draw(st.sampled_from(CURRENCIES))
    step = Decimal(1).scaleb(-DECIMALS.get(currency, 2))
    nets = [Decimal(draw(st.integers(0, 500_000))) * step for _ in range(draw(st.integers(1, 3)))]
    code, rate = draw(st.sampled_from((("A9", "9.000"), ("A0", "0.000"), ("A8", "8.000"))))
    base = sum(nets)
    tax = (base * Decimal(rate) / 100).quantize(step, ROUND_HALF_UP) + draw(st.sampled_from((0, 0, 0, 1))) * step
    gross = base + tax + draw(st.sampled_from((0, 0, 0, 0, 1))) * step
    blart = draw(st.sampled_from(("DR", "DR", "DR", "DG")))
    number = draw(st.integers(1, 6))
    month = draw(st.sampled_from(("01", "02")))
    return Bill(
        f"SG-{number:06d}" if blart == "DR" else f"SG-CN-{number:06d}", kunnr=draw(st.sampled_from(KUNNRS)),
        blart=blart, budat=f"2026{month}05", monat=month, waers=currency, gross=text(gross, currency),
        net=tuple((draw(st.sampled_from(ACCOUNTS)), text(net, currency)) for net in nets), mwskz=code,
        tax=((code, rate, text(base, currency), text(tax, currency)),),
        rebzg=draw(st.sampled_from(("", f"SG-{number:06d}"))) if blart == "DG" else "",
    )  # fmt: skip


@st.composite
def others(draw: st.DrawFn) -> Bill:
    number, action = draw(st.integers(1, 6)), draw(st.sampled_from(("R", "X")))
    return Bill(f"SG-{number:06d}", kunnr=draw(st.sampled_from(KUNNRS)), rebzg=f"SG-{number:06d}", action=action,
                stgrd="01", budat="20260205", monat="02")  # fmt: skip


@st.composite
def payments(draw: st.DrawFn) -> Bill:
    currency = draw(st.sampled_from(CURRENCIES))
    step = Decimal(1).scaleb(-DECIMALS.get(currency, 2))
    amount = Decimal(draw(st.integers(1, 900_000))) * step
    reference = draw(st.sampled_from(("", "SG-000001", "SG-000002", "SG-000003", "1800000001")))
    back = draw(st.sampled_from((False, False, False, True)))
    return payment(f"txn_{draw(st.integers(1, 50))}", text(amount, currency), "1400000001" if back else reference,
                   waers=currency, kunnr=draw(st.sampled_from(KUNNRS)), action="R" if back else "C", stgrd="02",
                   budat=draw(st.sampled_from(("20260105", "20260112"))))  # fmt: skip


nights = st.lists(st.tuples(st.lists(st.one_of(bills(), bills(), others()), max_size=6),
                            st.lists(payments(), max_size=4)), min_size=1, max_size=3)  # fmt: skip


WORLD = World()
WORLD.erp.remember()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(nights, st.booleans())
def test_books_balance_whatever_comes(plan: list[tuple[list[Bill], list[Bill]]], duplicate_check: bool) -> None:
    asyncio.run(run(plan, duplicate_check))


async def run(plan: list[tuple[list[Bill], list[Bill]]], duplicate_check: bool) -> None:
    WORLD.erp.reset()
    world = WORLD
    world.erp.state.change_settings(duplicate_check=duplicate_check)
    await world.send("CUST", 1, customer("1", KUNNRS[0]), customer("2", KUNNRS[1]))
    paid = Decimal(0)
    for night, (documents, receipts) in enumerate(plan, 1):
        bill = await world.send("BILL", night, *idocs(documents, night))
        pay = await world.send("PAY", night, *idocs(receipts, night))
        result = await world.run()
        assert result["rejected"] == 0, [row["text"] for row in world.erp.store.find("batchfile")]
        assert result["idocs"] == len(documents) + len(receipts) + (2 if night == 1 else 0)
        for base, sent in ((bill, documents), (pay, receipts)):
            _, lines = await world.answers(base)
            assert [line[51:53] in ("51", "53") for line in lines] == [True] * len(sent)
        world.check_books()
        await open_items_are_the_receivable(world)
        paid += await payments_of(world, night)
    bank = sum((world.balance("0000113100", currency=currency) for currency in CURRENCIES), Decimal(0))
    assert bank == paid, "the extracts of all nights are the bank's movement"


def idocs(bills: list[Bill], night: int) -> list[Doc]:
    return [bill.idoc(f"{night:04d}{number:012d}") for number, bill in enumerate(bills)]


async def open_items_are_the_receivable(world: World) -> None:
    *lines, trailer = await world.outbound("ZOPENITM_20260105.TXT")
    assert trailer[:11] == f"TRL{len(lines):08d}"
    for currency in CURRENCIES:
        rest = sum((Decimal(line[97:113]) for line in lines if line[76:81].strip() == currency), Decimal(0))
        assert rest == world.balance("0000140000", currency=currency)


async def payments_of(world: World, night: int) -> Decimal:
    *lines, trailer = await world.outbound(f"ZSUBPAY_20260105_{night:06d}.TXT")
    assert trailer[:11] == f"TRL{len(lines):08d}" and all(line[:3] == "PAY" for line in lines)
    assert len({line[108:118] for line in lines}) == len(lines), "each payment has its own number"
    total = sum((Decimal(line[60:76]) for line in lines), Decimal(0))
    assert Decimal(trailer[11:27]) == total
    return total
