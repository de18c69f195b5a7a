"""The calendar: nights in the site's zone, short and long ones, cut-off, weekends, holidays, freeze."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from simulators.erp_legacy.batch import STEPS
from simulators.erp_legacy.window import parse_calendar

from .partner import customer
from .world import SEED, World, story

KUNNR = "0000100001"


def instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def utc(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="minutes")[:16]


@pytest.mark.parametrize(
    ("zone", "after", "opens", "hours"),
    [
        ("Asia/Singapore", "2026-01-05T09:00+00:00", "2026-01-05T14:00", 4),
        ("America/Chicago", "2026-03-07T12:00-06:00", "2026-03-08T04:00", 4),  # 2:00 does not exist: it is 3:00 there
        ("America/Chicago", "2026-10-31T12:00-05:00", "2026-11-01T03:00", 5),  # 1:00 comes twice
        ("America/Chicago", "2026-07-15T12:00-05:00", "2026-07-16T03:00", 4),
        ("Africa/Cairo", "2026-04-23T12:00+02:00", "2026-04-23T20:00", 3),  # the clock skips midnight itself
        ("Africa/Cairo", "2026-10-29T12:00+03:00", "2026-10-29T19:00", 5),  # and repeats the hour before it
    ],
)
def test_nights_are_as_long_as_the_clock_makes_them(zone: str, after: str, opens: str, hours: int) -> None:
    calendar = parse_calendar({"zone": zone, "window": ["22:00", "02:00"], "weekdays": "mon-sun"})
    window = calendar.next_window(instant(after))
    assert utc(window.opens) == opens
    assert (window.closes - window.opens) / 3600 == hours
    assert window.opens - window.cutoff == 900
    assert window.at(0) == window.opens and window.at(1) == window.closes


def test_a_window_over_the_skipped_hour_is_an_hour_short() -> None:
    calendar = parse_calendar({"zone": "Europe/Berlin", "window": ["22:00", "06:00"], "weekdays": "mon-sun"})
    spring = calendar.next_window(instant("2026-03-28T12:00+01:00"))
    autumn = calendar.next_window(instant("2026-10-24T12:00+02:00"))
    assert (spring.closes - spring.opens, autumn.closes - autumn.opens) == (7 * 3600, 9 * 3600)


def test_no_window_on_weekends_and_holidays() -> None:
    calendar = parse_calendar({"zone": "Asia/Singapore", "holidays": ["2026-01-05"]})
    assert calendar.next_window(instant("2026-01-02T23:00+08:00")).night.isoformat() == "2026-01-06"
    with pytest.raises(ValueError, match="no window"):
        parse_calendar({"zone": "UTC", "weekdays": []}).next_window(0.0)


@pytest.mark.parametrize("bad", [
    {}, {"zone": "Mars/Base"}, {"zone": "UTC", "window": ["22:00"]}, {"zone": "UTC", "weekdays": "mon-xyz"},
    {"zone": "UTC", "cutoff": "25:00"},
])  # fmt: skip
def test_a_calendar_that_cannot_be_read(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        parse_calendar(bad)


def test_what_comes_after_the_cutoff_waits_for_the_next_night() -> None:
    async def body(world: World) -> None:
        await world.until("2026-01-05T21:44")
        early = await world.send("CUST", 1, customer("1", KUNNR))
        await world.until("2026-01-05T21:50")
        late = await world.send("CUST", 2, customer("2", "0000100002"))
        await world.until("2026-01-06T12:00")
        names = await world.drop.listdir("subhub", "/outbound")
        assert f"{early}.ACK" in names and f"{late}.ACK" not in names
        await world.until("2026-01-07T12:00")
        assert f"{late}.ACK" in await world.drop.listdir("subhub", "/outbound")

    story(body)


def test_steps_run_at_their_times_in_order() -> None:
    async def body(world: World) -> None:
        await world.send("CUST", 1, customer("1", KUNNR))
        await world.until("2026-01-05T22:00")
        seen = []
        while (run := world.erp.store.find("run")[-1])["state"] == "running":
            seen.append((STEPS[run["step"]].name, world.erp.jobs.pending(1)[0].due))
            await world.until(datetime.fromtimestamp(seen[-1][1], world.erp.state.calendar().zone).isoformat()[:19])
        assert [name for name, _ in seen] == ["check", "create", "post", "clear", "extract", "acknowledge"]
        assert [due for _, due in seen] == sorted(due for _, due in seen)
        assert seen[-1][1] < world.at("2026-01-06T02:00")

    story(body)


def test_a_weekend_passes_quietly() -> None:
    async def body(world: World) -> None:
        await world.until("2026-01-12T12:00")
        nights = [run["night"] for run in world.erp.store.find("run")]
        assert nights == [f"2026-01-{day:02d}" for day in (5, 6, 7, 8, 9)]
        names = await world.drop.listdir("subhub", "/outbound")
        assert [name for name in names if name.startswith("ZSUBPAY")] == [
            f"ZSUBPAY_202601{day:02d}_{number:06d}.TXT" for number, day in enumerate((5, 6, 7, 8, 9), 1)
        ]

    story(body)


def test_a_freeze_skips_windows_and_is_audited() -> None:
    async def body(world: World) -> None:
        base = await world.send("CUST", 1, customer("1", KUNNR))
        await world.act("freeze", on=True)
        with pytest.raises(ValueError, match="freeze"):
            await world.run()
        await world.until("2026-01-06T12:00")
        assert await world.drop.listdir("subhub", "/outbound") == []
        await world.act("freeze", on=False)
        await world.until("2026-01-07T12:00")
        assert f"{base}.ACK" in await world.drop.listdir("subhub", "/outbound")
        assert [row["what"] for row in world.erp.store.find("audit")] == ["freeze", "freeze"]

    story(body)


def test_a_dst_night_posts_too() -> None:
    async def body(world: World) -> None:
        await world.until("2026-03-06T20:00")
        base = await world.send("CUST", 1, customer("1", KUNNR))
        await world.until("2026-03-10T20:00")
        assert f"{base}.ACK" in await world.drop.listdir("subhub", "/outbound")
        assert {"2026-03-07", "2026-03-08"} <= {run["night"] for run in world.erp.store.find("run")}

    story(body, calendar={"zone": "America/Chicago", "window": ["22:00", "02:00"], "weekdays": "mon-sun"})


def test_reset_to_another_genesis_plans_its_own_nights() -> None:
    async def run() -> None:
        world = World()
        world.erp.remember()
        for genesis, opens in (("2017-03-01T00:00+00:00", "2017-03-01T14:00"), ("2027-05-03T00:00+00:00",
                                                                               "2027-05-03T14:00")):  # fmt: skip
            world.erp.reset(instant(genesis))
            assert [(job.kind, utc(job.due)) for job in world.erp.jobs.pending()] == [("window", opens)]
        world.erp.clock.restart(instant("2020-06-01T00:00+00:00"))
        assert utc(world.erp.jobs.pending()[0].due) == "2020-06-01T14:00"

    asyncio.run(run())


@pytest.mark.parametrize(("table", "row", "says"), [
    ("company_codes", {"BUKRS": "X"}, "WAERS"),
    ("company_codes", {"BUKRS": "X", "WAERS": "SGD", "zone": "Mars/Base"}, "Mars"),
    ("accounts", {"SAKNR": "1", "kind": "asset"}, "kind"),
    ("tax_codes", {"MWSKZ": "A1", "rate": "nine", "BUKRS": "SG01"}, "tax_codes"),
    ("partners", {"SNDPRN": "X", "roles": ["SELL"]}, "roles"),
    ("rates", {"date": "2026-01-01", "from": "USD", "to": "SGD", "rate": "-1"}, "positive"),
    ("customers", {"NAME1": "x"}, "KUNNR"),
])  # fmt: skip
def test_bad_seed_rows_name_their_place(table: str, row: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        World(seed={**SEED, table: [row]})


def test_unknown_seed_tables_are_refused() -> None:
    with pytest.raises(ValueError, match="invoices"):
        World(invoices=[])


def test_a_night_without_files_shows_its_extract_and_nothing_else() -> None:
    async def night(world: World) -> None:
        shown = []
        for local in ("2026-01-05T21:00", "2026-01-06T00:30", "2026-01-06T01:01", "2026-01-06T02:01"):
            await world.until(local)
            shown.append(world.erp.shown)
        evening, cleared, extracted, morning = shown
        assert evening == cleared < extracted == morning

    story(night)
