"""The user's time zone and the org's fiscal year in queries and on opportunities."""

from datetime import date
from typing import Any

import pytest

from simulators.salesforce.moments import localized
from simulators.salesforce.soql.dates import literal_range
from tests.simulators.salesforce.org import GENESIS, Org

HOUR = 3_600


@pytest.fixture
def org() -> Org:
    return Org().login()


def at(org: Org, hours: float) -> None:
    """So many hours after 2026-01-05T09:00Z."""
    org.time.now = GENESIS + hours * HOUR
    org.login()


def live_in(org: Org, zone: str) -> None:
    assert org.update("User", org.system.org.user_id, TimeZoneSidKey=zone).status == 204


def names(org: Org, where: str, sobject: str = "Account") -> list[str]:
    return [row["Name"] for row in org.rows(f"SELECT Name FROM {sobject} WHERE {where} ORDER BY Name")]


def deal(org: Org, day: str) -> str:
    return org.create("Opportunity", Name=day, StageName="Prospecting", CloseDate=day)


def test_today_is_the_users_own_day(org: Org):
    org.create("Account", Name="09 UTC")
    at(org, 14)
    org.create("Account", Name="23 UTC")
    deal(org, "2026-01-05"), deal(org, "2026-01-06")
    assert names(org, "CreatedDate = TODAY") == ["09 UTC", "23 UTC"]
    assert names(org, "CloseDate = TODAY", "Opportunity") == ["2026-01-05"]
    live_in(org, "Asia/Tokyo")  # there it is 08:00 of the 6th, which began at 15:00 UTC
    assert names(org, "CreatedDate = TODAY") == ["23 UTC"]
    assert names(org, "CreatedDate = YESTERDAY") == ["09 UTC"]
    assert names(org, "CloseDate = TODAY", "Opportunity") == ["2026-01-06"]
    live_in(org, "America/Los_Angeles")  # 15:00 of the 5th, which began at 08:00 UTC
    assert names(org, "CreatedDate = TODAY") == ["09 UTC", "23 UTC"]
    live_in(org, "Pacific/Auckland")  # 13 hours ahead: the 5th began at 11:00 UTC of the 4th and ended 11:00 of the 5th
    assert names(org, "CreatedDate = TODAY") == ["23 UTC"]
    assert names(org, "CreatedDate < TODAY") == ["09 UTC"]


def test_a_day_of_the_change_to_summer_time_has_23_hours(org: Org):
    at(org, 24 * 82 - 9 + 22.5)  # 2026-03-28T22:30Z, 23:30 in Berlin
    org.create("Account", Name="before")
    at(org, 24 * 82 - 9 + 23.5)
    org.create("Account", Name="in it")
    at(org, 24 * 83 - 9 + 22.5)  # 2026-03-29T22:30Z, 00:30 of the 30th
    org.create("Account", Name="after")
    live_in(org, "Europe/Berlin")
    assert names(org, "CreatedDate = YESTERDAY") == ["in it"]
    assert names(org, "CreatedDate = TODAY") == ["after"]
    assert names(org, "CreatedDate = N_DAYS_AGO:2") == ["before"]


def test_date_functions_are_in_utc_unless_their_moment_is_converted(org: Org):
    at(org, 14)
    org.create("Account", Name="23 UTC")
    live_in(org, "Asia/Kolkata")

    def found(function: str) -> Any:
        [row] = org.rows(f"SELECT {function} f, COUNT(Id) n FROM Account GROUP BY {function}")
        return row["f"]

    assert (found("DAY_ONLY(CreatedDate)"), found("HOUR_IN_DAY(CreatedDate)")) == ("2026-01-05", 23)
    assert found("DAY_ONLY(convertTimezone(CreatedDate))") == "2026-01-06"
    assert found("HOUR_IN_DAY(convertTimezone(CreatedDate))") == 4
    assert names(org, "DAY_IN_MONTH(convertTimezone(CreatedDate)) = 6") == ["23 UTC"]
    refused = org.query("SELECT Id FROM Opportunity WHERE CALENDAR_YEAR(convertTimezone(CloseDate)) = 2026")
    assert refused.code == "INVALID_FIELD"


def test_formulas_and_formats_tell_days_where_the_user_is(org: Org):
    fields = {"Due__c": "TODAY() + 1", "Born__c": "DATEVALUE(CreatedDate)", "Said__c": "TEXT(CreatedDate)"}
    for name, formula in fields.items():
        kind = "string" if name == "Said__c" else "date"
        definition = {"type": kind, "formula": formula}
        org.act("alter_schema", change="add_field", object="Account", field=name, definition=definition)
    at(org, 14)
    org.create("Account", Name="23 UTC")
    soql = "SELECT Due__c, Born__c, Said__c, FORMAT(CreatedDate) f FROM Account WHERE Due__c > TODAY"

    def found() -> tuple[Any, ...]:
        [row] = org.rows(soql)
        return row["Due__c"], row["Born__c"], row["Said__c"], row["f"]

    said = "2026-01-05 23:00:00Z"
    assert found() == ("2026-01-06", "2026-01-05", said, "1/5/2026, 11:00 PM")
    live_in(org, "Asia/Tokyo")
    assert found() == ("2026-01-07", "2026-01-06", said, "1/6/2026, 8:00 AM")


