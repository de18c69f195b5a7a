"""Records against lengths and offsets published elsewhere, and layouts that refuse what does not fit."""

import asyncio
from decimal import Decimal

import pytest

from simulators.erp_legacy import layouts
from simulators.erp_legacy.codecs import (
    CodecError,
    alpha,
    convert,
    decimals,
    kunnr_hash,
    parse_amount,
    parse_date,
    plain_amount,
    render_amount,
    render_date,
)
from simulators.erp_legacy.layouts import LayoutError

from .partner import Bill, control, customer, data, pair
from .world import World

# Name, total length, and some (field, offset, length) that other implementations agree on.
PUBLISHED = [
    ("CONTROL", 524, [("DOCNUM", 13, 16), ("MESTYP", 99, 30), ("SNDPRN", 162, 10), ("ARCKEY", 434, 70),
                      ("SERIAL", 504, 20)]),
    ("DATA", 1063, [("DOCNUM", 33, 16), ("SEGNUM", 49, 6), ("PSGNUM", 55, 6), ("HLEVEL", 61, 2), ("SDATA", 63, 1000)]),
    ("STATUS", 562, [("DOCNUM", 13, 16), ("STATUS", 43, 2), ("STAMID", 48, 20), ("STAPA1", 72, 50), ("STATXT", 272, 70),
                     ("SEGNUM", 414, 6), ("REFMES", 478, 14), ("ARCKEY", 492, 70)]),
    ("E1KNA1M", 391, [("KUNNR", 3, 10), ("KTOKD", 147, 4), ("LAND1", 153, 3), ("LOEVM", 178, 1), ("NAME1", 179, 35),
                      ("ORT01", 321, 35)]),
    ("Z1SUBHD", 223, [("XBLNR", 6, 16), ("BUDAT", 30, 8), ("KUNNR", 82, 10), ("REBZG", 104, 16), ("ZACTION", 222, 1)]),
    ("Z1SUBIT", 210, [("SHKZG", 19, 1), ("WRBTR", 20, 16), ("MWSKZ", 52, 2), ("MATNR", 108, 18), ("ZPERTO", 202, 8)]),
    ("Z1SUBTX", 64, [("KBETR", 8, 9), ("FWBAS", 17, 16), ("FWSTE", 33, 16)]),
    ("CTL", 120, [("FILESEQ", 29, 6), ("IDOCCNT", 49, 8), ("SEGCNT", 57, 8), ("BASENAME", 65, 40)]),
    ("TOT", 120, [("DEBTOT", 8, 18), ("CRETOT", 26, 18), ("KUNHASH", 44, 16)]),
    ("END", 120, [("BYTELEN", 3, 12), ("SHA256", 15, 64), ("LINECNT", 79, 8)]),
    ("ACK", 160, [("RESULT", 43, 3), ("CODE", 46, 12), ("POSTED", 66, 8), ("TEXT", 82, 78)]),
    ("DOC", 160, [("DOCNUM", 19, 16), ("XBLNR", 35, 16), ("STATUS", 51, 2), ("BELNR", 57, 10), ("STAMNO", 91, 3)]),
    ("ZSUBPAY", 120, [("AUGBL", 7, 10), ("XBLNR", 39, 16), ("WRBTR", 60, 16), ("RESTBT", 92, 16), ("BELNR", 108, 10)]),
    ("ZOPENITM", 160, [("BUZEI", 31, 3), ("ZFBDT", 68, 8), ("WRBTR", 81, 16), ("RESTBT", 97, 16), ("ZSUBID", 113, 40)]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "length", "fields"), PUBLISHED, ids=[row[0] for row in PUBLISHED])
def test_layouts_are_the_published_ones(name: str, length: int, fields: list[tuple[str, int, int]]) -> None:
    layout = getattr(layouts, name)
    assert len(layout.render({})) == layout.length == length
    places = {field.name: (field.offset, field.length) for field in layout.fields}
    assert {name: places[name] for name, _, _ in fields} == {name: (at, size) for name, at, size in fields}


