"""The site's own tables: kept by people, checked, extracted each night; a freeze holds what comes and loses nothing."""

from typing import Any

import pytest

from .partner import Bill, customer
from .world import World, story

KUNNR = "0000100001"
MIGRATION = {"BUKRS": "SG01", "OBJTYP": "INVOICE", "OWNER": "L", "CUTDAT": "20260201", "WAVE": "W1"}


def mapped(bill_to: str) -> dict[str, str]:
    return {"BUKRS": "SG01", "KUNNR": "100001", "NSENTID": "501", "SFACCID": "001A", "CBCUSTID": bill_to, "STATUS": "A"}


def test_both_tables_go_out_whole_each_night_once_they_have_rows() -> None:
    async def body(world: World) -> None:
        await world.send("CUST", 1, customer("1", KUNNR))
        await world.run()
        assert not [name for name in await world.drop.listdir("subhub", "/outbound") if name.startswith("ZMIG")]
        await world.act("table_save", table="ZMIGCTL", row=MIGRATION)
        for bill_to in ("cb-1", "cb-2"):  # one number, two customers elsewhere
            await world.act("table_save", table="ZCUSTMAP", row=mapped(bill_to))
        await world.act("table_save", table="ZMIGCTL", row=MIGRATION | {"OWNER": "D"})  # in place of the first
        await world.until("2026-01-07T02:00")
        control = await world.outbound("ZMIGCTL_20260106.TXT")
        assert control == ["MIGSG01INVOICE   D20260201 W1".ljust(80), "TRL00000001".ljust(80)]
        *rows, trailer = await world.outbound("ZCUSTMAP_20260106.TXT")
        assert [len(row) for row in rows] == [120, 120] and trailer[:11] == "TRL00000002"
        assert rows[0][:17] == f"MAPSG01{KUNNR}" and [row[55:60].strip() for row in rows] == ["cb-1", "cb-2"]
        (row, _) = (await world.act("table_rows", table="ZCUSTMAP"))["rows"]
        await world.act("table_drop", table="ZCUSTMAP", id=row["id"])
        assert len((await world.act("table_rows", table="ZCUSTMAP"))["rows"]) == 1

    story(body)


def test_what_comes_under_a_freeze_is_queued_and_posted_when_it_is_lifted() -> None:
    async def body(world: World) -> None:
        await world.act("table_save", table="ZMIGCTL", row=MIGRATION | {"FREEZE": "X"})
        await world.send("CUST", 1, customer("1", KUNNR))
        bill = await world.send("BILL", 1, Bill("SG-000001").idoc("2"))
        await world.until("2026-01-06T02:00")
        head, docs = await world.answers(bill)
        assert head[43:46] == "PAR" and docs[0][51:53] == "64" and world.documents("RV") == []
        await world.act("table_save", table="ZMIGCTL", row=MIGRATION)
        await world.until("2026-01-07T02:00")
        _, docs = await world.answers(bill, "A02")
        assert docs[0][51:53] == "53" and len(world.documents()) == 1
        world.check_books()

    story(body)


@pytest.mark.parametrize(
    ("table", "row", "says"),
    [
        ("ZMIGCTL", MIGRATION | {"OWNER": "Q"}, "OWNER 'Q' is none of L, N, D"),
        ("ZMIGCTL", MIGRATION | {"CUTDAT": "20260230"}, "not a day"),
        ("ZMIGCTL", MIGRATION | {"CUTDAT": ""}, "is missing"),
        ("ZMIGCTL", MIGRATION | {"BUKRS": "XX01"}, "no company code"),
        ("ZMIGCTL", MIGRATION | {"WAVE": "WAVE1"}, "holds 4 characters"),
        ("ZMIGCTL", MIGRATION | {"COLOUR": "red"}, "has no field COLOUR"),
        ("ZCUSTMAP", mapped("cb-1"), "no customer of SG01"),
        ("ZELSE", {}, "no table 'ZELSE'"),
    ],
)
def test_rows_that_are_none_are_refused(table: str, row: dict[str, Any], says: str) -> None:
    async def body(world: World) -> None:
        with pytest.raises(ValueError, match=says):
            await world.act("table_save", table=table, row=row)
        assert (await world.act("table_rows", table="ZMIGCTL"))["rows"] == []

    story(body)