def test_a_zone_that_nobody_knows_is_gmt(org: Org):
    assert localized("2026-01-05T09:00:00.000+0000", "Mars/Olympus") == "2026-01-05T09:00:00.000+0000"
    assert localized(None, "Asia/Tokyo") is None


@pytest.mark.parametrize(
    ("start", "by_start", "day", "expected"),
    [
        (1, False, "2026-03-31", (2026, 1, 3)), (2, False, "2026-01-31", (2026, 4, 12)),
        (2, False, "2026-02-01", (2027, 1, 1)), (2, True, "2026-02-01", (2026, 1, 1)),
        (2, True, "2026-01-31", (2025, 4, 12)), (10, False, "2026-12-31", (2027, 1, 3)),
        (10, False, "2026-09-30", (2026, 4, 12)), (1, True, "2026-12-31", (2026, 4, 12)),
    ],
)  # fmt: skip
def test_the_fiscal_year_is_the_orgs(org: Org, start: int, by_start: bool, day: str, expected: tuple[int, ...]):
    before = deal(org, day)
    org.act("set_company", values={"FiscalYearStartMonth": start, "UsesStartDateAsFiscalYearName": by_start})
    after = deal(org, day)
    for one in (before, after):
        shown = org.get("Opportunity", one)
        assert (shown["FiscalYear"], shown["FiscalQuarter"]) == expected[:2]
        assert shown["Fiscal"] == f"{expected[0]} {expected[1]}"
    [row] = org.rows(
        "SELECT FISCAL_YEAR(CloseDate) y, FISCAL_QUARTER(CloseDate) q, FISCAL_MONTH(CloseDate) m, COUNT(Id) n "
        "FROM Opportunity GROUP BY FISCAL_YEAR(CloseDate), FISCAL_QUARTER(CloseDate), FISCAL_MONTH(CloseDate)"
    )
    assert ((row["y"], row["q"], row["m"]), row["n"]) == (expected, 2)
    [row] = org.rows("SELECT FiscalYearStartMonth, UsesStartDateAsFiscalYearName FROM Organization")
    assert (row["FiscalYearStartMonth"], row["UsesStartDateAsFiscalYearName"]) == (start, by_start)


@pytest.mark.parametrize(
    ("word", "number", "first", "after"),
    [
        ("THIS_FISCAL_YEAR", None, "2025-02-01", "2026-02-01"), ("NEXT_FISCAL_YEAR", None, "2026-02-01", "2027-02-01"),
        ("THIS_FISCAL_QUARTER", None, "2025-11-01", "2026-02-01"), ("THIS_YEAR", None, "2026-01-01", "2027-01-01"),
        ("LAST_FISCAL_QUARTER", None, "2025-08-01", "2025-11-01"),
        ("LAST_N_FISCAL_YEARS", 2, "2023-02-01", "2025-02-01"),
        ("NEXT_N_FISCAL_QUARTERS", 2, "2026-02-01", "2026-08-01"),
        ("N_FISCAL_QUARTERS_AGO", 4, "2024-11-01", "2025-02-01"),
    ],
)  # fmt: skip
def test_fiscal_literals_begin_in_the_orgs_month(word: str, number: int | None, first: str, after: str):
    found = literal_range(word, number, date(2026, 1, 5), 2)
    assert found is not None and tuple(day.isoformat() for day in found) == (first, after)


def test_a_plan_that_is_kept_sees_the_fiscal_year_change(org: Org):
    deal(org, "2025-12-31"), deal(org, "2026-01-31"), deal(org, "2026-02-01")
    where = "CloseDate = THIS_FISCAL_YEAR"
    assert names(org, where, "Opportunity") == ["2026-01-31", "2026-02-01"]
    org.act("set_company", values={"FiscalYearStartMonth": 2})
    assert names(org, where, "Opportunity") == ["2025-12-31", "2026-01-31"]


@pytest.mark.parametrize(
    "values",
    [{}, {"Name": "x"}, {"FiscalYearStartMonth": 0}, {"FiscalYearStartMonth": 13}, {"FiscalYearStartMonth": "2"},
     {"UsesStartDateAsFiscalYearName": "yes"}, 3],
)  # fmt: skip
def test_company_information_of_another_kind_is_refused(org: Org, values: Any):
    with pytest.raises(ValueError, match=r"one of|some of"):
        org.act("set_company", values=values)
