"""Random documents, payments, reversals and corrections: the books balance after each, and extracts parse back."""

import asyncio
from decimal import ROUND_HALF_UP, Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .partner import DECIMALS, Bill, Doc, customer, payment
from .world import World

KUNNRS = ("0000100001", "0000100002")
UNKNOWN = "0000999999"
CURRENCIES = ("SGD", "JPY", "USD")
ACCOUNTS = ("0000400100", "0000400200")


def fate(number: int) -> tuple[str, str]:
    """Invoice n always has the same customer and currency, so that what refers to it usually fits."""
    return KUNNRS[number % 2], CURRENCIES[number % 3]


def seldom(draw: st.DrawFn) -> bool:
    return draw(st.integers(0, 9)) == 7


def text(amount: Decimal, currency: str) -> str:
    return f"{amount:.{DECIMALS.get(currency, 2)}f}"


@st.composite
def bills(draw: st.DrawFn) -> Bill:
    number = draw(st.integers(1, 6))
    kunnr, currency = fate(number)
    step = Decimal(1).scaleb(-DECIMALS.get(currency, 2))
    nets = [Decimal(draw(st.integers(1, 500_000))) * step for _ in range(draw(st.integers(1, 3)))]
    code, rate = draw(st.sampled_from((("A9", "9.000"), ("A9", "9.000"), ("A0", "0.000"))))
    code = "A8" if seldom(draw) else code
    base = sum(nets)
    tax = (base * Decimal(rate) / 100).quantize(step, ROUND_HALF_UP)
    gross = base + tax + (step if seldom(draw) else 0)
    memo = draw(st.integers(0, 3)) == 0
    month = draw(st.sampled_from(("01", "02")))
    return Bill(
        f"SG-CN-{number:06d}" if memo else f"SG-{number:06d}", kunnr=UNKNOWN if seldom(draw) else kunnr,
        blart="DG" if memo else "DR", budat=f"2026{month}05", monat=month, waers=currency, gross=text(gross, currency),
        net=tuple((draw(st.sampled_from(ACCOUNTS)), text(net, currency)) for net in nets), mwskz=code,
        tax=((code, rate, text(base, currency), text(tax, currency)),),
        rebzg=draw(st.sampled_from(("", f"SG-{number:06d}"))) if memo else "",
    )  # fmt: skip


@st.composite
def others(draw: st.DrawFn) -> Bill:
    number, action = draw(st.integers(1, 6)), draw(st.sampled_from(("R", "R", "X")))
    return Bill(f"SG-{number:06d}", kunnr=fate(number)[0], rebzg=f"SG-{number:06d}", action=action, stgrd="01",
                budat="20260205", monat="02")  # fmt: skip


@st.composite
def payments(draw: st.DrawFn) -> Bill:
    number = draw(st.integers(1, 6))
    kunnr, currency = fate(number)
    step = Decimal(1).scaleb(-DECIMALS.get(currency, 2))
    amount = Decimal(draw(st.integers(1, 900_000))) * step
    back = draw(st.integers(0, 3)) == 0
    reference = f"140000000{draw(st.integers(1, 6))}" if back else "" if seldom(draw) else f"SG-{number:06d}"
    return payment(f"txn_{draw(st.integers(1, 50))}", text(amount, currency), reference, waers=currency,
                   kunnr=UNKNOWN if seldom(draw) else kunnr, action="R" if back else "C", stgrd="02",
                   budat=draw(st.sampled_from(("20260105", "20260112"))))  # fmt: skip


nights = st.lists(st.tuples(st.lists(st.one_of(bills(), bills(), bills(), others()), max_size=10),
                            st.lists(payments(), max_size=8)), min_size=1, max_size=3)  # fmt: skip


WORLD = World()
WORLD.erp.remember()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
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
