"""Pages of a query: snapshots of ids that later changes do not disturb."""

import pytest

from tests.simulators.salesforce.org import Org


@pytest.fixture
def org() -> Org:
    org = Org().login()
    org.seed({"Account": [{"Name": f"A{number:04d}"} for number in range(450)]})
    return org


SMALL = {"sforce-query-options": "batchSize=200"}


def test_pages_keep_the_snapshot_and_show_the_records_of_today(org: Org):
    first = org.query("SELECT Id, Name FROM Account ORDER BY Name", **SMALL).json
    assert (first["totalSize"], first["done"], len(first["records"])) == (450, False, 200)
    locator = first["nextRecordsUrl"].rpartition("/")[2]
    assert len(locator.partition("-")[0]) == 18 and locator.endswith("-200")
    org.create("Account", Name="A0250b")
    org.update("Account", first["records"][0]["Id"], Name="zzz")
    second = org.call("GET", first["nextRecordsUrl"]).json
    third = org.call("GET", second["nextRecordsUrl"]).json
    assert (second["totalSize"], second["done"], third["done"], "nextRecordsUrl" in third) == (450, False, True, False)
    names = [row["Name"] for page in (first, second, third) for row in page["records"]]
    assert names == [f"A{number:04d}" for number in range(450)]


def test_everything_fits_one_page_by_default_and_sizes_are_bounded(org: Org):
    assert org.query("SELECT Id FROM Account").json["done"] is True
    for size, got in (("1", 200), ("300", 300), ("99999", 450), ("x", 450)):
        page = org.query("SELECT Id FROM Account", **{"sforce-query-options": f"batchSize={size}"}).json
        assert len(page["records"]) == got


def test_a_locator_of_nobody_of_another_day_or_pushed_out_is_refused(org: Org):
    def opened() -> str:
        return str(org.query("SELECT Id FROM Account", **SMALL).json["nextRecordsUrl"])

    first = opened()
    assert org.call("GET", first).status == 200
    for _ in range(10):
        last = opened()
    assert org.call("GET", first).code == "INVALID_QUERY_LOCATOR"
    assert org.rest("GET", "query/01g000000000000AAA-200").code == "INVALID_QUERY_LOCATOR"
    assert org.call("GET", last).status == 200
    org.time.now += 2 * 86_400 + 1
    org.login()
    assert org.call("GET", last).code == "INVALID_QUERY_LOCATOR"