def test_what_a_partner_writes_parses_back() -> None:
    line = control("4711", "ZSUBINV", key="SG-000001", serial="20260105120000")
    head = layouts.CONTROL.parse(line)
    assert len(line) == 524 and head["DOCNUM"] == "4711" and head["SERIAL"] == "20260105120000"
    assert layouts.CONTROL.render(head) == line
    assert len(data("4711", 1, "Z1SUBHD", "x")) == 1063
    assert customer("1", "0000100001", name="Ærø & Søn").lines[1][63 + 179 :].startswith("Ærø & Søn")


@pytest.mark.parametrize("value", ["東京", "a\tb", "x" * 36, "€"])
def test_a_field_refuses_what_it_cannot_hold(value: str) -> None:
    with pytest.raises(LayoutError, match="NAME1"):
        layouts.E1KNA1M.render({"NAME1": value})
    with pytest.raises(LayoutError, match="NAME9"):
        layouts.E1KNA1M.render({"NAME9": "x"})


def test_amounts_carry_the_currencys_own_decimals() -> None:
    assert [decimals(code) for code in ("SGD", "JPY", "KWD")] == [2, 0, 3]
    assert parse_amount("      1744.00", "SGD") == 174400
    assert parse_amount("1200", "JPY") == 1200 and parse_amount("1.250", "KWD") == 1250
    assert render_amount(5, "SGD") == "            0.05" and plain_amount(-1250, "KWD") == "-1.250"
    for text, currency in (("1200.00", "JPY"), ("12.5", "SGD"), ("12,50", "SGD"), ("-1.00", "SGD"), ("", "SGD"),
                           ("１.00", "SGD"), ("1e3", "JPY"), ("1200", "SGD")):  # fmt: skip
        with pytest.raises(CodecError):
            parse_amount(text, currency)


def test_local_amounts_round_half_up() -> None:
    assert convert(12_345, "JPY", Decimal("0.0090"), "SGD") == 11_111  # 111.105 dollars, the half cent goes up
    assert convert(100, "SGD", Decimal("1"), "SGD") == 100
    assert convert(50, "SGD", Decimal("111.11"), "JPY") == 56  # 55.555 yen


def test_dates_and_keys() -> None:
    assert parse_date("00000000") is None and parse_date("        ") is None
    day = parse_date("20260228")
    assert day is not None and render_date(day) == "20260228" and render_date(None) == "00000000"
    for text in ("20260230", "2026-1-1", "２０２６0101", "20261"):
        with pytest.raises(CodecError):
            parse_date(text)
    assert alpha("100001") == "0000100001" and alpha("C-77") == "C-77" and alpha("") == ""
    assert kunnr_hash("0000100001") == 100001 and kunnr_hash("9912345678") == 12345678 and kunnr_hash("") == 0


def test_everything_the_site_writes_has_the_published_lengths() -> None:
    async def run() -> None:
        world = World()
        good, bad = Bill("SG-000001").idoc("2"), Bill("SG-000002", kunnr="0000999999").idoc("3")
        await world.send("CUST", 1, customer("1", "0000100001"))
        base = await world.send("BILL", 1, good, bad)
        await world.run()
        for name in await world.drop.listdir("subhub", "/outbound"):
            lines = await world.outbound(name)
            want = {"STAT": 562, "ZSUB": 120, "ZOPE": 160}.get(name[:4], 160)
            assert lines and {len(line) for line in lines} == {want}, name
        steps = [line[43:45] for line in await world.outbound(f"STATUS_{base}.TXT")]
        assert steps == ["50", "64", "62", "53", "50", "64", "62", "51"]

    asyncio.run(run())


def test_a_pair_names_its_own_sums() -> None:
    _, content, control_lines = pair("BILL", 1, [Bill("SG-000001").idoc("1")])
    tot = control_lines.split(b"\r\n")[1].decode()
    assert tot[8:26] == tot[26:44] == f"{174400:018d}" and int(tot[44:60]) == 100001
    assert {len(line) for line in content.split(b"\r\n")[:-1]} == {524, 1063}
